//! A plan in the making: collects what the events of a dry run foresee.

use std::{collections::BTreeMap, sync::Arc};

use sluice_pipeline::schedule::{Outcome, Schedule};

use super::{Entry, Plan, VERSION, When, asked::Asked, conditional};
use crate::run::event::{EffectState, Event, EventKind};

/// What a dry run has foreseen so far.
pub struct Sketch {
    schedule: Arc<Schedule>,
    /// The effects of each step that ran, by its identifier.
    steps: BTreeMap<Arc<str>, Vec<Asked>>,
    /// Why there will be no plan.
    incomplete: Option<String>,
}

impl Sketch {
    /// Nothing is foreseen yet.
    pub fn new(schedule: Arc<Schedule>) -> Self {
        Self {
            schedule,
            steps: BTreeMap::new(),
            incomplete: None,
        }
    }

    /// Takes note of an event.
    pub fn event(&mut self, event: &Event) {
        let Some(step) = &event.step else {
            return;
        };
        match &event.kind {
            // What an attempt foresaw that is repeated is foreseen anew.
            EventKind::StepStarted { .. } => {
                self.steps.insert(step.clone(), Vec::new());
            }
            EventKind::Effect(effect) if effect.state == EffectState::Planned => {
                let asked = Asked::of(&event.run, effect);
                self.steps.entry(step.clone()).or_default().push(asked);
            }
            EventKind::StepFinished { outcome, .. } if *outcome != Outcome::Success => {
                let why = format!("step `{step}` ended as `{}`", outcome.name());
                self.incomplete.get_or_insert(why);
            }
            _ => {}
        }
    }

    /// The plan, for a pipeline file with that digest; `Err` says why there is none.
    pub fn finish(self, file: &str, offline: bool) -> Result<Plan, String> {
        if let Some(why) = &self.incomplete {
            return Err(format!(
                "{why}, so that what would follow is not known; mend it and plan again"
            ));
        }
        let schedule = &self.schedule;
        let acts = |&index: &usize| {
            let asked = self.steps.get(schedule.steps[index].id.as_str());
            asked.is_some_and(|asked| !asked.is_empty())
        };
        let (mut effects, mut unforeseen) = (Vec::new(), Vec::new());
        for step in &schedule.steps {
            let assumed = step.ancestors.iter().any(acts);
            let asked = self.steps.get(step.id.as_str());
            let mut met = met(&step.id, asked.map_or(&[], Vec::as_slice), assumed);
            let (conditional, lacks) = conditional::entries(step, asked.is_some(), &mut met);
            effects.extend(met.into_iter().map(|met| met.entry));
            effects.extend(conditional);
            unforeseen.extend(lacks);
        }
        for entry in &mut effects {
            entry.summary = entry.sentence();
        }
        let inputs = schedule
            .inputs
            .values()
            .iter()
            .filter(|(_, value)| !value.is_null());
        Ok(Plan {
            version: VERSION,
            pipeline: schedule.pipeline.clone(),
            file: file.to_owned(),
            inputs: inputs
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            trigger: schedule.trigger.clone(),
            offline,
            effects,
            unforeseen,
        })
    }
}

/// An entry for what the dry run met, and how many pods its object is to have.
pub(super) struct Met {
    pub(super) entry: Entry,
    pub(super) replicas: Option<u32>,
}

/// One entry for each effect, with a count of those that are the same.
fn met(step: &str, asked: &[Asked], assumed: bool) -> Vec<Met> {
    let mut counted = Vec::<(&Asked, u32)>::new();
    for asked in asked {
        match counted.iter_mut().find(|(known, _)| *known == asked) {
            Some((_, count)) => *count += 1,
            None => counted.push((asked, 1)),
        }
    }
    let met = |(asked, count): (&Asked, u32)| Met {
        entry: Entry {
            summary: String::new(),
            step: step.to_owned(),
            when: When::Expected,
            capability: asked.capability.to_owned(),
            action: asked.action.clone(),
            target: asked.target.clone(),
            open: false,
            object: asked.object.clone(),
            reference: asked.reference.clone(),
            count,
            assumed,
        },
        replicas: asked.replicas,
    };
    counted.into_iter().map(met).collect()
}
