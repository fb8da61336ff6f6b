//! What must be known of plugins before a run: plain data that the host fills.

mod effects;
mod plugin;
mod subset;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use effects::{DeclaredEffect, DeclaredImages, Foreseen, ForeseenWith, Known, Way};
pub(crate) use plugin::{Plugin, Violation};
pub(crate) use subset::follow;

/// The plugins that a pipeline uses, by the text of `uses`.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// What is known of each, or why it cannot be used: in lower case, without a full stop.
    pub plugins: BTreeMap<String, Result<PluginFacts, String>>,
}

/// What a component says of itself and what its binary shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PluginFacts {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it does, in a sentence.
    pub summary: String,
    /// The component's digest, such as `sha256:…`.
    pub digest: String,
    /// The JSON Schema of a step's `with`.
    pub with_schema: Value,
    /// The JSON Schema of its outputs.
    pub outputs_schema: Value,
    /// What it needs, and why.
    pub capabilities: Vec<CapabilityNeed>,
    /// Whether a run may be repeated after an unknown effect.
    pub repeatable: bool,
    /// What its steps may do, for plans.
    #[serde(default)]
    pub effects: Vec<DeclaredEffect>,
    /// The names of the component's imports, with their versions.
    pub imports: Vec<String>,
}

/// An interface that a plugin needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapabilityNeed {
    /// The interface without its version, such as `sluice:kube/apply`.
    pub interface: String,
    /// Why, in words.
    pub why: String,
}

/// The answer of a component's `describe`.
#[derive(Deserialize)]
struct Description {
    name: String,
    version: String,
    #[serde(default)]
    summary: String,
    #[serde(default = "empty_object")]
    with: Value,
    #[serde(default = "empty_object")]
    outputs: Value,
    #[serde(default)]
    capabilities: Vec<CapabilityNeed>,
    #[serde(default)]
    repeatable: bool,
    #[serde(default)]
    effects: Vec<DeclaredEffect>,
}

/// The schema of a plugin that says nothing: no keys at all.
fn empty_object() -> Value {
    json!({"type": "object", "additionalProperties": false})
}

impl PluginFacts {
    /// The facts that a component's description (the JSON text of `describe`), its digest
    /// and its imports give. `Err` says what the plugin's author must change: the text is
    /// not the JSON of a description, a schema leaves the subset that is supported, or a
    /// declared effect has another shape.
    pub fn from_description(
        description: &str,
        digest: String,
        imports: Vec<String>,
    ) -> Result<Self, String> {
        let description: Description = serde_json::from_str(description)
            .map_err(|error| format!("its description cannot be read: {error}"))?;
        let facts = Self {
            name: description.name,
            version: description.version,
            summary: description.summary,
            digest,
            with_schema: description.with,
            outputs_schema: description.outputs,
            capabilities: description.capabilities,
            repeatable: description.repeatable,
            effects: description.effects,
            imports,
        };
        facts.check_schemas()?;
        effects::check(&facts.effects)?;
        Ok(facts)
    }

    /// Whether both schemas lie within the subset that is checked in bounded time: local,
    /// acyclic `$ref`s, linear regular expressions, a bound on nodes.
    pub fn check_schemas(&self) -> Result<(), String> {
        subset::check(&self.with_schema)
            .map_err(|error| format!("its schema of `with`: {error}"))?;
        subset::check(&self.outputs_schema)
            .map_err(|error| format!("its schema of outputs: {error}"))
    }
}
