//! Plugins that break their contract or their limits: the step fails with the right
//! reason and blame, the process lives, and the next step runs.

use serde_json::{Value, json};

use crate::{
    guests::guest,
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
}

#[test]
fn plugin_that_loops_is_ended_by_the_timeout_of_its_step() {
    let said = pipeline("loop", "    timeout: 300ms").events(&[]);
    assert_eq!(
        end(&said),
        failure(
            "world",
            "timeout",
            "it took longer than its timeout of 300ms"
        )
    );
}

#[test]
fn plugin_that_eats_memory_is_told_its_limit() {
    let said = pipeline("memory", "").events(&[]);
    let expected = failure(
        "plugin",
        "limit",
        "the plugin used 128 MiB, the limit of its memory, and asked for more",
    );
    assert_eq!(end(&said), expected);
}

#[test]
fn plugin_that_floods_the_log_is_kept_to_the_stated_size_with_a_note() {
    let said = pipeline("flood", "").events(&[]);
    let lines = said.all("step.log");
    let last = lines.last().expect("it logged");
    assert_eq!(
        last["message"],
        "the log was cut here: a step may say 256 KiB"
    );
    assert!(lines.len() < 5_000, "{} lines", lines.len());
    assert_eq!(said.of_step("step.finished", "bad")["outcome"], "success");
}

#[test]
fn plugin_that_logs_one_huge_line_has_it_cut() {
    let said = pipeline("long-line", "").events(&[]);
    let lines = said.all("step.log");
    let text = lines[0]["message"].as_str().expect("a line has a text");
    assert_eq!(text.len(), 8 * 1024 + '…'.len_utf8());
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
fn outputs_that_are_no_json_object_fail_the_step() {
    let cases = [
        (
            "outputs-not-json",
            "contract",
            "its outputs are not JSON: expected value at line 1 column 1",
        ),
        (
            "outputs-not-object",
            "contract",
            "its outputs are JSON but not an object",
        ),
        (
            "outputs-huge",
            "limit",
            "its outputs are 2048 KiB long, the limit is 1024 KiB",
        ),
    ];
    for (what, kind, message) in cases {
        assert_eq!(
            end(&pipeline(what, "").events(&[])),
            failure("plugin", kind, message),
            "{what}"
        );
    }
}

#[test]
fn plugin_that_ends_by_exit_without_a_result_fails_its_step() {
    let said = pipeline("exit", "").events(&[]);
    assert_eq!(
        end(&said),
        failure(
            "plugin",
            "contract",
            "the plugin ended by `exit(0)` without a result"
        )
    );
}

#[test]
fn escape_sequences_and_workflow_commands_are_shown_harmlessly() {
    let said = pipeline("steer", "").run(&["run", "pipeline.yaml"]);
    assert_eq!(said.code, Some(1));
    for line in said.out.lines() {
        assert!(line.chars().all(|c| !c.is_control()), "{line:?}");
        assert!(!line.trim_start().starts_with("::"), "{line:?}");
        assert!(!line.contains("##["), "{line:?}");
        assert!(!line.contains('\u{202e}'), "{line:?}");
    }
    assert!(said.out.contains(r"\u{1b}[2J"), "{}", said.out);
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
    use std::process::Command;
    let sluice = pipeline("nothing", "");
    let direct = sluice.command(&[]);
    let binary = direct.get_program().to_string_lossy().into_owned();
    let script = format!("ulimit -v 20000000 && exec {binary} run pipeline.yaml --format json");
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(sluice.folder())
        .env_clear()
        .envs(
            direct
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .output()
        .expect("a shell is part of every system");
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{out}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(out.contains(r#""outcome":"success""#), "{out}");
}
