//! The current version, and the commits since.

use serde_json::json;

use super::{answer, next};
use crate::testing::{Repository, Story};

/// `v1.2.0` on the main branch, `v3.0.0` ahead of it, `v1.9.0` on another branch and
/// `v2.0.0` in a history of its own; the feature is the head.
fn branches() -> Repository {
    let mut story = Story::default();
    let first = story.commit("main", &[], "chore: begin");
    story.tag("v1.2.0", first);
    let head = story.commit("main", &[first], "feat: x");
    let ahead = story.commit("ahead", &[head], "chore: later");
    story.tag("v3.0.0", ahead);
    let other = story.commit("other", &[first], "fix: elsewhere");
    story.annotated("v1.9.0", other);
    let alone = story.commit("alone", &[], "chore: unrelated");
    story.tag("v2.0.0", alone);
    story.end()
}

#[test]
fn mode_current_uses_only_tags_that_can_be_reached_from_the_head() {
    let mut repository = branches();
    assert_eq!(
        answer(&mut repository, &json!({ "mode": "current" })),
        "v1.3.0"
    );
    // The highest is asked for alone, the others at once, and last the commits of the answer.
    assert_eq!(repository.ranges, [1, 2, 1]);
}

#[test]
fn the_default_mode_uses_tags_of_other_branches_of_unrelated_histories_and_ahead() {
    let mut repository = branches();
    // The range from a tag ahead is empty, so that it stays.
    assert_eq!(answer(&mut repository, &json!({})), "v3.0.0");
    repository.git(&["tag", "-d", "v3.0.0"]);
    // From an unrelated one, everything is new.
    assert_eq!(answer(&mut repository, &json!({})), "v2.1.0");
    repository.git(&["tag", "-d", "v2.0.0", "v2.1.0"]);
    assert_eq!(answer(&mut repository, &json!({})), "v1.10.0");
}

#[test]
fn lightweight_and_annotated_tags_count_alike() {
    for mode in ["all", "current"] {
        let mut story = Story::default();
        let first = story.commit("main", &[], "feat: x");
        story.tag("v1.0.0", first);
        let second = story.commit("main", &[first], "fix: x");
        story.annotated("v1.0.1", second);
        story.commit("main", &[second], "fix: y");
        assert_eq!(answer(&mut story.end(), &json!({ "mode": mode })), "v1.0.2");
    }
}

#[test]
fn without_a_pattern_the_first_tag_is_taken_even_if_it_is_no_version() {
    for stray in ["zz", "web/v3.0.0"] {
        let told = ["feat: x", "tag: v1.0.0", &format!("tag: {stray}"), "fix: y"];
        let said = next(&told, &json!({}));
        assert!(
            said.starts_with(&format!("the tag `{stray}` of `origin` is no version: ")),
            "{said}"
        );
    }
    let told = ["feat: x", "tag: v1.0.0", "tag: release", "fix: y"];
    assert_eq!(next(&told, &json!({})), "v1.0.1");
}

#[test]
fn with_a_pattern_the_first_that_matches_is_taken() {
    let told = [
        "feat: x",
        "tag: v1.0.0",
        "tag: zz",
        "tag: web/v3.0.0",
        "tag: web/api/v4.0.0",
        "fix: y",
    ];
    assert_eq!(next(&told, &json!({ "pattern": "v*" })), "v1.0.1");
    let web = json!({ "pattern": "web/v*", "prefix": "web/v" });
    assert_eq!(next(&told, &web), "web/v3.0.1");
}

#[test]
fn the_star_of_a_pattern_crosses_slashes() {
    let told = [
        "feat: x",
        "tag: web/v3.0.0",
        "tag: web/api/v1.0.0",
        "fix: y",
    ];
    let said = next(
        &told,
        &json!({ "pattern": "web/*0", "prefix": "web/api/v" }),
    );
    assert!(
        said.starts_with("the tag `web/v3.0.0` of `origin` is no version: "),
        "{said}"
    );
    let said = next(
        &told,
        &json!({ "pattern": "w*1.0.0", "prefix": "web/api/v" }),
    );
    assert_eq!(said, "web/api/v1.0.1");
}

#[test]
fn no_match_of_a_pattern_is_an_error() {
    let said = next(&["feat: x", "tag: v1.0.0"], &json!({ "pattern": "web/*" }));
    assert_eq!(
        said,
        "no tag of `origin` matches `web/*`; without `pattern` the first version is counted from 0.0.0"
    );
    // No tag at all is one.
    let said = next(&["feat: x"], &json!({ "pattern": "v*" }));
    assert!(
        said.starts_with("no tag of `origin` matches `v*`"),
        "{said}"
    );
}

#[test]
fn the_prefix_is_cut_off_if_it_is_there_and_is_what_is_printed() {
    let told = ["feat: x", "tag: 1.2.3", "fix: y"];
    assert_eq!(next(&told, &json!({})), "v1.2.4");
    assert_eq!(next(&told, &json!({ "prefix": "" })), "1.2.4");
}

#[test]
fn the_prefix_selects_nothing() {
    let told = ["feat: x", "tag: v1.2.3", "tag: 2.0.0", "fix: y"];
    // Digits come before letters, so `v1.2.3` is the first of the list.
    assert_eq!(next(&told, &json!({ "prefix": "" })), "1.2.4");
}

#[test]
fn the_rest_of_a_tag_is_parsed_leniently() {
    assert_eq!(
        next(&["feat: x", "tag: v1.2", "fix: y"], &json!({})),
        "v1.2.1"
    );
    assert_eq!(
        next(&["feat: x", "tag: v3", "feat: y"], &json!({})),
        "v3.1.0"
    );
    assert_eq!(
        next(&["feat: x", "tag: vv1.2.3", "fix: y"], &json!({})),
        "v1.2.4"
    );
}

#[test]
fn no_tags_count_as_0_0_0() {
    assert_eq!(next(&["chore: x"], &json!({})), "v0.0.0");
    assert_eq!(next(&["fix: x"], &json!({})), "v0.0.1");
    assert_eq!(next(&["fix: x"], &json!({ "mode": "current" })), "v0.0.1");
}

#[test]
fn the_commits_are_those_from_the_tag_to_the_head_merges_included() {
    let mut story = Story::default();
    let first = story.commit("main", &[], "feat: x");
    story.tag("v1.0.0", first);
    let side = story.commit("side", &[first], "chore: y");
    let merge = story.commit("main", &[first, side], "Merge feat: z");
    story.commit("main", &[merge], "chore: w");
    let outputs = story.end().run(&json!({})).expect("it works");
    assert_eq!((outputs.tag.as_str(), outputs.commits), ("v1.1.0", 3));
}
