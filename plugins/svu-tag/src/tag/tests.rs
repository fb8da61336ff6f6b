//! The order of things: what is created, and what is not.

use serde_json::json;

use crate::bindings::exports::sluice::plugin::step::{Failure, FailureKind};
use crate::outputs::Outputs;
use crate::testing::{Repository, Story, line};
use crate::version::Bump;

mod conflicts;

fn failure(result: Result<Outputs, Failure>) -> (FailureKind, String) {
    let failure = result.expect_err("it fails");
    (failure.kind, failure.message)
}

fn head(repository: &Repository) -> String {
    repository.git(&["rev-parse", "refs/heads/main"])
}

fn names(repository: &Repository) -> Vec<String> {
    let tags = repository.git(&["tag", "--list"]);
    tags.lines().map(str::to_owned).collect()
}

fn target(repository: &Repository, tag: &str) -> String {
    repository.git(&["rev-parse", &format!("refs/tags/{tag}^{{}}")])
}

#[test]
fn the_next_version_is_tagged_on_the_head_and_told() {
    let mut repository = line(&["fix: a", "tag: v1.2.3", "feat(api): b", "fix: c"]);
    let outputs = repository.run(&json!({})).expect("it works");
    let head = head(&repository);
    let short = |commit: &str| repository.git(&["rev-parse", commit])[..7].to_owned();
    let changelog = format!(
        "### Features\n\n- **api**: b ({})\n\n### Fixes\n\n- c ({})\n",
        short("main~1"),
        short("main")
    );
    assert_eq!(
        outputs,
        Outputs {
            version: "1.3.0".to_owned(),
            tag: "v1.3.0".to_owned(),
            previous: "v1.2.3".to_owned(),
            bump: Bump::Minor,
            commits: 2,
            unchanged: false,
            commit: head.clone(),
            changelog,
        }
    );
    assert_eq!(target(&repository, "v1.3.0"), head);
    assert_eq!(repository.told, ["v1.2.3 → v1.3.0, 2 commits"]);
}

#[test]
fn a_head_that_is_tagged_stays_as_it_is() {
    let mut repository = line(&["feat: a"]);
    let first = repository.run(&json!({})).expect("it works");
    assert_eq!((first.tag.as_str(), first.unchanged), ("v0.1.0", false));
    let again = repository.run(&json!({})).expect("it works");
    let expected = Outputs {
        previous: "v0.1.0".to_owned(),
        bump: Bump::None,
        commits: 0,
        unchanged: true,
        changelog: String::new(),
        ..first
    };
    assert_eq!(again, expected);
    assert_eq!(
        repository.told.last().expect("it says so"),
        "v0.1.0 stays, 0 commits"
    );
}

#[test]
fn commits_that_change_nothing_leave_the_tag_where_it_is() {
    let mut repository = line(&["fix: a", "tag: 1.2", "docs: b"]);
    let outputs = repository.run(&json!({})).expect("it works");
    assert_eq!(
        (
            outputs.version.as_str(),
            outputs.tag.as_str(),
            outputs.unchanged,
            outputs.commits
        ),
        ("1.2.0", "1.2", true, 1)
    );
    assert_eq!(outputs.commit, target(&repository, "1.2"));
    assert_eq!(names(&repository), ["1.2"]);
    // Without any tag there is none to name.
    let outputs = line(&["docs: b"]).run(&json!({})).expect("it works");
    assert_eq!(
        (outputs.version.as_str(), outputs.tag.as_str()),
        ("0.0.0", "")
    );
}

#[test]
fn metadata_that_is_dropped_does_not_make_another_version_of_nothing() {
    let mut repository = line(&["fix: a", "tag: v1.0.0", "tag: v1.0.0+5", "docs: b"]);
    let outputs = repository.run(&json!({})).expect("it works");
    assert_eq!((outputs.tag.as_str(), outputs.unchanged), ("v1.0.0", true));
}

#[test]
fn a_dry_run_creates_nothing_and_answers_the_same() {
    let mut repository = line(&["fix: a", "tag: v1.2.3", "feat: b"]);
    repository.dry = true;
    let planned = repository.run(&json!({})).expect("it works");
    assert_eq!(names(&repository), ["v1.2.3"]);
    assert_eq!(repository.told, ["v1.2.3 → v1.3.0, 1 commit"]);
    repository.dry = false;
    assert_eq!(repository.run(&json!({})), Ok(planned));
}

#[test]
fn what_the_repository_lacks_is_said() {
    let mut repository = line(&["fix: a"]);
    assert_eq!(
        failure(repository.run(&json!({ "branch": "gone" }))),
        (
            FailureKind::Configuration,
            "`with.branch`: `origin` has no branch `gone`".to_owned()
        )
    );
    // The prefix of another branch's name is none.
    assert_eq!(
        failure(repository.run(&json!({ "branch": "mai" }))).0,
        FailureKind::Configuration
    );
    let head = head(&repository);
    let wanted = "0123456789012345678901234567890123456789";
    assert_eq!(
        failure(repository.run(&json!({ "commit": wanted }))),
        (
            FailureKind::Failed,
            format!(
                "the head of `main` is {head}, and `with.commit` asks for {wanted}: nothing is tagged"
            )
        )
    );
    let upper = head.to_ascii_uppercase();
    assert!(
        repository
            .run(&json!({ "commit": upper, "branch": "main" }))
            .is_ok()
    );
}

#[test]
fn a_result_that_cannot_be_a_ref_is_refused_before_anything_is_created() {
    let mut repository = line(&["fix: a"]);
    assert_eq!(
        failure(repository.run(&json!({ "metadata": "x.lock" }))),
        (
            FailureKind::Configuration,
            "`refs/tags/v0.0.1+x.lock` cannot be the name of a ref: it has a part that ends with \
             `.lock`"
                .to_owned()
        )
    );
    assert_eq!(names(&repository), Vec::<String>::new());
}

#[test]
fn tags_of_files_and_folders_are_on_no_branch() {
    let mut repository = line(&["fix: a", "tag: v1.0.0", "fix: b"]);
    let tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    repository.try_git(&["mktree"], "").expect("an empty tree");
    repository.git(&["update-ref", "refs/tags/v3.0.0", tree]);
    let blob = repository.try_git(&["hash-object", "-w", "--stdin"], "a key");
    repository.git(&["update-ref", "refs/tags/v2.0.0", &blob.expect("a blob")]);
    let outputs = repository
        .run(&json!({ "mode": "current" }))
        .expect("it works");
    assert_eq!(
        (outputs.tag.as_str(), outputs.previous.as_str()),
        ("v1.0.1", "v1.0.0")
    );
}

#[test]
fn an_annotated_tag_says_who_and_what() {
    let mut repository = line(&["fix: a"]);
    let with = json!({ "annotation": { "name": "CI", "email": "ci@example.com" } });
    let outputs = repository.run(&with).expect("it works");
    assert_eq!(repository.git(&["cat-file", "-t", "v0.0.1"]), "tag");
    let message = repository.git(&["tag", "--list", "--format=%(contents)", "v0.0.1"]);
    assert_eq!(
        message,
        format!("v0.0.1\n\n{}", outputs.changelog.trim_end())
    );
    let with = json!({ "command": "patch",
        "annotation": { "name": "CI", "email": "ci@example.com", "message": "by hand" } });
    repository.run(&with).expect("it works");
    let message = repository.git(&["tag", "--list", "--format=%(contents)", "v0.0.2"]);
    assert_eq!(message, "by hand");
}

#[test]
fn strict_rules_read_the_grammar_and_say_what_does_not_fit_it() {
    let told = [
        "fix: a",
        "tag: v1.2.3",
        "defeat: b",
        "docs: explain feat: c",
        "Fix: d",
    ];
    let outputs = line(&told).run(&json!({})).expect("it works");
    assert_eq!(outputs.tag, "v1.3.0");
    let mut repository = line(&[told.as_slice(), &["whatever"]].concat());
    let outputs = repository
        .run(&json!({ "rules": "strict" }))
        .expect("it works");
    assert_eq!(outputs.tag, "v1.2.4");
    assert_eq!(
        repository.told[0],
        "1 of 4 commits are no conventional commits, and count for nothing"
    );
}

#[test]
fn a_tag_that_wrong_clocks_hide_from_git_is_found() {
    // The tag's commit is younger than all that came after it.
    let mut story = Story::default();
    story.time = 2_000;
    let mut head = story.commit("main", &[], "fix: a");
    story.tag("v1.0.0", head);
    for _ in 0..12 {
        story.time -= 100;
        head = story.commit("main", &[head], "fix: b");
    }
    let mut repository = story.end();
    let outputs = repository.run(&json!({ "mode": "current" }));
    let outputs = outputs.expect("it works");
    // Git gives the tag's commit as one that the branch does not have.
    assert_eq!(repository.ranges, [1, 13, 12]);
    assert_eq!(
        (outputs.tag.as_str(), outputs.previous.as_str()),
        ("v1.0.1", "v1.0.0")
    );
}
