//! What a run does to the world, written down as it does it, so that the next one knows of
//! a run that was killed: one file a run, JSON lines, each effect's start on the disk
//! before its first byte is sent. A run that changes nothing leaves no file.

mod earlier;
mod folder;

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Mutex,
};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

pub use earlier::{Previous, previous};
pub use folder::of_user;

use super::event::{Effect, EffectState, Event, EventKind, Interrupted};
use crate::{directory::make_private, secret::Mask};

/// How many records of one pipeline are kept.
const KEPT: usize = 20;

/// The record of one run.
pub struct Record {
    interrupted: Vec<Interrupted>,
    state: Mutex<State>,
}

enum State {
    /// The run has changed nothing yet.
    Waiting(Waiting),
    /// Locked for as long as this process lives.
    Open(File),
    /// The run has ended, or its record cannot be kept.
    Closed,
}

struct Waiting {
    /// The directory of state, or why there is none.
    state: Result<PathBuf, String>,
    pipeline: String,
    inputs: Map<String, Value>,
    /// The run's first event.
    started: Value,
}

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

    /// Takes note of an event. When the start of an effect was noted, it is on the disk:
    /// the thread waits for that. `Err`, once, says why nothing is written down any more.
    pub(super) fn note(&self, event: &Event, mask: &Mask) -> Result<(), String> {
        let mut state = self.state.lock().expect("no holder of the lock panics");
        let noted = state.note(event, mask);
        if noted.is_err() {
            *state = State::Closed;
        }
        noted
    }
}

impl State {
    fn note(&mut self, event: &Event, mask: &Mask) -> Result<(), String> {
        let failed = |error: io::Error| format!("this run is not recorded any more: {error}");
        match (&event.kind, &mut *self) {
            (EventKind::RunStarted { .. }, Self::Waiting(waiting)) => {
                waiting.started = json!(event);
            }
            (EventKind::Effect(effect), Self::Waiting(waiting)) if begins(effect) => {
                let mut file = waiting.open(&event.run, mask)?;
                append(&mut file, &json!(event)).map_err(failed)?;
                file.sync_data().map_err(failed)?;
                *self = Self::Open(file);
            }
            (EventKind::Effect(effect), Self::Open(file)) if begins(effect) => {
                append(file, &json!(event)).map_err(failed)?;
                file.sync_data().map_err(failed)?;
            }
            (EventKind::Effect(effect), Self::Open(file)) if ends(effect) => {
                append(file, &json!(event)).map_err(failed)?;
            }
            (EventKind::RunFinished { outcome, .. }, Self::Open(file)) => {
                let (run, at) = (&event.run, event.at);
                let line =
                    json!({ "event": "run.finished", "run": run, "at": at, "outcome": outcome });
                append(file, &line).map_err(failed)?;
                *self = Self::Closed;
            }
            _ => {}
        }
        Ok(())
    }
}

impl Waiting {
    /// Makes the record's file, with its first line.
    fn open(&mut self, run: &str, mask: &Mask) -> Result<File, String> {
        let state = self
            .state
            .as_ref()
            .map_err(|why| format!("this run is not recorded: {why}"))?;
        let failed = |path: &Path, error: &dyn std::fmt::Display| {
            format!(
                "this run is not recorded: cannot use `{}`: {error}; set `SLUICE_STATE` to a directory of this user's own",
                path.display()
            )
        };
        make_private(state).map_err(|error| failed(state, &error))?;
        let folder = folder::of_pipeline(state, &self.pipeline);
        let io = |error: io::Error| failed(&folder, &error);
        fs::create_dir_all(&folder).map_err(io)?;
        earlier::prune(&folder, KEPT - 1);
        self.started["inputs"] = mask.value(Value::Object(self.inputs.clone()));
        create(&folder, run, &self.started).map_err(io)
    }
}

/// A new record with its first line. It gets its name once it is locked: one without a
/// lock and without an end is a killed run's.
fn create(folder: &Path, run: &str, first: &Value) -> io::Result<File> {
    let unnamed = folder.join(format!(".{run}"));
    let mut options = File::options();
    let mut file = options
        .append(true)
        .create_new(true)
        .mode(0o600)
        .open(&unnamed)?;
    file.try_lock()?;
    append(&mut file, first)?;
    fs::rename(&unnamed, folder.join(format!("{run}.jsonl")))?;
    File::open(folder)?.sync_all()?;
    Ok(file)
}

fn append(file: &mut File, line: &Value) -> io::Result<()> {
    file.write_all(format!("{line}\n").as_bytes())
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
