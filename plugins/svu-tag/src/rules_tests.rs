//! What svu 3.4 answers, sentence by sentence, on real repositories.

use serde_json::{Value, json};

use crate::testing::{Repository, Story, line};

/// The answer as svu prints it, or the failure's first line.
fn answer(repository: &mut Repository, with: &Value) -> String {
    let prefix = with
        .get("prefix")
        .map_or("v", |prefix| prefix.as_str().expect("a text"));
    match repository.run(with) {
        Ok(outputs) => format!("{prefix}{}", outputs.version),
        Err(failure) => failure
            .message
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned(),
    }
}

fn next(told: &[&str], with: &Value) -> String {
    answer(&mut line(told), with)
}

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
