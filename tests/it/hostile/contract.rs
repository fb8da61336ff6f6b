//! Plugins that break their contract or their limits: the step fails with the right
//! reason and blame, the process lives, and the next step runs.

use serde_json::{Value, json};

use crate::{
    guests::guest,
    hostile::attacks::{Attempt, Class},
    sluice::{Said, Sluice},
};

/// A pipeline whose first step misbehaves and whose second one runs all the same.
fn pipeline(what: &str, more: &str) -> Sluice {
    Sluice::pipeline(&format!(
        "name: hostile
on: [manual]
steps:
  bad:
    uses: {}
    with: {{ do: {what} }}
{more}
  after:
    uses: {}
    if: always()
",
        guest("hostile"),
        guest("noop"),
    ))
}

/// How the first step ended, after making sure that the second one succeeded.
fn end(said: &Said) -> Value {
    assert_eq!(
        said.of_step("step.finished", "after")["outcome"],
        "success",
        "{}",
        said.out
    );
    assert_eq!(said.code, Some(1), "{}", said.err);
    let mut end = said.of_step("step.finished", "bad");
    for key in ["run", "at", "event", "step", "duration_ms"] {
        end.as_object_mut()
            .expect("an event is an object")
            .remove(key);
    }
    end
}

fn failure(blame: &str, kind: &str, message: &str) -> Value {
    json!({
        "outcome": "failure",
        "outputs": {},
        "error": { "blame": blame, "kind": kind, "message": message },
    })
}

#[test]
fn plugin_that_traps_fails_its_step_and_its_panic_is_logged() {
    let attempt = Attempt::new(Class::Ends, "trap");
    let said = pipeline("trap", "").events(&[]);
    let expected = failure(
        "plugin",
        "contract",
        "the plugin trapped: wasm trap: wasm `unreachable` instruction executed",
    );
    assert_eq!(end(&said), expected);
    let log = said
        .all("step.log")
        .iter()
        .map(|line| line["message"].to_string())
        .collect::<String>();
    assert!(log.contains("as it was told"), "{log}");
    attempt.blocked();
}

#[test]
fn outputs_that_break_the_plugins_own_schema_fail_the_step() {
    let said = pipeline("outputs-break-schema", "").events(&[]);
    let end = end(&said);
    assert_eq!(end["error"]["blame"], "plugin");
    assert_eq!(end["error"]["kind"], "contract");
    let message = end["error"]["message"].as_str().unwrap_or_default();
    assert!(
        message.starts_with("its outputs break its own schema: "),
        "{message}"
    );
    assert!(message.contains("number"), "{message}");
}

#[test]
fn plugin_that_ends_by_exit_without_a_result_fails_its_step() {
    let attempt = Attempt::new(Class::Ends, "exit");
    let said = pipeline("exit", "").events(&[]);
    assert_eq!(
        end(&said),
        failure(
            "plugin",
            "contract",
            "the plugin ended by `exit(0)` without a result"
        )
    );
    attempt.blocked();
}

#[test]
fn step_is_repeated_as_its_retry_says() {
    let retry = "    retry: { attempts: 3, backoff: 1ms }";
    let said = pipeline("third-time", retry).events(&[]);
    assert_eq!(said.of_step("step.finished", "bad")["outcome"], "success");
    let retries = said.all("step.retrying");
    let attempts = retries
        .iter()
        .map(|event| (&event["attempt"], &event["error"]["message"]));
    assert_eq!(
        attempts.collect::<Vec<_>>(),
        [
            (&json!(2), &json!("attempt 1 is too early")),
            (&json!(3), &json!("attempt 2 is too early")),
        ]
    );
}

#[test]
fn step_sees_how_the_steps_that_it_needs_ended() {
    let sluice = Sluice::pipeline(&format!(
        "name: context
on: [manual]
steps:
  one: {{ uses: {noop} }}
  two:
    uses: {hostile}
    with: {{ do: context }}
",
        noop = guest("noop"),
        hostile = guest("hostile"),
    ));
    let said = sluice.events(&[]);
    let end = said.of_step("step.finished", "two");
    let seen = end["outputs"]["text"]
        .as_str()
        .expect("the guest says what it saw");
    let seen = serde_json::from_str::<Value>(seen).expect("it says it in JSON");
    assert_eq!(
        seen,
        json!([{ "id": "one", "outcome": "Outcome::Success", "outputs": "{}" }])
    );
}

#[test]
fn second_interrupt_stops_a_pause_between_attempts_and_all_that_would_follow() {
    use std::{
        io::{BufRead, BufReader, Read},
        process::{Command, Stdio},
    };
    let retry = "    retry: { attempts: 2, backoff: 10m }";
    let sluice = pipeline("unavailable", &format!("    if: always()\n{retry}"));
    let mut child = sluice
        .command(&["run", "pipeline.yaml", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let pid = child.id().to_string();
    let interrupt = || {
        let sent = Command::new("kill").args(["-INT", &pid]).status();
        assert!(sent.expect("`kill` is part of every system").success());
    };
    let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut line = String::new();
    while !line.contains("step.retrying") {
        line.clear();
        assert!(
            out.read_line(&mut line).expect("it says text") > 0,
            "it ended early"
        );
    }
    interrupt();
    interrupt();
    let mut rest = String::new();
    out.read_to_string(&mut rest).expect("it says text");
    assert!(rest.contains(r#""event":"run.finished""#), "{rest}");
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
}

#[test]
fn address_space_without_room_for_a_pool_of_instances_is_enough() {
    let sluice = pipeline("nothing", "");
    let script = r#"ulimit -v 20000000 && exec "$0" run pipeline.yaml --format json"#;
    let said = sluice.run_by(&["sh", "-c", script], &[]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    assert!(said.out.contains(r#""outcome":"success""#), "{}", said.out);
}
