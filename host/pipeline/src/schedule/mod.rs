//! A pipeline with the inputs and the trigger of one run: permissions are concrete, and what
//! can be decided before the start is decided. What is left waits for the steps' outcomes.

mod decide;
mod foresee;
mod step;
mod view;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::diagnostic::{Problem, Problems};
use crate::expression::{Names, Template, Values};
use crate::inputs::Inputs;
use crate::pipeline::{OnConflict, Pipeline, Remote, Secret};
use crate::policy::{Limits, Policy};

pub use decide::Decision;
use step::Followed;
pub use step::ScheduledStep;
pub use view::{Outcome, RunView, StepView};

/// What started a run. A text that does not apply is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// The kind of event, such as `manual` or `push`.
    pub event: String,
    /// The ref that it is about.
    pub r#ref: String,
    /// The commit that it is about.
    pub sha: String,
    /// The files that changed.
    pub files: Vec<String>,
    /// Who caused it.
    pub sender: String,
}

/// The steps of one run in their order, with all that can be known before it starts.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// The pipeline's name.
    pub pipeline: String,
    /// The values of the inputs.
    pub inputs: Inputs,
    /// What started the run.
    pub trigger: Trigger,
    /// The steps in the file's order; `needs` may point in both directions.
    pub steps: Vec<ScheduledStep>,
    /// The pipeline's secrets.
    pub secrets: Vec<Secret>,
    /// The pipeline's git remotes.
    pub remotes: Vec<Remote>,
    /// The group with which this run must not overlap, and what becomes of it.
    pub concurrency: Option<(String, OnConflict)>,
    /// What each step may use at most.
    pub limits: Arc<Limits>,
    known: Arc<Known>,
    names: Arc<Names>,
    outputs: Vec<(String, Template)>,
}

/// How to authenticate at a remote, in plain text: for the host's eyes alone.
pub struct Credentials {
    /// The user's name.
    pub user: Option<String>,
    /// A password or token.
    pub password: Option<String>,
    /// A private key.
    pub key: Option<String>,
    /// The public key that the host must show.
    pub known_host: Option<String>,
}

/// What expressions may read from the start, as JSON.
#[derive(Debug)]
struct Known {
    inputs: Value,
    trigger: Value,
}

impl Schedule {
    /// Settles a run. `Err` holds every problem: an expression that fails for these inputs.
    pub fn resolve(pipeline: Pipeline, inputs: Inputs, trigger: Trigger) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let known = Arc::new(Known {
            inputs: Value::Object(inputs.values().clone()),
            trigger: serde_json::to_value(&trigger).expect("texts and a list of texts are JSON"),
        });
        let concurrency = pipeline.concurrency.as_ref().and_then(|concurrency| {
            let roots = vec![
                ("inputs", known.inputs.clone()),
                ("trigger", known.trigger.clone()),
            ];
            let values = Values::new(&pipeline.names, roots, None);
            match concurrency.group.evaluate(&values, &|_| String::new()) {
                Ok(Value::String(group)) => Some((group, concurrency.on_conflict)),
                Ok(other) => Some((other.to_string(), concurrency.on_conflict)),
                Err(problem) => {
                    problems.push(problem);
                    None
                }
            }
        });
        let remotes: Vec<String> = pipeline
            .remotes
            .iter()
            .map(|remote| remote.name.clone())
            .collect();
        let every_step: Vec<(String, bool)> = pipeline
            .steps
            .iter()
            .map(|step| (step.id.clone(), step.continue_on_error))
            .collect();
        let steps = pipeline
            .steps
            .into_iter()
            .map(|step| {
                let insert = |name: &str| inputs.values().get(name)?.as_str().map(str::to_owned);
                let permissions =
                    step.grants
                        .rules(&insert, &pipeline.inputs, &remotes, &mut problems);
                let followed = step.ancestors.iter().map(|index| Followed {
                    index: *index,
                    id: every_step[*index].0.clone(),
                    continue_on_error: every_step[*index].1,
                });
                let followed = followed.collect();
                ScheduledStep::new(step, followed, permissions, &known, &mut problems)
            })
            .collect();
        problems.into_result()?;
        Ok(Self {
            pipeline: pipeline.name,
            steps,
            secrets: pipeline.secrets,
            remotes: pipeline.remotes,
            concurrency,
            limits: Arc::default(),
            known,
            names: pipeline.names,
            outputs: pipeline.outputs,
            inputs,
            trigger,
        })
    }

    /// The same run under an operator's policy: each question of a step is put to it too, and
    /// its limits hold. That the pipeline lies within the policy is `Policy::judge`'s to say.
    #[must_use]
    pub fn under(mut self, policy: &Policy) -> Self {
        let bounds = Arc::new(policy.bounds(&self.pipeline, &self.remotes));
        for step in &mut self.steps {
            step.bounds = Some(Arc::clone(&bounds));
        }
        self.limits = Arc::new(policy.limits(&self.pipeline));
        self
    }

    /// How to authenticate at a remote, each secret replaced by what `reveal` makes of its
    /// name. `Err` is an expression that fails.
    pub fn credentials(
        &self,
        remote: &Remote,
        reveal: &dyn Fn(&str) -> String,
    ) -> Result<Credentials, Problem> {
        let roots = vec![
            ("inputs", self.known.inputs.clone()),
            ("trigger", self.known.trigger.clone()),
        ];
        let values = Values::new(&self.names, roots, None);
        let text = |template: &Option<Template>| {
            let value = template
                .as_ref()
                .map(|template| template.evaluate(&values, reveal));
            Ok(value.transpose()?.map(|value| match value {
                Value::String(text) => text,
                other => other.to_string(),
            }))
        };
        Ok(Credentials {
            user: text(&remote.auth.user)?,
            password: text(&remote.auth.password)?,
            key: text(&remote.auth.key)?,
            known_host: text(&remote.auth.known_host)?,
        })
    }

    /// The outputs of a run that has ended.
    pub fn outputs(&self, view: &RunView) -> Result<Map<String, Value>, Problem> {
        if self.outputs.is_empty() {
            return Ok(Map::new());
        }
        let every_step = self
            .steps
            .iter()
            .enumerate()
            .map(|(index, step)| (step.id.as_str(), index));
        let values = Values::new(&self.names, view.roots(&self.known, every_step), None);
        let outputs = self.outputs.iter().map(|(name, template)| {
            Ok((
                name.clone(),
                template.evaluate(&values, &|_| String::new())?,
            ))
        });
        outputs.collect()
    }
}
