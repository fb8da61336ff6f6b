//! What a run said, one line an event, without what differs from one run to the next: ids,
//! times, names of pods, progress, and the kubelet's words where the stages have other ones.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use crate::sluice::Said;

/// The kubelet of practice says why a pull failed, as those since 1.32 do; the simulated one
/// of the real API server says only that it backs off, as those before did.
const KUBELETS: [(&str, &str); 5] = [
    ("image-missing", "image-pull"),
    // The first crash, which may be seen before the kubelet backs off.
    ("crash-loop, Error of", "crash-loop, CrashLoopBackOff of"),
    ("ErrImagePull", "ImagePullBackOff"),
    (
        "the registry does not have the image",
        "the image cannot be pulled, for 0s now",
    ),
    (
        "push the image, or correct its name and tag",
        "look at the registry and at the node's way to it; \
         `grace.image-pull` (0s) sets how long it is borne",
    ),
];

/// The name of a Deployment's pod, which its controllers make up.
static POD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("web-[0-9a-z]+-[0-9a-z]{5}").expect("it is a regular expression"));

/// A server that a test made.
static PORT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"127\.0\.0\.1:[0-9]+").expect("it is a regular expression"));

/// The lines of the run, with its namespace written `NS`.
pub(crate) fn story(said: &Said, namespace: &str) -> Vec<String> {
    let events = said.events();
    let lines = events.iter().filter_map(line).map(|mut line| {
        line = line.replace(namespace, "NS");
        line = POD.replace_all(&line, "POD").into_owned();
        line = PORT.replace_all(&line, "127.0.0.1:PORT").into_owned();
        for (there, here) in KUBELETS {
            line = line.replace(there, here);
        }
        line
    });
    lines.collect()
}

fn line(event: &Value) -> Option<String> {
    let word = |key: &str| event[key].as_str().unwrap_or_default();
    let step = word("step");
    Some(match word("event") {
        "run.started" => format!("run of {} starts, {}", word("pipeline"), word("mode")),
        "step.started" => format!("{step} starts, attempt {}", event["attempt"]),
        "step.skipped" => format!("{step} is skipped: {}", word("reason")),
        "step.progress" => return None,
        "step.log" => format!("{step} {}: {}", word("level"), logged(event)),
        "step.retrying" => format!("{step} retries: {}", error(&event["error"])),
        "effect" => format!(
            "{step} {} {} {}: {}{}",
            word("capability"),
            word("action"),
            word("target"),
            word("state"),
            images(&event["detail"]),
        ),
        "step.finished" => format!("{step} {}{}", word("outcome"), end(event)),
        "run.finished" => format!("run {}", word("outcome")),
        other => panic!("no event is called `{other}`"),
    })
}

/// A reason by its fields, any other line by its first one.
fn logged(event: &Value) -> String {
    let field = |key: &str| event["fields"][key].as_str();
    if let (Some(cause), Some(reason)) = (field("cause"), field("reason")) {
        let place = field("image").map(|image| format!(" of {image}"));
        return format!("{cause}, {reason}{}", place.unwrap_or_default());
    }
    let message = event["message"].as_str().unwrap_or_default();
    message.lines().next().unwrap_or_default().to_owned()
}

fn images(detail: &Value) -> String {
    let word = |change: &Value, key: &str| change[key].as_str().unwrap_or_default().to_owned();
    let changes = detail["images"].as_array().into_iter().flatten();
    let changes = changes.map(|change| {
        let [container, old, new] = ["container", "old", "new"].map(|key| word(change, key));
        format!(", {container} {old} -> {new}")
    });
    changes.collect()
}

fn end(event: &Value) -> String {
    if event.get("error").is_some() {
        return format!(": {}", error(&event["error"]));
    }
    let mut outputs = event["outputs"].clone();
    if let Value::Object(outputs) = &mut outputs {
        outputs.shift_remove("revision");
        outputs.shift_remove("duration");
    }
    let assumed = if event["assumed"] == json!(true) {
        " (assumed)"
    } else {
        ""
    };
    format!("{assumed}: {outputs}")
}

/// Blame and kind, what happened and the way out: the first and the last line of the
/// message. Between them is what the cluster said.
fn error(error: &Value) -> String {
    let word = |key: &str| error[key].as_str().unwrap_or_default();
    let lines = word("message").lines().collect::<Vec<_>>();
    let told = match lines.as_slice() {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first, .., last] => format!("{first} / {last}"),
    };
    format!("{}, {}: {told}", word("blame"), word("kind"))
}
