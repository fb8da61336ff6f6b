//! The plugin `svu-tag` over git's own protocol: the version, its tag, and who was quicker.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use serde_json::{Value, json};

use super::{
    repository::Repository,
    server::{Answer, Fault, Fine, Request, Server},
};
use crate::{
    plan::{keep, plan},
    sluice::{Said, Sluice},
};

const TAGS: &str = "read: true, create: ['refs/tags/v*']";

fn release(server: &Server, with: &str, permission: &str) -> Sluice {
    let url = server.url("web.git");
    Sluice::pipeline(&format!(
        "name: release
secrets:
  forge: {{ env: FORGE, hosts: [127.0.0.1] }}
remotes:
  origin: {{ url: '{url}', auth: {{ user: ci, password: '${{{{ secrets.forge }}}}' }} }}
steps:
  version:
    uses: svu-tag
    with: {{ remote: origin{with} }}
    permissions: {{ git: [{{ remote: origin, {permission} }}] }}
"
    ))
    .env("FORGE", "right-password")
}

/// The outputs without the changelog, in which ids stand.
#[track_caller]
fn outputs(said: &Said) -> Value {
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    let mut outputs = said.of_step("step.finished", "version")["outputs"].clone();
    let keys = outputs.as_object_mut().expect("there are outputs");
    keys.remove("changelog");
    outputs
}

fn error(said: &Said) -> String {
    assert_eq!(said.code, Some(1), "{}\n{}", said.out, said.err);
    let finished = said.of_step("step.finished", "version");
    let message = finished["error"]["message"].as_str();
    message.expect("it failed").to_owned()
}

#[test]
fn the_next_version_is_tagged_and_stays() {
    for hash in ["sha1", "sha256"] {
        let repository = Repository::released(hash);
        let main = repository.id("main");
        let server = Server::start(repository.root(), Fine);
        let sluice = release(&server, "", TAGS);
        let said = sluice.events(&[]);
        let mut expected = json!({
            "version": "2.0.0",
            "tag": "v2.0.0",
            "previous": "v1.1.0",
            "bump": "major",
            "commits": 1,
            "unchanged": false,
            "commit": main,
        });
        assert_eq!(outputs(&said), expected);
        assert_eq!(
            said.of_step("step.finished", "version")["outputs"]["changelog"],
            format!("### Breaking changes\n\n- break ({})\n", &main[..7])
        );
        assert_eq!(
            said.effects(),
            [
                "git create-ref origin refs/tags/v2.0.0 started",
                "git create-ref origin refs/tags/v2.0.0 done",
            ]
        );
        assert_eq!(repository.id("refs/tags/v2.0.0"), main);
        let said = sluice.events(&[]);
        for (key, value) in [
            ("previous", json!("v2.0.0")),
            ("bump", json!("none")),
            ("commits", json!(0)),
            ("unchanged", json!(true)),
        ] {
            expected[key] = value;
        }
        assert_eq!(outputs(&said), expected);
        assert_eq!(said.effects(), Vec::<String>::new());
    }
}

#[test]
fn mode_current_leaves_out_tags_of_other_branches_and_those_ahead() {
    let repository = Repository::released("sha1");
    let first = repository.id("v1.0.0^{}");
    let main = repository.id("main");
    let other = repository.commit("refs/heads/other", &[&first], 180, "feat: elsewhere\n");
    repository.git(&["tag", "-a", "-m", "five", "v5.0.0", &other]);
    let ahead = repository.commit("refs/heads/ahead", &[&main], 240, "feat: ahead\n");
    repository.git(&["tag", "v6.0.0", &ahead]);
    let server = Server::start(repository.root(), Fine);
    let said = release(&server, ", mode: current", TAGS).events(&[]);
    let outputs = outputs(&said);
    assert_eq!(
        (&outputs["tag"], &outputs["previous"], &outputs["commits"]),
        (&json!("v2.0.0"), &json!("v1.1.0"), &json!(1))
    );
}

#[test]
fn dry_run_foresees_the_tag_and_a_run_by_its_plan_creates_it() {
    let repository = Repository::released("sha1");
    let (main, before) = (repository.id("main"), repository.refs_now());
    let server = Server::start(repository.root(), Fine);
    let sluice = release(&server, "", TAGS);
    let made = plan(&sluice, &[]);
    assert_eq!(
        made["effects"][0]["summary"],
        format!("step `version`: create-ref origin refs/tags/v2.0.0: new at {main}")
    );
    assert_eq!(repository.refs_now(), before);
    assert_eq!(outputs(&keep(&sluice))["tag"], "v2.0.0");
    assert_eq!(repository.id("refs/tags/v2.0.0"), main);
}

#[test]
fn a_tag_outside_the_permission_is_refused_with_the_lines_that_permit_it() {
    let repository = Repository::released("sha1");
    let server = Server::start(repository.root(), Fine);
    let sluice = release(&server, "", "read: true, create: ['refs/tags/v1.*']");
    let said = sluice.events(&[]);
    assert_eq!(
        error(&said),
        "creating `refs/tags/v2.0.0` on `origin`: step `version` may not create-ref origin \
         refs/tags/v2.0.0"
    );
    assert_eq!(
        said.effects(),
        ["git create-ref origin refs/tags/v2.0.0 refused"]
    );
    assert!(said.out.contains("to permit it:"), "{}", said.out);
}

#[test]
fn an_empty_repository_has_no_version() {
    let repository = Repository::empty("sha1");
    let server = Server::start(repository.root(), Fine);
    let said = release(&server, "", TAGS).events(&[]);
    assert_eq!(
        error(&said),
        "`origin` has no commits yet, or no default branch; `branch` names another"
    );
}

/// Somebody tags when the client is about to push.
struct Rival {
    repository: PathBuf,
    tag: &'static str,
    done: AtomicBool,
}

impl Fault for Rival {
    fn before(&self, request: &mut Request) -> Option<Answer> {
        let pushes = request.query.contains("git-receive-pack");
        if pushes && !self.done.swap(true, Ordering::SeqCst) {
            let status = std::process::Command::new("git")
                .args(["tag", self.tag, "main~1"])
                .current_dir(&self.repository)
                .status();
            assert!(status.expect("git is there").success());
        }
        None
    }
}

#[test]
fn who_was_slower_counts_again() {
    let repository = Repository::released("sha1");
    let rival = Rival {
        repository: repository.path(),
        tag: "v2.0.0",
        done: AtomicBool::new(false),
    };
    let server = Server::start(repository.root(), rival);
    let said = release(&server, "", TAGS).events(&[]);
    let outputs = outputs(&said);
    assert_eq!(
        (&outputs["tag"], &outputs["previous"]),
        (&json!("v3.0.0"), &json!("v2.0.0"))
    );
    assert_eq!(repository.id("v2.0.0"), repository.id("main~1"));
    assert_eq!(repository.id("v3.0.0"), repository.id("main"));
}
