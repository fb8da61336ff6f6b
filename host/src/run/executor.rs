//! Runs a schedule: which step is next, whether it runs, its attempts, its end. For each
//! step the order is fixed: its condition, then its secrets, then its `with`, then it.

use std::{sync::Arc, time::Duration};

use futures::{StreamExt, stream::FuturesUnordered};
use serde_json::{Value, json};
use sluice_pipeline::{
    pipeline::{Retry, RetryOn},
    schedule::{Decision, Outcome, RunView, Schedule, ScheduledStep, StepView},
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    Attempt, AttemptEnd, Effects, Reporter, Summary, Worker,
    event::{Blame, ErrorKind, EventKind, Mode, StepError},
};
use crate::secret::{StepSecrets, Vault};

/// How long an attempt may take where the step names no timeout.
const TIMEOUT: Duration = Duration::from_hours(1);
/// How long a cancelled step may take to end in order before its call is dropped.
const CANCEL_GRACE: Duration = Duration::from_secs(10);
/// How long effects that are on their way may take to settle once their attempt is over.
const SETTLE: Duration = Duration::from_secs(5);

/// What a run needs besides its schedule.
pub struct Run {
    /// What steps run on.
    pub worker: Arc<dyn Worker>,
    /// Where secrets come from.
    pub vault: Vault,
    /// Says what happens.
    pub reporter: Reporter,
    /// Ends it early.
    pub cancel: Cancel,
    /// What it may do to the world.
    pub mode: Mode,
}

/// The two ways to end a run early.
#[derive(Clone, Default)]
pub struct Cancel {
    /// Running steps end in order; `always()` steps still run.
    pub gently: CancellationToken,
    /// Everything stops where it is.
    pub at_once: CancellationToken,
}

/// How a run ended.
#[derive(Debug)]
pub struct RunEnd {
    /// Of the whole.
    pub outcome: Outcome,
    /// The error that decided it.
    pub error: Option<StepError>,
}

/// A step that ended.
struct Ended {
    index: usize,
    outcome: Outcome,
    outputs: Value,
    assumed: bool,
    error: Option<StepError>,
    duration: Duration,
}

/// Runs the schedule to its end. The events go to `run.reporter`; the last is
/// `run.finished`.
pub async fn execute(schedule: Arc<Schedule>, run: Run) -> RunEnd {
    let started = Instant::now();
    run.reporter.say(EventKind::RunStarted {
        pipeline: schedule.pipeline.clone(),
        mode: run.mode,
        steps: schedule.steps.iter().map(|step| step.id.clone()).collect(),
    });
    let facts = json!({ "id": run.reporter.run(), "pipeline": schedule.pipeline });
    let mut progress = Progress::new(&schedule, &run, facts, started);
    let mut running = FuturesUnordered::new();
    let mut ready = Vec::new();
    loop {
        while let Some(index) = progress.next_ready() {
            match progress.prepare(index) {
                Ok(Some(step)) => ready.push(step),
                Ok(None) => {}
                Err(error) => progress.end(failed_to_start(index, error)),
            }
        }
        // One step by itself runs in this task: handing it to another one would cost as
        // much as the step.
        let alone = ready.len() == 1 && running.is_empty();
        for step in ready.drain(..) {
            let index = step.index;
            let ending = async move {
                if alone {
                    return Ok(attempts(step).await);
                }
                tokio::spawn(attempts(step))
                    .await
                    .map_err(|error| (index, error.to_string()))
            };
            running.push(ending);
        }
        let Some(ended) = running.next().await else {
            break;
        };
        match ended {
            Ok(ended) => progress.end(ended),
            // A step's task neither panics nor is aborted; if it does all the same, its
            // effects are lost to us.
            Err((index, why)) => progress.end(lost(index, &why)),
        }
    }
    let end = progress.finish();
    run.reporter.say(EventKind::RunFinished {
        outcome: end.outcome,
        outputs: progress.outputs(),
        error: end.error.clone(),
        duration_ms: millis(started.elapsed()),
    });
    end
}

/// How far the run has come.
struct Progress<'a> {
    schedule: &'a Arc<Schedule>,
    run: &'a Run,
    facts: Value,
    started: Instant,
    state: Vec<State>,
    views: Vec<StepView>,
    summaries: Vec<Option<Arc<Summary>>>,
    first_error: Option<(Outcome, StepError)>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Waiting,
    Running,
    Ended,
}

/// A step that is going to run, with all that its attempts need.
struct Prepared {
    index: usize,
    schedule: Arc<Schedule>,
    worker: Arc<dyn Worker>,
    reporter: Reporter,
    cancel: CancellationToken,
    at_once: CancellationToken,
    config: Value,
    secrets: Arc<StepSecrets>,
    needs: Vec<Arc<Summary>>,
    elapsed: Duration,
}

impl<'a> Progress<'a> {
    fn new(schedule: &'a Arc<Schedule>, run: &'a Run, facts: Value, started: Instant) -> Self {
        let count = schedule.steps.len();
        Self {
            schedule,
            run,
            facts,
            started,
            state: vec![State::Waiting; count],
            views: vec![StepView::default(); count],
            summaries: vec![None; count],
            first_error: None,
        }
    }

    /// The first waiting step whose needs have all ended.
    fn next_ready(&self) -> Option<usize> {
        (0..self.state.len()).find(|&index| {
            self.state[index] == State::Waiting
                && self.schedule.steps[index]
                    .needs
                    .iter()
                    .all(|&need| self.state[need] == State::Ended)
        })
    }

    /// Decides whether the step runs, and prepares it if so. A step that does not run
    /// has ended, as skipped, when this returns `None`.
    fn prepare(&mut self, index: usize) -> Result<Option<Prepared>, StepError> {
        let step = &self.schedule.steps[index];
        let reporter = self.run.reporter.of_step(&step.id);
        if self.run.cancel.at_once.is_cancelled() {
            self.skip(index, &reporter, "the run was stopped".to_owned());
            return Ok(None);
        }
        let cancelled = self.run.cancel.gently.is_cancelled();
        let view = RunView {
            run: &self.facts,
            cancelled,
            steps: &self.views,
        };
        let decision = step
            .decide(&view)
            .map_err(|problem| author(&problem.message))?;
        if let Decision::Skip { reason } = decision {
            self.skip(index, &reporter, reason);
            return Ok(None);
        }
        let mask = self.run.reporter.mask();
        let secrets = self
            .run
            .vault
            .resolve(step.secrets(), &step.permissions, mask)?;
        let secrets = Arc::new(secrets);
        let placeholder = |name: &str| secrets.placeholder(name).unwrap_or_default().to_owned();
        let config = step
            .config(&view, &placeholder)
            .map_err(|problem| author(&problem.message))?;
        self.state[index] = State::Running;
        Ok(Some(Prepared {
            index,
            schedule: self.schedule.clone(),
            worker: self.run.worker.clone(),
            reporter,
            // A step that starts in a cancelled run (`always()`) is not itself cancelled.
            cancel: if cancelled {
                CancellationToken::new()
            } else {
                self.run.cancel.gently.clone()
            },
            at_once: self.run.cancel.at_once.clone(),
            config,
            secrets,
            needs: step
                .ancestors
                .iter()
                .filter_map(|&need| self.summaries[need].clone())
                .collect(),
            elapsed: self.started.elapsed(),
        }))
    }

    fn skip(&mut self, index: usize, reporter: &Reporter, reason: String) {
        reporter.say(EventKind::StepSkipped {
            reason: reason.clone(),
        });
        self.settle(
            index,
            Outcome::Skipped,
            json!({}),
            Duration::ZERO,
            Some(reason),
        );
    }

    /// Takes note of a step's end and says it.
    fn end(&mut self, ended: Ended) {
        let Ended {
            index,
            outcome,
            outputs,
            assumed,
            error,
            duration,
        } = ended;
        let step = &self.schedule.steps[index];
        let failed = outcome != Outcome::Success;
        let tolerated = failed && step.continue_on_error;
        let error = error.map(|error| StepError {
            message: self.run.reporter.mask().text(&error.message),
            ..error
        });
        self.run
            .reporter
            .of_step(&step.id)
            .say(EventKind::StepFinished {
                outcome,
                outputs: self.run.reporter.masked(outputs.clone()),
                assumed,
                error: error.clone(),
                tolerated,
                duration_ms: millis(duration),
            });
        if failed && !tolerated && self.first_error.is_none() {
            let error = error.clone().unwrap_or_else(cancelled_error);
            self.first_error = Some((outcome, error));
        }
        self.settle(
            index,
            outcome,
            outputs,
            duration,
            error.map(|error| error.message),
        );
    }

    fn settle(
        &mut self,
        index: usize,
        outcome: Outcome,
        outputs: Value,
        duration: Duration,
        reason: Option<String>,
    ) {
        let step = &self.schedule.steps[index];
        self.state[index] = State::Ended;
        self.views[index] = StepView {
            outcome: Some(outcome),
            outputs: outputs.clone(),
        };
        self.summaries[index] = Some(Arc::new(Summary {
            id: step.id.clone(),
            title: step.title.clone().unwrap_or_else(|| step.id.clone()),
            uses: step.uses.clone(),
            outcome,
            outputs: self.run.reporter.masked(outputs),
            duration,
            reason,
            continue_on_error: step.continue_on_error,
        }));
    }

    /// Of the whole run: cancelled if it was, else what the first intolerable error says.
    fn finish(&self) -> RunEnd {
        if self.run.cancel.gently.is_cancelled() {
            let lost = self
                .views
                .iter()
                .any(|view| view.outcome == Some(Outcome::Unknown));
            let outcome = if lost {
                Outcome::Unknown
            } else {
                Outcome::Cancelled
            };
            let error = self.first_error.as_ref().map(|(_, error)| error.clone());
            return RunEnd { outcome, error };
        }
        match &self.first_error {
            Some((outcome, error)) => RunEnd {
                outcome: *outcome,
                error: Some(error.clone()),
            },
            None => RunEnd {
                outcome: Outcome::Success,
                error: None,
            },
        }
    }

    /// The pipeline's outputs as far as they can be had.
    fn outputs(&self) -> Value {
        let cancelled = self.run.cancel.gently.is_cancelled();
        let view = RunView {
            run: &self.facts,
            cancelled,
            steps: &self.views,
        };
        let outputs = self.schedule.outputs(&view).unwrap_or_default();
        self.run.reporter.masked(Value::Object(outputs))
    }
}

/// The attempts of one step, to its end.
async fn attempts(step: Prepared) -> Ended {
    let started = Instant::now();
    let scheduled = &step.schedule.steps[step.index];
    let mut number = 1;
    loop {
        step.reporter.say(EventKind::StepStarted {
            attempt: number,
            uses: scheduled.uses.clone(),
        });
        let effects = Effects::new(step.reporter.clone());
        let end = attempt(&step, scheduled, number, started, effects.clone()).await;
        tokio::select! {
            () = effects.settle(SETTLE) => {}
            () = step.at_once.cancelled() => effects.settle(Duration::ZERO).await,
        }
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
    let attempt = Attempt {
        pipeline: step.schedule.pipeline.clone(),
        step: scheduled.id.clone(),
        uses: scheduled.uses.clone(),
        number,
        config: step.config.clone(),
        permissions: Arc::new(scheduled.permissions.clone()),
        secrets: step.secrets.clone(),
        trigger: json!(step.schedule.trigger),
        elapsed: step.elapsed + started.elapsed(),
        needs: step.needs.clone(),
        reporter: step.reporter.clone(),
        effects,
        cancel: step.cancel.clone(),
    };
    let overstayed = async {
        step.cancel.cancelled().await;
        tokio::time::sleep(CANCEL_GRACE).await;
    };
    let timeout = scheduled.timeout.unwrap_or(TIMEOUT);
    let outputs = tokio::select! {
        end = step.worker.attempt(attempt) => end,
        () = step.at_once.cancelled() => Err(cancelled_error()),
        () = overstayed => Err(cancelled_error()),
        () = tokio::time::sleep(timeout) => {
            let message = format!("it took longer than its timeout of {timeout:?}");
            Err(StepError::new(Blame::World, ErrorKind::Timeout, message))
        }
    }?;
    scheduled.check_outputs(&outputs).map_err(|message| {
        let message = format!("its outputs break its own schema: {message}");
        StepError::new(Blame::Plugin, ErrorKind::Contract, message)
    })?;
    Ok(outputs)
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
    if asked > scheduled.timeout.unwrap_or(TIMEOUT) {
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

/// A step's task is gone without an end: what it did is unknown.
fn lost(index: usize, why: &str) -> Ended {
    let message = format!("the step was lost: {why}");
    let error = StepError::new(Blame::Sluice, ErrorKind::Internal, message);
    Ended {
        outcome: Outcome::Unknown,
        ..failed_to_start(index, error)
    }
}

fn failed_to_start(index: usize, error: StepError) -> Ended {
    Ended {
        index,
        outcome: Outcome::Failure,
        outputs: json!({}),
        assumed: false,
        error: Some(error),
        duration: Duration::ZERO,
    }
}

fn cancelled_error() -> StepError {
    StepError::new(Blame::Author, ErrorKind::Cancelled, "the run was cancelled")
}

fn author(message: &str) -> StepError {
    StepError::new(Blame::Author, ErrorKind::Configuration, message)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
