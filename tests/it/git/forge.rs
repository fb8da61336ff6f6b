//! A release and its mirror on a real forge: pull requests that it keeps for itself, branches
//! that it protects, hooks of its own. `tests/real/gitea/up.sh` starts it; `SLUICE_TEST_FORGE`
//! is its folder.

use std::{path::PathBuf, process::Command};

use serde_json::{Value, json};

use super::repository::Repository;
use crate::sluice::{Said, Sluice};

/// The forge, as its user `ci`.
struct Forge {
    url: String,
}

/// A name that no other test uses.
fn unique(what: &str) -> String {
    let now = jiff::Timestamp::now().as_nanosecond();
    format!("{what}-{}-{now}", std::process::id())
}

impl Forge {
    fn here() -> Self {
        let folder = std::env::var_os("SLUICE_TEST_FORGE").expect("SLUICE_TEST_FORGE is set");
        let url = std::fs::read_to_string(PathBuf::from(folder).join("url"));
        let url = url.expect("it was started").trim_end().to_owned();
        Self { url }
    }

    /// Calls its API.
    #[track_caller]
    fn api(&self, method: &str, path: &str, body: &Value) -> Value {
        let output = Command::new("curl")
            .args([
                "-sS",
                "--fail-with-body",
                "-u",
                "ci:right-password",
                "-X",
                method,
            ])
            .args([
                "-H",
                "Content-Type: application/json",
                "-d",
                &body.to_string(),
            ])
            .arg(format!("{}/api/v1/{path}", self.url))
            .output()
            .expect("curl starts");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{method} {path}: {said}");
        serde_json::from_str(&said).unwrap_or_default()
    }

    /// A new repository of the user.
    fn repository(&self, name: &str) -> String {
        // One with a commit in it: a forge takes its time to see that it is not empty.
        let wanted = json!({ "name": name, "auto_init": true, "default_branch": "main" });
        self.api("POST", "user/repos", &wanted);
        format!("{}/ci/{name}.git", self.url)
    }
}

/// The refs of a repository as git itself lists them.
fn refs(url: &str) -> Vec<String> {
    let listed = git(&["ls-remote", "--refs", &with_login(url)]);
    listed.lines().map(str::to_owned).collect()
}

fn with_login(url: &str) -> String {
    url.replace("://", "://ci:right-password@")
}

fn git(args: &[&str]) -> String {
    let git = Command::new("git")
        .args(args)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output();
    let output = git.expect("git is there");
    assert!(output.status.success(), "git {args:?}");
    String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned()
}

fn release(origin: &str, copy: &str) -> Sluice {
    let login = "auth: { user: ci, password: '${{ secrets.forge }}' }";
    let text = format!(
        "name: release
secrets:
  forge: {{ env: FORGE, hosts: [127.0.0.1] }}
remotes:
  origin: {{ url: '{origin}', {login} }}
  copy: {{ url: '{copy}', {login} }}
steps:
  version:
    uses: svu-tag
    with: {{ remote: origin }}
    permissions: {{ git: [{{ remote: origin, read: true, create: ['refs/tags/v*'] }}] }}
  mirror:
    uses: mirror
    with: {{ from: origin, to: copy, refs: ['refs/**'] }}
    permissions:
      git:
        - {{ remote: origin, read: true }}
        - {{ remote: copy, read: true, create: ['refs/**'], update: ['refs/heads/**'] }}
"
    );
    Sluice::pipeline(&text).env("FORGE", "right-password")
}

/// The counts that are not 0.
#[track_caller]
fn counts(said: &Said) -> Value {
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    super::mirror::outputs(said)
}

#[test]
#[ignore = "needs a forge"]
fn release_is_tagged_on_a_forge_and_mirrored_without_its_pull_requests() {
    let forge = Forge::here();
    let [origin, copy] = ["origin", "copy"].map(|what| {
        let name = unique(what);
        (forge.repository(&name), name)
    });
    let local = Repository::released("sha1");
    let base = local.id("main");
    local.commit("refs/heads/proposal", &[&base], 300, "feat: propose\n");
    local.git(&["push", "-q", "--mirror", &with_login(&origin.0)]);
    forge.api(
        "POST",
        &format!("repos/ci/{}/pulls", origin.1),
        &json!({ "head": "proposal", "base": "main", "title": "propose" }),
    );
    let has_pull = |refs: &[String]| refs.iter().any(|line| line.ends_with("refs/pull/1/head"));
    assert!(
        has_pull(&refs(&origin.0)),
        "the forge keeps its pull request as a ref"
    );

    local.git(&[
        "push",
        "-q",
        "--force",
        &with_login(&copy.0),
        "main~1:refs/heads/main",
    ]);
    let said = release(&origin.0, &copy.0).events(&[]);
    assert_eq!(counts(&said), json!({ "created": 4, "updated": 1 }));
    let mut expected = refs(&origin.0);
    assert!(
        expected
            .iter()
            .any(|line| line.ends_with("refs/tags/v2.0.0"))
    );
    expected.retain(|line| !line.contains("refs/pull/"));
    assert_eq!(refs(&copy.0), expected);

    let said = release(&origin.0, &copy.0).events(&[]);
    assert_eq!(counts(&said), json!({ "unchanged": 5 }));
    assert_eq!(said.effects(), Vec::<String>::new());
}

#[test]
#[ignore = "needs a forge"]
fn branch_that_the_forge_protects_is_told_and_the_others_are_carried() {
    let forge = Forge::here();
    let [origin, copy] = ["origin", "copy"].map(|what| {
        let name = unique(what);
        (forge.repository(&name), name)
    });
    let local = Repository::released("sha1");
    for url in [&origin.0, &copy.0] {
        local.git(&["push", "-q", "--mirror", &with_login(url)]);
    }
    forge.api(
        "POST",
        &format!("repos/ci/{}/branch_protections", copy.1),
        &json!({ "rule_name": "main", "enable_push": false }),
    );
    let before = refs(&copy.0);
    let head = local.id("main");
    local.commit("refs/heads/main", &[&head], 300, "fix: one more\n");
    local.commit("refs/heads/other", &[&head], 400, "fix: elsewhere\n");
    local.git(&["push", "-q", "--mirror", &with_login(&origin.0)]);
    let said = release(&origin.0, &copy.0).events(&[]);
    assert_eq!(said.code, Some(1), "{}\n{}", said.out, said.err);
    let message = said.of_step("step.finished", "mirror")["error"]["message"].clone();
    let message = message.as_str().expect("it failed");
    assert!(
        message.contains("remote `copy` refused refs/heads/main"),
        "{message}"
    );
    assert!(message.contains("protected branch main"), "{message}");
    let main = |refs: &[String]| {
        refs.iter()
            .find(|line| line.ends_with("refs/heads/main"))
            .cloned()
    };
    assert_eq!(main(&refs(&copy.0)), main(&before));
}
