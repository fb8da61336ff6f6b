//! Reads the records of earlier runs: those of runs that were killed, which it closes, and
//! how the last one ended.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, File},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use sluice_pipeline::schedule::Outcome;

use super::folder;
use crate::{
    directory::check_private,
    run::event::{Begun, Interrupted},
};

/// What is read of a record's end for its last line, in bytes; that line is ours and short.
const TAIL: i64 = 1024;
/// What is read of the record of a killed run, in bytes.
const LARGEST: u64 = 64 << 20;

/// How a run of a pipeline ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous {
    /// Its identifier.
    pub run: String,
    /// How it ended; [`Outcome::Unknown`] for one that was killed.
    pub outcome: Outcome,
    /// When it ended, or was found to have been killed.
    pub finished_at: Timestamp,
}

/// How the last run of the pipeline ended that changed something and has ended.
pub fn previous(state: &Path, pipeline: &str) -> Option<Previous> {
    let folder = folder::of_pipeline(state, pipeline);
    let end = |path: PathBuf| end_of(&mut File::open(path).ok()?).ok()?;
    let ends = records(&folder).into_iter().filter_map(end);
    let last = ends.max_by_key(|end| end.at)?;
    Some(Previous {
        run: last.run,
        outcome: last.outcome,
        finished_at: last.at,
    })
}

/// The runs whose records have no end and whose processes are gone. Their records are
/// closed, so that each is told once.
pub(super) fn interrupted(folder: &Path, now: Timestamp) -> Vec<Interrupted> {
    let closed = records(folder)
        .into_iter()
        .filter_map(|path| close(&path, now).ok()?);
    closed.collect()
}

/// Removes the oldest records beyond that many, but for those of live runs.
pub(super) fn prune(folder: &Path, keep: usize) {
    let records = records(folder);
    let many = records.len().saturating_sub(keep);
    for path in &records[..many] {
        if File::open(path).is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = fs::remove_file(path);
        }
    }
}

/// The records in a pipeline's folder, the oldest first, as far as their names tell: these
/// begin with the second in which a run started.
fn records(folder: &Path) -> Vec<PathBuf> {
    // `runs` and what is in it are as private as the directory above them.
    if folder
        .ancestors()
        .nth(2)
        .is_none_or(|state| check_private(state).is_err())
    {
        return Vec::new();
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut records = entries
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "jsonl")
        })
        .collect::<Vec<_>>();
    records.sort();
    records
}

/// The last line of a record whose run has ended.
#[derive(Deserialize)]
struct End {
    event: String,
    run: String,
    at: Timestamp,
    outcome: Outcome,
}

fn end_of(file: &mut File) -> io::Result<Option<End>> {
    let length = file.seek(SeekFrom::End(0))?;
    let tail = i64::try_from(length).unwrap_or(TAIL).min(TAIL);
    file.seek(SeekFrom::End(-tail))?;
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    let last = text.trim_ascii_end().rsplit(|byte| *byte == b'\n').next();
    let end = last.and_then(|line| serde_json::from_slice::<End>(line).ok());
    Ok(end.filter(|end| end.event == "run.finished"))
}

/// Closes a record without an end, if nobody holds it, and says what it left.
fn close(path: &Path, now: Timestamp) -> io::Result<Option<Interrupted>> {
    let mut file = File::options().read(true).append(true).open(path)?;
    // A live run holds its record.
    if file.try_lock().is_err() || end_of(&mut file)?.is_some() {
        return Ok(None);
    }
    let name = path.file_stem().unwrap_or_default();
    let earlier = name.to_string_lossy().into_owned();
    file.seek(SeekFrom::Start(0))?;
    let unknown = begun(BufReader::new((&file).take(LARGEST)));
    let mut lines = String::new();
    for effect in &unknown {
        let detail = json!({ "reason": "the run was killed before an answer came" });
        let line = json!({
            "event": "effect", "run": earlier, "step": effect.step, "at": now,
            "capability": effect.capability, "action": effect.action, "target": effect.target,
            "state": "unknown", "detail": detail,
        });
        let _ = writeln!(lines, "{line}");
    }
    let end = json!({
        "event": "run.finished", "run": earlier, "at": now, "outcome": Outcome::Unknown,
        "interrupted": true,
    });
    // What the killed process wrote last may have no line end.
    file.write_all(format!("\n{lines}{end}\n").as_bytes())?;
    Ok(Some(Interrupted { earlier, unknown }))
}

/// The effects that were started and did not end. A line that was cut off by the kill is
/// passed over: what it would have said was not sent, or has not ended.
fn begun(record: impl BufRead) -> Vec<Begun> {
    let mut open = BTreeMap::<Begun, usize>::new();
    for line in record.split(b'\n').map_while(Result::ok) {
        let Ok(line) = serde_json::from_slice::<Value>(&line) else {
            continue;
        };
        if line["event"] != "effect" {
            continue;
        }
        let Ok(effect) = Begun::deserialize(&line) else {
            continue;
        };
        match line["state"].as_str() {
            Some("started") => *open.entry(effect).or_default() += 1,
            _ => {
                open.entry(effect)
                    .and_modify(|count| *count = count.saturating_sub(1));
            }
        }
    }
    open.into_iter()
        .flat_map(|(effect, count)| std::iter::repeat_n(effect, count))
        .collect()
}
