//! The step's outputs, as the JSON object that the description promises.

use serde_json::{Map, Value, json};

use crate::bindings::sluice::kube::apply::ContainerImage;
use crate::config::Config;
use crate::failure;
use crate::prepare::Prepared;

/// What later steps may know of a deploy.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outputs {
    /// `Deployment web/web`.
    pub(crate) workload: String,
    pub(crate) images: Vec<ContainerImage>,
    /// What the containers had before, in the order of `images`.
    pub(crate) previous: Vec<ContainerImage>,
    /// An image was set, or the workload restarted; false where nothing was to be done.
    pub(crate) changed: bool,
    /// The new pods are known to be up with these images.
    pub(crate) verified: bool,
    /// The new revision's name; empty where it is not known.
    pub(crate) revision: String,
    /// Ready pods of the new revision; in a dry run the number wanted.
    pub(crate) pods: u32,
    /// From reading the object to the verdict, in milliseconds.
    pub(crate) duration: u64,
    /// Why it is not verified.
    pub(crate) note: Option<String>,
}

impl Outputs {
    /// What is known before the change: the rest is filled in at the end.
    pub(crate) fn before(config: &Config, prepared: &Prepared) -> Self {
        Self {
            workload: failure::title(&config.workload),
            images: config.images.clone(),
            previous: prepared.previous.clone(),
            changed: prepared.restart || !prepared.changes.is_empty(),
            verified: false,
            revision: String::new(),
            pods: 0,
            duration: 0,
            note: None,
        }
    }

    /// The JSON text.
    pub(crate) fn to_json(&self) -> String {
        let mut object = json!({
            "workload": self.workload,
            "images": by_container(&self.images),
            "previous": by_container(&self.previous),
            "changed": self.changed,
            "verified": self.verified,
            "revision": self.revision,
            "pods": self.pods,
            "duration": self.duration,
        });
        if let Some(note) = &self.note {
            object["note"] = note.as_str().into();
        }
        object.to_string()
    }
}

fn by_container(images: &[ContainerImage]) -> Map<String, Value> {
    let entry = |entry: &ContainerImage| (entry.container.clone(), entry.image.clone().into());
    images.iter().map(entry).collect()
}
