//! The plugin `mirror` between two git servers; git itself says whether both have the same.

mod wrong;

use serde_json::{Value, json};

use super::{
    relay::pair,
    repository::Repository,
    server::{Fine, Server},
};
use crate::{
    plan::{keep, plan},
    sluice::{Said, Sluice},
};

/// What a mirror may do where it may do anything.
const ALL: &str =
    "read: true, create: ['refs/**'], update: ['refs/**'], force: ['refs/**'], delete: ['refs/**']";
/// What it may do where nothing may be lost.
const FORWARD: &str = "read: true, create: ['refs/**'], update: ['refs/**']";

/// A pipeline of one step that mirrors `origin` to `copy`.
fn mirror(from: &Server, to: &Server, with: &str, permission: &str) -> Sluice {
    let [from, to] = [from, to].map(|server| server.url("web.git"));
    let login = "auth: { user: ci, password: '${{ secrets.forge }}' }";
    let text = format!(
        "name: mirror
secrets:
  forge: {{ env: FORGE, hosts: [127.0.0.1] }}
remotes:
  origin: {{ url: '{from}', {login} }}
  copy: {{ url: '{to}', {login} }}
steps:
  mirror:
    uses: mirror
    with: {{ from: origin, to: copy{with} }}
    permissions:
      git:
        - {{ remote: origin, read: true }}
        - {{ remote: copy, {permission} }}
"
    );
    Sluice::pipeline(&text).env("FORGE", "right-password")
}

/// A server for each of two repositories.
fn servers(origin: &Repository, copy: &Repository) -> (Server, Server) {
    let server = |repository: &Repository| Server::start(repository.root(), Fine);
    (server(origin), server(copy))
}

/// The counts of the outputs that are not 0, and the summary.
#[track_caller]
pub(super) fn outputs(said: &Said) -> Value {
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    let mut outputs = said.of_step("step.finished", "mirror")["outputs"].clone();
    let keys = outputs.as_object_mut().expect("there are outputs");
    keys.retain(|key, value| *value != 0 && key != "refs" && key != "summary");
    outputs
}

#[track_caller]
fn error(said: &Said) -> String {
    assert_eq!(said.code, Some(1), "{}\n{}", said.out, said.err);
    let finished = said.of_step("step.finished", "mirror");
    let message = finished["error"]["message"].as_str();
    message.expect("it failed").to_owned()
}

/// Both have the same refs, and the copy is whole.
#[track_caller]
pub(super) fn assert_same(origin: &Repository, copy: &Repository) {
    let list = |repository: &Repository| {
        let url = format!("file://{}", repository.path().display());
        let listed = repository.git(&["ls-remote", "--refs", &url]);
        listed.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(list(copy), list(origin));
    copy.git(&["fsck", "--strict"]);
}

#[test]
fn target_has_what_the_source_has_and_then_only_the_refs_are_listed() {
    for hash in ["sha1", "sha256"] {
        let (origin, copy) = (Repository::released(hash), Repository::empty(hash));
        let (from, to) = servers(&origin, &copy);
        let sluice = mirror(&from, &to, "", FORWARD);
        let said = sluice.events(&[]);
        assert_eq!(outputs(&said), json!({ "created": 3 }));
        assert_same(&origin, &copy);
        let before = [from.requests().len(), to.requests().len()];
        let said = sluice.events(&[]);
        assert_eq!(outputs(&said), json!({ "unchanged": 3 }));
        assert_eq!(said.effects(), Vec::<String>::new());
        for (server, before) in [&from, &to].into_iter().zip(before) {
            assert_eq!(
                server.requests()[before..],
                [
                    "GET /web.git/info/refs?service=git-upload-pack",
                    "POST /web.git/git-upload-pack",
                ]
            );
        }
    }
}

#[test]
fn branch_moves_forward_and_new_tags_are_created() {
    for filter in ["true", "false"] {
        let (origin, copy) = pair();
        origin.git(&["config", "uploadpack.allowFilter", filter]);
        let (from, to) = servers(&origin, &copy);
        let said = mirror(&from, &to, "", FORWARD).events(&[]);
        assert_eq!(outputs(&said), json!({ "created": 2, "updated": 1 }));
        assert_eq!(
            said.effects()[3..],
            [
                "git update-ref copy refs/heads/main done",
                "git create-ref copy refs/tags/v1.0.0 done",
                "git create-ref copy refs/tags/v1.1.0 done",
            ]
        );
        assert_same(&origin, &copy);
        // A server that can filter is asked for the commits alone, and then for the pack;
        // off another server's pack the commits are read as it comes.
        let fetches = from
            .requests()
            .iter()
            .filter(|line| line.starts_with("POST"))
            .count()
            - 1;
        assert_eq!(fetches, if filter == "true" { 2 } else { 1 });
    }
}

#[test]
fn diverged_history_is_told_and_the_others_are_carried() {
    for filter in ["true", "false"] {
        let (origin, copy) = pair();
        origin.git(&["config", "uploadpack.allowFilter", filter]);
        let base = copy.id("main");
        let own = copy.commit("refs/heads/main", &[&base], 500, "only here\n");
        let (from, to) = servers(&origin, &copy);
        let said = mirror(&from, &to, "", ALL).events(&[]);
        assert_eq!(
            error(&said),
            "1 of 3 refs of `copy` could not be made those of `origin`\n\
             `refs/heads/main`: refs/heads/main of remote `copy` has commits that `origin` does not \
             have there"
        );
        let finished = said.of_step("step.finished", "mirror");
        let details = &finished["error"]["details"];
        assert_eq!(
            (
                &details["failed"],
                &details["created"],
                &details["refs"][0]["old"]
            ),
            (&json!(1), &json!(2), &json!(own))
        );
        assert_eq!(copy.id("main"), own);
        assert_eq!(copy.id("v1.1.0"), origin.id("v1.1.0"));
        copy.git(&["fsck", "--strict"]);
        // By its word it is overwritten.
        let said = mirror(&from, &to, ", force: true", ALL).events(&[]);
        assert_eq!(outputs(&said), json!({ "forced": 1, "unchanged": 2 }));
        assert_same(&origin, &copy);
    }
}

#[test]
fn tag_that_was_moved_wants_force() {
    let (origin, copy) = pair();
    let (from, to) = servers(&origin, &copy);
    copy.git(&["tag", "v1.1.0", "main~1"]);
    let said = mirror(&from, &to, "", ALL).events(&[]);
    assert_eq!(
        error(&said),
        "1 of 3 refs of `copy` could not be made those of `origin`\n\
         `refs/tags/v1.1.0`: refs/tags/v1.1.0 is another tag on remote `copy` than on `origin`"
    );
    let said = mirror(&from, &to, ", force: true", ALL).events(&[]);
    assert_eq!(outputs(&said), json!({ "forced": 1, "unchanged": 2 }));
    assert_same(&origin, &copy);
}

#[test]
fn what_the_permission_does_not_hold_is_refused_and_the_others_are_carried() {
    let (origin, copy) = pair();
    let (from, to) = servers(&origin, &copy);
    let permission = "read: true, create: ['refs/tags/v1.1.*'], update: ['refs/heads/*']";
    let said = mirror(&from, &to, "", permission).events(&[]);
    assert_eq!(
        error(&said),
        "1 of 3 refs of `copy` could not be made those of `origin`\n\
         `refs/tags/v1.0.0`: step `mirror` may not create-ref copy refs/tags/v1.0.0"
    );
    assert!(
        said.out
            .contains("- { remote: copy, create: [refs/tags/v1.0.0] }"),
        "{}",
        said.out
    );
    let refs = copy.refs_now();
    assert_eq!(refs.len(), 2, "{refs:?}");
}

#[test]
fn refs_of_the_target_alone_are_deleted_by_the_word_and_within_the_limit() {
    let (origin, copy) = pair();
    let main = copy.id("main");
    for name in ["refs/heads/a", "refs/heads/b", "refs/pull/1/head"] {
        copy.git(&["update-ref", name, &main]);
    }
    let (from, to) = servers(&origin, &copy);
    let said = mirror(&from, &to, ", refs: ['refs/**']", ALL).events(&[]);
    assert_eq!(
        outputs(&said),
        json!({ "created": 2, "updated": 1, "extra": 2 })
    );
    let prune = ", refs: ['refs/**'], prune: true";
    let said = mirror(&from, &to, &format!("{prune}, prune-limit: 30"), ALL).events(&[]);
    assert_eq!(
        error(&said),
        "`prune` would delete 2 of the 5 refs of `copy`, more than 30 percent: nothing is changed; \
         if they are to go, `prune-limit` says how many percent may\n\
         refs/heads/a\nrefs/heads/b"
    );
    let said = mirror(&from, &to, prune, ALL).events(&[]);
    assert_eq!(outputs(&said), json!({ "deleted": 2, "unchanged": 3 }));
    // The forge's own is left alone.
    copy.git(&["update-ref", "-d", "refs/pull/1/head"]);
    assert_same(&origin, &copy);
}

#[test]
fn refs_that_a_forge_keeps_for_itself_are_left_alone() {
    let (origin, copy) = pair();
    let main = origin.id("main");
    origin.git(&["update-ref", "refs/pull/7/head", &main]);
    let (from, to) = servers(&origin, &copy);
    let said = mirror(&from, &to, ", refs: ['refs/**']", ALL).events(&[]);
    assert_eq!(outputs(&said), json!({ "created": 2, "updated": 1 }));
    let with = ", refs: ['refs/**'], hidden: true";
    let said = mirror(&from, &to, with, ALL).events(&[]);
    assert_eq!(outputs(&said), json!({ "created": 1, "unchanged": 3 }));
    assert_same(&origin, &copy);
}

#[test]
fn dry_run_foresees_each_ref_with_its_commits_and_a_run_by_its_plan_moves_them() {
    let (origin, copy) = pair();
    let [main, old, one] = ["main", "main~1", "v1.0.0"].map(|name| origin.id(name));
    let before = copy.refs_now();
    let (from, to) = servers(&origin, &copy);
    let sluice = mirror(
        &from,
        &to,
        ", refs: ['refs/heads/*', 'refs/tags/v1.0.*']",
        FORWARD,
    );
    let dry = sluice.events(&["--dry-run"]);
    assert_eq!(outputs(&dry), json!({ "created": 1, "updated": 1 }));
    let told = dry.of_step("step.finished", "mirror")["outputs"]["summary"].clone();
    assert_eq!(
        told,
        format!(
            "- `refs/heads/main`: {} → {}, 1 commit\n- `refs/tags/v1.0.0`: created at {}\n",
            &old[..7],
            &main[..7],
            &one[..7]
        )
    );
    let made = plan(&sluice, &[]);
    let summaries = made["effects"]
        .as_array()
        .expect("a plan has effects")
        .iter();
    assert_eq!(
        summaries
            .map(|effect| &effect["summary"])
            .collect::<Vec<_>>(),
        [
            &json!(format!(
                "step `mirror`: update-ref copy refs/heads/main: {old} → {main}"
            )),
            &json!(format!(
                "step `mirror`: create-ref copy refs/tags/v1.0.0: new at {one}"
            )),
        ]
    );
    assert_eq!(copy.refs_now(), before);
    assert!(
        !to.requests()
            .iter()
            .any(|line| line.contains("receive-pack"))
    );
    assert_eq!(
        outputs(&keep(&sluice)),
        json!({ "created": 1, "updated": 1 })
    );
    assert_eq!([copy.id("main"), copy.id("v1.0.0")], [main, one]);
}

#[test]
fn fifty_thousand_refs_are_compared_and_one_is_carried() {
    let (origin, copy) = pair();
    let (first, main) = (origin.id("main~2"), origin.id("main"));
    origin.refs(50_000, &first);
    copy.refs(50_000, &first);
    let (from, to) = servers(&origin, &copy);
    let said = mirror(&from, &to, "", FORWARD).events(&[]);
    assert_eq!(
        outputs(&said),
        json!({ "created": 2, "updated": 1, "unchanged": 50_000 })
    );
    assert_eq!(copy.id("main"), main);
}
