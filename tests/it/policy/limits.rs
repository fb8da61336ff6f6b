//! The limits of a policy: a plugin that reaches one is ended or cut as by the host's own, and
//! what it is told names the policy.

use std::time::Duration;

use serde_json::{Value, json};
use sluice_practice::{Reply, Sink};
use tokio::runtime::Runtime;

use super::under;
use crate::{guests::guest, sluice::Said};

/// A pipeline whose step misbehaves so, under those limits.
fn bad(what: &str, limits: &str) -> Said {
    let hostile = guest("hostile");
    let pipeline =
        format!("name: p\nsteps:\n  bad:\n    uses: {hostile}\n    with: {{ do: {what} }}\n");
    let policy = format!("pipelines: {{ p: {{ uses: ['{hostile}'], limits: {{ {limits} }} }} }}");
    under(&policy, &pipeline).events(&["--policy", "policy.yaml"])
}

fn error(said: &Said) -> Value {
    said.of_step("step.finished", "bad")["error"].clone()
}

#[test]
fn memory_time_and_outputs_are_lowered_in_the_policys_name() {
    let cases = [
        (
            "memory",
            "memory: 16 MiB",
            json!({
                "blame": "plugin", "kind": "limit",
                "message": "the plugin used 16 MiB, the limit of its memory (set by the policy `policy.yaml`), and asked for more",
            }),
        ),
        (
            "loop",
            "timeout: 300ms",
            json!({
                "blame": "world", "kind": "timeout",
                "message": "it took longer than its timeout of 300ms (set by the policy `policy.yaml`)",
            }),
        ),
        (
            "outputs-huge",
            "outputs: 64 KiB",
            json!({
                "blame": "plugin", "kind": "limit",
                "message": "its outputs are 2048 KiB long, the limit is 64 KiB (set by the policy `policy.yaml`)",
            }),
        ),
    ];
    for (what, limits, expected) in cases {
        assert_eq!(error(&bad(what, limits)), expected, "{what}");
    }
}

#[test]
fn log_is_cut_where_the_policy_says() {
    let said = bad("flood", "log: 4 KiB");
    let lines = said.all("step.log");
    let last = lines.last().expect("it logged");
    assert_eq!(
        last["message"],
        "the log was cut here: a step may say 4 KiB (set by the policy `policy.yaml`)"
    );
    assert!(lines.len() < 100, "{} lines", lines.len());
}

#[test]
fn run_that_is_over_is_cancelled_and_says_so_and_its_last_words_are_heard() {
    let (hostile, noop) = (guest("hostile"), guest("noop"));
    let pipeline = format!(
        "name: p
steps:
  bad: {{ uses: {hostile}, with: {{ do: loop }}, timeout: 400ms }}
  next: {{ uses: {noop} }}
  last: {{ uses: {noop}, if: always() }}
"
    );
    let policy = format!(
        "pipelines: {{ p: {{ uses: ['{hostile}', '{noop}'], limits: {{ run: 200ms }} }} }}"
    );
    let said = under(&policy, &pipeline).events(&["--policy", "policy.yaml"]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    let words =
        "the run took longer than 200ms (set by the policy `policy.yaml`), and was cancelled";
    let end = said.all("run.finished").remove(0);
    assert_eq!(end["outcome"], "cancelled");
    assert_eq!(
        end["error"],
        json!({ "blame": "world", "kind": "timeout", "message": words })
    );
    assert_eq!(said.all("step.log")[0]["message"], words);
    assert_eq!(said.all("step.skipped")[0]["step"], "next");
    assert_eq!(said.of_step("step.finished", "last")["outcome"], "success");
}

/// What a pipeline whose steps post a text to a sink, which answers with another, says under
/// those limits; and how many requests came.
fn posting(limits: &str, steps: usize, text: &str, answer: &str) -> (Said, usize) {
    let runtime = Runtime::new().expect("a runtime can be made");
    let sink = runtime
        .block_on(Sink::start())
        .expect("a loopback port is free");
    sink.reply(Reply::Answer {
        status: 200,
        headers: Vec::new(),
        body: answer.to_owned(),
        delay: Duration::ZERO,
    });
    let port = sink.url().rsplit(':').next().unwrap_or_default().to_owned();
    let http =
        format!("{{ scheme: http, host: 127.0.0.1, port: {port}, addresses: [127.0.0.0/8] }}");
    let step = |index| {
        format!(
            "  tell{index}:\n    uses: notify\n    with: {{ webhook: 'http://127.0.0.1:{port}/hook', text: '{text}' }}\n    permissions: {{ http: [{http}] }}\n"
        )
    };
    let steps: String = (0..steps).map(step).collect();
    let policy = format!(
        "pipelines: {{ p: {{ uses: [notify], permissions: {{ http: [{http}] }}, limits: {{ {limits} }} }} }}"
    );
    let sluice = under(&policy, &format!("name: p\nsteps:\n{steps}"));
    let said = sluice.events(&["--policy", "policy.yaml"]);
    (said, sink.requests().len())
}

fn logs(said: &Said, line: &str) -> bool {
    said.all("step.log")
        .iter()
        .any(|log| log["message"] == line)
}

#[test]
fn requests_beyond_the_policys_number_are_refused_attempt_by_attempt() {
    let (said, received) = posting("requests: 0", 1, "a", "");
    assert_eq!((said.code, received), (Some(1), 0), "{}", said.out);
    let error = said.of_step("step.finished", "tell0")["error"].clone();
    assert_eq!(
        (&error["blame"], &error["kind"]),
        (&json!("plugin"), &json!("limit"))
    );
    assert_eq!(
        error["message"],
        "the plugin sent more than 0 requests, the limit (set by the policy `policy.yaml`)"
    );
    let (said, received) = posting("requests: 1", 2, "a", "");
    assert_eq!((said.code, received), (Some(0), 2), "{}", said.out);
}

#[test]
fn bodies_longer_than_the_policy_says_are_not_sent_and_not_read() {
    // The longest text that the plugin takes, with a summary around it.
    let long = "x".repeat(2000);
    let (said, received) = posting("request-body: 2 KiB", 1, "a", "");
    assert_eq!((said.code, received), (Some(0), 1), "{}", said.out);
    let (said, received) = posting("request-body: 2 KiB", 1, &long, "");
    assert_eq!((said.code, received), (Some(1), 0), "{}", said.out);
    let words = "the request's body is longer than 2 KiB (set by the policy `policy.yaml`)";
    assert!(logs(&said, words), "{}", said.out);

    let (said, received) = posting("answer-body: 2 KiB", 1, "a", "fine");
    assert_eq!((said.code, received), (Some(0), 1), "{}", said.out);
    let (said, received) = posting("answer-body: 2 KiB", 1, "a", &long.repeat(2));
    assert_eq!((said.code, received), (Some(1), 1), "{}", said.out);
    let words = "the answer's body is longer than 2 KiB (set by the policy `policy.yaml`)";
    assert!(logs(&said, words), "{}", said.out);
}
