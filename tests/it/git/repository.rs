//! Repositories made by git itself, with the same ids each time.

use std::{
    fmt::Write as _,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A bare repository in a folder of its own.
pub(super) struct Repository {
    root: tempfile::TempDir,
}

impl Repository {
    /// An empty one, by SHA-1 or SHA-256, which can filter.
    pub(super) fn empty(hash: &str) -> Self {
        let root = tempfile::tempdir().expect("a folder can be made");
        let repository = Self { root };
        let path = repository.path();
        std::fs::create_dir(&path).expect("the folder is ours");
        repository.git(&[
            "init",
            "-q",
            "--bare",
            "-b",
            "main",
            "--object-format",
            hash,
        ]);
        repository.git(&["config", "uploadpack.allowFilter", "true"]);
        repository
    }

    /// Three commits on `main`, the tag `v1.0.0` with an object of its own at the first, the
    /// lightweight `v1.1.0` at the second.
    pub(super) fn released(hash: &str) -> Self {
        let repository = Self::empty(hash);
        let first = repository.commit("refs/heads/main", &[], 0, "feat: begin\n\nA body.\n");
        let second = repository.commit("refs/heads/main", &[&first], 60, "fix: mend\n");
        let third = repository.commit("refs/heads/main", &[&second], 120, "feat!: break\n");
        repository.git(&["tag", "-a", "-m", "one", "v1.0.0", &first]);
        repository.git(&["tag", "v1.1.0", &second]);
        assert_eq!(repository.id("main"), third);
        repository
    }

    /// The folder that a server is given.
    pub(super) fn root(&self) -> &Path {
        self.root.path()
    }

    pub(super) fn path(&self) -> PathBuf {
        self.root.path().join("web.git")
    }

    /// Makes a commit of one file, that many seconds after the others began, and puts the
    /// ref there.
    pub(super) fn commit(&self, name: &str, parents: &[&str], after: i64, message: &str) -> String {
        let file = self.write(&["hash-object", "-w", "--stdin"], message);
        let tree = self.write(&["mktree"], &format!("100644 blob {file}\tfile\n"));
        let mut args = vec!["commit-tree".to_owned(), tree];
        for parent in parents {
            args.extend(["-p".to_owned(), (*parent).to_owned()]);
        }
        let args = args.iter().map(String::as_str).collect::<Vec<_>>();
        let date = format!("{} +0200", 1_700_000_000 + after);
        let id = self.run(&args, message, &date);
        self.git(&["update-ref", name, &id]);
        id
    }

    /// Many refs of a name that ends with a number.
    pub(super) fn refs(&self, count: usize, target: &str) {
        let mut lines = String::new();
        for number in 0..count {
            let _ = writeln!(lines, "create refs/tags/build-{number:05} {target}");
        }
        self.write(&["update-ref", "--stdin"], &lines);
        self.git(&["pack-refs", "--all"]);
    }

    /// A program that runs before refs are taken, or (`update`) before each of them is.
    pub(super) fn hook(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.path().join("hooks").join(name);
        std::fs::write(&path, script).expect("the folder is ours");
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&path, executable).expect("the file is ours");
    }

    /// What a name stands for.
    pub(super) fn id(&self, name: &str) -> String {
        self.git(&["rev-parse", name])
    }

    /// Its refs, each as `id name`.
    pub(super) fn refs_now(&self) -> Vec<String> {
        let format = "--format=%(objectname) %(refname)";
        let text = self.git(&["for-each-ref", format]);
        text.lines().map(str::to_owned).collect()
    }

    pub(super) fn git(&self, args: &[&str]) -> String {
        self.write(args, "")
    }

    fn write(&self, args: &[&str], input: &str) -> String {
        self.run(args, input, "1700000000 +0200")
    }

    fn run(&self, args: &[&str], input: &str, date: &str) -> String {
        let mut git = Command::new("git")
            .args(args)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs([
                ("GIT_CONFIG_GLOBAL", "/dev/null"),
                ("GIT_CONFIG_NOSYSTEM", "1"),
                ("GIT_AUTHOR_NAME", "Ann"),
                ("GIT_AUTHOR_EMAIL", "ann@example.com"),
                ("GIT_COMMITTER_NAME", "Bob"),
                ("GIT_COMMITTER_EMAIL", "bob@example.com"),
                ("GIT_AUTHOR_DATE", date),
                ("GIT_COMMITTER_DATE", date),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("git is there");
        let mut stdin = git.stdin.take().expect("it is piped");
        stdin.write_all(input.as_bytes()).expect("git reads it");
        drop(stdin);
        let output = git.wait_with_output().expect("it ends");
        assert!(output.status.success(), "git {args:?}");
        String::from_utf8(output.stdout)
            .expect("git speaks UTF-8")
            .trim_end()
            .to_owned()
    }
}
