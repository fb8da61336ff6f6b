//! A mirror: for the first time, with one new commit, and with nothing to do; beside `git
//! clone --mirror` (or `git remote update`) followed by `git push --mirror`.

use std::{fs, path::Path, process::Command};

use crate::{
    lighttpd::Lighttpd,
    meter::{Taken, median, megabytes, millis, run},
    repository::{Repositories, Size, command, git},
};

const ROUNDS: usize = 5;

/// Times, memory and bytes on disk of both.
pub(crate) fn table(size: &Size) {
    let bench = Bench::new(size);
    println!(
        "`mirror`: {} commits, {} refs, a pack of {}; {ROUNDS} rounds in turn, medians\n",
        size.commits,
        git(&bench.repositories.path("origin.git"), &["for-each-ref"])
            .lines()
            .count(),
        megabytes(bench.repositories.bytes("origin.git/objects/pack"))
    );
    println!(
        "| | sluice | git | sluice's memory | largest git process | sluice writes | git keeps |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut rows = [const { (Vec::new(), Vec::new()) }; 3];
    for _ in 0..ROUNDS {
        bench.repositories.init("copy.git");
        rows[0].0.push(bench.sluice());
        bench.repositories.init("copy.git");
        rows[0].1.push(bench.clone_and_push());
        rows[1].0.push(bench.sluice());
        rows[1].1.push(bench.update_and_push());
        // A push refuses what it did not see: the same new commit for both.
        bench.repositories.commit();
        rows[2].0.push(bench.sluice());
        bench.repositories.commit();
        rows[2].1.push(bench.update_and_push());
        bench.assert_same();
    }
    let kept = bench.repositories.bytes("clone.git");
    for (what, (sluice, git)) in ["first time", "nothing to do", "one new commit"]
        .into_iter()
        .zip(rows)
    {
        let (sluice, git) = (median(sluice), median(git));
        println!(
            "| {what} | {} | {} | {} | {} | {} | {} |",
            millis(sluice.time),
            millis(git.time),
            megabytes(sluice.memory * 1000),
            megabytes(git.memory * 1000),
            megabytes(sluice.written),
            megabytes(kept),
        );
    }
}

/// The first time alone, of a repository that nobody wants to clone.
pub(crate) fn once(size: &Size) {
    let bench = Bench::new(size);
    let taken = bench.sluice();
    bench.assert_same();
    println!(
        "`mirror` of a pack of {}: {}, {} of memory, {} written",
        megabytes(bench.repositories.bytes("origin.git/objects/pack")),
        millis(taken.time),
        megabytes(taken.memory * 1000),
        megabytes(taken.written)
    );
}

struct Bench {
    repositories: Repositories,
    server: Lighttpd,
    pipeline: tempfile::TempDir,
}

impl Bench {
    fn new(size: &Size) -> Self {
        let repositories = Repositories::new(size);
        let server = Lighttpd::start(repositories.root());
        let pipeline = tempfile::tempdir().expect("a folder can be made");
        let [from, to] = ["origin.git", "copy.git"].map(|name| server.url(name));
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
    with: {{ from: origin, to: copy }}
    permissions:
      git:
        - {{ remote: origin, read: true }}
        - {{ remote: copy, read: true, create: ['refs/**'], update: ['refs/**'] }}
"
        );
        fs::write(pipeline.path().join("mirror.yaml"), text).expect("the folder is ours");
        let bench = Self {
            repositories,
            server,
            pipeline,
        };
        // Compiled plugins are there from the first round on.
        let warm = sluice(bench.pipeline.path())
            .arg("check")
            .arg("mirror.yaml")
            .status();
        assert!(warm.expect("it starts").success());
        bench
    }

    fn sluice(&self) -> Taken {
        run(sluice(self.pipeline.path()).args(["run", "mirror.yaml"]))
    }

    fn url(&self, name: &str) -> String {
        self.server
            .url(name)
            .replace("://", "://ci:right-password@")
    }

    fn clone_and_push(&self) -> Taken {
        let clone = self.repositories.path("clone.git");
        let _ = fs::remove_dir_all(&clone);
        let root = self.repositories.root();
        let url = self.url("origin.git");
        let cloned = run(command(root).args(["clone", "-q", "--mirror", &url, "clone.git"]));
        cloned + self.push()
    }

    fn update_and_push(&self) -> Taken {
        let clone = self.repositories.path("clone.git");
        run(command(&clone).args(["remote", "update", "--prune"])) + self.push()
    }

    fn push(&self) -> Taken {
        let clone = self.repositories.path("clone.git");
        run(command(&clone).args(["push", "-q", "--mirror", &self.url("copy.git")]))
    }

    fn assert_same(&self) {
        let refs = |name: &str| git(&self.repositories.path(name), &["for-each-ref"]);
        assert_eq!(refs("copy.git"), refs("origin.git"));
        git(
            &self.repositories.path("copy.git"),
            &["fsck", "--connectivity-only"],
        );
    }
}

/// sluice with a cache beside the pipeline.
pub(crate) fn sluice(folder: &Path) -> Command {
    let mut sluice = Command::new(env!("CARGO_BIN_EXE_sluice"));
    sluice
        .current_dir(folder)
        .env("SLUICE_CACHE", folder.join("cache"))
        .env("SLUICE_STATE", folder.join("state"))
        .env("FORGE", "right-password");
    sluice
}
