//! Git remotes: bare repositories in a folder that ends with them, each with a short history of
//! releases. `git` itself makes them and answers for them.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// How far the history of a repository goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// Four commits on `main`, the first two released as `v0.1.0` and `v0.1.1`.
    Whole,
    /// The first two of them, and the first release.
    Behind,
}

/// The first two commits and the first release, as `git fast-import` takes them.
const BEHIND: &str = "\
blob
mark :9
data 5
shop

commit refs/heads/main
mark :1
committer Ann <ann@shop.example> 1767600000 +0000
data 19
feat: a first page

M 100644 :9 README

commit refs/heads/main
mark :2
committer Ben <ben@shop.example> 1767686400 +0000
data 28
fix: links on small screens

from :1

reset refs/tags/v0.1.0
from :1

";

/// What came since.
const SINCE: &str = "\
reset refs/tags/v0.1.1
from :2

commit refs/heads/main
mark :3
committer Ann <ann@shop.example> 1767772800 +0000
data 21
feat: search by name

from :2

commit refs/heads/main
mark :4
committer Ben <ben@shop.example> 1767859200 +0000
data 28
fix: baskets without a name

from :3
";

/// A ref that is not what it was at first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The remote that it is of.
    pub remote: String,
    /// Its full name.
    pub name: String,
    /// What it pointed to; `None` where it is new.
    pub old: Option<String>,
    /// What it points to; `None` where it is gone.
    pub new: Option<String>,
}

/// What refs point to, by their full names.
type Refs = BTreeMap<String, String>;

/// Repositories that end with this.
#[derive(Debug)]
pub struct Remotes {
    folder: TempDir,
    /// By the name of the remote, as they were at first.
    refs: BTreeMap<String, Refs>,
}

impl Remotes {
    /// Makes a repository for each name, which has letters, digits and `_`.
    ///
    /// # Errors
    ///
    /// `NotFound` where there is no `git`; others where it fails, or no folder can be made.
    pub async fn start(remotes: &[(String, History)]) -> io::Result<Self> {
        let folder = TempDir::new()?;
        let mut made = Self {
            folder,
            refs: BTreeMap::new(),
        };
        for (name, history) in remotes {
            let path = made.path(name);
            std::fs::create_dir(&path)?;
            git(
                &path,
                &["init", "--quiet", "--bare", "--initial-branch=main"],
                "",
            )
            .await?;
            git(&path, &["config", "uploadpack.allowFilter", "true"], "").await?;
            let stream = match history {
                History::Whole => format!("{BEHIND}{SINCE}"),
                History::Behind => BEHIND.to_owned(),
            };
            git(&path, &["fast-import", "--quiet"], &stream).await?;
            let refs = refs(&path).await?;
            made.refs.insert(name.clone(), refs);
        }
        Ok(made)
    }

    /// Where the repository of that name is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.git"))
    }

    /// What is not as it was at first, by remote and name.
    ///
    /// # Errors
    ///
    /// Where `git` fails.
    pub async fn moved(&self) -> io::Result<Vec<Moved>> {
        let mut moved = Vec::new();
        for (remote, before) in &self.refs {
            let now = refs(&self.path(remote)).await?;
            let names = before.keys().chain(now.keys());
            let names = names.collect::<std::collections::BTreeSet<_>>();
            let names = names
                .into_iter()
                .filter(|name| before.get(*name) != now.get(*name));
            moved.extend(names.map(|name| Moved {
                remote: remote.clone(),
                name: name.clone(),
                old: before.get(name).cloned(),
                new: now.get(name).cloned(),
            }));
        }
        Ok(moved)
    }
}

async fn refs(path: &Path) -> io::Result<Refs> {
    let format = "--format=%(objectname) %(refname)";
    let listed = git(path, &["for-each-ref", format], "").await?;
    let lines = listed.lines().filter_map(|line| line.split_once(' '));
    Ok(lines
        .map(|(id, name)| (name.to_owned(), id.to_owned()))
        .collect())
}

/// What git prints.
async fn git(path: &Path, args: &[&str], input: &str) -> io::Result<String> {
    let mut child = Command::new("git")
        .args(args)
        .current_dir(path)
        // Nobody's settings, and not the repository that the process may be called for.
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| name == "PATH"))
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(input.as_bytes()).await?;
    drop(stdin);
    let output = child.wait_with_output().await?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!(
        "git {}: {}",
        args[0],
        said.trim_end()
    )))
}
