//! Real repositories for the tests: a story of commits and tags becomes one by
//! `git fast-import`, and answers as a remote does.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::bindings::exports::sluice::plugin::step::Failure;
use crate::bindings::sluice::git::remote::{
    Annotation, Commit, Effect, Error, RefEntry, Signature,
};
use crate::bindings::sluice::plugin::log::Level;
use crate::config::Config;
use crate::outputs::Outputs;
use crate::tag::tag;
use crate::world::World;

/// A history that is still being told. Commits are known by their number.
#[derive(Default)]
pub(crate) struct Story {
    stream: String,
    commits: usize,
    /// Seconds since the epoch, of the last commit.
    pub(crate) time: u64,
}

impl Story {
    /// A commit on top of its parents, at the head of `branch`.
    pub(crate) fn commit(&mut self, branch: &str, parents: &[usize], message: &str) -> usize {
        self.commits += 1;
        let (number, time) = (self.commits, self.time);
        // A branch that is begun again needs no parent, and must not have its old one.
        let _ = write!(
            self.stream,
            "reset refs/heads/{branch}\n\ncommit refs/heads/{branch}\nmark :{number}\n\
             author A <a@example.com> {time} +0100\ncommitter A <a@example.com> {time} +0100\n\
             data {}\n{message}\n",
            message.len()
        );
        for (at, parent) in parents.iter().enumerate() {
            let word = if at == 0 { "from" } else { "merge" };
            let _ = writeln!(self.stream, "{word} :{parent}");
        }
        self.stream.push('\n');
        number
    }

    /// A tag without an object of its own.
    pub(crate) fn tag(&mut self, name: &str, commit: usize) {
        let _ = write!(self.stream, "reset refs/tags/{name}\nfrom :{commit}\n\n");
    }

    pub(crate) fn annotated(&mut self, name: &str, commit: usize) {
        let _ = write!(
            self.stream,
            "tag {name}\nfrom :{commit}\ntagger A <a@example.com> {} +0100\ndata 1\nx\n",
            self.time
        );
    }

    pub(crate) fn end(&self) -> Repository {
        let repository = Repository::empty();
        repository.import(&self.stream);
        repository
    }
}

/// `main` with these commits, oldest first; a line `tag: v1` tags the commit before it.
pub(crate) fn line(told: &[&str]) -> Repository {
    let mut story = Story::default();
    let mut head = None;
    for message in told {
        if let (Some(name), Some(head)) = (message.strip_prefix("tag: "), head) {
            story.tag(name, head);
        } else {
            story.time += 60;
            head = Some(story.commit("main", head.as_slice(), message));
        }
    }
    story.end()
}

/// What somebody else does between reading and creating.
type Rival = Box<dyn FnOnce(&Repository)>;

/// A repository on the disk, as a remote called `origin`.
pub(crate) struct Repository {
    folder: TempDir,
    /// Nothing is created.
    pub(crate) dry: bool,
    /// Who is quicker, once before each creation.
    pub(crate) rivals: Vec<Rival>,
    /// The ranges that were asked for, and how many commits each gave.
    pub(crate) ranges: Vec<usize>,
    pub(crate) told: Vec<String>,
}

impl Repository {
    /// One without commits.
    pub(crate) fn empty() -> Self {
        let repository = Self {
            folder: TempDir::new().expect("a temporary folder"),
            dry: false,
            rivals: Vec::new(),
            ranges: Vec::new(),
            told: Vec::new(),
        };
        repository.git(&["init", "--quiet", "--bare", "--initial-branch=main"]);
        repository
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What git prints, without the last newline; `Err` with what it complains of.
    pub(crate) fn try_git(&self, args: &[&str], input: &str) -> Result<String, String> {
        let mut git = Command::new("git")
            .args(args)
            .current_dir(self.folder())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_COMMITTER_NAME", "A")
            .env("GIT_COMMITTER_EMAIL", "a@example.com")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("git is there");
        let mut stdin = git.stdin.take().expect("it is piped");
        // It may end without having read.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = git.wait_with_output().expect("git ends");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            Err(text(&output.stderr))
        }
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        self.try_git(args, "")
            .unwrap_or_else(|error| panic!("git {args:?}: {error}"))
    }

    fn import(&self, stream: &str) {
        self.try_git(&["fast-import", "--quiet", "--force"], stream)
            .unwrap_or_else(|error| panic!("{error}\n{stream}"));
    }

    /// What the plugin does here with this `with`, on its first attempt.
    pub(crate) fn run(&mut self, with: &Value) -> Result<Outputs, Failure> {
        self.attempt(with, 1)
    }

    pub(crate) fn attempt(&mut self, with: &Value, attempt: u32) -> Result<Outputs, Failure> {
        let mut with = with.clone();
        with["remote"] = "origin".into();
        let config = Config::read(&with.to_string()).expect("`with` is valid");
        tag(self, &config, attempt)
    }
}

impl World for Repository {
    type Commits = Vec<Commit>;

    fn list_refs(&mut self, remote: &str, prefixes: &[String]) -> Result<Vec<RefEntry>, Error> {
        assert_eq!(remote, "origin");
        // Fails where there is no ref.
        let listed = self
            .try_git(&["show-ref", "--head", "--dereference"], "")
            .unwrap_or_default();
        let mut refs: Vec<RefEntry> = Vec::new();
        for entry in listed.lines() {
            let (id, name) = entry.split_once(' ').expect("an id and a name");
            if let (Some(_), Some(last)) = (name.strip_suffix("^{}"), refs.last_mut()) {
                last.peeled = Some(id.to_owned());
                continue;
            }
            refs.push(RefEntry {
                name: name.to_owned(),
                id: id.to_owned(),
                peeled: None,
                symref: (name == "HEAD").then(|| "refs/heads/main".to_owned()),
            });
        }
        let wanted = |name: &str| prefixes.iter().any(|prefix| name.starts_with(prefix));
        refs.retain(|entry| wanted(&entry.name));
        Ok(refs)
    }

    fn log(&mut self, _: &str, tips: &[String], known: &[String]) -> Result<Vec<Commit>, Error> {
        // What is no commit travels, and is not shown.
        let commits = |ids: &[String]| {
            let asked: Vec<_> = ids.iter().map(|id| format!("{id}^{{commit}}\n")).collect();
            let told = self.try_git(
                &["cat-file", "--batch-check=%(objectname)"],
                &asked.concat(),
            );
            let told = told.expect("git answers");
            let known = told.lines().filter(|line| !line.contains(' '));
            known.map(str::to_owned).collect::<Vec<_>>()
        };
        let (tips, known) = (commits(tips), commits(known));
        if tips.is_empty() {
            self.ranges.push(0);
            return Ok(Vec::new());
        }
        let mut args = vec!["log", "-z", "--date-order", "--format=%H%n%P%n%B"];
        args.extend(tips.iter().map(String::as_str));
        args.push("--not");
        args.extend(known.iter().map(String::as_str));
        let log = self.git(&args);
        let entries = log.split('\0').filter(|entry| !entry.is_empty());
        // The end of the list is taken first.
        let commits: Vec<_> = entries.map(commit).rev().collect();
        self.ranges.push(commits.len());
        Ok(commits)
    }

    fn next(&mut self, commits: &mut Vec<Commit>, at_most: u32) -> Result<Vec<Commit>, Error> {
        // Few at once, so that the end of a batch is not the end of a range.
        let count = commits.len().min(at_most as usize).min(3);
        Ok(commits.drain(commits.len() - count..).rev().collect())
    }

    fn create_ref(
        &mut self,
        _: &str,
        name: &str,
        target: &str,
        annotation: Option<&Annotation>,
    ) -> Result<Effect, Error> {
        if !self.rivals.is_empty() {
            let rival = self.rivals.remove(0);
            rival(self);
        }
        if self.dry {
            return Ok(Effect::Planned);
        }
        let created = match (annotation, name.strip_prefix("refs/tags/")) {
            (Some(annotation), Some(tag)) => self.try_git(
                &[
                    "tag",
                    "--annotate",
                    "--file=-",
                    "--cleanup=verbatim",
                    tag,
                    target,
                ],
                &annotation.message,
            ),
            _ => self.try_git(
                &["update-ref", "--stdin"],
                &format!("create {name} {target}\n"),
            ),
        };
        created.map(Effect::Done).map_err(Error::Conflict)
    }

    fn tell(&mut self, _: Level, line: &str) {
        self.told.push(line.to_owned());
    }

    fn progress(&mut self, _: &str) {}
}

fn commit(entry: &str) -> Commit {
    let mut parts = entry.splitn(3, '\n');
    let mut part = || parts.next().unwrap_or_default();
    let signature = || Signature {
        name: "A".to_owned(),
        email: "a@example.com".to_owned(),
        time: 0,
        offset: 60,
    };
    Commit {
        id: part().to_owned(),
        parents: part().split_whitespace().map(str::to_owned).collect(),
        author: signature(),
        committer: signature(),
        message: part().to_owned(),
    }
}
