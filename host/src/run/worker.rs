//! What the executor asks of whatever runs a step, so that scheduling is told apart from
//! WebAssembly.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use serde_json::Value;
use sluice_pipeline::schedule::{Schedule, ScheduledStep};
use tokio_util::sync::CancellationToken;

use super::{Effects, Needs, Reporter, event::StepError};
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
    /// The schedule that the step is of.
    pub schedule: Arc<Schedule>,
    /// The step's place in it.
    pub index: usize,
    /// 1 for the first attempt.
    pub number: u32,
    /// The step's `with`, evaluated, secrets as placeholders.
    pub config: Value,
    /// The values behind its placeholders.
    pub secrets: Arc<StepSecrets>,
    /// How long the run has taken so far.
    pub elapsed: Duration,
    /// How long this attempt may take.
    pub timeout: Duration,
    /// The steps that this one needs, directly or through others.
    pub needs: Needs,
    /// Says what happens.
    pub reporter: Reporter,
    /// Keeps the effects that it asks for.
    pub effects: Effects,
    /// Asks the plugin to end in order.
    pub cancel: CancellationToken,
}

impl Attempt {
    /// The step: its name, what it uses, what it may do.
    pub fn step(&self) -> &ScheduledStep {
        &self.schedule.steps[self.index]
    }
}

/// The attempt's outputs, a JSON object, or why there are none.
pub type AttemptEnd = Result<Value, StepError>;
