//! What a run does to the world, written down as it does it, so that the next one knows of
//! a run that was killed: one file a run, JSON lines, each effect's start on the disk
//! before its first byte is sent. A run that changes nothing leaves no file.

mod earlier;
mod folder;
mod writer;

use std::{path::PathBuf, sync::Mutex};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

pub use earlier::{Previous, previous};
pub use folder::of_user;

use self::writer::{File, Note, Writer};
use super::event::{Effect, EffectState, Event, EventKind, Interrupted};
use crate::secret::Mask;

/// The record of one run.
pub struct Record {
    interrupted: Vec<Interrupted>,
    state: Mutex<State>,
}

enum State {
    /// The run has changed nothing yet.
    Waiting(Waiting),
    /// A thread of its own writes: no step waits for the effects of another.
    Writing(Writer),
}

struct Waiting {
    /// The directory of state, or why there is none.
    state: Result<PathBuf, String>,
    pipeline: String,
    inputs: Map<String, Value>,
    /// The run's first event.
    started: Value,
}

/// Whether all that was noted up to something is written down; `Err`, once, says why not.
pub(super) type Written = oneshot::Receiver<Result<(), String>>;

impl Record {
    /// The record of a run of that pipeline, in that directory of state. Looks for earlier
    /// runs that were killed, and closes their records; writes nothing else yet.
    pub fn begin(
        state: Result<PathBuf, String>,
        pipeline: &str,
        inputs: &Map<String, Value>,
        now: Timestamp,
    ) -> Self {
        let runs = state
            .as_ref()
            .map(|state| folder::of_pipeline(state, pipeline));
        Self {
            interrupted: runs.map_or_else(|_| Vec::new(), |runs| earlier::interrupted(&runs, now)),
            state: Mutex::new(State::Waiting(Waiting {
                state,
                pipeline: pipeline.to_owned(),
                inputs: inputs.clone(),
                started: Value::Null,
            })),
        }
    }

    /// Earlier runs that were killed.
    pub(super) fn interrupted(&self) -> &[Interrupted] {
        &self.interrupted
    }

    /// Takes note of an event, without waiting for the disk. For the start of an effect,
    /// which may be sent only then, and for the end of the run it says when all is written.
    pub(super) fn note(&self, event: &Event, mask: &Mask) -> Option<Written> {
        let mut state = self.state.lock().expect("no holder of the lock panics");
        match (&event.kind, &mut *state) {
            (EventKind::RunStarted { .. }, State::Waiting(waiting)) => {
                waiting.started = json!(event);
                None
            }
            (EventKind::Effect(effect), State::Waiting(waiting)) if begins(effect) => {
                let writer = Writer::start(waiting.file(&event.run, mask));
                let written = writer.note(Note::Start(json!(event)));
                *state = State::Writing(writer);
                Some(written)
            }
            (EventKind::Effect(effect), State::Writing(writer)) if begins(effect) => {
                Some(writer.note(Note::Start(json!(event))))
            }
            (EventKind::Effect(effect), State::Writing(writer)) if ends(effect) => {
                writer.note(Note::End(json!(event)));
                None
            }
            (EventKind::RunFinished { outcome, .. }, State::Writing(writer)) => {
                let (run, at) = (&*event.run, event.at);
                let line =
                    json!({ "event": "run.finished", "run": run, "at": at, "outcome": outcome });
                Some(writer.note(Note::Last(line)))
            }
            _ => None,
        }
    }
}

impl Waiting {
    /// The file that is to be made, and its first line.
    fn file(&mut self, run: &str, mask: &Mask) -> File {
        self.started["inputs"] = mask.value(Value::Object(self.inputs.clone()));
        File {
            state: self.state.clone(),
            pipeline: self.pipeline.clone(),
            run: run.to_owned(),
            first: self.started.take(),
        }
    }
}

fn begins(effect: &Effect) -> bool {
    effect.state == EffectState::Started && changes(effect)
}

fn ends(effect: &Effect) -> bool {
    use EffectState::{Done, Failed, Unknown};
    matches!(effect.state, Done | Failed | Unknown) && changes(effect)
}

/// RFC 9110 calls `GET` and `HEAD` safe: a lost answer to them leaves nothing unknown.
fn changes(effect: &Effect) -> bool {
    !matches!(
        (effect.capability, effect.action.as_str()),
        ("http", "GET" | "HEAD")
    )
}

#[cfg(test)]
mod tests;
