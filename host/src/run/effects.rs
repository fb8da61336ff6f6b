//! The life of the effects of one attempt: each is within the run's plan, if it is held to
//! one, and said before its first byte is sent; and each ends as done, failed or unknown,
//! also when whoever asked for it is gone.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::sync::watch;

use super::{
    LINE_LIMIT, Reporter, cut,
    event::{Blame, Effect, EffectState, ErrorKind, StepError},
    plan::{Guard, Outside, Permit},
};

/// How many refusals of one attempt are said: a plugin that asks in a loop for what it
/// may not have fills nobody's memory.
const REFUSALS: usize = 1000;
/// How many effects one attempt may ask for. A mirror of a large repository has some ten
/// thousand.
const MOST: usize = 100_000;

/// The effects of one attempt; clones share them.
#[derive(Clone)]
pub struct Effects(Arc<Ledger>);

struct Ledger {
    reporter: Reporter,
    plan: Option<Arc<Guard>>,
    open: Mutex<BTreeMap<u64, Open>>,
    next: AtomicU64,
    in_flight: watch::Sender<usize>,
    lost: AtomicBool,
    planned: AtomicBool,
    refused: AtomicUsize,
    asked: AtomicUsize,
    failed: Mutex<Option<StepError>>,
    closed: AtomicBool,
}

/// An effect on its way, and what it takes of the plan.
struct Open {
    effect: Effect,
    permit: Option<Permit>,
}

/// Something that may yet become an effect: the attempt waits for it.
pub struct Hold(Arc<Ledger>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.in_flight.send_modify(|count| *count -= 1);
    }
}

/// An effect on its way. Dropping it without a word leaves it unknown.
pub struct Started {
    id: u64,
    ledger: Arc<Ledger>,
    /// Its first byte may have been sent.
    off: bool,
}

impl Effects {
    /// No effects yet, and any may come.
    pub fn new(reporter: Reporter) -> Self {
        Self::within(reporter, None)
    }

    /// No effects yet, and none that the plan does not hold.
    pub fn within(reporter: Reporter, plan: Option<Arc<Guard>>) -> Self {
        Self(Arc::new(Ledger {
            reporter,
            plan,
            open: Mutex::default(),
            next: AtomicU64::new(0),
            in_flight: watch::Sender::new(0),
            lost: AtomicBool::new(false),
            planned: AtomicBool::new(false),
            refused: AtomicUsize::new(0),
            asked: AtomicUsize::new(0),
            failed: Mutex::default(),
            closed: AtomicBool::new(false),
        }))
    }

    /// Makes the attempt wait for what may yet become an effect.
    pub fn hold(&self) -> Hold {
        self.0.in_flight.send_modify(|count| *count += 1);
        Hold(self.0.clone())
    }

    /// Says that the effect begins, if the plan holds it. Wait for it before the first byte
    /// is sent: by then that is on the run's record.
    pub async fn start(&self, effect: Effect) -> Result<Started, Outside> {
        self.count()?;
        let permit = self.0.plan.as_ref().map(|plan| {
            let reporter = &self.0.reporter;
            plan.admit(reporter.run(), reporter.step(), &effect)
        });
        match permit.transpose() {
            Ok(permit) => {
                let mut started = self.open(effect.clone(), permit);
                let shown = shown(&effect, EffectState::Started, Value::Null);
                self.0.reporter.effect_on_record(shown).await;
                started.off = true;
                Ok(started)
            }
            Err(outside) => {
                self.refuse(&effect, &outside.why);
                self.fail(outside.error());
                Err(outside)
            }
        }
    }

    /// Says that something is asked which changes nothing: no plan holds it.
    pub fn ask(&self, effect: Effect) -> Result<Started, Outside> {
        self.count()?;
        self.0.say(&effect, EffectState::Started, Value::Null);
        let mut started = self.open(effect, None);
        started.off = true;
        Ok(started)
    }

    /// One more, if that is not one too many.
    fn count(&self) -> Result<(), Outside> {
        if self.0.asked.fetch_add(1, Ordering::Relaxed) < MOST {
            return Ok(());
        }
        let why = self.exceed(&format!("asked for more than {MOST} effects, the limit"));
        Err(Outside { why, moved: false })
    }

    fn open(&self, effect: Effect, permit: Option<Permit>) -> Started {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        self.0.lock().insert(id, Open { effect, permit });
        self.0.in_flight.send_modify(|count| *count += 1);
        Started {
            id,
            ledger: self.0.clone(),
            off: false,
        }
    }

    /// Says that a dry run foresees the effect.
    pub fn plan(&self, effect: &Effect) {
        if self.count().is_err() {
            return;
        }
        self.0.planned.store(true, Ordering::Relaxed);
        self.0.say(effect, EffectState::Planned, Value::Null);
    }

    /// Says that the effect is refused, and why.
    pub fn refuse(&self, effect: &Effect, why: &str) {
        if self.0.refused.fetch_add(1, Ordering::Relaxed) < REFUSALS {
            let why = json!({ "reason": cut(why.to_owned()) });
            // What was asked for in vain may be anything, of any length.
            let known = effect.detail.to_string().len() <= LINE_LIMIT;
            let detail = known.then(|| effect.detail.clone());
            let effect = Effect {
                detail: detail.unwrap_or_default(),
                ..effect.clone()
            };
            self.0.say(&effect, EffectState::Refused, why);
        }
    }

    /// Waits until no effect is on its way, at most so long; those that still are by then
    /// are unknown from then on.
    pub async fn settle(&self, limit: Duration) {
        // Most attempts have none, and a timer costs more than looking.
        let none = *self.0.in_flight.borrow() == 0;
        let settled = none || {
            let mut in_flight = self.0.in_flight.subscribe();
            let settled = in_flight.wait_for(|count| *count == 0);
            tokio::time::timeout(limit, settled).await.is_ok()
        };
        self.0.closed.store(true, Ordering::Relaxed);
        if !settled {
            let open = self.0.lock().keys().copied().collect::<Vec<_>>();
            for id in open {
                self.0.end(
                    id,
                    EffectState::Unknown,
                    json!({ "reason": "no answer came" }),
                );
            }
        }
    }

    /// The attempt is over: nothing may be sent for it any more.
    pub fn closed(&self) -> bool {
        self.0.closed.load(Ordering::Relaxed)
    }

    /// An effect was asked for and its answer was lost.
    pub fn lost(&self) -> bool {
        self.0.lost.load(Ordering::Relaxed)
    }

    /// A permission of sluice was missing for an effect.
    pub fn refused(&self) -> bool {
        self.0.refused.load(Ordering::Relaxed) > 0
    }

    /// The plugin asked for more than it may have: whatever it makes of that, the attempt
    /// has failed. In words, what the plugin did.
    pub fn exceed(&self, what: &str) -> String {
        let why = format!("the plugin {what}");
        self.fail(StepError::new(Blame::Plugin, ErrorKind::Limit, why.clone()));
        why
    }

    fn fail(&self, error: StepError) {
        let mut failed = self.0.failed.lock().expect("no holder of the lock panics");
        failed.get_or_insert(error);
    }

    /// Why the attempt has failed whatever the plugin says: it asked for an effect that the
    /// plan does not hold, or for more than it may have.
    pub fn failed(&self) -> Option<StepError> {
        let failed = self.0.failed.lock().expect("no holder of the lock panics");
        failed.clone()
    }

    /// An effect was foreseen instead of done.
    pub fn planned(&self) -> bool {
        self.0.planned.load(Ordering::Relaxed)
    }
}

impl Started {
    /// The world confirmed it.
    pub fn done(self, detail: Value) {
        self.ledger.end(self.id, EffectState::Done, detail);
    }

    /// The world refused it, or it was never sent: nothing changed.
    pub fn failed(self, why: &str) {
        self.ledger
            .end(self.id, EffectState::Failed, json!({ "reason": why }));
    }

    /// It was sent, and the answer was lost.
    pub fn unknown(self, why: &str) {
        self.ledger
            .end(self.id, EffectState::Unknown, json!({ "reason": why }));
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let (state, why) = if self.off {
            (EffectState::Unknown, "the step ended before an answer came")
        } else {
            (EffectState::Failed, "the step ended before it was sent")
        };
        self.ledger.end(self.id, state, json!({ "reason": why }));
    }
}

impl Ledger {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, Open>> {
        self.open.lock().expect("no holder of the lock panics")
    }

    /// Ends an effect once; a second end of the same is ignored.
    fn end(&self, id: u64, state: EffectState, detail: Value) {
        let Some(Open { effect, permit }) = self.lock().remove(&id) else {
            return;
        };
        if let (Some(plan), Some(permit)) = (&self.plan, &permit) {
            plan.end(permit, state, &detail);
        }
        if state == EffectState::Unknown {
            self.lost.store(true, Ordering::Relaxed);
        }
        self.say(&effect, state, detail);
        self.in_flight.send_modify(|count| *count -= 1);
    }

    fn say(&self, effect: &Effect, state: EffectState, became: Value) {
        self.reporter.effect(shown(effect, state, became));
    }
}

/// The effect with what identifies it and what became of it.
fn shown(effect: &Effect, state: EffectState, became: Value) -> Effect {
    let mut detail = effect.detail.clone();
    if let (Value::Object(detail), Value::Object(became)) = (&mut detail, &became) {
        detail.extend(became.clone());
    } else if detail.is_null() {
        detail = became;
    }
    Effect {
        state,
        detail,
        ..effect.clone()
    }
}

#[cfg(test)]
mod tests;
