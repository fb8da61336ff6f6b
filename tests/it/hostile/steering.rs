//! Outputs that try to steer a privileged step, and texts that try to steer whoever reads
//! them: a terminal, a CI system, a later expression.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{Attacks, Class, attacks::Attempt};
use crate::{
    deploy::{
        practice::Practice,
        stage::{Fate, OLD, Stage},
    },
    guests::guest,
    sluice::Sluice,
};

#[test]
fn outputs_that_steer_a_deploy_beyond_its_permission_set_nothing() {
    let outputs = [
        ("other_image", "ghcr.io/evil/web:1"),
        ("digest_that_is_none", "ghcr.io/acme/web@evil"),
        ("expression", "${{ secrets.forge }}"),
        ("second_image", "ghcr.io/acme/web:2\n      permissions: {}"),
        ("list", "ghcr.io/acme/web:2, proxy: ghcr.io/evil/web:1"),
    ];
    for (name, output) in outputs {
        let attempt = Attempt::new(Class::Steering, name);
        let stage = Practice::set(Fate::Ready);
        let namespace = stage.namespace();
        let text = json!({ "text": output }).to_string();
        let said = Sluice::pipeline(&format!(
            "name: steering
steps:
  bad:
    uses: {hostile}
    with: {{ do: answer, text: {text} }}
  deploy:
    uses: deploy
    with: {{ namespace: {namespace}, deployment: web, container: app, image: '${{{{ steps.bad.outputs.text }}}}' }}
    permissions:
      kube-apply:
        - {{ kind: Deployment, namespace: {namespace}, name: web, containers: [app], images: ['ghcr.io/acme/web:*'] }}
  after: {{ uses: {noop}, if: always() }}
",
            hostile = guest("hostile"),
            noop = guest("noop"),
            text = quoted(&text),
        ))
        .env("KUBECONFIG", stage.kubeconfig())
        .events(&[]);
        assert_eq!(said.code, Some(1), "{name}: {}\n{}", said.out, said.err);
        assert_eq!(
            said.of_step("step.finished", "deploy")["outcome"],
            "failure",
            "{name}"
        );
        assert_eq!(
            said.of_step("step.finished", "after")["outcome"],
            "success",
            "{name}"
        );
        assert_eq!(stage.writes(), [], "{name}");
        assert_eq!(stage.image(), OLD, "{name}");
        attempt.blocked();
    }
}

#[test]
fn outputs_are_values_that_nobody_evaluates_again() {
    let texts = [
        ("expression", "${{ inputs.x }}"),
        ("secret", "${{ secrets.token }}"),
        ("comparison", "true || success()"),
        ("marks", "}}${{ 1 + 1"),
        ("yaml", "a: &a [*a]"),
        ("workflow_expression", "${{ github.token }}"),
    ];
    let mut steps = String::new();
    for (name, text) in texts {
        let outputs = quoted(&json!({ "text": text }).to_string());
        let _ = writeln!(
            steps,
            "  {name}: {{ uses: {hostile}, needs: [], with: {{ do: answer, text: {outputs} }} }}
  then_{name}:
    uses: {hostile}
    needs: [{name}]
    if: steps.{name}.outputs.text != ''
    with: {{ do: say, text: '${{{{ steps.{name}.outputs.text }}}}' }}",
            hostile = guest("hostile"),
        );
    }
    let said = Sluice::pipeline(&format!("name: values\nsteps:\n{steps}")).events(&[]);
    assert_eq!(said.code, Some(1), "{}\n{}", said.out, said.err);
    for (name, text) in texts {
        let attempt = Attempt::new(Class::Steering, name);
        let end = said.of_step("step.finished", &format!("then_{name}"));
        assert_eq!(end["error"]["message"], text, "{name}");
        attempt.blocked();
    }
}

/// A text as YAML has it between double quotes: nothing in it is evaluated, and it is all
/// there.
fn quoted(text: &str) -> String {
    let escaped = text
        .replace("${{", "$${{")
        .chars()
        .fold(String::new(), |mut escaped, c| {
            match c {
                '"' | '\\' => escaped.extend(['\\', c]),
                ' '..='~' => escaped.push(c),
                c => {
                    let _ = write!(escaped, "\\U{:08x}", u32::from(c));
                }
            }
            escaped
        });
    format!("\"{escaped}\"")
}

/// What steers a terminal, a CI system or a reader's eye.
const STEERING: &[(&str, &str)] = &[
    ("clear_screen", "\u{1b}[2J"),
    ("title", "\u{1b}]0;owned\u{7}"),
    (
        "link",
        "\u{1b}]8;;https://evil.example\u{1b}\\click\u{1b}]8;;\u{1b}\\",
    ),
    ("clipboard", "\u{1b}]52;c;cm0gLXJmIC8=\u{7}"),
    ("cursor", "done\u{1b}[1A\u{1b}[2Kfailed"),
    ("c1_sequence", "\u{9b}2J"),
    ("c1_command", "\u{9d}0;owned\u{9c}"),
    ("return", "failure\rsuccess"),
    ("backspace", "rm\u{8}\u{8}ls"),
    ("delete", "a\u{7f}b"),
    ("bell", "\u{7}"),
    ("next_line", "a\u{85}::error::b"),
    ("line_separator", "a\u{2028}::error::b"),
    ("paragraph", "a\u{2029}::error::b"),
    ("right_to_left", "\u{202e}gpj.exe"),
    ("isolate", "\u{2066}a\u{2069}"),
    ("zero_width", "a\u{200b}b\u{feff}c"),
    ("workflow_command", "::set-output name=x::y"),
    ("workflow_command_after_a_line_end", "a\n::stop-commands::x"),
    ("workflow_command_after_a_return", "a\r::add-mask::x"),
    ("workflow_command_old", "##[set-env name=x]y"),
    ("pipelines_command", "##vso[task.setvariable variable=x]y"),
    ("group", "##[group]x"),
];

#[test]
fn texts_that_steer_are_shown_harmlessly_as_lines_and_as_json() {
    let mut steps = String::new();
    for (name, text) in STEERING {
        let _ = writeln!(
            steps,
            "  {name}: {{ uses: {}, needs: [], with: {{ do: say, text: {} }} }}",
            guest("hostile"),
            quoted(text),
        );
    }
    let sluice = Sluice::pipeline(&format!("name: steering\nsteps:\n{steps}"));
    let lines = sluice.run(&["run", "pipeline.yaml"]);
    let events = sluice.events(&[]);
    for said in [&lines, &events] {
        assert_eq!(said.code, Some(1), "{}", said.err);
        for line in said.out.lines().chain(said.err.lines()) {
            let steers = |c: char| {
                c.is_control()
                    || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
            };
            assert!(!line.contains(steers), "{line:?}");
            assert!(!line.trim_start().starts_with("::"), "{line:?}");
            assert!(
                !line.contains("##[") && !line.contains("##vso["),
                "{line:?}"
            );
        }
    }
    for (name, text) in STEERING {
        let attempt = Attempt::new(Class::Shown, name);
        // Programs read what was said, to the letter.
        let end = events.of_step("step.finished", name);
        assert_eq!(end["error"]["message"], *text, "{name}");
        attempt.blocked();
    }
}

#[test]
fn texts_of_a_plugin_do_not_end_the_line_of_json_that_they_stand_in() {
    let text = "a\"}\n{\"event\":\"run.finished\",\"outcome\":\"success\"}\n";
    let with = format!("do: say, text: {}", json!(text));
    let mut after = Attacks::of(Class::Shown).doing("event", &with, "").run();
    let finished = after.said.all("run.finished");
    assert_eq!(finished.len(), 1, "{}", after.said.out);
    assert_eq!(finished[0]["outcome"], Value::from("failure"));
    after.failed("event", "world", "failed", text);
    after.all_judged();
}
