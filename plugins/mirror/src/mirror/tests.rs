use serde_json::{Value, json};

use crate::bindings::exports::sluice::plugin::step::FailureKind;
use crate::testing::{Remotes, refs};

/// The counts of the outputs: created, updated, forced, deleted, failed, unchanged, extra.
fn counts(outputs: &Value) -> [u64; 7] {
    [
        "created",
        "updated",
        "forced",
        "deleted",
        "failed",
        "unchanged",
        "extra",
    ]
    .map(|key| outputs[key].as_u64().expect(key))
}

#[test]
fn nothing_to_do_is_two_lists() {
    let mut remotes = Remotes::new(&["refs/heads/main 1"], &["refs/heads/main 1"]);
    let outputs = remotes.run(&json!({})).expect("it works");
    assert_eq!(
        outputs,
        json!({
            "created": 0, "updated": 0, "forced": 0, "deleted": 0, "failed": 0, "unchanged": 1,
            "extra": 0, "refs": [], "summary": "1 ref, all as they should be",
        })
    );
    assert_eq!(remotes.calls, ["list origin", "list github"]);
    assert_eq!(remotes.told, Vec::<String>::new());
}

#[test]
fn refs_are_created_and_moved_and_those_of_the_target_alone_are_left() {
    let mut remotes = Remotes::new(
        &["refs/heads/main 2", "refs/tags/v1 1", "refs/heads/same 1"],
        &[
            "refs/heads/main 1",
            "refs/heads/own 7",
            "refs/heads/same 1",
            "refs/pull/1/head 5",
        ],
    );
    let outputs = remotes.run(&json!({})).expect("it works");
    let [one, two] = ["1", "2"].map(|id| id.repeat(40));
    assert_eq!(
        outputs,
        json!({
            "created": 1, "updated": 1, "forced": 0, "deleted": 0, "failed": 0, "unchanged": 1,
            "extra": 1,
            "refs": [
                { "ref": "refs/heads/main", "old": one, "new": two, "change": "update", "state": "done" },
                { "ref": "refs/tags/v1", "old": null, "new": one, "change": "create", "state": "done" },
            ],
            "summary": "- `refs/heads/main`: 1111111 → 2222222\n- `refs/tags/v1`: created at 1111111\n",
        })
    );
    assert_eq!(
        remotes.calls,
        ["list origin", "list github", "relay 2 refs"]
    );
    let expected = refs(&[
        "refs/heads/main 2",
        "refs/heads/own 7",
        "refs/heads/same 1",
        "refs/pull/1/head 5",
        "refs/tags/v1 1",
    ]);
    assert_eq!(remotes.github, expected);
}

#[test]
fn dry_run_tells_what_would_move_and_how_many_commits() {
    let mut remotes = Remotes::new(
        &["refs/heads/main 2", "refs/tags/v1 1"],
        &["refs/heads/main 1"],
    );
    remotes.dry = true;
    let outputs = remotes.run(&json!({})).expect("it works");
    assert_eq!(counts(&outputs), [1, 1, 0, 0, 0, 0, 0]);
    assert_eq!(outputs["refs"][0]["state"], "planned");
    assert_eq!(outputs["refs"][0]["commits"], 2);
    assert_eq!(
        remotes.told,
        [
            "`refs/heads/main`: 1111111 → 2222222, 2 commits",
            "`refs/tags/v1`: created at 1111111, 2 commits",
        ]
    );
    assert_eq!(remotes.github, refs(&["refs/heads/main 1"]));
}

#[test]
fn history_that_diverged_is_told_and_does_not_hold_up_the_others() {
    let mut remotes = Remotes::new(
        &["refs/heads/main 2", "refs/heads/next 4", "refs/tags/v1 1"],
        &["refs/heads/main 1", "refs/heads/next 3"],
    );
    remotes.diverged = vec!["refs/heads/main"];
    remotes.protected = vec!["refs/heads/next"];
    let failure = remotes.run(&json!({})).expect_err("a ref is left");
    assert_eq!(failure.kind, FailureKind::Failed);
    assert_eq!(
        failure.message,
        "2 of 3 refs of `github` could not be made those of `origin`\n\
         `refs/heads/main`: refs/heads/main has other commits\n\
         `refs/heads/next`: a hook refused refs/heads/next"
    );
    let details: Value = serde_json::from_str(&failure.details).expect("it is JSON");
    assert_eq!(counts(&details), [1, 0, 0, 0, 2, 0, 0]);
    assert_eq!(
        (&details["refs"][0]["ref"], &details["refs"][0]["why"]),
        (
            &json!("refs/heads/main"),
            &json!("refs/heads/main has other commits")
        )
    );
    assert_eq!(
        remotes.github,
        refs(&["refs/heads/main 1", "refs/heads/next 3", "refs/tags/v1 1"])
    );
}

#[test]
fn force_is_a_word_of_its_own() {
    let mut remotes = Remotes::new(&["refs/heads/main 2"], &["refs/heads/main 1"]);
    remotes.diverged = vec!["refs/heads/main"];
    let outputs = remotes.run(&json!({ "force": true })).expect("it works");
    assert_eq!(counts(&outputs), [0, 0, 1, 0, 0, 0, 0]);
    assert_eq!(
        outputs["summary"],
        "- `refs/heads/main`: 1111111 → 2222222, forced\n"
    );
    assert_eq!(remotes.github, remotes.origin);
}

#[test]
fn prune_deletes_what_the_source_does_not_have() {
    let mut remotes = Remotes::new(
        &["refs/heads/main 1", "refs/heads/next 1"],
        &[
            "refs/heads/gone 3",
            "refs/heads/main 1",
            "refs/pull/1/head 5",
        ],
    );
    let outputs = remotes.run(&json!({ "prune": true })).expect("it works");
    assert_eq!(counts(&outputs), [1, 0, 0, 1, 0, 1, 0]);
    let expected = refs(&[
        "refs/heads/main 1",
        "refs/heads/next 1",
        "refs/pull/1/head 5",
    ]);
    assert_eq!(remotes.github, expected);
}

#[test]
fn prune_beyond_its_limit_changes_nothing_and_names_the_refs() {
    let there = [
        "refs/heads/a 1",
        "refs/heads/b 1",
        "refs/heads/c 1",
        "refs/heads/main 1",
    ];
    let mut remotes = Remotes::new(&["refs/heads/main 2"], &there);
    let failure = remotes
        .run(&json!({ "prune": true }))
        .expect_err("three of four are more than half");
    assert_eq!(failure.kind, FailureKind::Failed);
    assert_eq!(
        failure.message,
        "`prune` would delete 3 of the 4 refs of `github`, more than 50 percent: nothing is \
         changed; if they are to go, `prune-limit` says how many percent may\n\
         refs/heads/a\nrefs/heads/b\nrefs/heads/c"
    );
    assert_eq!(remotes.calls, ["list origin", "list github"]);
    let outputs = remotes.run(&json!({ "prune": true, "prune-limit": 75 }));
    assert_eq!(counts(&outputs.expect("it works")), [0, 1, 0, 3, 0, 0, 0]);
}

#[test]
fn empty_source_prunes_nothing_by_itself() {
    let mut remotes = Remotes::new(&[], &["refs/heads/main 1"]);
    assert!(remotes.run(&json!({ "prune": true })).is_err());
    let outputs = remotes.run(&json!({})).expect("there is nothing to carry");
    assert_eq!(counts(&outputs), [0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(remotes.github, refs(&["refs/heads/main 1"]));
}

#[test]
fn ref_that_moves_meanwhile_is_read_and_decided_again() {
    let mut remotes = Remotes::new(
        &["refs/heads/main 3", "refs/tags/v1 1"],
        &["refs/heads/main 1"],
    );
    remotes.rivals = vec![Box::new(|remotes| {
        remotes.github.extend(refs(&["refs/heads/main 2"]));
    })];
    let outputs = remotes.run(&json!({})).expect("it works");
    assert_eq!(counts(&outputs), [1, 1, 0, 0, 0, 0, 0]);
    assert_eq!(outputs["refs"][1]["old"], "2".repeat(40));
    assert_eq!(
        remotes.calls,
        [
            "list origin",
            "list github",
            "relay 2 refs",
            "list origin",
            "list github",
            "relay 1 refs",
        ]
    );
    assert_eq!(remotes.github, remotes.origin);
}

#[test]
fn ref_that_never_stands_still_is_told() {
    let mut remotes = Remotes::new(&["refs/heads/main 9"], &["refs/heads/main 1"]);
    for id in ["2", "3", "4"] {
        remotes.rivals.push(Box::new(move |remotes| {
            remotes
                .github
                .insert("refs/heads/main".to_owned(), id.repeat(40));
        }));
    }
    let failure = remotes.run(&json!({})).expect_err("somebody is quicker");
    assert_eq!(
        failure.message,
        "1 of 1 ref of `github` could not be made those of `origin`\n\
         `refs/heads/main`: refs/heads/main has moved"
    );
}

#[test]
fn all_or_none_leaves_all_where_one_cannot_go() {
    let mut remotes = Remotes::new(
        &["refs/heads/main 2", "refs/tags/v1 1"],
        &["refs/heads/main 1"],
    );
    remotes.diverged = vec!["refs/heads/main"];
    let failure = remotes
        .run(&json!({ "atomic": true }))
        .expect_err("all or none");
    assert_eq!(
        failure.message,
        "2 of 2 refs of `github` could not be made those of `origin`\n\
         `refs/heads/main`: refs/heads/main has other commits\n\
         `refs/tags/v1`: not sent"
    );
    assert_eq!(
        remotes.calls,
        ["list origin", "list github", "relay 2 refs"]
    );
    assert_eq!(remotes.github, refs(&["refs/heads/main 1"]));
}

#[test]
fn many_refs_are_cut_in_what_is_told_but_counted() {
    let names: Vec<_> = (0..600).map(|at| format!("refs/tags/v{at:03} 1")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let mut remotes = Remotes::new(&names, &[]);
    let outputs = remotes.run(&json!({})).expect("it works");
    assert_eq!(counts(&outputs), [600, 0, 0, 0, 0, 0, 0]);
    assert_eq!(outputs["refs"].as_array().map(Vec::len), Some(500));
    assert_eq!(remotes.told.len(), 21);
    assert_eq!(remotes.told[20], "and 580 more");
}
