//! A server that hands a value back, in whatever spelling: neither the plugin nor anybody
//! who reads the run sees it.

use std::fmt::Write;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE},
};

use super::{VALUE, courier, seen_nowhere};
use crate::echo::{Echo, answer};
use crate::sluice::Said;

/// The value as the world writes it.
fn spellings() -> Vec<String> {
    let percent = "Kx%2F9%2B%22zU%20%26%207%3FQ%7E%C3%A9";
    let json = serde_json::Value::from(VALUE).to_string();
    let hex = VALUE.bytes().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    vec![
        VALUE.to_owned(),
        percent.to_owned(),
        percent
            .to_lowercase()
            .replace("kx", "Kx")
            .replace("zu", "zU")
            .replace('q', "Q"),
        percent.replace("%20", "+"),
        percent.replace('%', "%25"),
        serde_json::Value::from(json.as_str()).to_string(),
        json,
        r"Kx\/9+\u0022zU \u0026 7?Q~\u00e9".to_owned(),
        "Kx/9+&quot;zU &amp; 7?Q~&#233;".to_owned(),
        STANDARD.encode(VALUE),
        STANDARD.encode(format!("ci:{VALUE}")),
        URL_SAFE.encode(VALUE),
        hex.to_uppercase(),
        hex,
    ]
}

const HEADER: &str = "headers: ['x-key: SECRET']";

fn run(echo: &Echo, with: &str) -> Said {
    let sluice = courier(echo, "hosts: [localhost]", "/", with);
    let said = echo.trusted_by(sluice).events(&[]);
    assert!(echo.asked().is_some_and(|request| request.contains(VALUE)));
    said
}

#[test]
fn a_value_that_a_server_echoes_reaches_neither_the_plugin_nor_an_event() {
    let echo = Echo::over_tls(|_| {
        let headers = [
            "x-echo: a Kx%2f9%2b%22zU+%26+7%3fQ%7e%c3%a9 b",
            "x-two: 1",
            "x-two: 2",
        ];
        answer(
            "200 OK",
            &headers,
            &format!("<{}>", spellings().join(">\n<")),
        )
    });
    let said = run(&echo, HEADER);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    let outputs = &said.of_step("step.finished", "send")["outputs"];
    // What the plugin saw, in a spelling that no mask knows.
    let saw = outputs["backwards"].as_str().unwrap_or_default();
    let saw = saw.chars().rev().collect::<String>();
    let (head, body) = saw.split_once("\n\n").expect("headers and a body");
    let mut head = head.lines().collect::<Vec<_>>();
    head.sort_unstable();
    assert_eq!(head, ["x-echo: a *** b", "x-two: 1", "x-two: 2"]);
    for (line, spelling) in body.lines().zip(spellings()) {
        // Base64 of a longer text keeps what is around the value.
        let left = line.replace("***", "");
        assert!(
            line.contains("***") && left.len() <= 8,
            "{spelling} became {line}"
        );
    }
    assert_eq!(body.lines().count(), spellings().len());
    seen_nowhere(VALUE, &said);
}

#[test]
fn a_value_that_a_plugin_got_hold_of_is_hidden_in_logs_outputs_and_errors_also_in_two_halves() {
    // Each sign apart: no mask knows that.
    let echo = Echo::over_tls(|_| {
        let pieces = VALUE.chars().map(String::from).collect::<Vec<_>>();
        answer("200 OK", &[], &pieces.join("|"))
    });
    let said = run(&echo, HEADER);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    seen_nowhere(VALUE, &said);
    let logged = said.all("step.log");
    let logged = logged
        .iter()
        .map(|line| line["message"].clone())
        .collect::<Vec<_>>();
    // The first half carries the empty line before the body, hence no value of its own.
    assert_eq!(logged, ["joined: \n***", "***", "***", "***"]);
    assert_eq!(said.all("step.log")[0]["fields"]["joined"], "\n***");
    assert_eq!(said.all("step.progress")[0]["message"], "\n***");
    let finished = said.of_step("step.finished", "send");
    assert_eq!(finished["outputs"]["joined"], "\n***");

    let said = run(&echo, &format!("{HEADER}, fail: true"));
    assert_eq!(said.code, Some(1), "{}\n{}", said.out, said.err);
    seen_nowhere(VALUE, &said);
    let error = &said.of_step("step.finished", "send")["error"];
    assert_eq!(error["message"], "\n***");
    assert_eq!(error["details"]["message"], "\n***");
}

#[test]
fn a_compressed_answer_is_not_taken_while_a_secret_is_in_play() {
    let echo = Echo::over_tls(|_| answer("200 OK", &["content-encoding: br"], "?"));
    let said = run(&echo, HEADER);
    assert_eq!(said.code, Some(1), "{}", said.out);
    let error = &said.of_step("step.finished", "send")["error"];
    let message = error["message"].as_str().unwrap_or_default();
    assert!(message.contains("ContentCoding"), "{message}");
}
