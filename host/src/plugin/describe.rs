//! What a plugin says of itself, asked of an instance without any capability, and what
//! its component imports.

use std::time::Duration;

use sluice_pipeline::{
    catalog::PluginFacts,
    permission::{Import, classify_import},
};
use wasmtime::component::{
    Component,
    types::{ComponentExtern, ComponentItem},
};

use super::{
    engine::{Engine, Linked},
    json,
    library::PluginError,
    limits,
    runner::Refusing,
};
use crate::bindings::Component as Plugin;

/// How long a description may take: it computes nothing.
const LONGEST: Duration = Duration::from_secs(2);
/// The size of a description, in bytes.
const SIZE: usize = 256 << 10;

/// The facts of the component with that digest.
pub(super) async fn describe(
    engine: &Engine,
    component: &Component,
    digest: &str,
) -> Result<PluginFacts, PluginError> {
    let kind = component.component_type();
    let exports = kind
        .exports(engine.wasm())
        .map(|(name, _)| name.to_owned())
        .collect::<Vec<_>>();
    if !exports
        .iter()
        .any(|name| name.starts_with("sluice:plugin/step@"))
    {
        return Err(PluginError::Contract(
            "it does not export `sluice:plugin/step`; build it against the world `sluice:plugin/plugin`".to_owned(),
        ));
    }
    let imports = kind
        .imports(engine.wasm())
        .map(|(name, item)| import_name(name, &item));
    let imports = imports.collect::<Vec<_>>();
    if let Some(name) = imports
        .iter()
        .find(|name| classify_import(name) == Import::Unknown)
    {
        return Err(PluginError::Contract(format!(
            "it imports `{name}`, which no permission gives"
        )));
    }
    let text = tokio::time::timeout(LONGEST, ask(engine, component))
        .await
        .map_err(|_| PluginError::Contract(format!("`describe` took longer than {LONGEST:?}")))?
        .map_err(|why| PluginError::Contract(format!("`describe` failed: {why}")))?;
    if text.len() > SIZE {
        let message = format!("its description is longer than {} KiB", SIZE >> 10);
        return Err(PluginError::Contract(message));
    }
    json::read(&text).map_err(|error| {
        PluginError::Contract(format!("its description cannot be read: {error}"))
    })?;
    PluginFacts::from_description(&text, digest.to_owned(), imports).map_err(PluginError::Contract)
}

/// What the component says of itself, or in words why it says nothing.
async fn ask(engine: &Engine, component: &Component) -> Result<String, String> {
    // The capabilities are linked so that the component can be instantiated; the instance
    // has no permission for any of them.
    let linked = Linked {
        kube: true,
        http: true,
        git: true,
    };
    let linker = engine.linker(linked).map_err(|error| root(&error))?;
    let mut store = engine.store(Refusing::instance());
    let asking = async {
        let plugin = Plugin::instantiate_async(&mut store, component, &linker).await?;
        plugin.sluice_plugin_step().call_describe(&mut store).await
    };
    let asked = asking.await;
    asked.map_err(|error| {
        let refused = store.data().limits.refused.clone();
        match refused.or_else(|| limits::exceeded(&error)) {
            Some(what) => format!("the plugin {what}"),
            None => root(&error),
        }
    })
}

/// The last cause of an error, which says what happened; the ones before say where.
pub(super) fn root(error: &wasmtime::Error) -> String {
    error.root_cause().to_string()
}

/// An import's name. Functions and types outside any interface are named as such.
fn import_name(name: &str, item: &ComponentExtern<'_>) -> String {
    match item.ty {
        ComponentItem::ComponentInstance(_) => name.to_owned(),
        _ => format!("{name} (outside any interface)"),
    }
}
