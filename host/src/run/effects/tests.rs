//! Effects of a run whose record is on a disk that takes its time.

use std::{
    fs::{self, File},
    path::Path,
    process::Command,
};

use futures::FutureExt;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::Effects;
use crate::{
    directory::make_private,
    run::{
        Reporter,
        clock::Clock,
        event::{Effect, EffectState, Event, EventKind, Mode},
        record::Record,
    },
    secret::Mask,
};

/// A folder of twenty earlier records, of which the oldest cannot be opened before somebody
/// writes to it: it is a pipe. A new record comes after its removal.
fn slow(state: &Path) -> std::path::PathBuf {
    make_private(state).expect("it is ours");
    let folder = state.join("runs/web");
    fs::create_dir_all(&folder).expect("it is ours");
    for index in 1..20 {
        fs::write(folder.join(format!("{index:02}.jsonl")), "").expect("it is ours");
    }
    let pipe = folder.join("00.jsonl");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("every system has it").success());
    pipe
}

fn post() -> Effect {
    Effect {
        capability: "http",
        action: "POST".to_owned(),
        target: "https://a.example/".to_owned(),
        state: EffectState::Started,
        detail: json!({}),
    }
}

fn said(events: &mut UnboundedReceiver<Event>) -> Vec<EffectState> {
    let events = std::iter::from_fn(|| events.try_recv().ok());
    let states = events.filter_map(|event| match event.kind {
        EventKind::Effect(effect) => Some(effect.state),
        _ => None,
    });
    states.collect()
}

#[tokio::test]
async fn effect_waits_for_the_disk_and_was_never_sent_if_its_step_ends_before() {
    use EffectState::{Done, Failed, Started};
    let folder = tempfile::tempdir().expect("a folder can be made");
    let state = folder.path().join("state");
    let now = Clock::system().now();
    let record = Record::begin(Ok(state.clone()), "web", &Map::new(), now);
    let pipe = slow(&state);
    let (sender, mut events) = unbounded_channel();
    let (clock, mask) = (Clock::system(), Mask::default());
    let reporter = Reporter::recorded("99", clock, mask, sender, Some(record));
    reporter.say(EventKind::RunStarted {
        pipeline: "web".to_owned(),
        mode: Mode::Real,
        steps: vec!["tell".to_owned()],
    });
    let effects = Effects::new(reporter.of_step("tell"));

    let mut starting = Box::pin(effects.start(post()));
    assert!(starting.as_mut().now_or_never().is_none());
    assert_eq!(said(&mut events), []);
    drop(starting);
    assert_eq!(said(&mut events), [Failed]);
    assert!(!effects.lost());

    // The disk goes on.
    File::options().write(true).open(pipe).expect("it is ours");
    let started = effects.start(post()).await.expect("no plan refuses it");
    assert_eq!(said(&mut events), [Started]);
    let text = fs::read_to_string(state.join("runs/web/99.jsonl")).expect("it is there");
    let lines = text.lines().skip(1).map(|line| {
        let line = serde_json::from_str::<Value>(line).expect("each line is JSON");
        line["state"].as_str().unwrap_or_default().to_owned()
    });
    assert_eq!(lines.collect::<Vec<_>>(), ["started", "failed", "started"]);
    started.done(Value::Null);
    assert_eq!(said(&mut events), [Done]);
}
