//! The entries of ways that a dry run does not take: steps that only run after a failure,
//! and what a step does when it fails itself. Their plugins declare them.

use sluice_pipeline::{
    catalog::{DeclaredEffect, Foreseen, Known, Way},
    schedule::ScheduledStep,
};

use super::{Entry, ImageSet, Object, Unforeseen, When, sketch::Met};

/// The conditional entries of a step, given those that the dry run met if it ran there, and
/// what of it is not foreseen. Where its request depends on the way, one entry that was met
/// becomes open: the step sends it once on each way.
pub(super) fn entries(
    step: &ScheduledStep,
    ran: bool,
    met: &mut [Met],
) -> (Vec<Entry>, Vec<Unforeseen>) {
    let mut found = Found {
        step,
        entries: Vec::new(),
        unforeseen: Vec::new(),
    };
    // Where inputs alone rule a step out, they do so in every run of the plan.
    if step.may_have_effects() && (ran || step.decided_before_start() != Some(false)) {
        if ran {
            found.other_ways(met);
        } else {
            found.all_ways();
        }
    }
    (found.entries, found.unforeseen)
}

struct Found<'s> {
    step: &'s ScheduledStep,
    entries: Vec<Entry>,
    unforeseen: Vec<Unforeseen>,
}

impl Found<'_> {
    /// The ways that a step which ran did not take.
    fn other_ways(&mut self, met: &mut [Met]) {
        for declared in self.step.declared_effects() {
            match declared.on {
                Way::Failure => {
                    let when = When::Only(format!("if step `{}` fails", self.step.id));
                    let entries = self.declared(declared, &when, met);
                    self.entries.extend(entries);
                }
                // It may run after a failure too, and say then what it did not say now.
                Way::Run if self.step.may_follow_a_failure() => {
                    let when = When::Only("if a step before it does not succeed".to_owned());
                    for entry in self.declared(declared, &when, met) {
                        if !covered(&entry, met) {
                            self.entries.push(entry);
                        }
                    }
                }
                Way::Run => {}
            }
        }
    }

    /// The ways of a step that did not run.
    fn all_ways(&mut self) {
        if self.step.declared_effects().is_empty() {
            let why = format!("`{}` does not say what it may do", self.step.uses);
            self.lack(why);
        }
        for declared in self.step.declared_effects() {
            let when = match declared.on {
                Way::Run => When::Only(self.step.runs_only()),
                Way::Failure => When::Only(format!("if step `{}` runs and fails", self.step.id)),
            };
            let entries = self.declared(declared, &when, &[]);
            self.entries.extend(entries);
        }
        if self.entries.is_empty() && self.unforeseen.is_empty() {
            let why = format!("`{}` declares nothing for this `with`", self.step.uses);
            self.lack(why);
        }
    }

    /// What a declaration comes to.
    fn declared(&mut self, declared: &DeclaredEffect, when: &When, met: &[Met]) -> Vec<Entry> {
        let with = self
            .step
            .foreseen_with(&|name| format!("${{{{ secrets.{name} }}}}"));
        let entry = |target: String, open, object| Entry {
            summary: String::new(),
            step: self.step.id.clone(),
            when: when.clone(),
            capability: declared.capability.clone(),
            action: declared.action.clone(),
            target,
            open,
            object,
            reference: None,
            count: declared.count,
            assumed: false,
        };
        let found = match declared.foresee(&with) {
            Foreseen::Nothing => Ok(Vec::new()),
            Foreseen::Effect { target, images } => place(declared, target, images)
                .map(|(target, object)| vec![entry(target.text, !target.whole, object)]),
            Foreseen::Undo => after(declared, &declared.action, met, |met| {
                let entry = entry(met.entry.target.clone(), false, Some(reversed(met)?));
                Some(Entry {
                    count: met.entry.count,
                    assumed: met.entry.assumed,
                    ..entry
                })
            }),
            Foreseen::PodsOf(action) => after(declared, &action, met, |met| {
                let object = Object {
                    uid: Some(met.entry.object.as_ref()?.uid.clone()?),
                    ..Object::default()
                };
                let entry = entry(met.entry.target.clone(), false, Some(object));
                Some(Entry {
                    count: met.replicas?,
                    assumed: met.entry.assumed,
                    ..entry
                })
            }),
        };
        found.unwrap_or_else(|why| {
            self.lack(format!("{}: {why}", declared.action));
            Vec::new()
        })
    }

    fn lack(&mut self, why: String) {
        let step = self.step.id.clone();
        let lack = Unforeseen { step, why };
        if !self.unforeseen.contains(&lack) {
            self.unforeseen.push(lack);
        }
    }
}

/// What follows on the effects of that action which the dry run met. `Err` says what is not
/// known.
fn after(
    declared: &DeclaredEffect,
    action: &str,
    met: &[Met],
    follow: impl Fn(&Met) -> Option<Entry>,
) -> Result<Vec<Entry>, String> {
    let before = met
        .iter()
        .filter(|met| met.entry.capability == declared.capability && met.entry.action == action);
    let before = before.collect::<Vec<_>>();
    if before.is_empty() {
        return Err(format!(
            "it follows on `{action}`, and the dry run met none"
        ));
    }
    let follow = |met: &Met| {
        follow(met).ok_or_else(|| format!("what `{}` has now is not known", met.entry.target))
    };
    before.into_iter().map(follow).collect()
}

/// Where a declared effect goes, and what it sets there; `Err` says what is not known yet.
fn place(
    declared: &DeclaredEffect,
    mut target: Known,
    images: Vec<(String, Known)>,
) -> Result<(Known, Option<Object>), String> {
    if declared.capability == "http" {
        target = address(target).ok_or("its host depends on how other steps end")?;
    } else if !target.whole {
        return Err("its target depends on how other steps end".to_owned());
    }
    if images.iter().any(|(_, image)| !image.whole) {
        return Err("its image depends on how other steps end".to_owned());
    }
    // Only pods that run these images already are restarted for them.
    let restart = declared.action == "restart";
    let images = images.into_iter().map(|(container, new)| ImageSet {
        container,
        old: restart.then(|| new.text.clone()),
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

/// The change that takes a met one back.
fn reversed(met: &Met) -> Option<Object> {
    let object = met.entry.object.as_ref()?;
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

/// Whether the entries that were met hold what another way would bring, if need be once one
/// of them is open.
fn covered(other: &Entry, met: &mut [Met]) -> bool {
    let same = |met: &Entry| {
        met.capability == other.capability
            && if other.object.is_some() {
                // Which change it is depends on the world and not on the way.
                met.target == other.target
            } else {
                met.action == other.action && !met.open && met.target.starts_with(&other.target)
            }
    };
    let exact = |met: &Entry| other.open || met.target == other.target;
    let entry = met
        .iter_mut()
        .map(|met| &mut met.entry)
        .find(|met| same(met) && exact(met));
    let Some(entry) = entry else {
        return false;
    };
    if other.open {
        entry.target.clone_from(&other.target);
        entry.open = true;
        entry.count = entry.count.max(other.count);
    }
    true
}

#[cfg(test)]
mod tests;
