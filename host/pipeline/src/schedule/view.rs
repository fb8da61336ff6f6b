//! A run as conditions and expressions see it while it goes on.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Known;

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did what it is for.
    Success,
    /// It did not.
    Failure,
    /// Its condition was false.
    Skipped,
    /// It was cancelled.
    Cancelled,
    /// It was lost: nobody knows whether its effects took place.
    Unknown,
}

impl Outcome {
    /// The outcome as expressions and events spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }
}

/// A run at one moment.
#[derive(Debug, Clone, Copy)]
pub struct RunView<'a> {
    /// What expressions see as `run`: an object with `id`, `pipeline` and `attempt`.
    pub run: &'a Value,
    /// Whether the run was cancelled.
    pub cancelled: bool,
    /// The steps, as many and in the same order as in the schedule.
    pub steps: &'a [StepView],
}

/// A step at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepView {
    /// How it ended, if it has.
    pub outcome: Option<Outcome>,
    /// Its outputs, an object; `null` where it has none.
    pub outputs: Value,
}

impl RunView<'_> {
    /// The values under the roots of expressions, with the steps that may be read, by their
    /// identifier and index.
    pub(super) fn roots<'s>(
        &self,
        known: &Known,
        readable: impl Iterator<Item = (&'s str, usize)>,
    ) -> Vec<(&'static str, Value)> {
        let mut steps = Map::new();
        for (id, index) in readable {
            let Some(step) = self.steps.get(index) else {
                continue;
            };
            let outputs = if step.outputs.is_object() {
                step.outputs.clone()
            } else {
                json!({})
            };
            let mut fields = Map::from_iter([("outputs".to_owned(), outputs)]);
            if let Some(outcome) = step.outcome {
                fields.insert("outcome".to_owned(), json!(outcome));
            }
            steps.insert(id.to_owned(), Value::Object(fields));
        }
        vec![
            ("inputs", known.inputs.clone()),
            ("trigger", known.trigger.clone()),
            ("run", self.run.clone()),
            ("steps", Value::Object(steps)),
        ]
    }
}
