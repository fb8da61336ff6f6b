//! How the parts of a run say what happens: events on one channel, every text masked
//! and cleaned on its way, and what a plugin says kept to a stated size.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use serde_json::Value;
use sluice_pipeline::policy::{Limit, Limits};
use tokio::sync::mpsc::UnboundedSender;

use super::{
    clock::Clock,
    event::{Effect, Event, EventKind, Interrupted, Level, StepError},
    record::{Record, Written},
};
use crate::secret::Mask;

/// What one line may amount to, in bytes.
pub const LINE_LIMIT: usize = 8 * 1024;
/// What an event counts for beside its text, so that empty lines are not free.
const LINE_COST: usize = 64;

/// Says the events of one run, or of one of its steps. Each part of an attempt holds one:
/// a clone is two counts and no more.
#[derive(Clone)]
pub struct Reporter {
    run: Arc<OfRun>,
    step: Arc<OfStep>,
}

/// What the reporters of a run share.
struct OfRun {
    id: Arc<str>,
    clock: Clock,
    mask: Mask,
    events: UnboundedSender<Event>,
    record: Option<Record>,
}

/// What the reporters of a step share: its name, how much it may say and has said.
struct OfStep {
    id: Option<Arc<str>>,
    limit: Limit<usize>,
    bytes: AtomicUsize,
    cut: AtomicBool,
}

impl OfStep {
    fn new(id: Option<Arc<str>>, limit: Limit<usize>) -> Arc<Self> {
        Arc::new(Self {
            id,
            limit,
            bytes: AtomicUsize::new(0),
            cut: AtomicBool::new(false),
        })
    }
}

impl Reporter {
    /// The reporter of a run, which masks what `mask` knows at the time of saying.
    pub fn new(run: &str, clock: Clock, mask: Mask, events: UnboundedSender<Event>) -> Self {
        Self::recorded(run, clock, mask, events, None)
    }

    /// The same, which also writes down what the run does to the world.
    pub fn recorded(
        run: &str,
        clock: Clock,
        mask: Mask,
        events: UnboundedSender<Event>,
        record: Option<Record>,
    ) -> Self {
        Self {
            run: Arc::new(OfRun {
                id: run.into(),
                clock,
                mask,
                events,
                record,
            }),
            step: OfStep::new(None, Limit::of_host(Limits::LOG)),
        }
    }

    /// The reporter of one of its steps, with a log of its own.
    #[must_use]
    pub fn of_step(&self, id: &str) -> Self {
        self.of_step_within(id, Limit::of_host(Limits::LOG))
    }

    /// The same, where log and progress lines may amount to so many bytes.
    #[must_use]
    pub fn of_step_within(&self, id: &str, limit: Limit<usize>) -> Self {
        Self {
            run: self.run.clone(),
            step: OfStep::new(Some(id.into()), limit),
        }
    }

    /// The run's identifier.
    pub fn run(&self) -> &str {
        &self.run.id
    }

    /// The step's identifier; empty for the run itself.
    pub fn step(&self) -> &str {
        self.step.id.as_deref().unwrap_or_default()
    }

    /// Earlier runs that were killed, as their records say.
    pub fn interrupted(&self) -> &[Interrupted] {
        self.run.record.as_ref().map_or(&[], Record::interrupted)
    }

    /// The run's clock.
    pub fn clock(&self) -> &Clock {
        &self.run.clock
    }

    /// What hides the run's secrets.
    pub fn mask(&self) -> &Mask {
        &self.run.mask
    }

    /// Says an event, its errors, reasons and outputs masked. Nobody listening is no
    /// error: the run goes on.
    pub fn say(&self, kind: EventKind) {
        let event = self.event(kind);
        let _ = self.note(&event);
        let _ = self.run.events.send(event);
    }

    /// Says an event once the run's record, if it keeps one, has it and all before it: the
    /// start of an effect, and the end of the run.
    pub async fn say_on_record(&self, kind: EventKind) {
        let event = self.event(kind);
        let failed = match self.note(&event) {
            None => None,
            Some(written) => match written.await {
                Ok(written) => written.err(),
                Err(_) => Some("this run is not recorded: it cannot have a thread".to_owned()),
            },
        };
        if let Some(why) = failed {
            self.say(EventKind::StepLog {
                level: Level::Warn,
                message: format!(
                    "{why}: were this run killed, the next could not say what it left"
                ),
                fields: BTreeMap::new(),
            });
        }
        let _ = self.run.events.send(event);
    }

    fn note(&self, event: &Event) -> Option<Written> {
        self.run.record.as_ref()?.note(event, self.mask())
    }

    fn event(&self, mut kind: EventKind) -> Event {
        let known = self.mask();
        let mask = |error: &mut StepError| error.message = known.text(&error.message);
        match &mut kind {
            EventKind::StepSkipped { reason } => *reason = known.text(reason),
            EventKind::StepRetrying { error, .. } => mask(error),
            EventKind::StepFinished { error, outputs, .. }
            | EventKind::RunFinished { error, outputs, .. } => {
                error.iter_mut().for_each(mask);
                *outputs = known.value(outputs.take());
            }
            _ => {}
        }
        Event {
            run: self.run.id.clone(),
            step: self.step.id.clone(),
            at: self.run.clock.now(),
            kind,
        }
    }

    /// Says how far an effect has come.
    pub fn effect(&self, effect: Effect) {
        self.say(self.masked_effect(effect));
    }

    /// Says that an effect begins, once that is on record.
    pub async fn effect_on_record(&self, effect: Effect) {
        self.say_on_record(self.masked_effect(effect)).await;
    }

    fn masked_effect(&self, mut effect: Effect) -> EventKind {
        effect.target = cut(self.mask().text(&effect.target));
        effect.detail = self.mask().value(effect.detail);
        EventKind::Effect(effect)
    }

    /// Says what the step does now, within the size of its log.
    pub fn progress(&self, message: &str) {
        if let Some(message) = self.admit(message, 0) {
            self.say(EventKind::StepProgress { message });
        }
    }

    /// Says a line of the plugin's, within the size of its log.
    pub fn log(&self, level: Level, message: &str, fields: Vec<(String, String)>) {
        let more = fields
            .iter()
            .map(|(key, value)| key.len() + value.len())
            .sum();
        if let Some(message) = self.admit(message, more) {
            let fields = fields
                .into_iter()
                .map(|(key, value)| (self.mask().text(&key), self.mask().text(&value)))
                .collect::<BTreeMap<_, _>>();
            self.say(EventKind::StepLog {
                level,
                message,
                fields,
            });
        }
    }

    /// The text masked and cut to a line's size; `None`, after one note, when the step
    /// has said all that it may.
    fn admit(&self, message: &str, more: usize) -> Option<String> {
        let size = message.len().min(LINE_LIMIT) + more + LINE_COST;
        let before = self.step.bytes.fetch_add(size, Ordering::Relaxed);
        let limit = &self.step.limit;
        if before + size > limit.most {
            if !self.step.cut.swap(true, Ordering::Relaxed) {
                self.say(EventKind::StepLog {
                    level: Level::Warn,
                    message: format!(
                        "the log was cut here: a step may say {} KiB{}",
                        limit.most / 1024,
                        limit.whose()
                    ),
                    fields: BTreeMap::new(),
                });
            }
            return None;
        }
        Some(cut(self.mask().text(message)))
    }

    /// A JSON value with every text in it masked.
    pub fn masked(&self, value: Value) -> Value {
        self.mask().value(value)
    }
}

/// The text, cut to a line's size.
pub fn cut(mut text: String) -> String {
    if text.len() > LINE_LIMIT {
        text.truncate(text.floor_char_boundary(LINE_LIMIT));
        text.push('…');
    }
    text
}
