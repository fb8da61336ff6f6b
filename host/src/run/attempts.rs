//! The attempts of one step, from its first to its end: timeout, cancellation, repetition,
//! and what the effects on their way make of the outcome.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use sluice_pipeline::{
    pipeline::{Retry, RetryOn},
    policy::{Limit, Limits},
    schedule::{Outcome, Schedule, ScheduledStep},
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    Attempt, AttemptEnd, Effects, Needs, Reporter, Worker, cut,
    event::{Blame, ErrorKind, EventKind, StepError},
    plan::Guard,
};
use crate::secret::StepSecrets;

/// How long a cancelled step may take to end in order before its call is dropped.
const CANCEL_GRACE: Duration = Duration::from_secs(10);
/// How long effects that are on their way may take to settle once their attempt is over.
const SETTLE: Duration = Duration::from_secs(5);

/// A step that is going to run, with all that its attempts need.
pub(super) struct Prepared {
    pub(super) index: usize,
    pub(super) schedule: Arc<Schedule>,
    pub(super) worker: Arc<dyn Worker>,
    pub(super) reporter: Reporter,
    pub(super) cancel: CancellationToken,
    pub(super) at_once: CancellationToken,
    pub(super) config: Value,
    pub(super) secrets: Arc<StepSecrets>,
    pub(super) needs: Needs,
    pub(super) plan: Option<Arc<Guard>>,
    pub(super) elapsed: Duration,
}

/// A step that ended.
pub(super) struct Ended {
    pub(super) index: usize,
    pub(super) outcome: Outcome,
    pub(super) outputs: Value,
    pub(super) assumed: bool,
    pub(super) error: Option<StepError>,
    pub(super) duration: Duration,
}

/// The attempts of one step, to its end.
pub(super) async fn attempts(step: Prepared) -> Ended {
    let started = Instant::now();
    let scheduled = &step.schedule.steps[step.index];
    let mut number = 1;
    loop {
        step.reporter.say(EventKind::StepStarted {
            attempt: number,
            uses: scheduled.uses.clone(),
        });
        let effects = Effects::within(step.reporter.clone(), step.plan.clone());
        let end = attempt(&step, scheduled, number, started, effects.clone()).await;
        tokio::select! {
            biased;
            () = effects.settle(SETTLE) => {}
            () = step.at_once.cancelled() => effects.settle(Duration::ZERO).await,
        }
        let end = effects.failed().map_or(end, Err);
        let Some((after, error)) = next_attempt(&step, scheduled, &end, &effects, number) else {
            return ended(step.index, end, &effects, started);
        };
        number += 1;
        let after_ms = millis(after);
        step.reporter.say(EventKind::StepRetrying {
            attempt: number,
            after_ms,
            error,
        });
        tokio::select! {
            () = tokio::time::sleep(after) => {}
            () = stopped(&step) => {
                return ended(step.index, Err(cancelled_error()), &effects, started);
            }
        }
    }
}

/// Waits until the run is to end early, one way or the other.
async fn stopped(step: &Prepared) {
    tokio::select! {
        () = step.cancel.cancelled() => {}
        () = step.at_once.cancelled() => {}
    }
}

/// One attempt, within the step's timeout.
async fn attempt(
    step: &Prepared,
    scheduled: &ScheduledStep,
    number: u32,
    started: Instant,
    effects: Effects,
) -> AttemptEnd {
    let limit = patience(&step.schedule, scheduled);
    let timeout = limit.most;
    let attempt = Attempt {
        schedule: step.schedule.clone(),
        index: step.index,
        number,
        config: step.config.clone(),
        secrets: step.secrets.clone(),
        elapsed: step.elapsed + started.elapsed(),
        timeout,
        needs: step.needs.clone(),
        reporter: step.reporter.clone(),
        effects,
        cancel: step.cancel.clone(),
    };
    let overstayed = async {
        step.cancel.cancelled().await;
        tokio::time::sleep(CANCEL_GRACE).await;
    };
    let outputs = tokio::select! {
        // The attempt first: one that comes to its end without waiting sets no timer.
        biased;
        end = step.worker.attempt(attempt) => end,
        () = step.at_once.cancelled() => Err(cancelled_error()),
        () = overstayed => Err(cancelled_error()),
        () = tokio::time::sleep(timeout) => {
            let whose = limit.whose();
            let message = format!("it took longer than its timeout of {timeout:?}{whose}");
            Err(StepError::new(Blame::World, ErrorKind::Timeout, message))
        }
    }?;
    scheduled.check_outputs(&outputs).map_err(|message| {
        let message = cut(format!("its outputs break its own schema: {message}"));
        StepError::new(Blame::Plugin, ErrorKind::Contract, message)
    })?;
    Ok(outputs)
}

/// How long an attempt of the step may take.
fn patience(schedule: &Schedule, step: &ScheduledStep) -> Limit<Duration> {
    schedule
        .limits
        .timeout(step.timeout.unwrap_or(Limits::TIMEOUT))
}

/// When and why another attempt follows this one, if one does.
fn next_attempt(
    step: &Prepared,
    scheduled: &ScheduledStep,
    end: &AttemptEnd,
    effects: &Effects,
    number: u32,
) -> Option<(Duration, StepError)> {
    let error = end.as_ref().err()?;
    let retry = &scheduled.retry;
    let lost = effects.lost() || error.kind == ErrorKind::Unknown;
    if step.cancel.is_cancelled()
        || number >= retry.attempts
        || !covers(retry, error.kind)
        || (lost && !step.worker.repeatable(&scheduled.uses))
    {
        return None;
    }
    let backoff = retry
        .backoff
        .saturating_mul(2_u32.saturating_pow(number - 1));
    let asked = Duration::from_millis(error.retry_after.unwrap_or(0));
    if asked > patience(&step.schedule, scheduled).most {
        // Whoever asks for so long a wait does not decide how long a run takes.
        return None;
    }
    Some((backoff.max(asked), error.clone()))
}

/// Whether `retry.on` names that kind of failure.
fn covers(retry: &Retry, kind: ErrorKind) -> bool {
    let word = match kind {
        ErrorKind::Unavailable => RetryOn::Unavailable,
        ErrorKind::Failed => RetryOn::Failed,
        ErrorKind::Timeout => RetryOn::Timeout,
        _ => return false,
    };
    retry.on.contains(&word)
}

/// The step's end: a lost effect is unknown, whatever the plugin made of it.
fn ended(index: usize, end: AttemptEnd, effects: &Effects, started: Instant) -> Ended {
    let (outcome, outputs, error) = match end {
        Ok(_) if effects.lost() => {
            let message =
                "the answer to an effect was lost; look at the world before running it again";
            let error = StepError::new(Blame::World, ErrorKind::Unknown, message);
            (Outcome::Unknown, json!({}), Some(error))
        }
        Ok(outputs) => (Outcome::Success, outputs, None),
        Err(error) => {
            let outcome = match error.kind {
                _ if effects.lost() => Outcome::Unknown,
                ErrorKind::Unknown => Outcome::Unknown,
                ErrorKind::Cancelled => Outcome::Cancelled,
                _ => Outcome::Failure,
            };
            (outcome, json!({}), Some(error))
        }
    };
    Ended {
        index,
        outcome,
        outputs,
        assumed: effects.planned(),
        error,
        duration: started.elapsed(),
    }
}

pub(super) fn cancelled_error() -> StepError {
    StepError::new(Blame::Author, ErrorKind::Cancelled, "the run was cancelled")
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
