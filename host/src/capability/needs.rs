//! `sluice:plugin/needs`: how the steps ended that this one needs, and how the run before
//! this one did. Needs no permission.

use sluice_pipeline::schedule::Outcome;
use wasmtime::component::HasData;

use crate::{
    bindings::sluice::plugin::needs::{Host, Outcome as WitOutcome, PreviousRun, StepSummary},
    run::{Needs as Ended, Summary},
};

/// Marks the steps among what a store holds.
pub struct Needs;

impl HasData for Needs {
    type Data<'a> = NeedsCalls<'a>;
}

/// The calls of one plugin.
pub struct NeedsCalls<'a>(pub &'a Ended);

impl Host for NeedsCalls<'_> {
    fn steps(&mut self) -> wasmtime::Result<Vec<StepSummary>> {
        Ok(self.0.iter().map(summary).collect())
    }

    fn previous(&mut self) -> wasmtime::Result<Option<PreviousRun>> {
        Ok(self.0.previous().map(|previous| PreviousRun {
            run: previous.run.clone(),
            outcome: outcome(previous.outcome),
            finished_at: u64::try_from(previous.finished_at.as_millisecond()).unwrap_or_default(),
        }))
    }
}

fn outcome(outcome: Outcome) -> WitOutcome {
    match outcome {
        Outcome::Success => WitOutcome::Success,
        Outcome::Failure => WitOutcome::Failure,
        Outcome::Skipped => WitOutcome::Skipped,
        Outcome::Cancelled => WitOutcome::Cancelled,
        Outcome::Unknown => WitOutcome::Unknown,
    }
}

fn summary(step: &Summary) -> StepSummary {
    StepSummary {
        id: step.id.clone(),
        title: step.title.clone(),
        uses: step.uses.clone(),
        outcome: outcome(step.outcome),
        outputs: step.outputs.to_string(),
        duration: u64::try_from(step.duration.as_millis()).unwrap_or(u64::MAX),
        reason: step.reason.clone(),
        details: if step.continue_on_error {
            r#"{"continue-on-error":true}"#.to_owned()
        } else {
            "{}".to_owned()
        },
    }
}
