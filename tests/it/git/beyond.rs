//! Calls that try to reach beyond the refs and remotes of a permission: nothing is sent, and
//! no ref moves.

use serde_json::json;

use super::{
    repository::Repository,
    server::{Answer, Fault, Fine, Request, Server},
};
use crate::{
    guests::guest,
    hostile::attacks::{Attacks, Class},
};

/// Names that a permission to create `refs/tags/v*` does not cover, and what is said of each.
const NAMES: &[(&str, &str, &str)] = &[
    ("branch", "refs/heads/main", "denied"),
    ("other_tag", "refs/tags/1.0.0", "denied"),
    ("tag_below", "refs/tags/v1/x", "denied"),
    ("tag_that_begins_elsewhere", "refs/tags/xv1", "denied"),
    ("notes", "refs/notes/v1", "denied"),
    ("replacement", "refs/replace/v1", "denied"),
    ("pull_request", "refs/pull/1/head", "denied"),
    ("configuration", "refs/meta/config", "denied"),
    ("upper_case", "refs/TAGS/v1", "denied"),
    ("head", "HEAD", "invalid"),
    ("short", "v1", "invalid"),
    ("path", "refs/tags/v1/../../heads/main", "invalid"),
    ("path_out", "../../refs/tags/v1", "invalid"),
    ("absolute", "/refs/tags/v1", "invalid"),
    ("option", "--upload-pack=touch x", "invalid"),
    ("second_ref", "refs/tags/v1\nrefs/heads/main", "invalid"),
    (
        "second_ref_after_nothing",
        "refs/tags/v1\0refs/heads/main",
        "invalid",
    ),
    (
        "second_ref_after_a_space",
        "refs/tags/v1 refs/heads/main",
        "invalid",
    ),
    ("refspec", "refs/tags/v1:refs/heads/main", "invalid"),
    ("forced_refspec", "+refs/tags/v1", "invalid"),
    ("pattern", "refs/tags/v*", "invalid"),
    ("lock", "refs/tags/v1.lock", "invalid"),
    ("reflog", "refs/tags/v1@{1}", "invalid"),
    ("nothing", "", "invalid"),
];

#[test]
fn refs_beyond_the_pattern_are_not_created() {
    let repository = Repository::released("sha1");
    let (main, before) = (repository.id("main"), repository.refs_now());
    let server = Server::start(repository.root(), Fine);
    let mut attacks = Attacks::of(Class::Git).head(&remotes(&server));
    for (id, name, _) in NAMES {
        let with =
            json!({ "call": "create-ref", "remote": "origin", "name": name, "target": main });
        attacks = attacks.step(id, &guest("git"), &step(&with));
    }
    let said = attacks.sluice().env("FORGE", "right-password").events(&[]);
    let mut after = attacks.after(said);
    assert_eq!(server.requests(), Vec::<String>::new());
    assert_eq!(repository.refs_now(), before);
    for (id, _, kind) in NAMES {
        let end = after.end(id);
        let message = end["error"]["message"].as_str().unwrap_or_default();
        assert!(message.starts_with(kind), "{id}: {message}");
        after.blocked(id);
    }
    after.all_judged();
}

#[test]
fn remotes_and_ids_that_are_not_permitted_or_none_are_not_asked() {
    let repository = Repository::released("sha1");
    let before = repository.refs_now();
    let server = Server::start(repository.root(), Fine);
    let id = "0123456789abcdef0123456789abcdef01234567";
    let calls = [
        (
            "read",
            json!({ "call": "list-refs", "remote": "origin" }),
            "denied",
        ),
        (
            "history",
            json!({ "call": "log", "remote": "origin", "tips": [id] }),
            "denied",
        ),
        (
            "other_remote",
            json!({ "call": "create-ref", "remote": "other", "name": "refs/tags/v2", "target": id }),
            "denied",
        ),
        (
            "address",
            json!({ "call": "list-refs", "remote": server.url("web.git") }),
            "denied",
        ),
        (
            "no_remote",
            json!({ "call": "list-refs", "remote": "" }),
            "denied",
        ),
        (
            "relay_to_itself",
            json!({ "call": "relay", "remote": "origin", "to": "origin", "updates": [format!("refs/tags/v2 - {id}")] }),
            "denied",
        ),
        (
            "id_that_is_a_name",
            json!({ "call": "create-ref", "remote": "origin", "name": "refs/tags/v2", "target": "refs/heads/main" }),
            "invalid",
        ),
        (
            "id_with_a_command",
            json!({ "call": "create-ref", "remote": "origin", "name": "refs/tags/v2", "target": format!("{id}\n0000") }),
            "invalid",
        ),
        (
            "short_id",
            json!({ "call": "create-ref", "remote": "origin", "name": "refs/tags/v2", "target": "0123" }),
            "invalid",
        ),
        (
            "null_id",
            json!({ "call": "create-ref", "remote": "origin", "name": "refs/tags/v2", "target": "0".repeat(40) }),
            "invalid",
        ),
        (
            "annotation_that_is_a_header",
            json!({ "call": "create-ref", "remote": "origin", "name": "refs/tags/v2\ntagger evil", "target": id, "message": "x" }),
            "invalid",
        ),
    ];
    let mut attacks = Attacks::of(Class::Git).head(&remotes(&server));
    for (id, with, _) in &calls {
        attacks = attacks.step(id, &guest("git"), &step(with));
    }
    let said = attacks.sluice().env("FORGE", "right-password").events(&[]);
    let mut after = attacks.after(said);
    assert_eq!(server.requests(), Vec::<String>::new());
    assert_eq!(repository.refs_now(), before);
    for (id, _, kind) in calls {
        let end = after.end(id);
        let message = end["error"]["message"].as_str().unwrap_or_default();
        assert!(message.starts_with(kind), "{id}: {message}");
        after.blocked(id);
    }
    after.all_judged();
}

/// Does not answer requests to a path that ends so, for as long as the client waits.
struct Silent(&'static str);

impl Fault for Silent {
    fn before(&self, request: &mut Request) -> Option<Answer> {
        if request.method == "POST" && request.path.ends_with(self.0) {
            loop {
                std::thread::park();
            }
        }
        None
    }
}

#[test]
fn calls_that_are_never_answered_end_with_their_step_and_are_told() {
    let repository = Repository::released("sha1");
    let (main, before) = (repository.id("main"), repository.refs_now());
    let calls = [
        (
            "list_refs",
            json!({ "call": "list-refs", "remote": "origin" }),
        ),
        (
            "log",
            json!({ "call": "log", "remote": "origin", "tips": [main] }),
        ),
        (
            "create_ref",
            json!({ "call": "create-ref", "remote": "origin", "name": "refs/tags/v9", "target": main }),
        ),
        (
            "relay",
            json!({ "call": "relay", "remote": "origin", "to": "origin", "updates": [format!("refs/tags/v8 - {main}")] }),
        ),
    ];
    for (service, ids, outcome) in [
        ("git-upload-pack", &calls[..2], "failure"),
        ("git-receive-pack", &calls[2..], "unknown"),
    ] {
        let server = Server::start(repository.root(), Silent(service));
        let mut attacks = Attacks::of(Class::Waits).head(&remotes(&server));
        for (id, with) in ids {
            let rest = format!(
                "    timeout: 500ms
    with: {with}
    permissions: {{ git: [{{ remote: origin, read: true, create: ['refs/tags/v*'] }}] }}
"
            );
            attacks = attacks.step(id, &guest("git"), &rest);
        }
        let said = attacks.sluice().env("FORGE", "right-password").events(&[]);
        let mut after = attacks.after(said);
        for (id, _) in ids {
            let end = after.end(id);
            assert_eq!(end["outcome"], outcome, "{id}: {end}");
            assert_eq!(end["error"]["kind"], "timeout", "{id}: {end}");
            let states = after.said.all("effect").into_iter();
            let states = states.filter(|effect| effect["step"] == *id);
            let states = states.map(|mut effect| effect["state"].take());
            let expected = if outcome == "unknown" {
                vec!["started", "unknown"]
            } else {
                Vec::new()
            };
            assert_eq!(states.collect::<Vec<_>>(), expected, "{id}");
            after.blocked(id);
        }
        after.all_judged();
    }
    assert_eq!(repository.refs_now(), before);
}

fn remotes(server: &Server) -> String {
    format!(
        "secrets:
  forge: {{ env: FORGE, hosts: [127.0.0.1] }}
remotes:
  origin: {{ url: '{}', auth: {{ user: ci, password: '${{{{ secrets.forge }}}}' }} }}
",
        server.url("web.git")
    )
}

fn step(with: &serde_json::Value) -> String {
    format!(
        "    with: {with}\n    permissions: {{ git: [{{ remote: origin, create: ['refs/tags/v*'] }}] }}\n"
    )
}
