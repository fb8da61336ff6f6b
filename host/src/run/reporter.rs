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
use tokio::sync::mpsc::UnboundedSender;

use super::{
    clock::Clock,
    event::{Effect, Event, EventKind, Interrupted, Level, StepError},
    record::{Record, Written},
};
use crate::secret::Mask;

/// What a step's log and progress lines may amount to, in bytes.
pub const LOG_LIMIT: usize = 256 * 1024;
/// What one line may amount to, in bytes.
pub const LINE_LIMIT: usize = 8 * 1024;
/// What an event counts for beside its text, so that empty lines are not free.
const LINE_COST: usize = 64;

/// Says the events of one run; cloned for each step.
#[derive(Clone)]
pub struct Reporter {
    run: Arc<str>,
    step: Option<Arc<str>>,
    clock: Clock,
    mask: Mask,
    events: UnboundedSender<Event>,
    record: Option<Arc<Record>>,
    said: Arc<Said>,
}

/// How much one step has said.
#[derive(Default)]
struct Said {
    bytes: AtomicUsize,
    cut: AtomicBool,
}

impl Reporter {
    /// The reporter of a run, which masks what `mask` knows at the time of saying.
    pub fn new(run: &str, clock: Clock, mask: Mask, events: UnboundedSender<Event>) -> Self {
        Self {
            run: run.into(),
            step: None,
            clock,
            mask,
            events,
            record: None,
            said: Arc::default(),
        }
    }

    /// The same reporter, which also writes down what the run does to the world.
    #[must_use]
    pub fn recorded(mut self, record: Record) -> Self {
        self.record = Some(Arc::new(record));
        self
    }

    /// The reporter of one of its steps, with a log of its own.
    #[must_use]
    pub fn of_step(&self, id: &str) -> Self {
        Self {
            step: Some(id.into()),
            said: Arc::default(),
            ..self.clone()
        }
    }

    /// The run's identifier.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// The step's identifier; empty for the run itself.
    pub fn step(&self) -> &str {
        self.step.as_deref().unwrap_or_default()
    }

    /// Earlier runs that were killed, as their records say.
    pub fn interrupted(&self) -> &[Interrupted] {
        self.record
            .as_ref()
            .map_or(&[], |record| record.interrupted())
    }

    /// The run's clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What hides the run's secrets.
    pub fn mask(&self) -> &Mask {
        &self.mask
    }

    /// Says an event, its errors, reasons and outputs masked. Nobody listening is no
    /// error: the run goes on.
    pub fn say(&self, kind: EventKind) {
        let event = self.event(kind);
        let _ = self.note(&event);
        let _ = self.events.send(event);
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
        let _ = self.events.send(event);
    }

    fn note(&self, event: &Event) -> Option<Written> {
        self.record.as_ref()?.note(event, &self.mask)
    }

    fn event(&self, mut kind: EventKind) -> Event {
        let mask = |error: &mut StepError| error.message = self.mask.text(&error.message);
        match &mut kind {
            EventKind::StepSkipped { reason } => *reason = self.mask.text(reason),
            EventKind::StepRetrying { error, .. } => mask(error),
            EventKind::StepFinished { error, outputs, .. }
            | EventKind::RunFinished { error, outputs, .. } => {
                error.iter_mut().for_each(mask);
                *outputs = self.mask.value(outputs.take());
            }
            _ => {}
        }
        Event {
            run: self.run.to_string(),
            step: self.step.as_deref().map(str::to_owned),
            at: self.clock.now(),
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
        effect.target = cut(self.mask.text(&effect.target));
        effect.detail = self.mask.value(effect.detail);
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
                .map(|(key, value)| (self.mask.text(&key), self.mask.text(&value)))
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
        let before = self.said.bytes.fetch_add(size, Ordering::Relaxed);
        if before + size > LOG_LIMIT {
            if !self.said.cut.swap(true, Ordering::Relaxed) {
                self.say(EventKind::StepLog {
                    level: Level::Warn,
                    message: format!(
                        "the log was cut here: a step may say {} KiB",
                        LOG_LIMIT / 1024
                    ),
                    fields: BTreeMap::new(),
                });
            }
            return None;
        }
        Some(cut(self.mask.text(message)))
    }

    /// A JSON value with every text in it masked.
    pub fn masked(&self, value: Value) -> Value {
        self.mask.value(value)
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
