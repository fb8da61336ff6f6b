//! What clusters of other people have shown (`tests/cases/recordings`, each with its source),
//! fed to the judge: each has the cause that it states, in its words, at once or with a grace.

use serde_json::Value;

use crate::bindings::sluice::kube::apply::{
    Condition, ContainerState, ContainerStatus, Event, Facts, Pod, Terminated, Waiting, Workload,
};
use crate::config::Patience;
use crate::image;
use crate::judge::{Aim, Judge, Judgement, Verdict};
use crate::testing::{NEW, facts, image as entry, pod, workload};

const FOLDER: &str = "../../tests/cases/recordings";

fn read(path: &std::path::Path) -> Value {
    let text = std::fs::read_to_string(path).expect("it can be read");
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

fn list<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value[key].as_array().into_iter().flatten()
}

fn count(value: &Value, key: &str) -> u32 {
    let number = value[key].as_u64().unwrap_or(0);
    u32::try_from(number).expect("it is small")
}

fn condition(value: &Value) -> Condition {
    Condition {
        kind: text(value, "type"),
        status: text(value, "status"),
        reason: text(value, "reason"),
        message: text(value, "message"),
        since: None,
    }
}

fn terminated(value: &Value) -> Terminated {
    Terminated {
        exit_code: i32::try_from(value["exitCode"].as_i64().unwrap_or(0)).expect("it is small"),
        signal: i32::try_from(value["signal"].as_i64().unwrap_or(0)).expect("it is small"),
        reason: text(value, "reason"),
        message: text(value, "message"),
        finished_at: None,
    }
}

fn container(value: &Value, init: bool, image: &str) -> ContainerStatus {
    let state = &value["state"];
    let state = if state["waiting"].is_object() {
        ContainerState::Waiting(Waiting {
            reason: text(&state["waiting"], "reason"),
            message: text(&state["waiting"], "message"),
        })
    } else if state["terminated"].is_object() {
        ContainerState::Terminated(terminated(&state["terminated"]))
    } else if state["running"].is_object() {
        ContainerState::Running(None)
    } else {
        ContainerState::Unreported
    };
    let last = &value["lastState"]["terminated"];
    ContainerStatus {
        name: text(value, "name"),
        init,
        image: image.to_owned(),
        image_id: text(value, "imageID"),
        ready: value["ready"] == true,
        restarts: count(value, "restartCount"),
        state,
        last_terminated: last.is_object().then(|| terminated(last)),
    }
}

/// The pod `a` with the recorded status; containers that it does not tell of are unreported.
fn recorded_pod(status: &Value, image: &str) -> Pod {
    let containers = list(status, "containerStatuses");
    let init = list(status, "initContainerStatuses");
    let init = init.map(|status| container(status, true, image));
    let containers = containers.map(|status| container(status, false, image));
    let mut containers = init.chain(containers).collect::<Vec<_>>();
    if containers.iter().all(|status| status.init) {
        let unreported = Value::Object(serde_json::Map::new());
        let mut app = container(&unreported, false, image);
        "app".clone_into(&mut app.name);
        containers.push(app);
    }
    let conditions = list(status, "conditions").map(condition);
    let conditions = conditions.collect::<Vec<_>>();
    let scheduled = |condition: &Condition| condition.reason != "Unschedulable";
    if !conditions.iter().all(scheduled) {
        containers.clear();
    }
    Pod {
        phase: text(status, "phase"),
        ready: false,
        conditions,
        containers,
        ..pod("a")
    }
}

/// The image that the recording's messages name, else any.
fn named_image(recording: &Value) -> String {
    let all = recording.to_string();
    for before in ["Failed to pull image \\\"", "Back-off pulling image \\\""] {
        if let Some((_, rest)) = all.split_once(before) {
            return rest.split("\\\"").next().unwrap_or(NEW).to_owned();
        }
    }
    NEW.to_owned()
}

fn recorded_facts(recording: &Value, workload: &Workload, image: &str) -> Facts {
    let status = &recording["pod"];
    let pods = status.is_object().then(|| recorded_pod(status, image));
    let mut facts = facts(pods.into_iter().collect());
    facts.object.containers = vec![entry("app", image)];
    let set = &mut facts.revisions[0];
    set.conditions = list(recording, "replicaset-conditions")
        .map(condition)
        .collect();
    let set = set.name.clone();
    facts.conditions = list(recording, "workload-conditions")
        .map(condition)
        .collect();
    let events = list(recording, "events").map(|event| {
        let (kind, name) = match event["about"].as_str() {
            Some("pod") => ("Pod", "a"),
            Some("replicaset") => ("ReplicaSet", &*set),
            _ => (&*workload.kind, &*workload.name),
        };
        Event {
            object_kind: kind.to_owned(),
            object_name: name.to_owned(),
            kind: text(event, "type"),
            reason: text(event, "reason"),
            message: text(event, "message"),
            last_seen: Some(1),
        }
    });
    facts.events = events.collect();
    facts
}

/// What the judge made of it: the cause, whether it was terminal, and all that it told.
fn judged(recording: &Value) -> (String, bool, String) {
    let workload = Workload {
        kind: text(recording, "kind"),
        ..workload()
    };
    let image = named_image(recording);
    let facts = recorded_facts(recording, &workload, &image);
    let aim = Aim {
        workload,
        uid: "u1".to_owned(),
        generation: 2,
        images: vec![entry("app", &image)],
        digests: Vec::new(),
    };
    let Judgement { notices, verdict } = Judge::new(aim, Patience::default(), 0).judge(&facts, 1);
    let mut told = notices
        .iter()
        .map(|notice| notice.message.as_str())
        .collect::<Vec<_>>();
    let cause = notices.iter().flat_map(|notice| &notice.fields);
    let cause = cause
        .filter(|(name, _)| name == "cause")
        .map(|(_, cause)| cause.clone())
        .next();
    match &verdict {
        Verdict::Broken(failure) | Verdict::Failure(failure) => {
            told.push(&failure.message);
            let details = serde_json::from_str::<Value>(&failure.details).expect("it is JSON");
            (text(&details, "cause"), true, told.join("\n"))
        }
        Verdict::Wait { .. } | Verdict::Success(_) => (
            cause.unwrap_or_else(|| "none".to_owned()),
            false,
            told.join("\n"),
        ),
    }
}

#[test]
fn every_recording_has_the_cause_that_it_states_in_its_own_words() {
    let mut wrong = Vec::new();
    let mut count = 0;
    let mut files = std::fs::read_dir(FOLDER)
        .expect("the recordings are there")
        .map(|file| file.expect("it can be listed").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name != "image-ids.yaml")
        })
        .collect::<Vec<_>>();
    files.sort();
    for path in files {
        count += 1;
        let recording = read(&path);
        let expect = &recording["expect"];
        let (cause, terminal, told) = judged(&recording);
        let says = expect["says"].as_str().unwrap_or_default();
        // A controller that has given up has no grace.
        let expected_terminal =
            expect["terminal"] == true || expect["cause"] == "progress-deadline";
        if expect["cause"] != cause.as_str()
            || terminal != expected_terminal
            || !told.contains(says)
        {
            let name = path
                .file_name()
                .expect("a file has a name")
                .to_string_lossy();
            wrong.push(format!(
                "{name}: {cause}, terminal {terminal}: {told}\nnot {expect}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(count > 100, "only {count} recordings were found");
}

#[test]
fn digest_is_read_from_what_each_runtime_reports_as_image_id() {
    let all = read(&std::path::Path::new(FOLDER).join("image-ids.yaml"));
    let entries = all.as_array().cloned().unwrap_or_else(|| {
        let entries = all
            .as_object()
            .and_then(|all| all.values().find_map(Value::as_array));
        entries.cloned().expect("a list of entries")
    });
    assert!(entries.len() > 10);
    for entry in entries {
        let id = text(&entry, "imageID");
        let Some(hex) = id.rsplit([':', '@', '/']).next() else {
            continue;
        };
        let expected = (hex.len() == 64).then(|| format!("sha256:{hex}"));
        assert_eq!(image::reported(&id), expected, "{id}");
    }
}
