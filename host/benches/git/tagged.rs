//! A release: the next version, and its tag on the remote; beside a clone, svu and a push.

use std::fs;

use crate::{
    lighttpd::Lighttpd,
    meter::{Counter, Taken, kilobytes, median, millis, run},
    mirrored::sluice,
    repository::{Repositories, Size, command, git},
};

const ROUNDS: usize = 5;

/// Times, and what travels from the server.
pub(crate) fn table(size: &Size) {
    let repositories = Repositories::new(size);
    let server = Lighttpd::start(repositories.root());
    let counter = Counter::before(&server.url(""));
    let folder = tempfile::tempdir().expect("a folder can be made");
    let text = format!(
        "name: tag
secrets:
  forge: {{ env: FORGE, hosts: [127.0.0.1] }}
remotes:
  origin: {{ url: 'http://127.0.0.1:{}/origin.git', auth: {{ user: ci, password: '${{{{ secrets.forge }}}}' }} }}
steps:
  version:
    uses: svu-tag
    with: {{ remote: origin, branch: main }}
    permissions: {{ git: [{{ remote: origin, read: true, create: ['refs/tags/v*'] }}] }}
",
        counter.port()
    );
    fs::write(folder.path().join("tag.yaml"), text).expect("the folder is ours");
    let warm = sluice(folder.path()).args(["check", "tag.yaml"]).status();
    assert!(warm.expect("it starts").success());
    let origin = repositories.path("origin.git");
    let before = git(&origin, &["tag"]);
    // Takes away the new tag, and says which it was.
    let untag = || {
        let now = git(&origin, &["tag"]);
        let new = now
            .lines()
            .find(|tag| !before.lines().any(|old| old == *tag));
        let new = new.expect("a tag was created").to_owned();
        git(&origin, &["tag", "-d", &new]);
        new
    };
    let mut rows = [const { (Vec::new(), 0_u64) }; 3];
    let mut tags = Vec::new();
    for _ in 0..ROUNDS {
        let mut round = |row: &mut (Vec<Taken>, u64), taken: Taken| {
            row.0.push(taken);
            row.1 = counter.taken();
            tags.push(untag());
        };
        counter.taken();
        let taken = run(sluice(folder.path()).args(["run", "tag.yaml"]));
        round(&mut rows[0], taken);
        for (row, args) in [(1, &[][..]), (2, &["--bare", "--filter=tree:0"][..])] {
            let clone = folder.path().join("clone");
            let _ = fs::remove_dir_all(&clone);
            let mut cloning = command(folder.path());
            cloning.args(["clone", "-q"]).args(args);
            let cloned = run(cloning.arg(counter.url("origin.git")).arg("clone"));
            let (version, counted) = next(&clone);
            let tagged = run(command(&clone).args(["tag", &version]));
            let pushed = run(command(&clone).args(["push", "-q", "origin", &version]));
            round(&mut rows[row], cloned + counted + tagged + pushed);
        }
    }
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 1, "they count alike: {tags:?}");
    println!(
        "`svu-tag`: the same repository, the tag {}; {ROUNDS} rounds in turn, medians\n",
        tags[0]
    );
    println!("| | time | received | memory of the largest process |");
    println!("|---|---|---|---|");
    let svu = if svu().is_some() {
        "svu"
    } else {
        "(no svu at hand)"
    };
    let names = [
        "sluice".to_owned(),
        format!("`git clone`, {svu}, push"),
        format!("`git clone --bare --filter=tree:0`, {svu}, push"),
    ];
    for (name, (taken, received)) in names.into_iter().zip(rows) {
        let taken = median(taken);
        println!(
            "| {name} | {} | {} | {} |",
            millis(taken.time),
            kilobytes(received),
            kilobytes(taken.memory * 1000)
        );
    }
}

fn svu() -> Option<std::ffi::OsString> {
    std::env::var_os("SVU")
}

/// The next version in a clone; without svu what it would say here, and no time.
fn next(clone: &std::path::Path) -> (String, Taken) {
    let Some(svu) = svu() else {
        return ("v0.70.0".to_owned(), Taken::default());
    };
    let mut command = std::process::Command::new(svu);
    command.arg("next").current_dir(clone);
    let output = command.output().expect("svu starts");
    assert!(output.status.success(), "{output:?}");
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (version, run(&command))
}
