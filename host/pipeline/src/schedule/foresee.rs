//! What a plan must know of a step that a dry run does not reach, or whose failing it does
//! not see: on which way it runs, in words, and its `with` as far as that is known.

use serde_json::Value;

use super::{RunView, ScheduledStep};
use crate::catalog::{DeclaredEffect, ForeseenWith};
use crate::permission::Permissions;

impl ScheduledStep {
    /// What its plugin says that it may do.
    pub fn declared_effects(&self) -> &[DeclaredEffect] {
        &self.plugin.facts.effects
    }

    /// Whether it is permitted anything at all.
    pub fn may_have_effects(&self) -> bool {
        *self.permissions != Permissions::default()
    }

    /// Whether it may run after a step that it follows has failed, or the run was cancelled.
    pub fn may_follow_a_failure(&self) -> bool {
        let functions = self
            .condition
            .as_ref()
            .map(crate::expression::Expression::status_functions);
        let functions = functions.unwrap_or_default();
        functions.iter().any(|name| *name != "success")
    }

    /// Its `with` before other steps have ended, each secret replaced by what `placeholder`
    /// makes of its name.
    pub fn foreseen_with(&self, placeholder: &dyn Fn(&str) -> String) -> ForeseenWith {
        let view = RunView {
            run: &Value::Null,
            cancelled: false,
            steps: &[],
        };
        let values = self.values(&view, None);
        let mut open = Vec::new();
        let evaluate =
            |template: &crate::expression::Template| template.foresee(&values, placeholder);
        let value = self.config.foresee(&evaluate, "", &mut open);
        ForeseenWith { value, open }
    }

    /// When the step runs, in words that follow *only*: `if step `deploy` fails`.
    pub fn runs_only(&self) -> String {
        let followed = self.followed.iter().filter(|step| !step.continue_on_error);
        let followed = followed
            .map(|step| format!("`{}`", step.id))
            .collect::<Vec<_>>();
        let Some(condition) = &self.condition else {
            return match followed.as_slice() {
                [] => "if the run is not cancelled".to_owned(),
                [one] => format!("if step {one} succeeds"),
                all => format!("if the steps {} succeed", all.join(", ")),
            };
        };
        match (condition.text().trim(), followed.as_slice()) {
            ("failure()", [one]) => format!("if step {one} fails"),
            ("failure()", all) if !all.is_empty() => format!("if one of {} fails", all.join(", ")),
            ("cancelled()", _) => "if the run is cancelled".to_owned(),
            (text, _) => format!("if `{text}` holds"),
        }
    }
}
