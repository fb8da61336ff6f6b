//! `sluice:git/remote` against git's own server: what is read, what is created, and what
//! goes wrong in between.

mod beyond;
mod create;
mod forge;
mod lighttpd;
mod local;
mod mirror;
mod plan;
mod read;
mod refused;
mod relay;
mod repository;
mod server;
mod ssh;
mod svu_tag;
mod web;
mod wrong;

use serde_json::Value;

use crate::{
    guests::guest,
    sluice::{Said, Sluice},
};

/// A pipeline of one step that makes one call on the remote `origin`. `with` and
/// `permission` are what stands between the braces.
fn pipeline(url: &str, with: &str, permission: &str) -> Sluice {
    let login = "user: ci, password: '${{ secrets.forge }}'";
    pipeline_as(login, url, with, permission)
}

/// The same, with what stands between the braces of `auth`.
fn pipeline_as(login: &str, url: &str, with: &str, permission: &str) -> Sluice {
    let guest = guest("git");
    let text = format!(
        "name: git
secrets:
  forge: {{ env: FORGE, hosts: [127.0.0.1] }}
remotes:
  origin: {{ url: '{url}', auth: {{ {login} }} }}
steps:
  call:
    uses: {guest}
    with: {{ remote: origin, {with} }}
    permissions: {{ git: [{{ remote: origin, {permission} }}] }}
"
    );
    Sluice::pipeline(&text).env("FORGE", "right-password")
}

/// The lines that the call answers.
#[track_caller]
fn lines(said: &Said) -> Vec<String> {
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    let finished = said.of_step("step.finished", "call");
    let lines = finished["outputs"]["lines"].as_array();
    let lines = lines.expect("the call answers lines").iter();
    lines
        .map(|line| line.as_str().expect("each is a text").to_owned())
        .collect()
}

/// Why the call failed.
#[track_caller]
fn error(said: &Said) -> String {
    assert_eq!(said.code, Some(1), "{}\n{}", said.out, said.err);
    let finished = said.of_step("step.finished", "call");
    match &finished["error"]["message"] {
        Value::String(message) => message.clone(),
        other => panic!("no message: {other}"),
    }
}
