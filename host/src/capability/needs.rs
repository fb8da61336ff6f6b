//! `sluice:plugin/needs`: how the steps ended that this one needs, and how the run before
//! this one did. Needs no permission.

use std::sync::Arc;

use sluice_pipeline::schedule::Outcome;
use wasmtime::component::HasData;

use crate::{
    bindings::sluice::plugin::needs::{
        Host, Outcome as WitOutcome, PreviousRun as WitPreviousRun, StepSummary,
    },
    run::{PreviousRun, Summary},
};

/// Marks the steps among what a store holds.
pub struct Needs;

impl HasData for Needs {
    type Data<'a> = NeedsCalls<'a>;
}

/// The calls of one plugin.
pub struct NeedsCalls<'a> {
    /// The steps that its step needs.
    pub steps: &'a [Arc<Summary>],
    /// The pipeline's last finished run, where that is known.
    pub previous: Option<&'a PreviousRun>,
}

impl Host for NeedsCalls<'_> {
    fn steps(&mut self) -> wasmtime::Result<Vec<StepSummary>> {
        Ok(self.steps.iter().map(|step| summary(step)).collect())
    }

    fn previous(&mut self) -> wasmtime::Result<Option<WitPreviousRun>> {
        Ok(self.previous.map(|previous| WitPreviousRun {
            run: previous.run.clone(),
            outcome: outcome(previous.outcome),
            finished_at: previous.finished_at,
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

#[cfg(test)]
mod tests {
    use sluice_pipeline::schedule::Outcome;

    use super::{Host as _, NeedsCalls, WitOutcome};
    use crate::run::PreviousRun;

    #[test]
    fn the_run_before_this_one_is_told_where_it_is_known() {
        let previous = PreviousRun {
            run: "20261121-113522-572e".to_owned(),
            outcome: Outcome::Failure,
            finished_at: 1_795_260_922_000,
        };
        let asked = |previous| {
            let mut calls = NeedsCalls {
                steps: &[],
                previous,
            };
            calls.previous().expect("nothing of it can fail")
        };
        assert!(asked(None).is_none());
        let told = asked(Some(&previous)).expect("it is known");
        assert_eq!(
            (told.run.as_str(), told.finished_at),
            ("20261121-113522-572e", 1_795_260_922_000)
        );
        assert!(matches!(told.outcome, WitOutcome::Failure));
    }
}
