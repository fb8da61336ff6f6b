//! Holds a run to its plan: every effect is asked about before it starts, and takes one of
//! its entry's count. One that the world refused or that was never sent gives it back;
//! one that took place, or of which nobody knows, does not, so that a repetition of its
//! step does nothing twice that the plan holds once.

use std::sync::{Mutex, MutexGuard};

use serde_json::Value;

use super::{
    Entry, Plan,
    asked::{Asked, Fit},
};
use crate::run::event::{Blame, Effect, EffectState, ErrorKind, StepError};

/// What is left of a plan.
pub struct Guard {
    entries: Vec<Entry>,
    /// How often each entry was used, by its index.
    used: Mutex<Vec<u32>>,
}

/// The leave to start an effect. Whoever gets it says how the effect ended.
#[derive(Debug)]
pub struct Permit(usize);

/// An effect is not within the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outside {
    /// Both states, or what is missing, and the way out.
    pub why: String,
    /// The plan has it, and the world has moved since.
    pub moved: bool,
}

const WAY_OUT: &str = "make a new plan with `--dry-run --out` if it is wanted";

impl Guard {
    /// Nothing of the plan is used yet.
    pub fn new(plan: Plan) -> Self {
        Self {
            used: Mutex::new(vec![0; plan.effects.len()]),
            entries: plan.effects,
        }
    }

    /// Asks for an effect of a step in a run.
    pub fn admit(&self, run: &str, step: &str, effect: &Effect) -> Result<Permit, Outside> {
        let asked = Asked::of(run, effect);
        let mut used = self.lock();
        let mut nearest = None;
        for (index, entry) in self.entries.iter().enumerate() {
            if entry.step != step {
                continue;
            }
            match asked.fit(entry) {
                Fit::Holds if used[index] < entry.count => {
                    used[index] += 1;
                    return Ok(Permit(index));
                }
                Fit::Other => {}
                // Several entries may want the same: the first says what was planned.
                fit => nearest = nearest.or(Some((fit, entry))),
            }
        }
        Err(Outside::of(step, effect, nearest))
    }

    /// Takes note of how an effect ended.
    pub fn end(&self, permit: &Permit, state: EffectState, detail: &Value) {
        // `429` and `503` ask to come back later: nothing has taken place.
        let later = matches!(detail["status"].as_u64(), Some(429 | 503));
        if state == EffectState::Failed || (state == EffectState::Done && later) {
            self.lock()[permit.0] -= 1;
        }
    }

    /// Each entry's summary and how often it was used, in the plan's order.
    pub fn tally(&self) -> Vec<(String, u32)> {
        let used = self.lock();
        let entries = self.entries.iter().zip(used.iter());
        entries
            .map(|(entry, used)| (entry.summary.clone(), *used))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u32>> {
        self.used.lock().expect("no holder of the lock panics")
    }
}

impl Outside {
    fn of(step: &str, effect: &Effect, nearest: Option<(Fit, &Entry)>) -> Self {
        let Effect { action, target, .. } = effect;
        let (why, moved) = match nearest {
            None => (
                format!(
                    "step `{step}` may not {action} {target}: the plan does not hold it; {WAY_OUT}"
                ),
                false,
            ),
            Some((Fit::Moved { planned, live }, _)) => (
                format!(
                    "step `{step}` may not {action} {target}: the world has moved since the plan was made\n\
                     planned: {planned}\nlive: {live}\nlook at it, and make a new plan with `--dry-run --out`"
                ),
                true,
            ),
            Some((_, entry)) => {
                let count = match entry.count {
                    1 => "once".to_owned(),
                    count => format!("{count} times"),
                };
                (
                    format!(
                        "step `{step}` may not {action} {target} again: the plan holds it {count}; {WAY_OUT}"
                    ),
                    false,
                )
            }
        };
        Self { why, moved }
    }

    /// What it means for the step that asked.
    pub fn error(&self) -> StepError {
        let blame = if self.moved {
            Blame::World
        } else {
            Blame::Author
        };
        StepError::new(blame, ErrorKind::Denied, self.why.clone())
    }
}

#[cfg(test)]
mod tests;
