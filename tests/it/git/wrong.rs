//! What goes wrong between sluice and a server: each with its own words, none a success.

use super::{
    error, pipeline,
    repository::Repository,
    server::{Answer, Fault, Fine, Request, Server},
};

const READ: &str = "read: true";
const TAGS: &str = "create: ['refs/tags/v*']";

/// What becomes of the answers to requests of one service.
struct Tamper<F>(&'static str, F);

impl<F: Fn(&mut Answer) + Send + Sync> Fault for Tamper<F> {
    fn after(&self, request: &Request, answer: &mut Answer) {
        if request.method == "POST" && request.path.ends_with(self.0) {
            (self.1)(answer);
        }
    }
}

/// Answers everything with one answer.
struct Always(fn() -> Answer);

impl Fault for Always {
    fn before(&self, _: &mut Request) -> Option<Answer> {
        Some(self.0())
    }
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let headers = headers.iter();
    Answer {
        status,
        headers: headers
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: body.as_bytes().to_vec(),
        cut: None,
    }
}

fn log_of(repository: &Repository) -> String {
    format!("call: log, tips: ['{}']", repository.id("main"))
}

#[test]
fn wrong_password_is_refused_and_not_shown() {
    let repository = Repository::released("sha1");
    let server = Server::start(repository.root(), Fine);
    let sluice = pipeline(&server.url("web.git"), "call: list-refs", READ);
    let said = sluice.env("FORGE", "wrong-password").events(&[]);
    assert_eq!(
        error(&said),
        "forbidden: remote `origin` refused the password of `ci`"
    );
    assert!(!said.out.contains("wrong-password"), "{}", said.out);
}

#[test]
fn missing_password_refuses_the_run_before_it_starts() {
    let sluice = pipeline("https://forge.example/web.git", "call: list-refs", READ);
    // What the pipeline helper needs as a host is not the remote's here.
    let said = sluice.env("FORGE", "").events(&[]);
    assert_eq!(said.code, Some(2), "{}\n{}", said.out, said.err);
}

#[test]
fn repository_that_is_not_there_is_not_found() {
    let repository = Repository::released("sha1");
    let server = Server::start(repository.root(), Fine);
    let said = pipeline(&server.url("other.git"), "call: list-refs", READ).events(&[]);
    assert_eq!(
        error(&said),
        "not found: remote `origin` has no such repository, or none for this account (404)"
    );
}

#[test]
fn redirect_is_not_followed() {
    let repository = Repository::released("sha1");
    let away = || {
        let place = [(
            "Location",
            "https://other.example/web.git/info/refs?token=x",
        )];
        answer(302, &place, "")
    };
    let server = Server::start(repository.root(), Always(away));
    let said = pipeline(&server.url("web.git"), "call: list-refs", READ).events(&[]);
    assert_eq!(
        error(&said),
        "forbidden: remote `origin` asks to go to `https://other.example`, and redirects are not followed: if that is right, make it the remote's `url`"
    );
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn page_that_is_no_repository_is_told_so() {
    let repository = Repository::released("sha1");
    let page = || {
        answer(
            200,
            &[("Content-Type", "text/html; charset=utf-8")],
            "<html>",
        )
    };
    let server = Server::start(repository.root(), Always(page));
    let said = pipeline(&server.url("web.git"), "call: list-refs", READ).events(&[]);
    assert_eq!(
        error(&said),
        "unsupported: remote `origin` answers `text/html` and not git's smart protocol: is this the address of a repository?"
    );
}

#[test]
fn overloaded_server_is_unavailable() {
    let repository = Repository::released("sha1");
    let server = Server::start(repository.root(), Always(|| answer(503, &[], "")));
    let said = pipeline(&server.url("web.git"), "call: list-refs", READ).events(&[]);
    assert_eq!(
        error(&said),
        "unavailable: remote `origin` answered 503 Service Unavailable"
    );
}

#[test]
fn server_that_closes_in_the_middle_of_the_pack_is_unavailable() {
    let repository = Repository::released("sha1");
    let cut = Tamper("git-upload-pack", |answer: &mut Answer| {
        answer.cut = Some(answer.body.len() / 2);
    });
    let server = Server::start(repository.root(), cut);
    let said = pipeline(&server.url("web.git"), &log_of(&repository), READ).events(&[]);
    let why = error(&said);
    assert!(
        why.starts_with("unavailable: the connection to remote `origin` was lost: "),
        "{why}"
    );
}

#[test]
fn pack_that_lies_about_its_hash_is_damaged() {
    let repository = Repository::released("sha1");
    let lie = Tamper("git-upload-pack", |answer: &mut Answer| {
        let end = end_of_pack(&answer.body);
        answer.body[end - 1] ^= 1;
    });
    let server = Server::start(repository.root(), lie);
    let said = pipeline(&server.url("web.git"), &log_of(&repository), READ).events(&[]);
    let why = error(&said);
    assert!(
        why.starts_with("other: the remote's pack is damaged: it says that its hash is "),
        "{why}"
    );
}

/// Where the last line of the answer's first band ends.
fn end_of_pack(answer: &[u8]) -> usize {
    let (mut at, mut end) = (0, 0);
    while at < answer.len() {
        let length = std::str::from_utf8(&answer[at..at + 4]).expect("four digits");
        let length = usize::from_str_radix(length, 16)
            .expect("hexadecimal")
            .max(4);
        if answer.get(at + 4) == Some(&1) && length > 5 {
            end = at + length;
        }
        at += length;
    }
    end
}

#[test]
fn history_that_the_server_does_not_have_is_no_history() {
    let whole = Repository::released("sha1");
    let main = whole.id("main");
    let shallow = Repository::empty("sha1");
    let source = format!("file://{}", whole.path().display());
    shallow.git(&[
        "fetch",
        "-q",
        "--depth=1",
        "--no-tags",
        &source,
        "main:main",
    ]);
    let server = Server::start(shallow.root(), Fine);
    let with = format!("call: log, tips: ['{main}']");
    let said = pipeline(&server.url("web.git"), &with, READ).events(&[]);
    assert_eq!(
        error(&said),
        format!(
            "unsupported: remote `origin` does not have its whole history itself (shallow): it ends at {main}"
        )
    );
}

#[test]
fn commit_that_the_server_does_not_have_is_not_found() {
    let repository = Repository::released("sha1");
    let server = Server::start(repository.root(), Fine);
    let with = format!("call: log, tips: ['{}']", "a".repeat(40));
    let why = error(&pipeline(&server.url("web.git"), &with, READ).events(&[]));
    assert!(why.starts_with("not found: the remote says: "), "{why}");
}

#[test]
fn hook_is_shown_in_its_own_words() {
    let repository = Repository::released("sha1");
    let (main, before) = (repository.id("main"), repository.refs_now());
    repository.hook("#!/bin/sh\necho 'tags are made on Mondays' >&2\nexit 1\n");
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
    repository.hook("#!/bin/sh\necho 'who is right-password?' >&2\nexit 1\n");
    let server = Server::start(repository.root(), Fine);
    let with = format!("call: create-ref, name: refs/tags/v2.0.0, target: '{main}'");
    // What the plugin was told it puts into its failure.
    let said = pipeline(&server.url("web.git"), &with, TAGS).events(&[]);
    assert!(error(&said).ends_with("\n  who is ***?"), "{}", said.out);
    assert!(!said.out.contains("right-password"), "{}", said.out);
}

#[test]
fn ref_that_somebody_else_creates_meanwhile_is_a_conflict() {
    let repository = Repository::released("sha1");
    let (main, other) = (repository.id("main"), repository.id("main~1"));
    // It has passed the look at the refs when the other one comes.
    repository.hook(&format!(
        "#!/bin/sh\nunset GIT_QUARANTINE_PATH\ngit update-ref refs/tags/v2.0.0 {other}\n"
    ));
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
    assert_eq!(super::lines(&said), [format!("done {main}")]);
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
