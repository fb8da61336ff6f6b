//! Runs a schedule: which step is next, whether it runs, what its end means for others. For each
//! step the order is fixed: its condition, then its secrets, then its `with`, then it.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures::{StreamExt, stream::FuturesUnordered};
use serde_json::{Value, json};
use sluice_pipeline::schedule::{Decision, Outcome, RunView, Schedule, StepView};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    Reporter, Summary, Worker,
    attempts::{Ended, Prepared, attempts, cancelled_error, millis},
    event::{Blame, ErrorKind, EventKind, Mode, StepError},
    overtime::Overtime,
    plan::Guard,
    record::Previous,
    summary::Summaries,
};
use crate::secret::Vault;

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
    /// The pipeline's last finished run, where the runner keeps that.
    pub previous: Option<Previous>,
    /// What it is held to; nothing for whatever its permissions allow.
    pub plan: Option<Arc<Guard>>,
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

/// Runs the schedule to its end. The events go to `run.reporter`; the last is
/// `run.finished`.
pub async fn execute(schedule: Arc<Schedule>, run: Run) -> RunEnd {
    let started = Instant::now();
    run.reporter.say(EventKind::RunStarted {
        pipeline: schedule.pipeline.clone(),
        mode: run.mode,
        steps: schedule.steps.iter().map(|step| step.id.clone()).collect(),
    });
    for earlier in run.reporter.interrupted() {
        run.reporter.say(EventKind::RunInterrupted(earlier.clone()));
    }
    let facts = json!({ "id": run.reporter.run(), "pipeline": schedule.pipeline });
    let limit = schedule.limits.run.as_ref();
    let overtime = Overtime::of(limit, &run.reporter, &run.cancel);
    let mut progress = Progress::new(&schedule, &run, facts, started);
    let mut running = FuturesUnordered::new();
    let mut ready = Vec::new();
    loop {
        while let Some(index) = progress.ready.pop_first() {
            match progress.prepare(index) {
                Ok(Some(step)) => ready.push(step),
                Ok(None) => {}
                Err(error) => progress.end(failed_to_start(index, error)),
            }
        }
        // One step by itself runs in this task: handing it to another one would cost as
        // much as the step. Nothing else can become ready before it ends.
        if ready.len() == 1
            && running.is_empty()
            && let Some(step) = ready.pop()
        {
            progress.end(attempts(step).await);
            continue;
        }
        for step in ready.drain(..) {
            let index = step.index;
            let task = tokio::spawn(attempts(step));
            running.push(async move { task.await.map_err(|error| (index, error.to_string())) });
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
    let mut end = progress.finish();
    if let (Outcome::Cancelled | Outcome::Unknown, Some(error)) = (end.outcome, overtime.error()) {
        end.error = Some(error.clone());
    }
    let finished = EventKind::RunFinished {
        outcome: end.outcome,
        outputs: progress.outputs(),
        error: end.error.clone(),
        duration_ms: millis(started.elapsed()),
    };
    run.reporter.say_on_record(finished).await;
    end
}

/// How far the run has come.
struct Progress<'a> {
    schedule: &'a Arc<Schedule>,
    run: &'a Run,
    facts: Value,
    started: Instant,
    /// For each step, how many of those that it needs have not ended.
    awaited: Vec<usize>,
    /// For each step, those that need it.
    followers: Vec<Vec<usize>>,
    /// The steps that wait for nothing any more, in the order of the file.
    ready: BTreeSet<usize>,
    views: Vec<StepView>,
    summaries: Summaries,
    first_error: Option<(Outcome, StepError)>,
}

impl<'a> Progress<'a> {
    fn new(schedule: &'a Arc<Schedule>, run: &'a Run, facts: Value, started: Instant) -> Self {
        let count = schedule.steps.len();
        let mut followers = vec![Vec::new(); count];
        for (index, step) in schedule.steps.iter().enumerate() {
            for &need in &step.needs {
                followers[need].push(index);
            }
        }
        let awaited = schedule.steps.iter().map(|step| step.needs.len());
        let awaited = awaited.collect::<Vec<_>>();
        Self {
            schedule,
            run,
            facts,
            started,
            ready: (0..count).filter(|&index| awaited[index] == 0).collect(),
            awaited,
            followers,
            views: vec![StepView::default(); count],
            summaries: Summaries::new(count, run.previous.clone()),
            first_error: None,
        }
    }

    /// Decides whether the step runs, and prepares it if so. A step that does not run
    /// has ended, as skipped, when this returns `None`.
    fn prepare(&mut self, index: usize) -> Result<Option<Prepared>, StepError> {
        let step = &self.schedule.steps[index];
        let log = self.schedule.limits.log.clone();
        let reporter = self.run.reporter.of_step_within(&step.id, log);
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
            needs: self.summaries.of(&step.ancestors),
            plan: self.run.plan.clone(),
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
            details: self.run.reporter.mask().value(error.details),
            ..error
        });
        self.run
            .reporter
            .of_step(&step.id)
            .say(EventKind::StepFinished {
                outcome,
                outputs: outputs.clone(),
                assumed,
                error: error.clone(),
                tolerated,
                duration_ms: millis(duration),
            });
        if failed && !tolerated && self.first_error.is_none() {
            let mut error = error.clone().unwrap_or_else(cancelled_error);
            // The step has said them.
            error.details = Value::Null;
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
        self.views[index] = StepView {
            outcome: Some(outcome),
            outputs: outputs.clone(),
        };
        let summary = Summary {
            id: step.id.clone(),
            title: step.title.clone().unwrap_or_else(|| step.id.clone()),
            uses: step.uses.clone(),
            outcome,
            outputs: self.run.reporter.masked(outputs),
            duration,
            reason,
            continue_on_error: step.continue_on_error,
        };
        self.summaries.keep(index, summary);
        for &follower in &self.followers[index] {
            self.awaited[follower] -= 1;
            if self.awaited[follower] == 0 {
                self.ready.insert(follower);
            }
        }
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
        Value::Object(outputs)
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

fn author(message: &str) -> StepError {
    StepError::new(Blame::Author, ErrorKind::Configuration, message)
}
