//! Refs that are carried from one remote to another.

use super::{
    error, lines,
    repository::Repository,
    server::{Answer, Fault, Fine, Request, Server},
};
use crate::{
    guests::guest,
    sluice::{Said, Sluice},
};

/// A pipeline of one step that carries refs from `origin` to `copy`.
fn relay(from: &Server, to: &Server, updates: &[String], permission: &str, more: &str) -> Sluice {
    let [from, to] = [from, to].map(|server| server.url("web.git"));
    let guest = guest("git");
    let updates = updates.join(", ");
    let login = "auth: { user: ci, password: '${{ secrets.forge }}' }";
    let text = format!(
        "name: git
secrets:
  forge: {{ env: FORGE, hosts: [127.0.0.1] }}
remotes:
  origin: {{ url: '{from}', {login} }}
  copy: {{ url: '{to}', {login} }}
steps:
  call:
    uses: {guest}
    with: {{ call: relay, remote: origin, to: copy, updates: [{updates}]{more} }}
    permissions:
      git:
        - {{ remote: origin, read: true }}
        - {{ remote: copy, {permission} }}
"
    );
    Sluice::pipeline(&text).env("FORGE", "right-password")
}

fn update(name: &str, old: &str, new: &str) -> String {
    format!("'{name} {old} {new}'")
}

/// A repository with releases and a copy of its first two commits.
pub(super) fn pair() -> (Repository, Repository) {
    let origin = Repository::released("sha1");
    let copy = Repository::empty("sha1");
    let source = format!("file://{}", origin.path().display());
    let second = origin.id("main~1");
    origin.git(&["update-ref", "refs/heads/older", &second]);
    copy.git(&["fetch", "-q", "--no-tags", &source, "older:main"]);
    origin.git(&["update-ref", "-d", "refs/heads/older"]);
    (origin, copy)
}

fn effects(said: &Said) -> Vec<String> {
    let effects = said.effects();
    let short = effects.iter().filter_map(|line| line.strip_prefix("git "));
    short.map(str::to_owned).collect()
}

#[test]
fn refs_are_created_and_moved_forward_with_what_they_need() {
    let (origin, copy) = pair();
    let [main, old, tag] = ["main", "main~1", "v1.0.0"].map(|name| origin.id(name));
    let (from, to) = (
        Server::start(origin.root(), Fine),
        Server::start(copy.root(), Fine),
    );
    let updates = [
        update("refs/heads/main", &old, &main),
        update("refs/tags/v1.0.0", "-", &tag),
    ];
    let permission = "create: ['refs/tags/*'], update: ['refs/heads/*']";
    let sluice = relay(&from, &to, &updates, permission, "");
    let dry = sluice.events(&["--dry-run"]);
    assert_eq!(lines(&dry), ["update planned 1 commits", "create planned"]);
    assert_eq!(
        effects(&dry),
        [
            "update-ref copy refs/heads/main planned",
            "create-ref copy refs/tags/v1.0.0 planned",
        ]
    );
    assert_eq!(copy.id("main"), old);
    let said = sluice.events(&[]);
    assert_eq!(
        lines(&said),
        [format!("update done {main}"), format!("create done {tag}")]
    );
    assert_eq!(
        effects(&said),
        [
            "update-ref copy refs/heads/main started",
            "create-ref copy refs/tags/v1.0.0 started",
            "update-ref copy refs/heads/main done",
            "create-ref copy refs/tags/v1.0.0 done",
        ]
    );
    assert_eq!([copy.id("main"), copy.id("v1.0.0")], [main, tag]);
    copy.git(&["fsck", "--strict"]);
}

#[test]
fn history_that_does_not_go_forward_wants_force() {
    let (origin, copy) = pair();
    let (main, base, old) = (origin.id("main"), origin.id("main~2"), origin.id("main~1"));
    let other = origin.commit("refs/heads/other", &[&base], 300, "elsewhere");
    let (from, to) = (
        Server::start(origin.root(), Fine),
        Server::start(copy.root(), Fine),
    );
    let mild = [update("refs/heads/main", &old, &other)];
    let said = relay(&from, &to, &mild, "force: ['refs/heads/*']", "").events(&[]);
    let diverged =
        "diverged: refs/heads/main of remote `copy` has commits that `origin` does not have there";
    assert_eq!(lines(&said), [diverged]);
    let updates = [format!("'refs/heads/main {old} {other} force'")];
    let run = |permission| relay(&from, &to, &updates, permission, "").events(&[]);
    let said = run("update: ['refs/heads/*']");
    assert_eq!(
        lines(&said),
        ["denied: step `call` may not force-ref copy refs/heads/main"]
    );
    assert!(
        said.out
            .contains("- { remote: copy, force: [refs/heads/main] }"),
        "{}",
        said.out
    );
    assert_eq!(copy.id("main"), old);
    let said = run("force: ['refs/heads/main']");
    assert_eq!(lines(&said), [format!("force done {other}")]);
    assert_eq!(copy.id("main"), other);
    assert_ne!(copy.id("main"), main);
}

#[test]
fn ref_is_deleted_where_that_is_permitted() {
    let (origin, copy) = pair();
    let old = copy.id("main");
    copy.git(&["update-ref", "refs/heads/gone", &old]);
    let (from, to) = (
        Server::start(origin.root(), Fine),
        Server::start(copy.root(), Fine),
    );
    let updates = [update("refs/heads/gone", &old, "-")];
    let run = |permission| relay(&from, &to, &updates, permission, "").events(&[]);
    let said = run("force: ['refs/heads/*']");
    assert_eq!(
        lines(&said),
        ["denied: step `call` may not delete-ref copy refs/heads/gone"]
    );
    let said = run("delete: ['refs/heads/gone']");
    assert_eq!(lines(&said), ["delete done "]);
    assert_eq!(copy.refs_now(), [format!("{old} refs/heads/main")]);
}

#[test]
fn ref_that_has_moved_is_a_conflict_and_the_others_are_carried() {
    let (origin, copy) = pair();
    let [main, old, base, tag] = ["main", "main~1", "main~2", "v1.1.0"].map(|name| origin.id(name));
    let (from, to) = (
        Server::start(origin.root(), Fine),
        Server::start(copy.root(), Fine),
    );
    let updates = [
        update("refs/heads/main", &base, &main),
        update("refs/tags/v1.1.0", "-", &tag),
    ];
    let permission = "create: ['refs/tags/*'], force: ['refs/heads/*']";
    let moved =
        format!("conflict: refs/heads/main of remote `copy` points to {old} and not to {base}");
    let said = relay(&from, &to, &updates, permission, ", atomic: true").events(&[]);
    assert_eq!(
        lines(&said),
        [
            moved.as_str(),
            "conflict: not sent: another ref is not, and it is all or none",
        ]
    );
    assert_eq!(said.effects(), Vec::<String>::new());
    let said = relay(&from, &to, &updates, permission, "").events(&[]);
    assert_eq!(lines(&said), [moved, format!("create done {tag}")]);
    assert_eq!([copy.id("main"), copy.id("v1.1.0")], [old, tag]);
}

#[test]
fn hook_of_the_target_is_shown_for_each_ref() {
    let (origin, copy) = pair();
    let tag = origin.id("v1.1.0");
    copy.hook(
        "pre-receive",
        "#!/bin/sh\necho 'no tags here' >&2\nexit 1\n",
    );
    let (from, to) = (
        Server::start(origin.root(), Fine),
        Server::start(copy.root(), Fine),
    );
    let updates = [update("refs/tags/v1.1.0", "-", &tag)];
    let said = relay(&from, &to, &updates, "create: ['refs/tags/*']", "").events(&[]);
    assert_eq!(
        lines(&said),
        [
            "rejected: remote `copy` refused refs/tags/v1.1.0: pre-receive hook declined\n  no tags here"
        ]
    );
    assert_eq!(
        effects(&said).last().map(String::as_str),
        Some("create-ref copy refs/tags/v1.1.0 failed")
    );
}

/// The pack breaks off.
struct Cut;

impl Fault for Cut {
    fn after(&self, request: &Request, answer: &mut Answer) {
        if request.method == "POST" && memchr::memmem::find(&answer.body, b"PACK").is_some() {
            answer.cut = Some(answer.body.len() - 30);
        }
    }
}

#[test]
fn source_that_breaks_off_changes_nothing_in_the_target() {
    let (origin, copy) = pair();
    let main = origin.id("main");
    let (from, to) = (
        Server::start(origin.root(), Cut),
        Server::start(copy.root(), Fine),
    );
    let before = copy.refs_now();
    let updates = [update("refs/heads/next", "-", &main)];
    let said = relay(&from, &to, &updates, "create: ['refs/heads/*']", "").events(&[]);
    let said_lines = lines(&said);
    assert!(
        said_lines[0].starts_with("unavailable: the connection to remote `origin` was lost: "),
        "{said_lines:?}"
    );
    assert_eq!(
        effects(&said).last().map(String::as_str),
        Some("create-ref copy refs/heads/next failed")
    );
    assert_eq!(copy.refs_now(), before);
}

#[test]
fn remotes_with_other_hashes_cannot_be_joined() {
    let origin = Repository::released("sha1");
    let copy = Repository::empty("sha256");
    let tag = origin.id("v1.1.0");
    let (from, to) = (
        Server::start(origin.root(), Fine),
        Server::start(copy.root(), Fine),
    );
    let updates = [update("refs/tags/v1.1.0", "-", &tag)];
    let said = relay(&from, &to, &updates, "create: ['refs/tags/*']", "").events(&[]);
    assert_eq!(
        error(&said),
        "unsupported: remote `origin` has ids of sha1 and remote `copy` of sha256: nothing can be carried between them"
    );
}
