//! What commits change, and the version that comes next.

use serde_json::{Value, json};

use super::{answer, next};
use crate::testing::Repository;

#[test]
fn breaking_is_a_line_of_the_body_in_capitals_or_a_mark_in_the_title() {
    let breaking = [
        "docs: x\n\nBREAKING CHANGE: y",
        "docs: x\n\nBREAKING-CHANGE: y",
        "docs: x\nthis is no BREAKING CHANGE: at all",
        "docs!: x",
        "fix(api)!: x",
        "DOCS!: x",
        "docs: say hello world!: fun",
    ];
    for message in breaking {
        assert_eq!(
            next(&["fix: x", "tag: v1.2.3", message], &json!({})),
            "v2.0.0",
            "{message}"
        );
    }
    let harmless = [
        "docs: x\n\nbreaking change: y",
        "docs: BREAKING CHANGE: y",
        "docs: x\n\nfeat!: in the body",
    ];
    for message in harmless {
        assert_eq!(
            next(&["fix: x", "tag: v1.2.3", message], &json!({})),
            "v1.2.3",
            "{message}"
        );
    }
}

#[test]
fn features_and_fixes_are_words_anywhere_in_a_title_in_any_case() {
    let cases = [
        ("feat: x", "v1.3.0"),
        ("Feat(a b): x", "v1.3.0"),
        ("defeat: x", "v1.3.0"),
        ("Revert \"feat: x\"", "v1.3.0"),
        ("docs: explain feat: syntax", "v1.3.0"),
        ("FIX(a): y", "v1.2.4"),
        ("prefix: y", "v1.2.4"),
        ("feat : x", "v1.2.3"),
        ("feature: x", "v1.2.3"),
        ("fixed: x", "v1.2.3"),
        ("perf: x", "v1.2.3"),
        ("refactor: x", "v1.2.3"),
        ("revert: x", "v1.2.3"),
    ];
    for (message, expected) in cases {
        assert_eq!(
            next(&["fix: x", "tag: v1.2.3", message], &json!({})),
            expected,
            "{message}"
        );
    }
}

#[test]
fn bullets_in_a_body_do_nothing() {
    let message = "chore: squash\n\n- feat: x\n- fix: y";
    assert_eq!(
        next(&["fix: x", "tag: v1.2.3", message], &json!({})),
        "v1.2.3"
    );
}

#[test]
fn breaking_bumps_major_and_with_v0_minor_while_major_is_0() {
    let told = |tag: &'static str| ["fix: x", tag, "feat!: y"];
    assert_eq!(next(&told("tag: v1.2.3"), &json!({ "v0": true })), "v2.0.0");
    assert_eq!(next(&told("tag: v0.2.3"), &json!({})), "v1.0.0");
    assert_eq!(next(&told("tag: v0.2.3"), &json!({ "v0": true })), "v0.3.0");
}

#[test]
fn the_weightiest_commit_decides_whatever_the_order() {
    let all = ["chore: x", "fix: x", "feat: x"];
    for skip in 0..3 {
        let mut told = vec!["fix: x", "tag: v1.2.3"];
        told.extend(all.iter().cycle().skip(skip).take(3));
        assert_eq!(next(&told, &json!({})), "v1.3.0");
    }
}

#[test]
fn nothing_gives_the_current_version_again_and_patch_with_always() {
    let told = ["fix: x", "tag: v1.2.3", "chore: y"];
    assert_eq!(next(&told, &json!({})), "v1.2.3");
    assert_eq!(next(&told, &json!({ "always": true })), "v1.2.4");
    let on_the_tag = ["fix: x", "tag: v1.2.3"];
    assert_eq!(next(&on_the_tag, &json!({})), "v1.2.3");
    assert_eq!(next(&on_the_tag, &json!({ "always": true })), "v1.2.4");
}

#[test]
fn a_bump_drops_prerelease_and_metadata_and_a_patch_of_a_prerelease_is_its_release() {
    let cases = [
        ("tag: v1.0.0-rc.1", "fix: y", "v1.0.0"),
        ("tag: v1.1.0-rc.1", "fix: y", "v1.1.0"),
        ("tag: v1.1.0-rc.1+5", "feat: y", "v1.2.0"),
        ("tag: v1.1.0+5", "fix: y", "v1.1.1"),
        ("tag: v1.1.0-rc.1", "feat!: y", "v2.0.0"),
    ];
    for (tag, message, expected) in cases {
        assert_eq!(
            next(&["fix: x", tag, message], &json!({})),
            expected,
            "{tag} {message}"
        );
    }
}

#[test]
fn prerelease_and_metadata_are_put_on_the_result() {
    let told = ["fix: x", "tag: v1.0.0-rc.1", "fix: y"];
    assert_eq!(next(&told, &json!({ "prerelease": "rc" })), "v1.0.0-rc");
    let both = json!({ "prerelease": "beta.2", "metadata": "build.7" });
    assert_eq!(next(&told, &both), "v1.0.0-beta.2+build.7");
}

#[test]
fn the_command_prerelease_counts_up() {
    let cases: [(&[&str], Value, &str); 7] = [
        (
            &["fix: x", "tag: v1.0.0-rc.1", "fix: y"],
            json!({}),
            "v1.0.0-rc.2",
        ),
        (
            &["fix: x", "tag: v1.0.0-rc.2", "tag: v1.0.0-rc.10", "fix: y"],
            json!({}),
            "v1.0.0-rc.11",
        ),
        (
            &["fix: x", "tag: v1.0.0", "feat: y"],
            json!({ "prerelease": "rc" }),
            "v1.1.0-rc.0",
        ),
        (
            &["fix: x", "tag: v1.0.0", "chore: y"],
            json!({ "prerelease": "rc" }),
            "v1.0.1-rc.0",
        ),
        (
            &["fix: x", "tag: v1.0.0-alpha.4", "fix: y"],
            json!({ "prerelease": "beta" }),
            "v1.0.0-beta.0",
        ),
        (
            &["fix: x", "tag: v1.0.0-alpha.4", "fix: y"],
            json!({ "prerelease": "alpha.33" }),
            "v1.0.0-alpha.33",
        ),
        (
            &["fix: x", "tag: v1.0.0", "feat: y"],
            json!({}),
            "no prerelease comes after 1.0.0, which is none: name one, as in `prerelease: rc`",
        ),
    ];
    for (told, mut with, expected) in cases {
        with["command"] = "prerelease".into();
        assert_eq!(next(told, &with), expected, "{told:?}");
    }
}

#[test]
fn an_empty_repository_is_an_error() {
    let said = answer(&mut Repository::empty(), &json!({}));
    assert_eq!(
        said,
        "`origin` has no commits yet, or no default branch; `branch` names another"
    );
}

#[test]
fn no_tags_and_a_first_change_give_a_first_version() {
    let cases = [
        ("feat: x", json!({}), "v0.1.0"),
        ("feat!: x", json!({}), "v1.0.0"),
        ("feat!: x", json!({ "v0": true }), "v0.1.0"),
        ("chore: x", json!({}), "v0.0.0"),
    ];
    for (message, with, expected) in cases {
        assert_eq!(next(&[message], &with), expected, "{message}");
    }
}

#[test]
fn svus_other_commands_do_what_they_say() {
    let told = ["fix: x", "tag: v1.2.3-rc.1+5", "feat: y"];
    let cases = [
        ("major", "v2.0.0"),
        ("minor", "v1.3.0"),
        ("patch", "v1.2.3"),
        ("current", "v1.2.3-rc.1+5"),
    ];
    for (command, expected) in cases {
        assert_eq!(
            next(&told, &json!({ "command": command })),
            expected,
            "{command}"
        );
    }
}
