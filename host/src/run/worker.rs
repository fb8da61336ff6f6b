//! What the executor asks of whatever runs a step, so that scheduling is told apart from
//! WebAssembly.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use serde_json::Value;
use sluice_pipeline::{permission::Permissions, schedule::Outcome};
use tokio_util::sync::CancellationToken;

use super::{Effects, Reporter, event::StepError};
use crate::secret::StepSecrets;

/// Runs attempts of steps.
pub trait Worker: Send + Sync {
    /// Runs one attempt to its end. Dropping the future ends the attempt.
    fn attempt(&self, attempt: Attempt) -> BoxFuture<'static, AttemptEnd>;

    /// Whether the plugin says that it may be repeated after a lost effect.
    fn repeatable(&self, uses: &str) -> bool;
}

/// All that one attempt of a step is given.
pub struct Attempt {
    /// The pipeline's name.
    pub pipeline: String,
    /// The step's identifier.
    pub step: String,
    /// What it uses.
    pub uses: String,
    /// 1 for the first attempt.
    pub number: u32,
    /// The step's `with`, evaluated, secrets as placeholders.
    pub config: Value,
    /// What the step may do.
    pub permissions: Arc<Permissions>,
    /// The values behind its placeholders.
    pub secrets: Arc<StepSecrets>,
    /// What started the run.
    pub trigger: Value,
    /// How long the run has taken so far.
    pub elapsed: Duration,
    /// How long this attempt may take.
    pub timeout: Duration,
    /// The steps that this one needs, directly or through others.
    pub needs: Vec<Arc<Summary>>,
    /// The pipeline's last finished run, where that is known.
    pub previous: Option<PreviousRun>,
    /// Says what happens.
    pub reporter: Reporter,
    /// Keeps the effects that it asks for.
    pub effects: Effects,
    /// Asks the plugin to end in order.
    pub cancel: CancellationToken,
}

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

/// A finished run of the same pipeline, as a later run sees it.
#[derive(Clone, Debug)]
pub struct PreviousRun {
    /// The run's identifier.
    pub run: String,
    /// How it ended.
    pub outcome: Outcome,
    /// When it was over, in milliseconds since 1970-01-01T00:00:00Z.
    pub finished_at: u64,
}

/// The attempt's outputs, a JSON object, or why there are none.
pub type AttemptEnd = Result<Value, StepError>;
