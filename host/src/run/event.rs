//! What a run says of itself: one stream of events, of which the terminal, the JSON
//! lines and every later view are renderings. Events are data; no wording lives here.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;
use sluice_pipeline::schedule::Outcome;

/// One thing that happened, when and where.
#[derive(Clone, Debug)]
pub struct Event {
    /// The run's identifier.
    pub run: Arc<str>,
    /// The step's identifier; `None` for events of the run itself.
    pub step: Option<Arc<str>>,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event")]
pub enum EventKind {
    /// The first event of a run.
    #[serde(rename = "run.started")]
    RunStarted {
        /// The pipeline's name.
        pipeline: String,
        /// `real`, `practice` or `dry-run`.
        mode: Mode,
        /// The steps' identifiers in the order of the file.
        steps: Vec<String>,
    },
    /// An earlier run of the pipeline was killed: its record has no end.
    #[serde(rename = "run.interrupted")]
    RunInterrupted(Interrupted),
    /// A step does not run, and why.
    #[serde(rename = "step.skipped")]
    StepSkipped {
        /// In words, with the values that decided it.
        reason: String,
    },
    /// An attempt begins.
    #[serde(rename = "step.started")]
    StepStarted {
        /// 1 for the first.
        attempt: u32,
        /// What the step uses.
        uses: String,
    },
    /// What the step does now.
    #[serde(rename = "step.progress")]
    StepProgress {
        /// A short line.
        message: String,
    },
    /// A line that the plugin said.
    #[serde(rename = "step.log")]
    StepLog {
        /// How much it matters.
        level: Level,
        /// The line.
        message: String,
        /// For programs.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        fields: BTreeMap<String, String>,
    },
    /// An attempt failed and another one follows.
    #[serde(rename = "step.retrying")]
    StepRetrying {
        /// The attempt that follows.
        attempt: u32,
        /// Milliseconds until it starts.
        after_ms: u64,
        /// Why the last one failed.
        error: StepError,
    },
    /// A change asked of the outside world.
    #[serde(rename = "effect")]
    Effect(Effect),
    /// A step ended.
    #[serde(rename = "step.finished")]
    StepFinished {
        /// How.
        outcome: Outcome,
        /// A JSON object; empty unless it succeeded.
        outputs: Value,
        /// The outputs rest on planned effects that no world has confirmed.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        assumed: bool,
        /// Why it did not succeed.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<StepError>,
        /// `continue-on-error` lets the run go on.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        tolerated: bool,
        /// Over all attempts.
        duration_ms: u64,
    },
    /// The last event of a run.
    #[serde(rename = "run.finished")]
    RunFinished {
        /// Of the whole.
        outcome: Outcome,
        /// The pipeline's `outputs`, a JSON object.
        outputs: Value,
        /// The first error that decided the outcome.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<StepError>,
        /// Of the whole run.
        duration_ms: u64,
    },
}

/// A run that was killed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Interrupted {
    /// The identifier of that run.
    pub earlier: String,
    /// The effects that it had started and whose ends it did not come to say: unknown.
    pub unknown: Vec<Begun>,
}

/// An effect that was started.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Begun {
    /// The step that asked for it.
    pub step: String,
    /// The capability that it went through.
    pub capability: String,
    /// What was to be done.
    pub action: String,
    /// What it was to be done to.
    pub target: String,
}

/// What a run may do to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Effects take place.
    Real,
    /// Effects take place in a world of dummies.
    Practice,
    /// Effects are foreseen and cannot take place.
    DryRun,
}

/// How much a log line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For the plugin's author.
    Debug,
    /// For whoever watches.
    Info,
    /// Something to look at.
    Warn,
    /// Something went wrong.
    Error,
}

/// A change asked of the outside world, and how far it has come.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// The capability that it goes through: `kube-apply`, `http`.
    pub capability: &'static str,
    /// What is done: `set-images`, `POST`.
    pub action: String,
    /// What it is done to: `Deployment web/web`, `https://hooks.example/…`.
    pub target: String,
    /// How far it has come.
    pub state: EffectState,
    /// What identifies it, and what became of it.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub detail: Value,
}

/// The life of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EffectState {
    /// A dry run foresees it.
    Planned,
    /// Recorded before the first byte is sent.
    Started,
    /// The world confirmed it.
    Done,
    /// A permission is missing; nothing was sent.
    Refused,
    /// The world refused it; nothing changed.
    Failed,
    /// Sent, and the answer was lost.
    Unknown,
}

/// Whose fault a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Blame {
    /// The pipeline's author: file, inputs, permissions.
    Author,
    /// The plugin: it broke its contract or its limits.
    Plugin,
    /// The cluster, the network, a service.
    World,
    /// A bug in sluice.
    Sluice,
}

/// What kind of failure it is: what `retry` decides on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// What `with` says cannot work.
    Configuration,
    /// A permission of sluice or of the world is missing.
    Denied,
    /// May work soon.
    Unavailable,
    /// It did not work.
    Failed,
    /// An effect's answer was lost.
    Unknown,
    /// Cancelled.
    Cancelled,
    /// The step's `timeout` ended it.
    Timeout,
    /// The plugin trapped, ended without a result, or answered what it must not.
    Contract,
    /// The plugin used more than it may.
    Limit,
    /// A secret could not be had.
    Secret,
    /// A bug in sluice.
    Internal,
}

/// Why a step did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct StepError {
    /// Whose it is.
    pub blame: Blame,
    /// What a machine may do about it.
    pub kind: ErrorKind,
    /// In words. Secrets are masked.
    pub message: String,
    /// What a program may want to read about it, a JSON object of the plugin's; null where
    /// there is none. Secrets are masked.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub details: Value,
    /// The earliest moment for a repetition, in milliseconds from the failure.
    #[serde(skip)]
    pub retry_after: Option<u64>,
}

impl StepError {
    /// An error without a wish for when to repeat.
    pub fn new(blame: Blame, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            blame,
            kind,
            message: message.into(),
            details: Value::Null,
            retry_after: None,
        }
    }
}

impl Serialize for Event {
    /// `event`, `run`, `step`, `at` first, so that a line can be read from its left.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Ok(Value::Object(mut rest)) = serde_json::to_value(&self.kind) else {
            return Err(serde::ser::Error::custom("an event is not an object"));
        };
        let name = rest.shift_remove("event").unwrap_or_default();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("event", &name)?;
        map.serialize_entry("run", &*self.run)?;
        if let Some(step) = &self.step {
            map.serialize_entry("step", &**step)?;
        }
        map.serialize_entry("at", &self.at)?;
        for (key, value) in &rest {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}
