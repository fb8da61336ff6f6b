//! The repositories of a rehearsal, as git itself sees them.

use std::process::Command;

use sluice_practice::{History, Moved, Remotes};

/// What git prints in the repository of that name.
fn git(remotes: &Remotes, name: &str, args: &[&str]) -> String {
    let git = Command::new("git")
        .args(args)
        .current_dir(remotes.path(name))
        .output();
    let output = git.expect("git is there");
    assert!(output.status.success(), "git {args:?}");
    String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned()
}

async fn remotes() -> Remotes {
    let names = [
        ("origin".to_owned(), History::Whole),
        ("github".to_owned(), History::Behind),
    ];
    Remotes::start(&names).await.expect("git is there")
}

#[tokio::test]
async fn one_history_goes_on_where_the_other_ends() {
    let remotes = remotes().await;
    let log = |name| git(&remotes, name, &["log", "--format=%s%d", "main"]);
    assert_eq!(
        log("origin"),
        "fix: baskets without a name (HEAD -> main)\nfeat: search by name\n\
         fix: links on small screens (tag: v0.1.1)\nfeat: a first page (tag: v0.1.0)"
    );
    assert_eq!(
        log("github"),
        "fix: links on small screens (HEAD -> main)\nfeat: a first page (tag: v0.1.0)"
    );
    assert_eq!(
        git(&remotes, "github", &["rev-parse", "main"]),
        git(&remotes, "origin", &["rev-parse", "main~2"])
    );
}

#[tokio::test]
async fn refs_that_change_are_shown() {
    let remotes = remotes().await;
    assert_eq!(remotes.moved().await.expect("git answers"), []);
    let [main, before] =
        ["main", "main~1"].map(|name| git(&remotes, "origin", &["rev-parse", name]));
    git(
        &remotes,
        "origin",
        &["update-ref", "refs/heads/main", "main~1"],
    );
    git(&remotes, "origin", &["tag", "v9", &main]);
    git(&remotes, "origin", &["tag", "-d", "v0.1.0"]);
    let first = git(&remotes, "github", &["rev-parse", "v0.1.0"]);
    let moved = |name: &str, old: Option<&String>, new: Option<&String>| Moved {
        remote: "origin".to_owned(),
        name: name.to_owned(),
        old: old.cloned(),
        new: new.cloned(),
    };
    assert_eq!(
        remotes.moved().await.expect("git answers"),
        [
            moved("refs/heads/main", Some(&main), Some(&before)),
            moved("refs/tags/v0.1.0", Some(&first), None),
            moved("refs/tags/v9", None, Some(&main)),
        ]
    );
}

#[tokio::test]
async fn repositories_end_with_their_stand_in() {
    let remotes = remotes().await;
    let path = remotes.path("origin");
    assert!(path.exists());
    drop(remotes);
    assert!(!path.exists());
}
