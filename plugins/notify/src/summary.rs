//! The run in one typed summary, from which every service's message is made. All texts
//! are cleaned and cut here: what a step said may hold anything.

use serde_json::Value;

use crate::bindings::exports::sluice::plugin::step::Context;
use crate::bindings::sluice::plugin::needs::{Outcome as StepOutcome, StepSummary};
use crate::config::Config;

/// The longest name or title, in characters.
const NAME: usize = 150;
/// The longest reason or text of the author, in characters.
pub(crate) const TEXT: usize = 1_000;

/// What is told of a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Summary {
    pub(crate) pipeline: String,
    pub(crate) run: String,
    /// The author's title; the pipeline's name where there is none.
    pub(crate) title: String,
    pub(crate) outcome: Outcome,
    /// Milliseconds so far.
    pub(crate) elapsed: u64,
    pub(crate) link: Option<String>,
    pub(crate) details: Option<String>,
    pub(crate) trigger: Trigger,
    /// In the order of the file.
    pub(crate) steps: Vec<Step>,
    pub(crate) deployed: Vec<Deployed>,
    /// Of the first step that failed.
    pub(crate) error: Option<StepError>,
}

/// What started the run. Empty where there is no such thing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Trigger {
    pub(crate) event: String,
    pub(crate) r#ref: String,
    pub(crate) sha: String,
    pub(crate) sender: String,
}

/// How a step or the run ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Outcome {
    Success,
    Failure,
    Skipped,
    Cancelled,
    Unknown,
}

/// How one step ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) id: String,
    pub(crate) title: String,
    /// A step of this plugin that did what it should: no news to whom it told.
    pub(crate) is_notice: bool,
    pub(crate) outcome: Outcome,
    /// Milliseconds.
    pub(crate) duration: u64,
    pub(crate) reason: Option<String>,
    /// A JSON object; its texts are as the step gave them.
    pub(crate) outputs: Value,
}

/// What a step has deployed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Deployed {
    /// `Deployment web/web`.
    pub(crate) workload: String,
    /// Container and image.
    pub(crate) images: Vec<(String, String)>,
    /// The step saw the new pods up.
    pub(crate) verified: bool,
}

/// Why a step failed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StepError {
    pub(crate) step: String,
    pub(crate) reason: String,
}

impl Outcome {
    /// The word for it, as in events.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }

    /// What the host says; one that this version does not know is unknown.
    pub(crate) fn of(outcome: &StepOutcome) -> Self {
        match outcome {
            StepOutcome::Success => Self::Success,
            StepOutcome::Failure => Self::Failure,
            StepOutcome::Skipped => Self::Skipped,
            StepOutcome::Cancelled => Self::Cancelled,
            // Never a success by mistake.
            StepOutcome::Unknown | StepOutcome::Other(_) => Self::Unknown,
        }
    }
}

/// What the host tells of the run.
pub(crate) struct Told {
    /// The run, and this step's place in it.
    pub(crate) context: Context,
    /// The steps that this one needs, as they ended.
    pub(crate) steps: Vec<StepSummary>,
}

impl Summary {
    /// Sums the run up, as far as the step that tells it can see.
    pub(crate) fn of(told: &Told, config: &Config) -> Self {
        let Told { context, steps } = told;
        let pipeline = clean(&context.pipeline, NAME);
        let error = steps.iter().find_map(|step| {
            let failed = matches!(
                Outcome::of(&step.outcome),
                Outcome::Failure | Outcome::Unknown
            );
            let reason = step.reason.as_deref().unwrap_or("no reason was given");
            failed.then(|| StepError {
                step: clean(&step.title, NAME),
                reason: clean(reason, TEXT),
            })
        });
        Self {
            run: clean(&context.run, NAME),
            title: config
                .title
                .as_deref()
                .map_or_else(|| pipeline.clone(), |title| clean(title, NAME)),
            pipeline,
            outcome: overall(steps),
            elapsed: context.elapsed,
            link: config
                .link
                .as_ref()
                .or(context.link.as_ref())
                .map(|link| clean(link, TEXT)),
            details: config.details.as_deref().map(|text| clean(text, TEXT)),
            trigger: trigger(&context.trigger),
            steps: steps.iter().map(step).collect(),
            deployed: steps.iter().filter_map(deployed).collect(),
            error,
        }
    }
}

impl Summary {
    /// A step that this one needs. The error is a sentence for the pipeline's author, who
    /// named it under `key`.
    pub(crate) fn step(&self, key: &str, id: &str) -> Result<&Step, String> {
        self.steps.iter().find(|step| step.id == id).ok_or_else(|| {
            let ids = self.steps.iter().map(|step| format!("`{}`", step.id));
            let ids: Vec<_> = ids.collect();
            let there_are = if ids.is_empty() {
                "it needs none".to_owned()
            } else {
                format!("it needs {}", ids.join(", "))
            };
            format!("`{key}` wants step `{id}`, which this step does not need; {there_are}")
        })
    }
}

fn trigger(json: &str) -> Trigger {
    let trigger: Value = serde_json::from_str(json).unwrap_or_default();
    let text = |key: &str| clean(trigger[key].as_str().unwrap_or_default(), NAME);
    Trigger {
        event: text("event"),
        r#ref: text("ref"),
        sha: text("sha"),
        sender: text("sender"),
    }
}

/// The worst that happened: nobody knowing comes before failing.
fn overall(steps: &[StepSummary]) -> Outcome {
    let outcomes: Vec<_> = steps
        .iter()
        .filter(|step| !tolerated(step))
        .map(|step| Outcome::of(&step.outcome))
        .collect();
    [Outcome::Unknown, Outcome::Failure, Outcome::Cancelled]
        .into_iter()
        .find(|worst| outcomes.contains(worst))
        .unwrap_or(Outcome::Success)
}

/// The pipeline goes on without this step (`continue-on-error`).
fn tolerated(step: &StepSummary) -> bool {
    let details: Option<Value> = serde_json::from_str(&step.details).ok();
    details.is_some_and(|details| details["continue-on-error"] == Value::Bool(true))
}

fn step(step: &StepSummary) -> Step {
    Step {
        id: clean(&step.id, NAME),
        title: clean(&step.title, NAME),
        is_notice: step.uses == "notify" && Outcome::of(&step.outcome) == Outcome::Success,
        outcome: Outcome::of(&step.outcome),
        duration: step.duration,
        reason: step.reason.as_deref().map(|reason| clean(reason, TEXT)),
        outputs: serde_json::from_str(&step.outputs).unwrap_or_default(),
    }
}

/// What a step deployed, if its outputs speak of a workload and of images.
fn deployed(step: &StepSummary) -> Option<Deployed> {
    let outputs: Value = serde_json::from_str(&step.outputs).ok()?;
    let images = outputs["images"].as_object()?.iter();
    Some(Deployed {
        workload: clean(outputs["workload"].as_str()?, NAME),
        images: images
            .filter_map(|(container, image)| {
                Some((clean(container, NAME), clean(image.as_str()?, TEXT)))
            })
            .collect(),
        verified: outputs["verified"] == Value::Bool(true),
    })
}

/// A text without what is not for reading (control, direction and invisible tag
/// characters), but for line breaks, cut to so many characters.
pub(crate) fn clean(text: &str, longest: usize) -> String {
    let harmless = |c: &char| {
        *c == '\n'
            || !(c.is_control()
                || matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
                    | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}'))
    };
    let mut kept = text.trim().chars().filter(harmless);
    let mut cut: String = kept.by_ref().take(longest).collect();
    if kept.next().is_some() {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests;
