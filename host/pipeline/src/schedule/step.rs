//! A step that is ready to run as soon as the steps that it needs have ended.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::{Known, RunView};
use crate::catalog::Plugin;
use crate::diagnostic::{Problem, Problems};
use crate::expression::{Expression, Names, Values};
use crate::permission::{Authority, Bounds, Permissions};
use crate::pipeline::{Config, Retry, Step};

/// A step of a schedule.
#[derive(Debug, Clone)]
pub struct ScheduledStep {
    /// Its identifier.
    pub id: String,
    /// Its title for people.
    pub title: Option<String>,
    /// What it uses, as it was written.
    pub uses: String,
    /// The steps that it follows, by their index.
    pub needs: Vec<usize>,
    /// The steps that it follows directly or through others, in the file's order.
    pub ancestors: Arc<[usize]>,
    /// What the file permits it in this run.
    pub permissions: Arc<Permissions>,
    /// What the operator's policy allows its pipeline.
    pub(super) bounds: Option<Arc<Bounds>>,
    /// How long an attempt may take.
    pub timeout: Option<Duration>,
    /// When it is tried again.
    pub retry: Retry,
    /// Whether its failure leaves the run successful.
    pub continue_on_error: bool,
    pub(super) condition: Option<Expression>,
    pub(super) known: Arc<Known>,
    /// The same steps as `ancestors`.
    pub(super) followed: Vec<Followed>,
    pub(super) names: Arc<Names>,
    decided: Option<bool>,
    pub(super) config: Config,
    secrets: Vec<String>,
    pub(super) plugin: Arc<Plugin>,
}

/// What a step must know of one that it follows.
#[derive(Debug, Clone)]
pub(super) struct Followed {
    pub(super) index: usize,
    pub(super) id: String,
    pub(super) continue_on_error: bool,
}

impl ScheduledStep {
    pub(super) fn new(
        step: Step,
        followed: Vec<Followed>,
        permissions: Permissions,
        known: &Arc<Known>,
        problems: &mut Problems,
    ) -> Self {
        let mut secrets: Vec<String> = Vec::new();
        for template in step.config.templates() {
            for name in template.secrets() {
                if !secrets.iter().any(|known| known == name) {
                    secrets.push(name.to_owned());
                }
            }
        }
        let mut step = Self {
            followed,
            id: step.id,
            title: step.title,
            uses: step.uses,
            needs: step.needs,
            ancestors: step.ancestors.into(),
            permissions: Arc::new(permissions),
            bounds: None,
            timeout: step.timeout,
            retry: step.retry,
            continue_on_error: step.continue_on_error,
            condition: step.condition,
            known: Arc::clone(known),
            names: step.names,
            decided: None,
            config: step.config,
            secrets,
            plugin: step.plugin,
        };
        match step.decide_early() {
            Ok(decided) => step.decided = decided,
            Err(problem) => problems.push(problem),
        }
        step
    }

    /// What it may do in this run: what both the file and the policy allow.
    pub fn authority(&self) -> Authority {
        Authority::new(Arc::clone(&self.permissions), self.bounds.clone())
    }

    /// Whether the step will run, where that does not depend on how other steps end: `None`
    /// where it does. Taken as given is that nothing fails and nobody cancels, so a step
    /// without `if` is `Some(true)`: what it lacks then may refuse the run early.
    pub fn decided_before_start(&self) -> Option<bool> {
        self.decided
    }

    /// The secrets that its `with` uses, each once.
    pub fn secrets(&self) -> &[String] {
        &self.secrets
    }

    /// The digest of the component that it uses.
    pub fn digest(&self) -> &str {
        &self.plugin.facts.digest
    }

    /// Whether its plugin says that a run may be repeated after an unknown effect.
    pub fn repeatable(&self) -> bool {
        self.plugin.facts.repeatable
    }

    /// Its `with`, with every expression evaluated and each secret replaced by what
    /// `placeholder` makes of its name.
    ///
    /// `Err` is the author's fault and has its place: an expression that fails, or a value
    /// that the plugin's schema does not allow.
    pub fn config(
        &self,
        view: &RunView,
        placeholder: &dyn Fn(&str) -> String,
    ) -> Result<Value, Problem> {
        if !self.config.has_templates() {
            // Literals were checked against the schema when the file was read.
            return self.config.value(&|_| Ok(Value::Null));
        }
        let values = self.values(view, None);
        let config = self
            .config
            .value(&|template| template.evaluate(&values, placeholder))?;
        match self.plugin.check_with(&config).first() {
            None => Ok(config),
            Some(violation) => Err(self.config.problem(violation)),
        }
    }

    /// Whether outputs fit the schema that the plugin gave for them; `Err` is the plugin's
    /// fault and says what is wrong.
    pub fn check_outputs(&self, outputs: &Value) -> Result<(), String> {
        match self.plugin.check_outputs(outputs).first() {
            None => Ok(()),
            Some(violation) => Err(violation.message_in("outputs")),
        }
    }

    /// The values that its expressions may read.
    pub(super) fn values(
        &self,
        view: &RunView,
        status: Option<crate::expression::Status>,
    ) -> Values<'_> {
        let readable = self
            .followed
            .iter()
            .map(|step| (step.id.as_str(), step.index));
        Values::new(&self.names, view.roots(&self.known, readable), status)
    }
}
