//! Repositories of a stated size whose files do not compress, the same each time.

use std::{
    fmt::Write as _,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// How much history there is.
pub(crate) struct Size {
    pub(crate) commits: usize,
    /// Files that each commit changes.
    pub(crate) files: usize,
    /// Of one file, in bytes.
    pub(crate) bytes: usize,
    pub(crate) tags: usize,
}

impl Size {
    /// 5,000 commits, 25,000 objects, some 55 MB, 71 refs.
    pub(crate) const USUAL: Self = Self {
        commits: 5000,
        files: 2,
        bytes: 5300,
        tags: 70,
    };
    /// 1 GB.
    pub(crate) const LARGE: Self = Self {
        commits: 1000,
        files: 4,
        bytes: 262_144,
        tags: 10,
    };
}

/// A folder with the bare repositories `origin.git` and `copy.git`.
pub(crate) struct Repositories {
    folder: tempfile::TempDir,
}

impl Repositories {
    /// `origin.git` with a history, and an empty `copy.git`.
    pub(crate) fn new(size: &Size) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let made = Self { folder };
        made.init("origin.git");
        made.init("copy.git");
        fill(&made.path("origin.git"), size);
        // As a server has it: packed, with what answers requests quickly.
        git(
            &made.path("origin.git"),
            &["repack", "-adq", "--write-bitmap-index"],
        );
        git(&made.path("origin.git"), &["pack-refs", "--all"]);
        made
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// An empty repository of that name, whatever was there.
    pub(crate) fn init(&self, name: &str) {
        let path = self.path(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).expect("the folder is ours");
        git(&path, &["init", "-q", "--bare", "-b", "main"]);
        for (key, value) in [
            ("uploadpack.allowFilter", "true"),
            ("http.receivepack", "true"),
            ("receive.autogc", "false"),
        ] {
            git(&path, &["config", key, value]);
        }
    }

    /// One more commit on `main` of `origin.git`.
    pub(crate) fn commit(&self) {
        let path = self.path("origin.git");
        let tree = git(&path, &["rev-parse", "main^{tree}"]);
        let commit = git(
            &path,
            &["commit-tree", &tree, "-p", "main", "-m", "fix: one more"],
        );
        git(&path, &["update-ref", "refs/heads/main", &commit]);
    }

    /// The bytes that a folder of it holds.
    pub(crate) fn bytes(&self, name: &str) -> u64 {
        bytes(&self.path(name))
    }
}

fn bytes(path: &Path) -> u64 {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => bytes(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

/// What git prints.
pub(crate) fn git(path: &Path, args: &[&str]) -> String {
    let output = command(path).args(args).output().expect("git is there");
    assert!(output.status.success(), "git {args:?}");
    String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned()
}

/// Git without anybody's settings.
pub(crate) fn command(path: &Path) -> Command {
    let mut git = Command::new("git");
    git.current_dir(path)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "A")))
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "a@example.com")));
    git
}

fn fill(path: &Path, size: &Size) {
    let mut import = command(path)
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("git is there");
    let mut stream = BufWriter::new(import.stdin.take().expect("it is piped"));
    let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
    let mut file = vec![0; size.bytes];
    let every = size.commits / size.tags;
    for commit in 1..=size.commits {
        let message = match commit % 10 {
            0 => format!("feat: thing {commit}"),
            _ => format!("fix(part): mend {commit}"),
        };
        let mut head = format!("commit refs/heads/main\nmark :{commit}\n");
        let time = 1_600_000_000 + commit * 60;
        let _ = write!(
            head,
            "committer A <a@example.com> {time} +0000\ndata {}\n{message}\n",
            message.len()
        );
        stream.write_all(head.as_bytes()).expect("git reads");
        for place in 0..size.files {
            noise.fill(&mut file);
            let name = (commit * size.files + place) % 300;
            let head = format!(
                "M 100644 inline src/part{}/file{name}\ndata {}\n",
                name % 20,
                file.len()
            );
            stream.write_all(head.as_bytes()).expect("git reads");
            stream.write_all(&file).expect("git reads");
            stream.write_all(b"\n").expect("git reads");
        }
        // The last ones are not released yet.
        if commit % every == 0 && commit + 20 < size.commits && commit / every < size.tags {
            let tag = format!(
                "reset refs/tags/v0.{}.0\nfrom :{commit}\n\n",
                commit / every
            );
            stream.write_all(tag.as_bytes()).expect("git reads");
        }
    }
    drop(stream);
    assert!(import.wait().expect("it ends").success());
}

/// Bytes without an order, the same each time (xorshift).
struct Noise(u64);

impl Noise {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            chunk.copy_from_slice(&self.0.to_le_bytes()[..chunk.len()]);
        }
    }
}
