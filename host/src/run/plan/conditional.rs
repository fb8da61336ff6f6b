//! The entries of ways that a dry run does not take: steps that only run after a failure,
//! and what a step does when it fails itself. Their plugins declare them.

use sluice_pipeline::{
    catalog::{DeclaredEffect, Foreseen, Known, Way},
    schedule::{Schedule, ScheduledStep},
};

use super::{Entry, ImageSet, Object, Unforeseen, When};

/// The conditional entries, given those that the dry run met and which steps ran in it,
/// and the steps of which not all is foreseen.
pub(super) fn entries(
    schedule: &Schedule,
    met: &[Entry],
    ran: &[bool],
) -> (Vec<Entry>, Vec<Unforeseen>) {
    let mut found = Found::default();
    for (step, ran) in schedule.steps.iter().zip(ran) {
        // Where inputs alone rule a step out, they do so in every run of the plan.
        if !step.may_have_effects() || (!ran && step.decided_before_start() == Some(false)) {
            continue;
        }
        let met = met
            .iter()
            .filter(|entry| entry.step == step.id)
            .collect::<Vec<_>>();
        if *ran {
            found.ways_of_one_that_ran(step, &met);
        } else {
            found.ways_of_one_that_did_not(step);
        }
    }
    (found.entries, found.unforeseen)
}

#[derive(Default)]
struct Found {
    entries: Vec<Entry>,
    unforeseen: Vec<Unforeseen>,
}

impl Found {
    fn ways_of_one_that_ran(&mut self, step: &ScheduledStep, met: &[&Entry]) {
        for declared in step.declared_effects() {
            match declared.on {
                Way::Failure => {
                    let when = When::Only(format!("if step `{}` fails", step.id));
                    self.declared(step, declared, &when, met);
                }
                // It may run after a failure too, and say then what it did not say now.
                Way::Run if step.may_follow_a_failure() => {
                    let when = When::Only("if a step before it does not succeed".to_owned());
                    let before = self.entries.len();
                    self.declared(step, declared, &when, met);
                    let known = |entry: &Entry| met.iter().any(|met| same(met, entry));
                    if self.entries.last().is_some_and(known) {
                        self.entries.truncate(before);
                    }
                }
                Way::Run => {}
            }
        }
    }

    fn ways_of_one_that_did_not(&mut self, step: &ScheduledStep) {
        if step.declared_effects().is_empty() {
            let why = format!("`{}` does not say what it may do", step.uses);
            self.lack(step, why);
        }
        for declared in step.declared_effects() {
            let when = match declared.on {
                Way::Run => When::Only(step.runs_only()),
                Way::Failure => When::Only(format!("if step `{}` runs and fails", step.id)),
            };
            self.declared(step, declared, &when, &[]);
        }
    }

    fn declared(
        &mut self,
        step: &ScheduledStep,
        declared: &DeclaredEffect,
        when: &When,
        met: &[&Entry],
    ) {
        let with = step.foreseen_with(&|name| format!("${{{{ secrets.{name} }}}}"));
        let entry = |target: String, open, object| Entry {
            summary: String::new(),
            step: step.id.clone(),
            when: when.clone(),
            capability: declared.capability.clone(),
            action: declared.action.clone(),
            target,
            open,
            object,
            count: declared.count,
            assumed: false,
        };
        match declared.foresee(&with) {
            Foreseen::Nothing => {}
            Foreseen::Effect { target, images } => match place(declared, target, images) {
                Ok((target, object)) => {
                    let open = !target.whole;
                    self.entries.push(entry(target.text, open, object));
                }
                Err(why) => self.lack(step, format!("{}: {why}", declared.action)),
            },
            Foreseen::Undo => {
                let undone = met.iter().filter(|met| {
                    met.capability == declared.capability && met.action == declared.action
                });
                for met in undone {
                    match met.object.as_ref().and_then(reversed) {
                        Some(object) => {
                            let entry = entry(met.target.clone(), false, Some(object));
                            let (count, assumed) = (met.count, met.assumed);
                            self.entries.push(Entry {
                                count,
                                assumed,
                                ..entry
                            });
                        }
                        None => self.lack(
                            step,
                            format!(
                                "{} back: what {} has now is not known",
                                declared.action, met.target
                            ),
                        ),
                    }
                }
            }
        }
    }

    fn lack(&mut self, step: &ScheduledStep, why: String) {
        let step = step.id.clone();
        let lack = Unforeseen { step, why };
        if !self.unforeseen.contains(&lack) {
            self.unforeseen.push(lack);
        }
    }
}

/// Where a declared effect goes, and what it sets there; `Err` says what is not known yet.
fn place(
    declared: &DeclaredEffect,
    mut target: Known,
    images: Vec<(String, Known)>,
) -> Result<(Known, Option<Object>), &'static str> {
    if declared.capability == "http" {
        target = address(target).ok_or("its host depends on how other steps end")?;
    } else if !target.whole {
        return Err("its target depends on how other steps end");
    }
    if images.iter().any(|(_, image)| !image.whole) {
        return Err("its image depends on how other steps end");
    }
    let images = images.into_iter().map(|(container, new)| ImageSet {
        container,
        old: None,
        new: new.text,
    });
    let images = images.collect::<Vec<_>>();
    let object = (!images.is_empty()).then_some(Object {
        images,
        ..Object::default()
    });
    Ok((target, object))
}

/// The address as a request has it: with a path and without a fragment. Its origin must be
/// known: it is a secret's, or all of it up to the path.
fn address(known: Known) -> Option<Known> {
    let Known { mut text, whole } = known;
    if let Some((before, _)) = text.split_once('#') {
        text.truncate(before.len());
    }
    if text.starts_with("${{ secrets.") {
        return Some(Known { text, whole });
    }
    let origin = text.find("://")? + 3;
    match text[origin..].find(['/', '?']).map(|at| origin + at) {
        Some(at) if text[at..].starts_with('?') => text.insert(at, '/'),
        Some(_) => {}
        None if whole => text.push('/'),
        None => return None,
    }
    Some(Known { text, whole })
}

/// The change that takes another one back.
fn reversed(object: &Object) -> Option<Object> {
    let back = |image: &ImageSet| {
        Some(ImageSet {
            container: image.container.clone(),
            old: Some(image.new.clone()),
            new: image.old.clone()?,
        })
    };
    let images = object.images.iter().map(back).collect::<Option<Vec<_>>>()?;
    Some(Object {
        images,
        ..object.clone()
    })
}

/// Whether an entry that was met holds all that a conditional one would.
fn same(met: &Entry, conditional: &Entry) -> bool {
    let sets = |entry: &Entry| {
        let images = entry.object.iter().flat_map(|object| &object.images);
        let mut images = images
            .map(|image| (image.container.clone(), image.new.clone()))
            .collect::<Vec<_>>();
        images.sort();
        images
    };
    !conditional.open
        && met.capability == conditional.capability
        && met.action == conditional.action
        && met.target == conditional.target
        && sets(met) == sets(conditional)
}

#[cfg(test)]
mod tests;
