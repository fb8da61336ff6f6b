//! What goes wrong when a ref is created: refusals in the remote's own words, and answers
//! that are lost.

use super::{
    error, lines, pipeline,
    repository::Repository,
    server::{Answer, Fault, Fine, Request, Server, Tamper, answer},
};

const TAGS: &str = "create: ['refs/tags/v*']";

#[test]
fn hook_is_shown_in_its_own_words() {
    let repository = Repository::released("sha1");
    let (main, before) = (repository.id("main"), repository.refs_now());
    repository.hook(
        "pre-receive",
        "#!/bin/sh\necho 'tags are made on Mondays' >&2\nexit 1\n",
    );
    let server = Server::start(repository.root(), Fine);
    let with = format!("call: create-ref, name: refs/tags/v2.0.0, target: '{main}'");
    let said = pipeline(&server.url("web.git"), &with, TAGS).events(&[]);
    assert_eq!(
        error(&said),
        "rejected: remote `origin` refused refs/tags/v2.0.0: pre-receive hook declined\n  tags are made on Mondays"
    );
    assert_eq!(
        said.effects(),
        [
            "git create-ref origin refs/tags/v2.0.0 started",
            "git create-ref origin refs/tags/v2.0.0 failed",
        ]
    );
    assert_eq!(repository.refs_now(), before);
}

#[test]
fn credential_that_a_hook_says_again_is_masked() {
    let repository = Repository::released("sha1");
    let main = repository.id("main");
    repository.hook(
        "pre-receive",
        "#!/bin/sh\necho 'who is right-password?' >&2\nexit 1\n",
    );
    let server = Server::start(repository.root(), Fine);
    // What the plugin was told it puts into its failure, in a spelling that nothing masks.
    let with = format!("call: create-ref, name: refs/tags/v2.0.0, target: '{main}', spell: true");
    let said = pipeline(&server.url("web.git"), &with, TAGS).events(&[]);
    assert!(
        error(&said).ends_with("w-h-o- -i-s- -*-*-*-?"),
        "{}",
        said.out
    );
    assert!(!said.out.contains("right-password"), "{}", said.out);
}

#[test]
fn ref_that_somebody_else_creates_meanwhile_is_a_conflict() {
    let repository = Repository::released("sha1");
    let (main, other) = (repository.id("main"), repository.id("main~1"));
    // It has passed the look at the refs when the other one comes.
    repository.hook(
        "pre-receive",
        &format!("#!/bin/sh\nunset GIT_QUARANTINE_PATH\ngit update-ref refs/tags/v2.0.0 {other}\n"),
    );
    let server = Server::start(repository.root(), Fine);
    let with = format!("call: create-ref, name: refs/tags/v2.0.0, target: '{main}'");
    let said = pipeline(&server.url("web.git"), &with, TAGS).events(&[]);
    assert_eq!(
        error(&said),
        format!("conflict: remote `origin` has refs/tags/v2.0.0 already: it points to {other}")
    );
    assert_eq!(repository.id("v2.0.0"), other);
}

#[test]
fn answer_that_is_lost_is_looked_for() {
    let repository = Repository::released("sha1");
    let main = repository.id("main");
    let lost = Tamper("git-receive-pack", |answer: &mut Answer| {
        answer.cut = Some(0);
    });
    let server = Server::start(repository.root(), lost);
    let with = format!("call: create-ref, name: refs/tags/v2.0.0, target: '{main}'");
    let said = pipeline(&server.url("web.git"), &with, TAGS).events(&[]);
    assert_eq!(lines(&said), [format!("done {main}")]);
    let done = said.all("effect").pop().expect("there are effects");
    assert_eq!(
        (&done["state"], &done["detail"]["looked"]),
        (&"done".into(), &true.into())
    );
}

#[test]
fn answer_that_is_lost_and_left_no_trace_is_unknown() {
    /// The push does not even reach git.
    struct Swallowed;
    impl Fault for Swallowed {
        fn before(&self, request: &mut Request) -> Option<Answer> {
            let push = request.method == "POST" && request.path.ends_with("git-receive-pack");
            push.then(|| Answer {
                cut: Some(0),
                ..answer(200, &[], "x")
            })
        }
    }
    let repository = Repository::released("sha1");
    let main = repository.id("main");
    let server = Server::start(repository.root(), Swallowed);
    let with = format!("call: create-ref, name: refs/tags/v2.0.0, target: '{main}'");
    let said = pipeline(&server.url("web.git"), &with, TAGS).events(&[]);
    let finished = said.of_step("step.finished", "call");
    assert_eq!(finished["outcome"], "unknown", "{finished}");
    assert_eq!(
        said.effects().last().map(String::as_str),
        Some("git create-ref origin refs/tags/v2.0.0 unknown")
    );
}

#[test]
fn names_that_try_to_be_options_or_paths_are_refused() {
    let repository = Repository::released("sha1");
    let main = repository.id("main");
    let server = Server::start(repository.root(), Fine);
    for name in [
        "--upload-pack=x",
        "refs/tags/../heads/main",
        "refs/tags/v1.lock",
    ] {
        let with = format!("call: create-ref, name: '{name}', target: '{main}'");
        let why = error(&pipeline(&server.url("web.git"), &with, "create: ['**']").events(&[]));
        assert_eq!(
            why,
            format!("invalid: `{name}` is not the full name of a ref, such as `refs/tags/v1.2.3`")
        );
    }
    assert_eq!(server.requests(), Vec::<String>::new());
}
