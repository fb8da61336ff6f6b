//! Records of runs that ended, were killed, or are still alive.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
};

use jiff::Timestamp;
use serde_json::{Map, json};
use sluice_pipeline::schedule::Outcome;

use super::{Previous, Record, folder, previous};
use crate::{
    directory::make_private,
    run::event::{Begun, Effect, EffectState, Event, EventKind, Interrupted, Mode},
    secret::Mask,
};

fn now() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().expect("a time")
}

fn event(run: &str, step: Option<&str>, kind: EventKind) -> Event {
    Event {
        run: run.into(),
        step: step.map(Into::into),
        at: now(),
        kind,
    }
}

fn effect(run: &str, action: &str, state: EffectState) -> Event {
    let effect = Effect {
        capability: "http",
        action: action.to_owned(),
        target: "https://x.example/".to_owned(),
        state,
        detail: json!({}),
    };
    event(run, Some("tell"), EventKind::Effect(effect))
}

/// A run of the pipeline `web` that has begun.
fn begin(state: &Path, run: &str) -> Record {
    let record = Record::begin(Ok(state.to_owned()), "web", &Map::new(), now());
    let started = EventKind::RunStarted {
        pipeline: "web".to_owned(),
        mode: Mode::Real,
        steps: vec!["tell".to_owned()],
    };
    note(&record, &event(run, None, started));
    record
}

/// What came of noting it, once it is written.
fn noted(record: &Record, event: &Event) -> Option<Result<(), String>> {
    let written = record.note(event, &Mask::default())?;
    Some(written.blocking_recv().expect("the thread answers"))
}

fn note(record: &Record, event: &Event) {
    assert_eq!(noted(record, event).unwrap_or(Ok(())), Ok(()));
}

fn finish(record: &Record, run: &str) {
    let finished = EventKind::RunFinished {
        outcome: Outcome::Success,
        outputs: json!({}),
        error: None,
        duration_ms: 1,
    };
    note(record, &event(run, None, finished));
}

fn state() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    make_private(&folder.path().join("state")).expect("it is ours");
    folder
}

#[test]
fn run_without_effects_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let state = folder.path().join("state");
    let record = begin(&state, "run-1");
    note(&record, &effect("run-1", "GET", EffectState::Started));
    finish(&record, "run-1");
    assert!(!state.exists());
    assert_eq!(previous(&state, "web"), None);
}

#[test]
fn run_that_ended_is_the_previous_one_and_is_not_told_again() {
    let folder = state();
    let state = folder.path().join("state");
    let record = begin(&state, "run-1");
    note(&record, &effect("run-1", "POST", EffectState::Started));
    note(&record, &effect("run-1", "POST", EffectState::Done));
    finish(&record, "run-1");
    drop(record);
    let expected = Previous {
        run: "run-1".to_owned(),
        outcome: Outcome::Success,
        finished_at: now(),
    };
    assert_eq!(previous(&state, "web"), Some(expected));
    assert_eq!(begin(&state, "run-2").interrupted(), []);
}

#[test]
fn run_that_was_killed_is_told_once_with_what_it_left() {
    let folder = state();
    let state = folder.path().join("state");
    let record = begin(&state, "run-1");
    for (action, state) in [
        ("POST", EffectState::Started),
        ("POST", EffectState::Started),
        ("POST", EffectState::Done),
        ("PUT", EffectState::Started),
        ("PUT", EffectState::Failed),
    ] {
        note(&record, &effect("run-1", action, state));
    }
    // While it lives, it is nobody's business.
    assert_eq!(begin(&state, "run-2").interrupted(), []);
    drop(record);
    // The kill came in the middle of a line.
    let path = state.join("runs/web/run-1.jsonl");
    let mut file = File::options()
        .append(true)
        .open(&path)
        .expect("it is there");
    file.write_all(br#"{"event":"effect","run":"run-1","st"#)
        .expect("it is ours");
    let left = Begun {
        step: "tell".to_owned(),
        capability: "http".to_owned(),
        action: "POST".to_owned(),
        target: "https://x.example/".to_owned(),
    };
    let expected = Interrupted {
        earlier: "run-1".to_owned(),
        unknown: vec![left],
    };
    assert_eq!(begin(&state, "run-3").interrupted(), [expected]);
    assert_eq!(begin(&state, "run-4").interrupted(), []);
    let previous = previous(&state, "web").expect("it has ended now");
    assert_eq!(
        (previous.run.as_str(), previous.outcome),
        ("run-1", Outcome::Unknown)
    );
}

#[test]
fn twenty_records_are_kept() {
    let folder = state();
    let state = folder.path().join("state");
    for index in 10..35 {
        let run = format!("run-{index}");
        let record = begin(&state, &run);
        note(&record, &effect(&run, "POST", EffectState::Started));
        finish(&record, &run);
    }
    let records = fs::read_dir(state.join("runs/web")).expect("it is there");
    let mut names = records
        .flatten()
        .map(|entry| entry.file_name())
        .collect::<Vec<_>>();
    names.sort();
    assert_eq!(names.len(), 20);
    assert_eq!(names[0], "run-15.jsonl");
}

#[test]
fn directory_that_others_can_enter_is_not_used_and_the_run_goes_on() {
    use std::os::unix::fs::PermissionsExt;
    let folder = state();
    let state = folder.path().join("state");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let record = begin(&state, "run-1");
    let started = effect("run-1", "POST", EffectState::Started);
    let why = noted(&record, &started)
        .expect("it is a start")
        .expect_err("it is not private");
    assert!(why.contains("is not private to this user"), "{why}");
    assert!(
        why.ends_with("set `SLUICE_STATE` to a directory of this user's own"),
        "{why}"
    );
    // It is said once.
    note(&record, &started);
}

#[test]
fn names_of_pipelines_stay_within_their_folder() {
    let of = |name: &str| {
        let folder = folder::of_pipeline(Path::new("s"), name);
        folder
            .strip_prefix("s/runs")
            .expect("it is within")
            .display()
            .to_string()
    };
    assert_eq!(of("deploy-web.1"), "deploy-web.1");
    for name in ["", "..", "../x", "a/b", ".hidden", "ä", &"x".repeat(300)] {
        let found = of(name);
        assert!(
            !found.contains('/') && !found.starts_with('.') && found.len() < 100,
            "{found}"
        );
        assert!(found.contains('~'), "{found}");
    }
    assert_ne!(of("a/b"), of("a-b"));
    assert_ne!(of("a/b"), of("a:b"));
}
