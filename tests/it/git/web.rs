//! Git over a web server of many years, with what it does of its own: requests that are kept
//! back until they are whole, answers in chunks, connections that it ends.

use serde_json::json;

use super::{
    lighttpd::Lighttpd,
    mirror::{assert_same, outputs},
    relay::pair,
    repository::Repository,
};
use crate::sluice::Sluice;

fn released(origin: &Repository, copy: &Repository, password: &str) -> (Sluice, [Lighttpd; 2]) {
    let servers = [origin, copy].map(|repository| Lighttpd::start(repository.root()));
    let [from, to] = [&servers[0], &servers[1]].map(|server| server.url("web.git"));
    let login = "auth: { user: ci, password: '${{ secrets.forge }}' }";
    let text = format!(
        "name: release
secrets:
  forge: {{ env: FORGE, hosts: [127.0.0.1] }}
remotes:
  origin: {{ url: '{from}', {login} }}
  copy: {{ url: '{to}', {login} }}
steps:
  version:
    uses: svu-tag
    with: {{ remote: origin }}
    permissions: {{ git: [{{ remote: origin, read: true, create: ['refs/tags/v*'] }}] }}
  mirror:
    uses: mirror
    with: {{ from: origin, to: copy }}
    permissions:
      git:
        - {{ remote: origin, read: true }}
        - {{ remote: copy, read: true, create: ['refs/tags/*'], update: ['refs/heads/*'] }}
"
    );
    (Sluice::pipeline(&text).env("FORGE", password), servers)
}

#[test]
#[ignore = "needs lighttpd"]
fn release_is_tagged_on_one_server_and_carried_to_another() {
    let (origin, copy) = pair();
    // More than one packet, and than one chunk of an answer.
    let files = "0123456789abcdef".repeat(20_000);
    origin.commit("refs/heads/main", &[&origin.id("main")], 200, &files);
    let (sluice, _servers) = released(&origin, &copy, "right-password");
    let said = sluice.events(&[]);
    assert_eq!(outputs(&said), json!({ "created": 3, "updated": 1 }));
    assert_same(&origin, &copy);
    let said = sluice.events(&[]);
    assert_eq!(outputs(&said), json!({ "unchanged": 4 }));
}

#[test]
#[ignore = "needs lighttpd"]
fn wrong_password_is_refused() {
    let (origin, copy) = pair();
    let (sluice, _servers) = released(&origin, &copy, "wrong-password");
    let said = sluice.events(&[]);
    assert_eq!(said.code, Some(1), "{}\n{}", said.out, said.err);
    let error = &said.of_step("step.finished", "version")["error"]["message"];
    let expected = "reading the refs of `origin`: remote `origin` refused the password of `ci`";
    assert_eq!(error, expected);
}
