//! Records of what runs did, and what the next run makes of one that was killed.

use std::{fs, path::Path};

use serde_json::{Value, json};
use sluice_practice::{Reply, Sink};
use tokio::runtime::Runtime;

use crate::{deploy::running::Running, sluice::Sluice};

/// A sink, and a folder of state for several runs.
struct Scene {
    runtime: Runtime,
    sink: Sink,
    state: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime can be made");
        let sink = runtime.block_on(Sink::start());
        Self {
            sink: sink.expect("a loopback port is free"),
            runtime,
            state: tempfile::tempdir().expect("a folder can be made"),
        }
    }

    fn state(&self) -> std::path::PathBuf {
        self.state.path().join("state")
    }

    /// A pipeline that posts to the sink.
    fn pipeline(&self) -> Sluice {
        let url = self.sink.url();
        let port = url.rsplit(':').next().unwrap_or_default();
        Sluice::pipeline(&format!(
            "name: posting
on: [manual]
inputs:
  tag: {{ type: string, default: one }}
steps:
  tell:
    uses: notify
    with: {{ webhook: '{url}/hook' }}
    permissions: {{ http: [{{ scheme: http, host: 127.0.0.1, port: {port}, addresses: [127.0.0.0/8] }}] }}
"
        ))
        .env("SLUICE_STATE", self.state())
    }

    /// The events of each record.
    fn records(&self) -> Vec<Vec<Value>> {
        let folder = self.state().join("runs/posting");
        let files = fs::read_dir(folder).into_iter().flatten().flatten();
        files.map(|file| events(&file.path())).collect()
    }
}

fn events(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).expect("it is there");
    let lines = text.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect()
}

/// What each line says, in short.
fn story(record: &[Value]) -> Vec<String> {
    let line = |event: &Value| {
        let word = |key: &str| event[key].as_str().unwrap_or_default();
        format!("{} {}{}", word("event"), word("state"), word("outcome"))
    };
    record.iter().map(line).collect()
}

#[test]
fn effects_are_written_down_from_their_start_to_the_end_of_the_run() {
    let scene = Scene::new();
    let said = scene.pipeline().events(&[]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    let [record] = scene.records().try_into().expect("one run, one record");
    assert_eq!(
        story(&record),
        [
            "run.started ",
            "effect started",
            "effect done",
            "run.finished success"
        ]
    );
    assert_eq!(record[0]["inputs"], json!({ "tag": "one" }));
    // The very lines that the run said.
    assert_eq!(record[1], said.all("effect")[0]);
}

#[test]
fn run_that_was_killed_before_an_answer_is_told_by_the_next_one() {
    let scene = Scene::new();
    scene.sink.reply(Reply::Never);
    let mut running = Running::start(scene.pipeline(), &[]);
    let started = running.until("effect", |event| event["state"] == "started");
    // It is on the disk by the time that anybody hears of it.
    let [record] = scene.records().try_into().expect("one run, one record");
    assert_eq!(story(&record), ["run.started ", "effect started"]);
    let said = running.kill();
    assert_eq!(said.code, None, "{}", said.out);

    scene.sink.reply(Reply::default());
    let said = scene.pipeline().events(&[]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    let told = said.all("run.interrupted");
    let expected = json!([{
        "step": "tell",
        "capability": "http",
        "action": "POST",
        "target": format!("{}/hook", scene.sink.url()),
    }]);
    assert_eq!(told.len(), 1);
    assert_eq!(
        (&told[0]["earlier"], &told[0]["unknown"]),
        (&started["run"], &expected)
    );
    assert_eq!(said.events()[1]["event"], "run.interrupted");
    let mut records = scene.records();
    records.retain(|record| record[0]["run"] == started["run"]);
    let [record] = records.try_into().expect("one run, one record");
    assert_eq!(
        story(&record),
        [
            "run.started ",
            "effect started",
            "effect unknown",
            "run.finished unknown"
        ]
    );
    assert_eq!(record[3]["interrupted"], true);
    // Once is enough.
    let said = scene.pipeline().run(&["run", "pipeline.yaml"]);
    assert!(!said.out.contains("killed"), "{}", said.out);
}

#[test]
fn live_run_is_no_killed_one() {
    let scene = Scene::new();
    scene.sink.reply_once(Reply::Never);
    let mut running = Running::start(scene.pipeline(), &[]);
    running.until("effect", |event| event["state"] == "started");
    // The request of the first run has taken the reply that never comes.
    scene.runtime.block_on(scene.sink.received(1));
    let said = scene.pipeline().events(&[]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    assert_eq!(said.all("run.interrupted"), Vec::<Value>::new());
    running.kill();
}

#[test]
fn dry_runs_and_rehearsals_leave_no_record() {
    let scene = Scene::new();
    for args in [["--dry-run"], ["--practice"]] {
        let said = scene.pipeline().events(&args);
        assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    }
    assert!(!scene.state().exists());
}

#[test]
fn run_that_cannot_be_recorded_says_so_and_goes_on() {
    let scene = Scene::new();
    let file = scene.state.path().join("file");
    fs::write(&file, "").expect("the folder is ours");
    let said = scene
        .pipeline()
        .env("SLUICE_STATE", file.join("state"))
        .events(&[]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    let mut warnings = said.all("step.log");
    warnings.retain(|line| line["level"] == "warn");
    let [warning] = warnings.try_into().expect("it is said once");
    let message = warning["message"].as_str().unwrap_or_default();
    assert!(
        message.starts_with("this run is not recorded: cannot use `"),
        "{message}"
    );
    assert_eq!(scene.sink.requests().len(), 1);
}
