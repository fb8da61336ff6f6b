//! What goes wrong in a mirror: the target has complete refs only, and the reason is told.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use serde_json::json;

use super::{ALL, FORWARD, assert_same, error, mirror, outputs, servers};
use crate::git::{
    relay::pair,
    repository::Repository,
    server::{Answer, Fault, Fine, Request, Server, Tamper},
};

#[test]
fn empty_repositories_are_the_same() {
    let (origin, copy) = (Repository::empty("sha1"), Repository::empty("sha1"));
    let (from, to) = servers(&origin, &copy);
    let said = mirror(&from, &to, "", FORWARD).events(&[]);
    assert_eq!(outputs(&said), json!({}));
}

#[test]
fn protected_ref_is_told_in_the_words_of_the_hook_and_the_others_are_carried() {
    let (origin, copy) = pair();
    copy.hook(
        "update",
        "#!/bin/sh\ncase $1 in refs/heads/*) echo 'main is protected' >&2; exit 1;; esac\n",
    );
    let (from, to) = servers(&origin, &copy);
    let said = mirror(&from, &to, "", FORWARD).events(&[]);
    assert_eq!(
        error(&said),
        "1 of 3 refs of `copy` could not be made those of `origin`\n\
         `refs/heads/main`: remote `copy` refused refs/heads/main: hook declined\n  main is protected\n  \
         error: hook declined to update refs/heads/main"
    );
    assert_eq!(copy.id("v1.0.0"), origin.id("v1.0.0"));
    copy.git(&["fsck", "--strict"]);
}

/// Somebody moves a ref of the target when it is about to be changed.
struct Rival {
    repository: PathBuf,
    done: AtomicBool,
}

impl Fault for Rival {
    fn before(&self, request: &mut Request) -> Option<Answer> {
        let pushes = request.query.contains("git-receive-pack");
        if pushes && !self.done.swap(true, Ordering::SeqCst) {
            let status = std::process::Command::new("git")
                .args(["update-ref", "refs/heads/main", "refs/heads/main~1"])
                .current_dir(&self.repository)
                .status();
            assert!(status.expect("git is there").success());
        }
        None
    }
}

#[test]
fn ref_that_moves_meanwhile_is_read_and_carried_again() {
    let (origin, copy) = pair();
    let rival = Rival {
        repository: copy.path(),
        done: AtomicBool::new(false),
    };
    let from = Server::start(origin.root(), Fine);
    let to = Server::start(copy.root(), rival);
    let said = mirror(&from, &to, "", FORWARD).events(&[]);
    assert_eq!(outputs(&said), json!({ "created": 2, "updated": 1 }));
    assert_same(&origin, &copy);
}

/// A push of which only a part arrives.
struct Short;

impl Fault for Short {
    fn before(&self, request: &mut Request) -> Option<Answer> {
        if request.method == "POST" && request.path.ends_with("git-receive-pack") {
            let length = request.body.len();
            request.body.truncate(length - 40);
        }
        None
    }
}

#[test]
fn target_that_gets_half_of_it_has_complete_refs_only() {
    let (origin, copy) = pair();
    let before = copy.refs_now();
    let from = Server::start(origin.root(), Fine);
    let to = Server::start(copy.root(), Short);
    let said = mirror(&from, &to, "", FORWARD).events(&[]);
    let finished = said.of_step("step.finished", "mirror");
    assert_ne!(finished["outcome"], "success", "{}", said.out);
    assert_eq!(copy.refs_now(), before);
    copy.git(&["fsck", "--strict"]);
}

/// Changes the last byte of a pack, which is of its hash.
fn lie(answer: &mut Answer) {
    let (mut at, mut last) = (0, None);
    while let Some(length) = answer.body.get(at..at + 4) {
        let length = std::str::from_utf8(length).expect("lengths are digits");
        let length = usize::from_str_radix(length, 16).expect("lengths are digits");
        // The first band has the pack.
        if length > 5 && answer.body[at + 4] == 1 {
            last = Some(at + length - 1);
        }
        at += length.max(4);
    }
    if let Some(last) = last {
        answer.body[last] ^= 1;
    }
}

#[test]
fn pack_that_lies_about_its_hash_is_not_taken() {
    let (origin, copy) = (Repository::released("sha1"), Repository::empty("sha1"));
    let from = Server::start(origin.root(), Tamper("git-upload-pack", lie));
    let to = Server::start(copy.root(), Fine);
    let said = mirror(&from, &to, "", FORWARD).events(&[]);
    let message = error(&said);
    assert!(
        message.contains("the remote could not take the objects"),
        "{message}"
    );
    assert_eq!(copy.refs_now(), Vec::<String>::new());
}

/// The server's answer to a push is lost.
struct Mute;

impl Fault for Mute {
    fn after(&self, request: &Request, answer: &mut Answer) {
        if request.method == "POST" && request.path.ends_with("git-receive-pack") {
            answer.cut = Some(0);
        }
    }
}

#[test]
fn answer_that_is_lost_is_looked_for() {
    let (origin, copy) = pair();
    let from = Server::start(origin.root(), Fine);
    let to = Server::start(copy.root(), Mute);
    let said = mirror(&from, &to, "", FORWARD).events(&[]);
    assert_eq!(outputs(&said), json!({ "created": 2, "updated": 1 }));
    assert_same(&origin, &copy);
}

#[test]
fn source_whose_history_is_cut_off_is_refused() {
    let whole = Repository::released("sha1");
    let cut = Repository::empty("sha1");
    let url = format!("file://{}", whole.path().display());
    cut.git(&["fetch", "-q", "--depth=1", &url, "main:main"]);
    let copy = Repository::empty("sha1");
    let (from, to) = servers(&cut, &copy);
    let said = mirror(&from, &to, "", ALL).events(&[]);
    let message = error(&said);
    assert!(
        message.contains("remote `origin` does not have its whole history itself (shallow)"),
        "{message}"
    );
    assert_eq!(copy.refs_now(), Vec::<String>::new());
}

#[test]
fn pushing_all_or_none_leaves_all_where_one_is_refused() {
    let (origin, copy) = pair();
    copy.hook("update", "#!/bin/sh\n[ $1 != refs/tags/v1.0.0 ]\n");
    let before = copy.refs_now();
    let (from, to) = servers(&origin, &copy);
    let said = mirror(&from, &to, ", atomic: true", FORWARD).events(&[]);
    let message = error(&said);
    assert!(
        message.starts_with("3 of 3 refs of `copy` could not be made those of `origin`"),
        "{message}"
    );
    assert_eq!(copy.refs_now(), before);
}
