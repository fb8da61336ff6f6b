//! What goes wrong when a server is read: each with its own words, none a success.

use super::{
    error, pipeline,
    repository::Repository,
    server::{Always, Answer, Fine, Server, Tamper, answer},
};

const READ: &str = "read: true";

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
