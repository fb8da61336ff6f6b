//! The WebAssembly engine: one for the process, with a pool of instances where the
//! machine grants one, and a tick at which every guest yields.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    ops::RangeInclusive,
    time::Duration,
};

use tokio::sync::{Semaphore, SemaphorePermit};
use wasmtime::{
    Config, Enabled, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Store,
    component::{Component, Linker},
};

use super::{cache::Cache, compile::Compiler, instance::Instance, limits};
use crate::{
    bindings::sluice::{
        git::remote,
        kube::apply,
        plugin::{log, needs},
        secret::derive,
    },
    capability::{derive::Derive, git::Git, kube::Kube, log::Log, needs::Needs},
};

/// How often guests yield. A step's deadline is overshot by at most two ticks.
const TICK: Duration = Duration::from_millis(10);
/// Instances at a time, at least and at most; steps beyond them wait. Each slot that there is
/// costs start-up: a thousand some 3 ms.
const SLOTS: RangeInclusive<u32> = 64..=1024;
/// Tables for each slot of the pool.
const TABLES_A_SLOT: u32 = 4;
/// The memory of an instance that its slot keeps between uses: the initial memory of a
/// Rust guest, so that a fresh instance of one touches no new page.
const KEEP_RESIDENT: usize = 2 << 20;

/// The engine, and what can be linked into its guests.
pub(super) struct Engine {
    wasm: wasmtime::Engine,
    base: Linker<Instance>,
    compatibility: u64,
    slots: Semaphore,
}

/// The capabilities that a step's permissions link into its plugin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Linked {
    pub(super) kube: bool,
    pub(super) http: bool,
    pub(super) git: bool,
}

impl Engine {
    /// An engine with room for so many steps at a time, where that is not too many.
    pub(super) fn new(steps: usize) -> wasmtime::Result<Self> {
        let slots = u32::try_from(steps).unwrap_or(u32::MAX);
        let slots = slots.clamp(*SLOTS.start(), *SLOTS.end());
        let wasm = match wasmtime::Engine::new(config().allocation_strategy(pool(slots))) {
            Ok(engine) => engine,
            // A limit on address space leaves no room for a pool.
            Err(_) => wasmtime::Engine::new(
                config().allocation_strategy(InstanceAllocationStrategy::OnDemand),
            )?,
        };
        tick(&wasm);
        let mut base = Linker::new(&wasm);
        wasmtime_wasi::p2::add_to_linker_async(&mut base)?;
        log::add_to_linker::<Instance, Log>(&mut base, Instance::log)?;
        needs::add_to_linker::<Instance, Needs>(&mut base, Instance::needs)?;
        derive::add_to_linker::<Instance, Derive>(&mut base, Instance::derive)?;
        let mut hasher = DefaultHasher::new();
        wasm.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Self {
            wasm,
            base,
            compatibility: hasher.finish(),
            slots: Semaphore::new(slots as usize),
        })
    }

    /// A linker with inert WASI, the log, and the capabilities given.
    pub(super) fn linker(&self, linked: Linked) -> wasmtime::Result<Linker<Instance>> {
        let mut linker = self.base.clone();
        if linked.kube {
            apply::add_to_linker::<Instance, Kube>(&mut linker, Instance::kube)?;
        }
        if linked.git {
            remote::add_to_linker::<Instance, Git>(&mut linker, Instance::git)?;
        }
        if linked.http {
            wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
        }
        Ok(linker)
    }

    /// A store whose guest is limited and yields at every tick.
    pub(super) fn store(&self, instance: Instance) -> Store<Instance> {
        let mut store = Store::new(&self.wasm, instance);
        store.limiter(|instance| &mut instance.limits);
        store.set_hostcall_fuel(limits::HANDED_OVER);
        store.set_max_component_handles(limits::HANDLES);
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        store
    }

    /// The component with that digest, compiled now or before; `Err` says in words why it
    /// cannot be.
    pub(super) fn component(
        &self,
        cache: &Cache,
        compiler: &Compiler,
        digest: &str,
        bytes: &[u8],
    ) -> Result<Component, String> {
        let name = format!(
            "{}-{:016x}.compiled",
            digest.replace(':', "-"),
            self.compatibility
        );
        if let Some(compiled) = cache.load(&name)
            && let Ok(component) = self.load(&compiled)
        {
            return Ok(component);
        }
        let compiled = compiler.compile(&self.wasm, bytes)?;
        let component = self.load(&compiled).map_err(|error| format!("{error:#}"))?;
        cache.store(&name, &compiled);
        Ok(component)
    }

    /// A component from its compiled code.
    fn load(&self, compiled: &[u8]) -> wasmtime::Result<Component> {
        // SAFETY: the bytes are what compiling gave, which wasmtime asks to be sure of:
        // either just now, by this program, or they come from a directory that only this user
        // can write to, were put there by `component`, and their hash was compared.
        #[allow(unsafe_code, reason = "wasmtime's only way to load compiled code")]
        unsafe {
            Component::deserialize(&self.wasm, compiled)
        }
    }

    /// Waits for room for one more instance of so many slots, and keeps it.
    pub(super) async fn room(&self, slots: u32) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed; without a slot the pool itself would say no.
        self.slots.acquire_many(slots).await.ok()
    }

    /// The slots of the pool that an instance of the component takes: one for each memory,
    /// and with each come some tables.
    pub(super) fn slots_of(component: &Component) -> u32 {
        let needed = component.resources_required();
        let slots = needed.map_or(1, |needed| {
            needed
                .num_memories
                .max(needed.num_tables.div_ceil(TABLES_A_SLOT))
        });
        slots.clamp(1, *SLOTS.start())
    }

    pub(super) fn wasm(&self) -> &wasmtime::Engine {
        &self.wasm
    }
}

/// An engine that compiles for those of other processes, and runs nothing.
pub(super) fn compiling() -> wasmtime::Result<wasmtime::Engine> {
    wasmtime::Engine::new(&config())
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .epoch_interruption(true)
        .cranelift_opt_level(OptLevel::Speed)
        .memory_init_cow(true);
    config
}

fn pool(slots: u32) -> InstanceAllocationStrategy {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        // These are counted and not kept ready, so that more cost nothing.
        .total_core_instances(slots * u32::try_from(limits::INSTANCES).unwrap_or(u32::MAX))
        .total_memories(slots)
        .total_tables(slots * TABLES_A_SLOT)
        .total_stacks(slots)
        .max_core_instances_per_component(u32::try_from(limits::INSTANCES).unwrap_or(u32::MAX))
        .max_memories_per_component(u32::try_from(limits::MEMORIES).unwrap_or(u32::MAX))
        .max_tables_per_component(u32::try_from(limits::TABLES).unwrap_or(u32::MAX))
        .max_memory_size(limits::MEMORY)
        .table_elements(limits::TABLE_ELEMENTS)
        .linear_memory_keep_resident(KEEP_RESIDENT)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    InstanceAllocationStrategy::Pooling(pool)
}

/// Advances the epoch until the engine is gone: the thread holds it weakly.
fn tick(engine: &wasmtime::Engine) {
    let engine = engine.weak();
    let ticking = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    };
    std::thread::Builder::new()
        .name("epoch".to_owned())
        .spawn(ticking)
        .expect("the system grants one more thread");
}

#[cfg(test)]
mod tests {
    use std::{path::PathBuf, process::Command};

    use serde_json::Value;
    use sluice_pipeline::permission::{Capability, Import, classify_import};
    use wit_parser::Resolve;

    use super::*;
    use crate::plugin::BUILT_IN;

    /// Every function of every interface whose WIT is at hand: ours, and all that the
    /// crates which implement WASI bring.
    fn functions() -> Vec<(String, String)> {
        let mut folders = [
            "../wit/plugin",
            "../wit/kube",
            "../wit/git",
            "../wit/secret",
        ]
        .map(PathBuf::from)
        .to_vec();
        let metadata = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--locked", "--offline"])
            .output()
            .expect("cargo starts");
        let metadata = serde_json::from_slice::<Value>(&metadata.stdout).expect("it prints JSON");
        for package in metadata["packages"].as_array().expect("a list of packages") {
            let folder = match package["name"].as_str() {
                Some("wasmtime-wasi") => "src/p2/wit",
                Some("wasmtime-wasi-http") => "wit",
                _ => continue,
            };
            let manifest = PathBuf::from(package["manifest_path"].as_str().expect("a path"));
            folders.push(manifest.with_file_name(folder));
        }
        let mut found = Vec::new();
        for folder in folders {
            let mut resolve = Resolve::default();
            resolve.push_dir(&folder).expect("the WIT parses");
            for (id, interface) in &resolve.interfaces {
                let Some(name) = resolve.id_of(id) else {
                    continue;
                };
                found.extend(
                    interface
                        .functions
                        .keys()
                        .map(|function| (name.clone(), function.clone())),
                );
            }
        }
        found.sort();
        found.dedup();
        found
    }

    /// Those of them that the linker has: defining one again is refused.
    fn linked(linker: &Linker<Instance>) -> Vec<(String, String)> {
        let mut found = functions();
        found.retain(|(interface, function)| {
            let mut linker = linker.clone();
            let mut instance = linker.instance(interface).expect("an interface has a name");
            instance.func_wrap(function, |_, (): ()| Ok(())).is_err()
        });
        found
    }

    #[test]
    fn every_function_that_the_host_links_is_inert_or_of_a_linked_capability() {
        let engine = Engine::new(0).expect("the machine grants an engine");
        let none = Linked::default();
        let cases = [
            (none, Vec::new()),
            (Linked { kube: true, ..none }, vec![Capability::KubeApply]),
            (Linked { http: true, ..none }, vec![Capability::Http]),
            (Linked { git: true, ..none }, vec![Capability::Git]),
        ];
        for (what, capabilities) in cases {
            let linker = engine.linker(what).expect("it links");
            let functions = linked(&linker);
            assert!(
                functions.len() > 50,
                "WASI alone has more than {}",
                functions.len()
            );
            let mut seen = Vec::new();
            for (interface, function) in functions {
                match classify_import(&interface) {
                    Import::Inert => {}
                    Import::Capability(capability) => seen.push(capability),
                    Import::Unknown => panic!("{interface}.{function} belongs to nothing"),
                }
            }
            seen.sort();
            seen.dedup();
            assert_eq!(seen, capabilities, "{what:?}");
        }
    }

    #[test]
    fn list_of_functions_that_the_attacks_go_by_is_whole() {
        let engine = Engine::new(0).expect("the machine grants an engine");
        let all = Linked {
            kube: true,
            http: true,
            git: true,
        };
        let linker = engine.linker(all).expect("it links");
        let functions = linked(&linker).into_iter();
        let lines = functions.map(|(interface, function)| {
            let interface = interface.split('@').next().unwrap_or_default();
            format!("{interface} {function}\n")
        });
        let mut lines = lines.collect::<Vec<_>>();
        lines.dedup();
        let file = "../tests/cases/functions.txt";
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(file, lines.concat()).expect("the tree is ours");
        }
        let known = std::fs::read_to_string(file).unwrap_or_default();
        assert_eq!(lines.concat(), known);
    }

    #[test]
    fn component_that_needs_a_capability_does_not_link_without_it() {
        let engine = Engine::new(0).expect("the machine grants an engine");
        for plugin in BUILT_IN {
            let component =
                Component::from_binary(engine.wasm(), plugin.bytes).expect("it compiles");
            let links = |what| {
                engine
                    .linker(what)
                    .expect("it links")
                    .instantiate_pre(&component)
                    .is_ok()
            };
            assert!(!links(Linked::default()), "{}", plugin.name);
            assert!(
                links(Linked {
                    kube: true,
                    http: true,
                    git: true,
                }),
                "{}",
                plugin.name
            );
        }
    }
}
