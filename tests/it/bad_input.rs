//! What is wrong with a file, its inputs, secrets or plugins is said before anything
//! starts: exit code 2, no event, and a way out.

use std::fmt::Write;

use crate::{
    guests::guest,
    sluice::{Said, Sluice},
};

/// Nothing was started, and this is all that was said.
fn refused(said: &Said, expected: &str) {
    assert_eq!(said.err.trim_end(), expected);
    nothing_started(said);
}

/// The only event, where events were asked for, is that the author's run is over.
fn nothing_started(said: &Said) {
    assert_eq!(said.code, Some(2));
    for event in said.events() {
        let (event, error) = (&event["event"], &event["error"]["blame"]);
        assert_eq!((event, error), (&"run.finished".into(), &"author".into()));
    }
    assert!(said.out.lines().count() < 2, "{}", said.out);
}

const DEPLOY: &str = "\
name: deploy-web
on: [api]
inputs:
  tag: { type: string, pattern: '[0-9a-f]{8}' }
steps:
  deploy:
    uses: deploy
    with: { namespace: web, deployment: web, container: app, image: 'ghcr.io/acme/web:${{ inputs.tag }}' }
    permissions:
      kube-apply:
        - { kind: Deployment, namespace: web, name: web, containers: [app], images: ['ghcr.io/acme/web:*'] }
";

#[test]
fn input_that_breaks_its_pattern_is_refused() {
    let said = Sluice::pipeline(DEPLOY).events(&["--input", "tag=latest"]);
    nothing_started(&said);
    assert!(
        said.err.contains("`tag`") && said.err.contains("[0-9a-f]{8}"),
        "{}",
        said.err
    );
}

#[test]
fn refusal_says_its_blame_and_its_problems_to_programs_too() {
    let said = Sluice::pipeline("name: x\nstesp: {}\n").events(&[]);
    assert_eq!(said.code, Some(2));
    let [event] = said.events().try_into().expect("it is one event");
    assert_eq!(event["outcome"], "failure");
    assert_eq!(
        event["error"],
        serde_json::json!({
            "blame": "author",
            "kind": "configuration",
            "message": "a pipeline needs the key `steps`",
        })
    );
    let place = &event["problems"][0];
    assert_eq!((&place["line"], &place["column"]), (&1.into(), &1.into()));
}

#[test]
fn missing_and_unknown_inputs_are_refused_together() {
    let said = Sluice::pipeline(DEPLOY).events(&["--input", "tga=0b5e6f1a"]);
    nothing_started(&said);
    assert!(said.err.contains("did you mean `tag`?"), "{}", said.err);
    assert_eq!(said.err.matches("error: ").count(), 2, "{}", said.err);
}

#[test]
fn six_different_mistakes_are_reported_together_each_with_its_place() {
    let said = Sluice::pipeline(
        "\
name: broken
on: [api]
inputs:
  tag: { type: string }
stesp: {}
steps:
  build:
    uses: deploy
    with: { namespace: web, deployment: web, container: app, image: 'x:${{ inputs.tga }}', wiat: 5m }
    permissions:
      kube-apply: [{ kind: Deployment, namespace: web, name: web, containers: [app], images: ['UPPER:*'] }]
  tell:
    uses: notify
    needs: [biuld]
    if: inputs.tag
    with: { slack: 'https://hooks.slack.com/x' }
    permissions: { http: [hooks.slack.com] }
",
    )
    .run(&["check", "pipeline.yaml"]);
    assert_eq!(said.code, Some(2));
    let places = said
        .err
        .lines()
        .filter(|line| line.trim_start().starts_with("--> "));
    let places = places.map(|line| line.trim().trim_start_matches("--> ").to_owned());
    assert_eq!(
        places.collect::<Vec<_>>(),
        [
            "pipeline.yaml:5:1",
            "pipeline.yaml:9:76",
            "pipeline.yaml:9:92",
            "pipeline.yaml:11:95",
            "pipeline.yaml:14:13",
            "pipeline.yaml:15:9",
        ],
        "{}",
        said.err
    );
}

#[test]
fn deeply_nested_file_of_400_kb_is_refused_at_its_place() {
    let mut text = "name: deep\nsteps: ".to_owned();
    text.push_str(&"[".repeat(200_000));
    text.push_str(&"]".repeat(200_000));
    let said = Sluice::pipeline(&text).run(&["check", "pipeline.yaml"]);
    assert_eq!(said.code, Some(2));
    assert!(
        said.err.contains("--> pipeline.yaml:2:"),
        "{}",
        &said.err[..said.err.len().min(2000)]
    );
    assert!(
        said.err.len() < 4_000,
        "{} bytes of message",
        said.err.len()
    );
}

#[test]
fn missing_secret_of_a_step_that_runs_refuses_the_run() {
    let said = Sluice::pipeline(&with_secret("")).events(&[]);
    refused(
        &said,
        "error: step `tell` cannot run: secret `slack` is missing: the environment variable `SLACK_WEBHOOK` is not set",
    );
}

#[test]
fn missing_secret_of_a_step_that_is_skipped_is_no_complaint() {
    let said = Sluice::pipeline(&with_secret("    if: inputs.loud\n")).events(&[]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(said.err, "");
    assert_eq!(
        said.of_step("step.skipped", "tell")["reason"],
        "`if: inputs.loud` was false (inputs.loud = false)"
    );
}

#[test]
fn secret_too_short_to_be_hidden_is_refused() {
    let said = Sluice::pipeline(&with_secret(""))
        .env("SLACK_WEBHOOK", "short")
        .events(&[]);
    refused(
        &said,
        "error: step `tell` cannot run: secret `slack` is shorter than 8 bytes, too short to be hidden in logs; use a longer one",
    );
}

fn with_secret(condition: &str) -> String {
    format!(
        "\
name: secret
on: [api]
inputs:
  loud: {{ type: boolean, default: false }}
secrets:
  slack: {{ env: SLACK_WEBHOOK, as: url, hosts: [hooks.slack.com] }}
steps:
  tell:
    uses: notify
{condition}    with: {{ slack: '${{{{ secrets.slack }}}}' }}
    permissions: {{ http: [hooks.slack.com] }}
"
    )
}

#[test]
fn file_that_is_no_component_is_refused_at_the_step_that_uses_it() {
    let sluice = Sluice::pipeline("name: x\non: [api]\nsteps:\n  it:\n    uses: ./it.wasm\n");
    std::fs::write(sluice.folder().join("it.wasm"), "#!/bin/sh\n").expect("the folder is ours");
    refused(
        &sluice.events(&[]),
        "\
error: `./it.wasm` cannot be used: it is not a component: it does not begin as WebAssembly does
 --> pipeline.yaml:5:11
  |
5 |     uses: ./it.wasm
  |           ^^^^^^^^^",
    );
}

#[test]
fn plugin_that_is_not_there_is_refused_with_those_that_are() {
    let sluice = Sluice::pipeline("name: x\non: [api]\nsteps:\n  it:\n    uses: deplyo\n");
    refused(
        &sluice.events(&[]),
        "\
error: `deplyo` cannot be used: there is no built-in plugin `deplyo`; there are `deploy`, `mirror`, `notify`, `svu-tag`, and a file is named by its path, such as `./deplyo.wasm`
 --> pipeline.yaml:5:11
  |
5 |     uses: deplyo
  |           ^^^^^^",
    );
}

#[test]
fn plugin_that_imports_what_no_host_has_is_refused_by_the_name_of_the_import() {
    let path = guest("stranger");
    let sluice = Sluice::pipeline(&format!(
        "name: x\non: [api]\nsteps:\n  it:\n    uses: {path}\n"
    ));
    let said = sluice.events(&[]);
    nothing_started(&said);
    let expected = "it imports `strange:stranger/door@0.1.0`, which no permission gives";
    assert!(said.err.contains(expected), "{}", said.err);
}

#[test]
fn plugin_that_imports_a_capability_without_a_permission_is_refused_with_the_lines_for_it() {
    let without = DEPLOY
        .split("    permissions:")
        .next()
        .expect("it has a beginning");
    let said = Sluice::pipeline(without).events(&["--input", "tag=0b5e6f1a"]);
    refused(
        &said,
        "\
error: step `deploy` uses `sluice:kube/apply` to read the workload, set its images and follow its rollout, and has no `kube-apply` permission
 --> pipeline.yaml:7:11
  |
7 |     uses: deploy
  |           ^^^^^^
  |
  = help: to permit it:
          steps:
            deploy:
              permissions:
                kube-apply:
                  - { kind: Deployment, namespace: web, name: web, containers: [app], images: ['ghcr.io/acme/web:*'] }",
    );
}

#[test]
fn file_that_is_not_there_is_refused() {
    let said = Sluice::pipeline("").run(&["run", "nothing.yaml"]);
    refused(
        &said,
        "error: cannot read `nothing.yaml`: No such file or directory (os error 2)",
    );
}

#[test]
fn wrong_usage_has_an_exit_code_of_its_own() {
    assert_eq!(Sluice::pipeline("").run(&["deploy"]).code, Some(64));
    assert_eq!(
        Sluice::pipeline("")
            .run(&["run", "x.yaml", "--offline"])
            .code,
        Some(64)
    );
}

#[test]
fn cache_that_others_could_write_to_is_not_used_and_told() {
    use std::os::unix::fs::PermissionsExt;
    let sluice = Sluice::pipeline(
        "name: x\non: [api]\nsteps:\n  it:\n    uses: notify\n    with: { webhook: 'https://a.example/' }\n    permissions: { http: [a.example] }\n",
    );
    let cache = sluice.folder().join("open");
    std::fs::create_dir(&cache).expect("the folder is ours");
    let mode = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(&cache, mode).expect("the folder is ours");
    let sluice = sluice.env("SLUICE_CACHE", cache.clone());
    let said = sluice.run(&["check", "pipeline.yaml"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let mut expected = String::from("warning: compiled plugins are not kept: ");
    let _ = write!(
        expected,
        "`{}` is not private to this user",
        cache.display()
    );
    assert!(said.err.starts_with(&expected), "{}", said.err);
    assert_eq!(std::fs::read_dir(cache).map(Iterator::count).ok(), Some(0));
}

#[test]
fn broken_entries_of_the_cache_are_made_anew() {
    let sluice = Sluice::pipeline(&format!(
        "name: x\non: [api]\nsteps:\n  it:\n    uses: {}\n",
        guest("noop")
    ));
    let cache = sluice.folder().join("cache");
    let sluice = sluice.env("SLUICE_CACHE", cache.clone());
    assert_eq!(sluice.events(&[]).code, Some(0));
    let entries = || {
        std::fs::read_dir(&cache)
            .expect("the cache is there")
            .flatten()
    };
    for entry in entries() {
        let mut bytes = std::fs::read(entry.path()).expect("an entry is a file");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0xff;
        std::fs::write(entry.path(), bytes).expect("an entry is ours");
    }
    assert_eq!(sluice.events(&[]).code, Some(0));
    assert_eq!(
        entries().count(),
        2,
        "the description and the compiled code"
    );
}
