//! How the steps of a run ended, for the steps that follow them: each is written once, and
//! read where a plugin asks for it.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use serde_json::Value;
use sluice_pipeline::schedule::Outcome;

/// A step that ended, as later steps see it.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The step's identifier.
    pub id: String,
    /// Its title, or its identifier.
    pub title: String,
    /// What it uses.
    pub uses: String,
    /// How it ended.
    pub outcome: Outcome,
    /// A JSON object.
    pub outputs: Value,
    /// How long it took.
    pub duration: Duration,
    /// Why it failed or was skipped.
    pub reason: Option<String>,
    /// `continue-on-error` lets the run go on if it fails.
    pub continue_on_error: bool,
}

/// The steps of a run by their index, as far as they have ended.
#[derive(Clone)]
pub(super) struct Summaries(Arc<[OnceLock<Summary>]>);

impl Summaries {
    /// So many steps, none of which has ended.
    pub(super) fn new(steps: usize) -> Self {
        Self(std::iter::repeat_with(OnceLock::new).take(steps).collect())
    }

    /// Keeps how a step ended. A step ends once.
    pub(super) fn keep(&self, index: usize, summary: Summary) {
        let _ = self.0[index].set(summary);
    }

    /// The steps with these indices.
    pub(super) fn of(&self, steps: &Arc<[usize]>) -> Needs {
        Needs {
            steps: steps.clone(),
            all: self.0.clone(),
        }
    }
}

/// The steps that one step needs, directly or through others.
#[derive(Clone, Default)]
pub struct Needs {
    steps: Arc<[usize]>,
    all: Arc<[OnceLock<Summary>]>,
}

impl Needs {
    /// How they ended, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Summary> {
        self.steps.iter().filter_map(|&step| self.all[step].get())
    }
}
