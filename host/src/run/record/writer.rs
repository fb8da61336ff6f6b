//! The thread that writes a record. The disk may take its time there: it holds up the effect
//! that waits to be sent and nothing else of the run.

use std::{
    fmt::Display,
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::mpsc,
    thread::{self, JoinHandle},
};

use serde_json::Value;
use tokio::sync::oneshot;

use super::{Written, earlier, folder};
use crate::directory::make_private;

/// How many records of one pipeline are kept.
const KEPT: usize = 20;

/// A record's file, not made yet.
pub(super) struct File {
    /// The directory of state, or why there is none.
    pub(super) state: Result<PathBuf, String>,
    pub(super) pipeline: String,
    pub(super) run: String,
    /// Its first line.
    pub(super) first: Value,
}

/// A line of the record.
pub(super) enum Note {
    /// An effect begins: to be on the disk before anything is sent.
    Start(Value),
    /// An effect has ended.
    End(Value),
    /// The run has ended.
    Last(Value),
}

/// The writing thread. Dropping it ends the thread, once all is written.
pub(super) struct Writer {
    notes: Option<mpsc::Sender<(Note, Answer)>>,
    thread: Option<JoinHandle<()>>,
}

type Answer = oneshot::Sender<Result<(), String>>;

impl Writer {
    /// Makes the file, on the new thread.
    pub(super) fn start(file: File) -> Self {
        let (notes, received) = mpsc::channel();
        let thread = thread::Builder::new().name("record".to_owned());
        // Without a thread the notes have no receiver, and each says so.
        let thread = thread.spawn(move || write(file, received)).ok();
        Self {
            notes: Some(notes),
            thread,
        }
    }

    /// Hands a line over; the answer comes once it is written.
    pub(super) fn note(&self, note: Note) -> Written {
        let (answer, written) = oneshot::channel();
        if let Some(notes) = &self.notes {
            // A thread that is gone answers nothing, which is an answer.
            let _ = notes.send((note, answer));
        }
        written
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.notes = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Writes all notes. What fails is said once, to the next who waits for it.
fn write(file: File, notes: mpsc::Receiver<(Note, Answer)>) {
    let mut failed = None;
    let mut file = file.make().map_err(|why| failed = Some(why)).ok();
    for (note, answer) in notes {
        if let Some(Err(error)) = file.as_mut().map(|file| append(file, &note)) {
            failed = Some(format!("this run is not recorded any more: {error}"));
            file = None;
        }
        if let Note::Last(_) = note {
            // Nothing follows, and it is unlocked by the time that this is known.
            file = None;
        }
        // The end of an effect waits for nobody.
        if !matches!(note, Note::End(_)) {
            let _ = answer.send(failed.take().map_or(Ok(()), Err));
        }
    }
}

impl File {
    fn make(self) -> Result<fs::File, String> {
        let state = self
            .state
            .map_err(|why| format!("this run is not recorded: {why}"))?;
        let failed = |path: &Path, error: &dyn Display| {
            format!(
                "this run is not recorded: cannot use `{}`: {error}; set `SLUICE_STATE` to a directory of this user's own",
                path.display()
            )
        };
        make_private(&state).map_err(|error| failed(&state, &error))?;
        let folder = folder::of_pipeline(&state, &self.pipeline);
        let io = |error: io::Error| failed(&folder, &error);
        fs::create_dir_all(&folder).map_err(io)?;
        earlier::prune(&folder, KEPT - 1);
        create(&folder, &self.run, self.first).map_err(io)
    }
}

/// A new record with its first line. It gets its name once it is locked: one without a
/// lock and without an end is a killed run's.
fn create(folder: &Path, run: &str, first: Value) -> io::Result<fs::File> {
    let unnamed = folder.join(format!(".{run}"));
    let mut options = fs::File::options();
    let mut file = options
        .append(true)
        .create_new(true)
        .mode(0o600)
        .open(&unnamed)?;
    file.try_lock()?;
    append(&mut file, &Note::End(first))?;
    fs::rename(&unnamed, folder.join(format!("{run}.jsonl")))?;
    fs::File::open(folder)?.sync_all()?;
    Ok(file)
}

fn append(file: &mut fs::File, note: &Note) -> io::Result<()> {
    let (Note::Start(line) | Note::End(line) | Note::Last(line)) = note;
    file.write_all(format!("{line}\n").as_bytes())?;
    match note {
        Note::Start(_) => file.sync_data(),
        Note::End(_) | Note::Last(_) => Ok(()),
    }
}
