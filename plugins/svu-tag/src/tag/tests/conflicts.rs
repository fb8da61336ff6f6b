//! What others do meanwhile, and what another attempt did before.

use serde_json::json;

use super::{failure, head, target};
use crate::bindings::exports::sluice::plugin::step::FailureKind;
use crate::testing::{Story, line};

#[test]
fn who_was_slower_reads_again_and_never_overwrites() {
    let mut repository = line(&["fix: a", "tag: v1.2.3", "feat: b", "fix: c"]);
    let other = repository.git(&["rev-parse", "main~1"]);
    let theirs = other.clone();
    repository.rivals.push(Box::new(move |repository| {
        repository.git(&["tag", "v1.3.0", &theirs]);
    }));
    let outputs = repository.run(&json!({})).expect("it works");
    assert_eq!(
        (
            outputs.tag.as_str(),
            outputs.previous.as_str(),
            outputs.commits
        ),
        ("v1.3.1", "v1.3.0", 1)
    );
    assert_eq!(target(&repository, "v1.3.0"), other);
    assert_eq!(target(&repository, "v1.3.1"), head(&repository));
}

#[test]
fn the_same_tag_by_somebody_else_is_a_success() {
    let mut repository = line(&["fix: a", "tag: v1.2.3", "feat: b"]);
    repository.rivals.push(Box::new(|repository| {
        repository.git(&["tag", "v1.3.0", "main"]);
    }));
    let outputs = repository.run(&json!({})).expect("it works");
    assert_eq!((outputs.tag.as_str(), outputs.unchanged), ("v1.3.0", true));
}

#[test]
fn a_branch_that_moves_meanwhile_is_tagged_where_it_was_counted() {
    let mut repository = line(&["fix: a", "tag: v1.2.3", "fix: b"]);
    let counted = head(&repository);
    repository.rivals.push(Box::new(|repository| {
        let tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
        let moved = [
            "-c",
            "user.name=A",
            "-c",
            "user.email=a@b",
            "commit-tree",
            tree,
            "-p",
            "main",
            "-m",
            "feat!: c",
        ];
        let moved = repository.git(&moved);
        repository.git(&["update-ref", "refs/heads/main", &moved]);
    }));
    let outputs = repository.run(&json!({})).expect("it works");
    assert_eq!(
        (outputs.tag.as_str(), outputs.commit.as_str()),
        ("v1.2.4", counted.as_str())
    );
    assert_ne!(head(&repository), counted);
    assert_eq!(target(&repository, "v1.2.4"), counted);
}

#[test]
fn others_that_are_always_quicker_end_in_a_failure_that_may_be_retried() {
    let mut repository = line(&["fix: a", "tag: v1.0.0", "fix: b"]);
    for patch in 1..=5 {
        repository.rivals.push(Box::new(move |repository| {
            repository.git(&["tag", &format!("v1.0.{patch}"), "main~1"]);
        }));
    }
    let (kind, message) = failure(repository.run(&json!({})));
    assert_eq!(kind, FailureKind::Unavailable);
    assert_eq!(
        message,
        "others tag `origin` at the same time: 5 times the next version was taken before it could \
         be created; `concurrency` keeps runs apart"
    );
}

#[test]
fn a_version_that_another_branch_has_is_not_moved() {
    let mut story = Story::default();
    let first = story.commit("main", &[], "fix: a");
    story.tag("v1.0.0", first);
    let other = story.commit("other", &[first], "feat: b");
    story.tag("v1.1.0", other);
    let head = story.commit("main", &[first], "feat: c");
    let mut repository = story.end();
    let there = target(&repository, "v1.1.0");
    let (kind, message) = failure(repository.run(&json!({ "mode": "current" })));
    let head_id = repository.git(&["rev-parse", "main"]);
    assert_eq!((kind, head), (FailureKind::Failed, 3));
    assert_eq!(
        message,
        format!(
            "the next version is `v1.1.0`, and `origin` has a tag of that name on {there}, while \
             the head of `main` is {head_id}: it is not moved\n`mode: all` counts on from the \
             highest tag of all branches, another `prefix` or `pattern` keeps the tags of two \
             branches apart"
        )
    );
}

#[test]
fn a_repeated_attempt_does_not_count_again_what_the_one_before_may_have_tagged() {
    let always = json!({ "always": true });
    let mut repository = line(&["fix: a", "tag: v1.0.0"]);
    let first = repository.attempt(&always, 1).expect("it works");
    assert_eq!((first.tag.as_str(), first.unchanged), ("v1.0.1", false));
    let second = repository.attempt(&always, 2).expect("it works");
    assert_eq!((second.tag.as_str(), second.unchanged), ("v1.0.1", true));
    // What no attempt has tagged is.
    let mut repository = line(&["fix: a", "tag: v1.0.0", "docs: b"]);
    let second = repository.attempt(&always, 2).expect("it works");
    assert_eq!((second.tag.as_str(), second.unchanged), ("v1.0.1", false));
}
