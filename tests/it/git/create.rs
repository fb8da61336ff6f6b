//! Refs that are created, for real and in a dry run.

use super::{
    error, lines, pipeline,
    repository::Repository,
    server::{Fine, Server},
};

const TAGS: &str = "create: ['refs/tags/v*']";

fn with(name: &str, target: &str, more: &str) -> String {
    format!("call: create-ref, name: '{name}', target: '{target}'{more}")
}

#[test]
fn lightweight_tag_is_created() {
    for hash in ["sha1", "sha256"] {
        let repository = Repository::released(hash);
        let main = repository.id("main");
        let server = Server::start(repository.root(), Fine);
        let sluice = pipeline(
            &server.url("web.git"),
            &with("refs/tags/v2.0.0", &main, ""),
            TAGS,
        );
        let said = sluice.events(&[]);
        assert_eq!(lines(&said), [format!("done {main}")]);
        assert_eq!(repository.id("refs/tags/v2.0.0"), main);
        assert_eq!(
            said.effects(),
            [
                "git create-ref origin refs/tags/v2.0.0 started",
                "git create-ref origin refs/tags/v2.0.0 done",
            ]
        );
        assert_eq!(server.requests().len(), 2, "{:?}", server.requests());
    }
}

#[test]
fn annotated_tag_is_created_with_its_object() {
    for hash in ["sha1", "sha256"] {
        let repository = Repository::released(hash);
        let main = repository.id("main");
        let server = Server::start(repository.root(), Fine);
        let more = ", message: \"Version 2\\n\\nIt breaks.\"";
        let sluice = pipeline(
            &server.url("web.git"),
            &with("refs/tags/v2.0.0", &main, more),
            TAGS,
        );
        let said = sluice.events(&[]);
        let id = repository.id("refs/tags/v2.0.0");
        assert_eq!(lines(&said), [format!("done {id}")]);
        assert_eq!(repository.id("refs/tags/v2.0.0^{}"), main);
        let shown = repository.git(&["cat-file", "tag", &id]);
        assert!(
            shown.contains("tag v2.0.0\ntagger CI <ci@example.com> "),
            "{shown}"
        );
        assert!(shown.ends_with("\n\nVersion 2\n\nIt breaks."), "{shown}");
        repository.git(&["fsck", "--strict"]);
    }
}

#[test]
fn dry_run_looks_and_creates_nothing() {
    let repository = Repository::released("sha1");
    let (main, before) = (repository.id("main"), repository.refs_now());
    let server = Server::start(repository.root(), Fine);
    let sluice = pipeline(
        &server.url("web.git"),
        &with("refs/tags/v2.0.0", &main, ""),
        TAGS,
    );
    let said = sluice.events(&["--dry-run"]);
    assert_eq!(lines(&said), ["planned"]);
    assert_eq!(
        said.effects(),
        ["git create-ref origin refs/tags/v2.0.0 planned"]
    );
    assert_eq!(repository.refs_now(), before);
    let pushes = server.requests();
    assert!(
        pushes
            .iter()
            .all(|request| !request.contains("receive-pack")),
        "{pushes:?}"
    );
}

#[test]
fn ref_that_is_there_is_a_conflict() {
    let repository = Repository::released("sha1");
    let (main, old) = (repository.id("main"), repository.id("v1.1.0"));
    let server = Server::start(repository.root(), Fine);
    let sluice = pipeline(
        &server.url("web.git"),
        &with("refs/tags/v1.1.0", &main, ""),
        TAGS,
    );
    let why = format!("conflict: remote `origin` has refs/tags/v1.1.0 already: it points to {old}");
    for args in [&[][..], &["--dry-run"]] {
        let said = sluice.events(args);
        assert_eq!(error(&said), why, "{args:?}");
        assert_eq!(said.effects(), Vec::<String>::new());
    }
    assert_eq!(repository.id("v1.1.0"), old);
}

#[test]
fn ref_outside_the_permission_is_refused_before_anything_is_asked() {
    let repository = Repository::released("sha1");
    let main = repository.id("main");
    let server = Server::start(repository.root(), Fine);
    for name in ["refs/heads/v1", "refs/tags/1.0.0", "refs/tags/v1/x"] {
        let sluice = pipeline(&server.url("web.git"), &with(name, &main, ""), TAGS);
        let said = sluice.events(&[]);
        assert_eq!(
            error(&said),
            format!("denied: step `call` may not create-ref origin {name}")
        );
        assert!(
            said.out
                .contains(&format!("{{ remote: origin, create: [{name}] }}")),
            "{}",
            said.out
        );
    }
    assert_eq!(server.requests(), Vec::<String>::new());
}

#[test]
fn object_that_the_remote_does_not_have_is_not_found() {
    let repository = Repository::released("sha1");
    let before = repository.refs_now();
    let server = Server::start(repository.root(), Fine);
    let nobody = "a".repeat(40);
    let sluice = pipeline(
        &server.url("web.git"),
        &with("refs/tags/v9", &nobody, ""),
        TAGS,
    );
    let said = sluice.events(&[]);
    assert_eq!(
        error(&said),
        "not found: remote `origin` does not have the object that refs/tags/v9 is to point to"
    );
    assert_eq!(repository.refs_now(), before);
}
