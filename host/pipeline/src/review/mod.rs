//! What the steps of a pipeline may do, in words for whoever reviews it, and what a change of
//! the file adds to that or takes away. Entries are told for every value of the inputs that
//! they name; their order, and that of what they list, is of no account.

mod diff;
mod words;

use serde_json::{Map, Value, json};

pub use diff::{Change, Changed, Sign};

use crate::diagnostic::Problems;
use crate::permission::Capability;
use crate::pipeline::{Pipeline, Step};
use crate::policy::Limits;

/// What each step may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The pipeline's name.
    pub pipeline: String,
    /// The steps in the file's order.
    pub steps: Vec<StepListing>,
}

/// What one step may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepListing {
    /// Its identifier.
    pub id: String,
    /// What it is about (`uses`, a capability, `secrets`, `limits`), and the thing in words.
    pub lines: Vec<Line>,
}

/// One thing that a step may do or use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// `uses`, a capability, `secrets` or `limits`.
    pub about: &'static str,
    /// In words.
    pub text: String,
}

impl Listing {
    /// What the steps of a pipeline may do within these limits.
    ///
    /// `Err` where an entry means nothing for some values of the inputs, or stands for too
    /// many.
    pub fn of(pipeline: &Pipeline, limits: &Limits) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let steps = pipeline.steps.iter().map(|step| StepListing {
            id: step.id.clone(),
            lines: lines(step, pipeline, limits, &mut problems),
        });
        let steps = steps.collect();
        problems.into_result()?;
        Ok(Self {
            pipeline: pipeline.name.clone(),
            steps,
        })
    }

    /// As an object with `pipeline` and `steps`: for each its `step` and, by what they are
    /// about, lists of texts.
    pub fn to_json(&self) -> Value {
        let steps = self.steps.iter().map(|step| {
            let mut object = Map::from_iter([("step".to_owned(), json!(step.id))]);
            for line in &step.lines {
                let list = object.entry(line.about).or_insert_with(|| json!([]));
                if let Value::Array(list) = list {
                    list.push(json!(line.text));
                }
            }
            Value::Object(object)
        });
        json!({ "pipeline": self.pipeline, "steps": steps.collect::<Vec<_>>() })
    }
}

fn lines(step: &Step, pipeline: &Pipeline, limits: &Limits, problems: &mut Problems) -> Vec<Line> {
    let entries = pipeline.entries(step, problems);
    let mut lines = Vec::new();
    let mut tell = |about, mut texts: Vec<String>| {
        texts.sort();
        texts.dedup();
        lines.extend(texts.into_iter().map(|text| Line { about, text }));
    };
    tell("uses", vec![words::plugin(step)]);
    let kube = entries
        .kube_apply
        .iter()
        .map(|kube| words::kube(&kube.value));
    tell(Capability::KubeApply.key(), kube.collect());
    let http = entries.http.iter().map(|http| words::http(&http.value));
    tell(Capability::Http.key(), http.collect());
    let remotes = &pipeline.remotes;
    let git = entries
        .git
        .iter()
        .map(|git| words::git(&git.value, remotes));
    tell(Capability::Git.key(), git.collect());
    let fs = entries.fs.iter().map(|fs| words::fs(&fs.value));
    tell(Capability::Fs.key(), fs.collect());
    let reached = |name: &str| entries.git.iter().any(|git| git.value.remote == name);
    tell("secrets", words::secrets(step, pipeline, &reached));
    let sends = !entries.http.is_empty();
    tell("limits", vec![words::limits(step, limits, sends)]);
    lines
}
