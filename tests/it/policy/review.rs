//! `check --permissions`: what each step may do, and what a change of the file adds or takes
//! away.

use std::fs;

use regex::Regex;
use serde_json::Value;

use super::under;
use crate::{
    guests::guest,
    sluice::{Said, Sluice},
};

const PIPELINE: &str = "name: release
inputs:
  tier: { type: string, enum: [stage, prod] }
secrets:
  slack: { env: SLACK_WEBHOOK, as: url, hosts: [hooks.slack.com] }
  forge: { file: /run/secrets/forge, hosts: [forge.example] }
  unused: { env: UNUSED, hosts: [hooks.slack.com] }
remotes:
  origin: { url: 'https://forge.example/acme/web.git', auth: { user: ci, password: '${{ secrets.forge }}' } }
steps:
  tag:
    uses: svu-tag
    with: { remote: origin, branch: main }
    permissions: { git: [{ remote: origin, read: true, create: ['refs/tags/v*'] }] }
  deploy:
    uses: deploy
    with: { namespace: 'web-${{ inputs.tier }}', deployment: web, container: app, image: 'ghcr.io/acme/web:1' }
    timeout: 10m
    retry: { attempts: 2 }
    permissions:
      kube-apply:
        - { kind: Deployment, namespace: 'web-${{ inputs.tier }}', name: web, containers: [app], images: ['ghcr.io/acme/web:v*', 'ghcr.io/acme/web:1'] }
  tell:
    uses: notify
    with: { slack: '${{ secrets.slack }}' }
    permissions: { http: [hooks.slack.com, { scheme: http, host: '*.acme.example', port: 8080, methods: [GET], paths: [/v1/**], read: true, addresses: [10.0.0.0/8] }] }
";

/// What was said, digests left out.
fn plain(said: &Said) -> String {
    let digest = Regex::new("sha256:[0-9a-f]{64}").expect("it is an expression");
    digest.replace_all(&said.out, "DIGEST").into_owned()
}

fn diff(old: &str, new: &str) -> Said {
    let sluice = Sluice::pipeline(new);
    fs::write(sluice.folder().join("old.yaml"), old).expect("the folder is ours");
    let said = sluice.run(&[
        "check",
        "pipeline.yaml",
        "--permissions",
        "--diff",
        "old.yaml",
    ]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    said
}

#[test]
fn every_steps_authority_is_told_in_words() {
    let said = Sluice::pipeline(PIPELINE).run(&["check", "pipeline.yaml", "--permissions"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let expected = "\
release (pipeline.yaml)
  tag
    uses        svu-tag, built in, DIGEST
    git         origin at https://forge.example/acme/web.git: read it; create refs/tags/v*
    secrets     forge (file /run/secrets/forge): the host's alone, to enter origin
    limits      an attempt 1h; memory 128 MiB, log 256 KiB, outputs 1 MiB
  deploy
    uses        deploy, built in, DIGEST
    kube-apply  Deployment web-prod/web: read it, set the image of app to ghcr.io/acme/web:1, ghcr.io/acme/web:v*
    kube-apply  Deployment web-stage/web: read it, set the image of app to ghcr.io/acme/web:1, ghcr.io/acme/web:v*
    limits      an attempt 10m, 2 attempts; memory 128 MiB, log 256 KiB, outputs 1 MiB
  tell
    uses        notify, built in, DIGEST
    http        http://*.acme.example:8080: GET, /v1/**; a dry run may really ask; also at 10.0.0.0/8
    http        https://hooks.slack.com: any method, any path
    secrets     slack (env SLACK_WEBHOOK): as a URL to hooks.slack.com
    limits      an attempt 1h; memory 128 MiB, log 256 KiB, outputs 1 MiB; 1000 requests an attempt, of up to 8 MiB, answers of up to 8 MiB
";
    assert_eq!(plain(&said), expected);
}

#[test]
fn limits_of_a_policy_are_told() {
    let policy = "pipelines:
  release:
    uses: [noop, notify]
    permissions: { http: [hooks.slack.com] }
    limits: { memory: 64 MiB, timeout: 5m, run: 1h, log: 1 KiB, outputs: 2 KiB, requests: 3, request-body: 4 KiB, answer-body: 5 KiB }
";
    let pipeline = "name: release\nsteps:\n  tell:\n    uses: notify\n    with: { webhook: 'https://hooks.slack.com/x' }\n    permissions: { http: [hooks.slack.com] }\n";
    let args = [
        "check",
        "pipeline.yaml",
        "--permissions",
        "--policy",
        "policy.yaml",
    ];
    let said = under(policy, pipeline).run(&args);
    let limits = said.out.lines().find(|line| line.contains("limits"));
    assert_eq!(
        limits,
        Some(
            "    limits      an attempt 5m, the run 1h; memory 64 MiB, log 1 KiB, outputs 2 KiB; 3 requests an attempt, of up to 4 KiB, answers of up to 5 KiB"
        ),
        "{}",
        said.err
    );
}

#[test]
fn nothing_is_printed_where_no_authority_changes() {
    // Another order, other words of the same meaning, and what is no authority.
    let other = PIPELINE
        .replace(
            "['ghcr.io/acme/web:v*', 'ghcr.io/acme/web:1']",
            "['ghcr.io/acme/web:1', 'ghcr.io/acme/web:v*']",
        )
        .replace(
            "[hooks.slack.com, {",
            "[{ host: hooks.slack.com, port: 443 }, {",
        )
        .replace("timeout: 10m", "timeout: 600s")
        .replace("  unused: { env: UNUSED, hosts: [hooks.slack.com] }\n", "")
        .replace(
            "image: 'ghcr.io/acme/web:1' }",
            "image: 'ghcr.io/acme/web:1', wait: 1m }",
        );
    assert_ne!(other, PIPELINE);
    assert_eq!(diff(PIPELINE, &other).out, "");
}

#[test]
fn what_a_change_adds_and_takes_away_is_told_step_by_step() {
    let new = PIPELINE
        .replace(
            "['refs/tags/v*'] }",
            "['refs/tags/v*'], delete: ['refs/tags/*'] }",
        )
        .replace(
            "name: web, containers: [app]",
            "name: web, restart: true, containers: [app]",
        )
        .replace("timeout: 10m", "timeout: 20m")
        .replace("forge.example", "forge.example.org")
        .replace("env: SLACK_WEBHOOK", "env: OTHER_WEBHOOK")
        .replace("  tell:\n", "  shout:\n");
    let expected = "\
release (pipeline.yaml)
  tag
    - git         origin at https://forge.example/acme/web.git: read it; create refs/tags/v*
    + git         origin at https://forge.example.org/acme/web.git: read it; create refs/tags/v*; delete refs/tags/*
  deploy
    - kube-apply  Deployment web-prod/web: read it, set the image of app to ghcr.io/acme/web:1, ghcr.io/acme/web:v*
    - kube-apply  Deployment web-stage/web: read it, set the image of app to ghcr.io/acme/web:1, ghcr.io/acme/web:v*
    + kube-apply  Deployment web-prod/web: read it, set the image of app to ghcr.io/acme/web:1, ghcr.io/acme/web:v*; restart it
    + kube-apply  Deployment web-stage/web: read it, set the image of app to ghcr.io/acme/web:1, ghcr.io/acme/web:v*; restart it
    - limits      an attempt 10m, 2 attempts; memory 128 MiB, log 256 KiB, outputs 1 MiB
    + limits      an attempt 20m, 2 attempts; memory 128 MiB, log 256 KiB, outputs 1 MiB
  shout
    + uses        notify, built in, DIGEST
    + http        http://*.acme.example:8080: GET, /v1/**; a dry run may really ask; also at 10.0.0.0/8
    + http        https://hooks.slack.com: any method, any path
    + secrets     slack (env OTHER_WEBHOOK): as a URL to hooks.slack.com
    + limits      an attempt 1h; memory 128 MiB, log 256 KiB, outputs 1 MiB; 1000 requests an attempt, of up to 8 MiB, answers of up to 8 MiB
  tell
    - uses        notify, built in, DIGEST
    - http        http://*.acme.example:8080: GET, /v1/**; a dry run may really ask; also at 10.0.0.0/8
    - http        https://hooks.slack.com: any method, any path
    - secrets     slack (env SLACK_WEBHOOK): as a URL to hooks.slack.com
    - limits      an attempt 1h; memory 128 MiB, log 256 KiB, outputs 1 MiB; 1000 requests an attempt, of up to 8 MiB, answers of up to 8 MiB
";
    assert_eq!(plain(&diff(PIPELINE, &new)), expected);
}

#[test]
fn other_host_key_of_a_remote_is_a_change() {
    let text = "name: p
remotes:
  origin: { url: 'ssh://git@forge.example/acme/web.git', auth: { known-host: 'SHA256:one' } }
steps:
  tag:
    uses: svu-tag
    with: { remote: origin, branch: main }
    permissions: { git: [{ remote: origin, read: true }] }
";
    let expected = "\
p (pipeline.yaml)
  tag
    - git         origin at ssh://git@forge.example/acme/web.git, known by SHA256:one: read it
    + git         origin at ssh://git@forge.example/acme/web.git, known by SHA256:two: read it
";
    assert_eq!(diff(text, &text.replace("one", "two")).out, expected);
}

#[test]
fn component_that_was_exchanged_under_its_name_is_told_by_its_digest() {
    let sluice = Sluice::pipeline("name: p\nsteps:\n  a: { uses: ./p.wasm, with: { do: it } }\n");
    let old = sluice.folder().join("old");
    fs::create_dir(&old).expect("the folder is ours");
    fs::copy(guest("hostile"), sluice.folder().join("p.wasm")).expect("the folder is ours");
    fs::copy(guest("noop"), old.join("p.wasm")).expect("the folder is ours");
    let text = "name: p\nsteps:\n  a: { uses: ./p.wasm }\n";
    fs::write(old.join("pipeline.yaml"), text).expect("the folder is ours");
    let args = [
        "check",
        "pipeline.yaml",
        "--permissions",
        "--diff",
        "old/pipeline.yaml",
    ];
    let said = sluice.run(&args);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let expected = "\
p (pipeline.yaml)
  a
    - uses        ./p.wasm, DIGEST
    + uses        ./p.wasm, DIGEST
";
    assert_eq!(plain(&said), expected);
}

#[test]
fn programs_read_the_same_as_json() {
    let sluice = Sluice::pipeline(PIPELINE);
    let args = [
        "check",
        "pipeline.yaml",
        "--permissions",
        "--format",
        "json",
    ];
    let said = sluice.run(&args);
    let listing: Value = serde_json::from_str(&said.out).expect("it is JSON");
    assert_eq!(listing["pipeline"], "release");
    assert_eq!(listing["steps"][2]["step"], "tell");
    assert_eq!(
        listing["steps"][2]["secrets"],
        serde_json::json!(["slack (env SLACK_WEBHOOK): as a URL to hooks.slack.com"])
    );
    let old = PIPELINE.replace("  tell:\n", "  shout:\n");
    fs::write(sluice.folder().join("old.yaml"), old).expect("the folder is ours");
    let said = sluice.run(&[&args[..], &["--diff", "old.yaml"]].concat());
    let changes: Value = serde_json::from_str(&said.out).expect("it is JSON");
    let first = |step: usize| &changes["steps"][step]["changes"][0];
    assert_eq!(
        (&first(0)["change"], &first(0)["about"]),
        (&"added".into(), &"uses".into())
    );
    assert_eq!(
        (&first(1)["change"], &first(1)["about"]),
        (&"removed".into(), &"uses".into())
    );
}

#[test]
fn old_file_that_cannot_be_read_is_refused_and_two_files_are_wrong_usage() {
    let sluice = Sluice::pipeline(PIPELINE);
    let args = [
        "check",
        "pipeline.yaml",
        "--permissions",
        "--diff",
        "none.yaml",
    ];
    let said = sluice.run(&args);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    assert!(said.err.contains("cannot read `none.yaml`"), "{}", said.err);
    let args = [
        "check",
        "pipeline.yaml",
        "pipeline.yaml",
        "--permissions",
        "--diff",
        "pipeline.yaml",
    ];
    assert_eq!(sluice.run(&args).code, Some(64));
}
