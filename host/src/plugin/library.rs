//! Finds the components that a pipeline uses, knows what they say of themselves, and
//! has them compiled when they are going to run. What is known by digest is kept, so
//! that checking a file compiles nothing.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use sha2::{Digest, Sha256};
use sluice_pipeline::{
    catalog::{Catalog, PluginFacts},
    reference::Reference,
};
use wasmtime::component::Component;

use super::{
    built_in,
    cache::Cache,
    compile::Compiler,
    describe::{describe, root},
    engine::Engine,
    limits,
};

/// Why a component cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// There is no such plugin.
    #[error(
        "there is no built-in plugin `{0}`; there are {1}, and a file is named by its path, such as `./{0}.wasm`"
    )]
    NotBuiltIn(String, String),
    /// Its file cannot be read.
    #[error("cannot read `{0}`: {1}")]
    Unreadable(PathBuf, io::Error),
    /// It is in a registry.
    #[error(
        "`{0}` is in a registry, and plugins from registries cannot be used yet; download it and use its path"
    )]
    Registry(String),
    /// Its bytes are no component.
    #[error("it is not a component: {0}")]
    NotComponent(String),
    /// It breaks the contract of plugins.
    #[error("{0}")]
    Contract(String),
    /// The engine cannot be made.
    #[error("the WebAssembly engine cannot start: {0}")]
    Engine(String),
}

/// The components of one pipeline.
pub struct Library {
    folder: PathBuf,
    cache: Cache,
    compiler: Compiler,
    engine: OnceLock<Arc<Engine>>,
    /// How many steps may run at a time.
    steps: AtomicUsize,
    found: Mutex<HashMap<String, Found>>,
}

/// A component that was looked at.
#[derive(Clone)]
struct Found {
    bytes: Bytes,
    digest: String,
}

#[derive(Clone)]
enum Bytes {
    BuiltIn(&'static [u8]),
    Read(Arc<[u8]>),
}

impl Bytes {
    fn get(&self) -> &[u8] {
        match self {
            Self::BuiltIn(bytes) => bytes,
            Self::Read(bytes) => bytes,
        }
    }
}

impl Library {
    /// A library for a pipeline file in that folder, whose components that compiler compiles.
    pub fn new(folder: &Path, cache: Cache, compiler: Compiler) -> Self {
        Self {
            folder: folder.to_owned(),
            cache,
            compiler,
            engine: OnceLock::new(),
            steps: AtomicUsize::new(0),
            found: Mutex::default(),
        }
    }

    /// Says how many steps may run at a time, before the first component is looked at.
    pub fn expect_steps(&self, steps: usize) {
        self.steps.store(steps, Ordering::Relaxed);
    }

    /// What the pipeline may know of each plugin that it uses, or why it cannot be used.
    pub async fn catalog(&self, uses: &[String]) -> Catalog {
        let mut plugins = BTreeMap::new();
        for uses in uses {
            let facts = self.facts(uses).await.map_err(|error| error.to_string());
            plugins.insert(uses.clone(), facts);
        }
        Catalog { plugins }
    }

    /// What the plugin says of itself.
    pub async fn facts(&self, uses: &str) -> Result<PluginFacts, PluginError> {
        let found = self.find(uses)?;
        // What a description must be may change with the version.
        let version = env!("CARGO_PKG_VERSION");
        let name = format!("{}-{version}.facts", found.digest.replace(':', "-"));
        if let Some(kept) = self.cache.load(&name)
            && let Ok(facts) = serde_json::from_slice(&kept)
        {
            return Ok(facts);
        }
        let component = self.compile(&found)?;
        let facts = describe(self.engine()?, &component, &found.digest).await?;
        if let Ok(kept) = serde_json::to_vec(&facts) {
            self.cache.store(&name, &kept);
        }
        Ok(facts)
    }

    /// The plugin's component, compiled: the very bytes that its facts are of.
    pub(super) fn component(&self, uses: &str) -> Result<Component, PluginError> {
        self.compile(&self.find(uses)?)
    }

    /// The engine, made when a component first needs it.
    pub(super) fn engine(&self) -> Result<&Arc<Engine>, PluginError> {
        if let Some(engine) = self.engine.get() {
            return Ok(engine);
        }
        let steps = self.steps.load(Ordering::Relaxed);
        let engine = Engine::new(steps).map_err(|error| PluginError::Engine(root(&error)))?;
        Ok(self.engine.get_or_init(|| Arc::new(engine)))
    }

    fn compile(&self, found: &Found) -> Result<Component, PluginError> {
        let engine = self.engine()?;
        let compiler = match found.bytes {
            Bytes::BuiltIn(_) => &Compiler::Here,
            Bytes::Read(_) => &self.compiler,
        };
        engine
            .component(&self.cache, compiler, &found.digest, found.bytes.get())
            .map_err(PluginError::NotComponent)
    }

    /// The bytes of a component, read once, so that what was described is what runs.
    fn find(&self, uses: &str) -> Result<Found, PluginError> {
        let mut known = self.found.lock().expect("no holder of the lock panics");
        if let Some(found) = known.get(uses) {
            return Ok(found.clone());
        }
        let found = match Reference::parse(uses) {
            Reference::BuiltIn(name) => {
                let plugin = built_in::find(name).ok_or_else(|| {
                    let names = built_in::BUILT_IN
                        .iter()
                        .map(|plugin| format!("`{}`", plugin.name));
                    PluginError::NotBuiltIn(name.to_owned(), names.collect::<Vec<_>>().join(", "))
                })?;
                Found {
                    bytes: Bytes::BuiltIn(plugin.bytes),
                    digest: plugin.digest.to_owned(),
                }
            }
            Reference::File(path) => {
                let path = self.folder.join(path);
                let bytes = read(&path).map_err(|error| PluginError::Unreadable(path, error))?;
                check_form(&bytes)?;
                let digest = format!("sha256:{:x}", Sha256::digest(&bytes));
                Found {
                    bytes: Bytes::Read(bytes.into()),
                    digest,
                }
            }
            Reference::Registry(reference) => {
                return Err(PluginError::Registry(reference.to_owned()));
            }
        };
        known.insert(uses.to_owned(), found.clone());
        Ok(found)
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    use io::Read;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(limits::COMPONENT + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limits::COMPONENT {
        let message = format!("it is larger than {} MiB", limits::COMPONENT >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// The first eight bytes tell a component from a core module and from anything else.
fn check_form(bytes: &[u8]) -> Result<(), PluginError> {
    let no = |what: &str| Err(PluginError::NotComponent(what.to_owned()));
    match bytes.get(..8) {
        Some([0, b'a', b's', b'm', 0x0d, 0, 1, 0]) => Ok(()),
        Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => {
            no("it is a core module; build it for a component target such as `wasm32-wasip2`")
        }
        Some([0, b'a', b's', b'm', ..]) => {
            no("it is of a version of WebAssembly that is not known")
        }
        _ => no("it does not begin as WebAssembly does"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_component_says_what_it_is_instead() {
        let cases: [(&[u8], &str); 3] = [
            (
                b"#!/bin/sh\necho",
                "it is not a component: it does not begin as WebAssembly does",
            ),
            (
                b"\0asm\x01\0\0\0",
                "it is not a component: it is a core module; build it for a component target such as `wasm32-wasip2`",
            ),
            (
                b"\0asm\x0e\0\x01\0",
                "it is not a component: it is of a version of WebAssembly that is not known",
            ),
        ];
        for (bytes, expected) in cases {
            let error = check_form(bytes).expect_err("none of these is a component");
            assert_eq!(error.to_string(), expected);
        }
    }
}
