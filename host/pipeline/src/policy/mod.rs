//! An operator's policy: what pipelines may permit their steps, whoever writes them.
//!
//! A text becomes a [`Policy`] as a pipeline file becomes a pipeline: all problems together,
//! each with its place. `judge` holds a pipeline against it before anything runs; `bounds` and
//! `limits` are what its run is held to.

mod entry;
mod judge;
pub(crate) mod keys;
mod limits;
mod path;
mod secret;
mod size;
mod uses;

use std::sync::Arc;

use entry::Item;
pub use limits::{Limit, Limits};
pub use size::show_size;

use crate::diagnostic::{Problems, Source, Span};
use crate::document::Document;
use crate::permission::Bounds;
use crate::pipeline::Remote;
use crate::pipeline::fields::{Fields, wrong};

/// A policy.
#[derive(Debug)]
pub struct Policy {
    source: Arc<Source>,
    /// Where `pipelines` stands.
    place: Span,
    /// In the file's order.
    items: Vec<Item>,
}

impl Policy {
    /// Reads a policy. `Err` holds every problem of the file.
    pub fn read(source: &Source) -> Result<Self, Problems> {
        let document = Document::read(source)?;
        let mut problems = document.problems().clone();
        let policy = read(&document, source, &mut problems);
        problems.into_result()?;
        // Without a problem there is a policy.
        policy.ok_or_else(Problems::new)
    }

    /// Its name, as its keeper knows it.
    pub fn name(&self) -> &str {
        &self.source.name
    }

    /// What it allows the steps of a pipeline with these remotes.
    pub fn bounds(&self, pipeline: &str, remotes: &[Remote]) -> Bounds {
        let mut bounds = Bounds {
            policy: self.source.name.as_str().into(),
            kube_apply: Vec::new(),
            http: Vec::new(),
            git: Vec::new(),
            fs: Vec::new(),
        };
        for item in self.items_of(pipeline) {
            let kube = item.kube_apply.iter();
            bounds
                .kube_apply
                .extend(kube.map(|kube| kube.value.clone()));
            let http = item.http.iter();
            bounds.http.extend(http.map(|http| http.value.clone()));
            let fs = item.fs.iter();
            bounds.fs.extend(fs.map(|fs| fs.value.clone()));
            for git in &item.git {
                let on = remotes.iter();
                let on = on.filter_map(|remote| git.value.on(&remote.name, &remote.url));
                bounds.git.extend(on);
            }
        }
        bounds
    }

    /// The limits of the steps of a pipeline.
    pub fn limits(&self, pipeline: &str) -> Limits {
        let policy = self.source.name.as_str().into();
        let mut limits = Limits::default();
        for item in self.items_of(pipeline) {
            limits.lower(&item.limits, &policy);
        }
        limits
    }

    /// All that is about a pipeline of that name.
    fn items_of(&self, pipeline: &str) -> impl Iterator<Item = &Item> {
        let items = self.items.iter();
        items.filter(move |item| item.name.matches(pipeline))
    }
}

fn read(document: &Document, source: &Source, problems: &mut Problems) -> Option<Policy> {
    let root = document.root();
    let fields = Fields::read(root, keys::POLICY, "a policy", root.span, problems)?;
    let pipelines = fields.entry("pipelines")?;
    let Some(entries) = pipelines.value.map() else {
        let message = "`pipelines` must be a map from patterns of names to what they may";
        return wrong(&pipelines.value, message, problems);
    };
    let items = entries
        .iter()
        .filter_map(|entry| Item::read(entry, problems));
    Some(Policy {
        items: items.collect(),
        source: Arc::new(source.clone()),
        place: pipelines.key_span,
    })
}
