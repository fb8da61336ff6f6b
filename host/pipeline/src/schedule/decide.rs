//! Whether a step runs, and if not, why, in words.

use serde_json::{Value, json};

use super::{Outcome, RunView, ScheduledStep, StepView};
use crate::diagnostic::Problem;
use crate::expression::{Expression, Status, short};

/// Whether a step runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It does.
    Run,
    /// It does not.
    Skip {
        /// Why, in words: the condition with the values that it saw, or the step that failed.
        reason: String,
    },
}

impl ScheduledStep {
    /// Decides once every step that this one needs has ended.
    ///
    /// - `success()`: the run is not cancelled, and no step that this one follows, directly or
    ///   through others, failed, was cancelled or is unknown. A skipped one is fine, and so is
    ///   one with `continue-on-error`.
    /// - `failure()`: the run is not cancelled, and one of them failed or is unknown, and
    ///   has no `continue-on-error`.
    /// - `cancelled()`: the run was cancelled. `always()`: true.
    ///
    /// A condition without a status function holds only if `success()` does. `Err` is a
    /// condition that cannot be evaluated, at its place.
    pub fn decide(&self, view: &RunView) -> Result<Decision, Problem> {
        let bad = self.first_bad(view);
        let lost = |outcome| matches!(outcome, Outcome::Failure | Outcome::Unknown);
        let status = Status {
            success: !view.cancelled && bad.is_none(),
            failure: !view.cancelled && self.outcomes(view).any(|(_, outcome)| lost(outcome)),
            cancelled: view.cancelled,
        };
        let explicit = self
            .condition
            .as_ref()
            .is_some_and(|condition| !condition.status_functions().is_empty());
        if !explicit && !status.success {
            let reason = match bad {
                _ if view.cancelled => "the run was cancelled".to_owned(),
                Some((id, Outcome::Failure)) => format!("step `{id}` failed"),
                Some((id, Outcome::Cancelled)) => format!("step `{id}` was cancelled"),
                Some((id, _)) => format!("nobody knows how step `{id}` ended"),
                None => "a step that it needs did not succeed".to_owned(),
            };
            return Ok(Decision::Skip { reason });
        }
        let Some(condition) = &self.condition else {
            return Ok(Decision::Run);
        };
        if self.holds(condition, view, status)? {
            return Ok(Decision::Run);
        }
        Ok(Decision::Skip {
            reason: self.reason(condition, view, status),
        })
    }

    /// The condition's value, if it does not depend on how steps end.
    pub(super) fn decide_early(&self) -> Result<Option<bool>, Problem> {
        let Some(condition) = &self.condition else {
            return Ok(Some(true));
        };
        let waits = condition
            .paths()
            .iter()
            .any(|path| path[0] == "steps" || path[0] == "run");
        let outcome = condition
            .status_functions()
            .iter()
            .any(|name| matches!(*name, "failure" | "cancelled"));
        if waits || outcome {
            return Ok(None);
        }
        let view = RunView {
            run: &Value::Null,
            cancelled: false,
            steps: &[],
        };
        let status = Status {
            success: true,
            failure: false,
            cancelled: false,
        };
        self.holds(condition, &view, status).map(Some)
    }

    fn holds(
        &self,
        condition: &Expression,
        view: &RunView,
        status: Status,
    ) -> Result<bool, Problem> {
        match condition.evaluate(&self.values(view, Some(status)))? {
            Value::Bool(holds) => Ok(holds),
            other => {
                let message = format!(
                    "`if` must be a boolean, and `{}` is {}",
                    condition.text(),
                    short(&other)
                );
                Err(Problem::error(message).at(condition.span()))
            }
        }
    }

    fn reason(&self, condition: &Expression, view: &RunView, status: Status) -> String {
        let values = self.values(view, Some(status));
        let names = condition.paths().iter().map(|path| {
            let value = values.at(path).map_or_else(|| "nothing".to_owned(), short);
            format!("{} = {value}", path.join("."))
        });
        let functions = condition
            .status_functions()
            .iter()
            .map(|name| format!("{name}() = {}", json!(status.answer(name))));
        let seen: Vec<String> = names.chain(functions).collect();
        let seen = if seen.is_empty() {
            String::new()
        } else {
            format!(" ({})", seen.join(", "))
        };
        format!("`if: {}` was false{seen}", condition.text())
    }

    /// The first step before this one that keeps `success()` from being true.
    fn first_bad(&self, view: &RunView) -> Option<(&str, Outcome)> {
        self.outcomes(view).find(|(_, outcome)| {
            matches!(
                outcome,
                Outcome::Failure | Outcome::Cancelled | Outcome::Unknown
            )
        })
    }

    /// The outcomes that count: those of ancestors without `continue-on-error`.
    fn outcomes(&self, view: &RunView) -> impl Iterator<Item = (&str, Outcome)> {
        let counted = self
            .followed
            .iter()
            .filter(|followed| !followed.continue_on_error);
        counted.filter_map(|followed| {
            let outcome = view
                .steps
                .get(followed.index)
                .and_then(|StepView { outcome, .. }| *outcome)?;
            Some((followed.id.as_str(), outcome))
        })
    }
}
