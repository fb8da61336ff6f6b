//! How the steps of a run ended, for the steps that follow them: each is written once, and
//! read where a plugin asks for it. And how the run before this one did.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use serde_json::Value;
use sluice_pipeline::schedule::Outcome;

use super::record::Previous;

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
pub(super) struct Summaries {
    all: Arc<[OnceLock<Summary>]>,
    previous: Option<Arc<Previous>>,
}

impl Summaries {
    /// So many steps, none of which has ended, and the run before.
    pub(super) fn new(steps: usize, previous: Option<Previous>) -> Self {
        Self {
            all: std::iter::repeat_with(OnceLock::new).take(steps).collect(),
            previous: previous.map(Arc::new),
        }
    }

    /// Keeps how a step ended. A step ends once.
    pub(super) fn keep(&self, index: usize, summary: Summary) {
        let _ = self.all[index].set(summary);
    }

    /// The steps with these indices.
    pub(super) fn of(&self, steps: &Arc<[usize]>) -> Needs {
        Needs {
            steps: steps.clone(),
            all: self.all.clone(),
            previous: self.previous.clone(),
        }
    }
}

/// The steps that one step needs, directly or through others, and the run before.
#[derive(Clone, Default)]
pub struct Needs {
    steps: Arc<[usize]>,
    all: Arc<[OnceLock<Summary>]>,
    previous: Option<Arc<Previous>>,
}

impl Needs {
    /// How they ended, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Summary> {
        self.steps.iter().filter_map(|&step| self.all[step].get())
    }

    /// The pipeline's last finished run, where that is known.
    pub fn previous(&self) -> Option<&Previous> {
        self.previous.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sluice_pipeline::schedule::Outcome;

    use super::{Previous, Summaries};

    #[test]
    fn every_step_is_told_of_the_run_before_where_it_is_known() {
        let needs = |previous| Summaries::new(2, previous).of(&Arc::from([0]));
        assert!(needs(None).previous().is_none());
        let needs = needs(Some(Previous {
            run: "20261121-113522-572e".to_owned(),
            outcome: Outcome::Failure,
            finished_at: jiff::Timestamp::UNIX_EPOCH,
        }));
        let previous = needs.previous().expect("it is known");
        assert_eq!(previous.run, "20261121-113522-572e");
        assert_eq!(previous.outcome, Outcome::Failure);
    }
}
