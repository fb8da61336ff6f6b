//! A plan: the effects that a dry run foresees, on each way through the pipeline, and what
//! a later run is held to. The same dry run gives the same bytes: no run's name, no time,
//! nothing secret.

mod asked;
mod conditional;
mod file;
mod guard;
mod sketch;
mod summary;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sluice_pipeline::schedule::Trigger;

pub use file::{digest, read, write};
pub use guard::{Guard, Outside, Permit};
pub use sketch::Sketch;

/// The version of the form that is written, and the only one that is read.
pub const VERSION: u32 = 1;

/// What a run may do, and nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`VERSION`].
    #[serde(rename = "sluice-plan")]
    pub version: u32,
    /// The pipeline's name.
    pub pipeline: String,
    /// The digest of the pipeline file: `sha256:…`.
    pub file: String,
    /// The values of the inputs.
    pub inputs: Map<String, Value>,
    /// What started the run.
    pub trigger: Trigger,
    /// It was made without asking the cluster, so that it says nothing of what is there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub offline: bool,
    /// In the order of the steps, and for each step in the order in which it asked.
    pub effects: Vec<Entry>,
    /// Steps of whose effects nothing, or not all, is foreseen: what they ask for beyond
    /// their entries is refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unforeseen: Vec<Unforeseen>,
}

/// An effect that a step may have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The rest of the entry as a sentence. One that says something else is refused.
    pub summary: String,
    /// The step.
    pub step: String,
    /// On which way through the pipeline.
    pub when: When,
    /// The capability that it goes through: `kube-apply`, `http`.
    pub capability: String,
    /// What is done: `set-images`, `POST`.
    pub action: String,
    /// What it is done to: `Deployment web/web`; for a request its URL, a secret in it
    /// written `${{ secrets.name }}`.
    pub target: String,
    /// The target only begins so; its rest depends on how other steps end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
    /// What identifies a change of a Kubernetes object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<Object>,
    /// What identifies a change of a git ref; absent where the plan does not say, as in a
    /// conditional entry: it holds whatever the ref is to point to.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// How often at most.
    pub count: u32,
    /// It rests on outputs that planned effects before it are assumed to give.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub assumed: bool,
}

/// On which way through the pipeline an effect is met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// The dry run met it.
    Expected,
    /// Only then; words that follow *only*: `if step `deploy` fails`.
    Only(String),
}

/// What a change of a Kubernetes object takes for granted, and what it sets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Object {
    /// `metadata.uid` of the object; absent where the plan does not say, as in one that was
    /// made offline: it holds whatever object has the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// The images that it sets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<ImageSet>,
    /// The pod of it that is deleted; absent where it may be any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<String>,
}

/// What a change of a git ref takes for granted, and what it sets. Ids are hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// What the ref must point to; absent where there must be none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// What it is to point to, of an annotated tag the commit; absent where the ref is to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
    /// It is to be a tag with an object of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub annotated: bool,
}

/// The image of one container, before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageSet {
    /// The container.
    pub container: String,
    /// What it must have; absent where the plan does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// What it gets.
    pub new: String,
}

/// A step that the plan does not hold, or not wholly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unforeseen {
    /// The step.
    pub step: String,
    /// Why.
    pub why: String,
}

#[cfg(test)]
mod tests;
