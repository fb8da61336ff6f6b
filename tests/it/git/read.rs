//! Refs and ranges of commits, from servers of every kind.

use super::{
    error, lines, pipeline, pipeline_as,
    repository::Repository,
    server::{Answer, Fault, Fine, LOGIN, Request, Server},
};

const READ: &str = "read: true";

/// A server that knows the first protocol only.
struct Old;

impl Fault for Old {
    fn before(&self, request: &mut Request) -> Option<Answer> {
        request.headers.remove("git-protocol");
        None
    }
}

#[test]
fn refs_are_listed_with_tags_peeled_and_head_named() {
    for hash in ["sha1", "sha256"] {
        let repository = Repository::released(hash);
        let [main, first, tag, second] =
            ["main", "v1.0.0^{}", "v1.0.0", "v1.1.0"].map(|name| repository.id(name));
        let expected = [
            format!("HEAD {main} for refs/heads/main"),
            format!("refs/heads/main {main}"),
            format!("refs/tags/v1.0.0 {tag} peeled {first}"),
            format!("refs/tags/v1.1.0 {second}"),
        ];
        for server in [
            Server::start(repository.root(), Fine),
            Server::start(repository.root(), Old),
        ] {
            let call =
                |with: &str| lines(&pipeline(&server.url("web.git"), with, READ).events(&[]));
            assert_eq!(call("call: list-refs"), expected, "{hash}");
            let some = call("call: list-refs, prefixes: [refs/tags/v1.1, refs/heads/]");
            assert_eq!(some, [&expected[1][..], &expected[3]], "{hash}");
        }
    }
}

#[test]
fn password_without_a_user_is_a_bearer_token() {
    /// A forge that knows tokens only.
    struct Tokens;
    impl Fault for Tokens {
        fn before(&self, request: &mut Request) -> Option<Answer> {
            let given = request.headers.remove("authorization");
            if given.as_deref() == Some("Bearer right-password") {
                let headers = &mut request.headers;
                headers.insert("authorization".to_owned(), LOGIN.to_owned());
            }
            None
        }
    }
    let repository = Repository::released("sha1");
    let server = Server::start(repository.root(), Tokens);
    let token = "password: '${{ secrets.forge }}'";
    let url = server.url("web.git");
    let said = pipeline_as(token, &url, "call: list-refs", READ).events(&[]);
    assert_eq!(lines(&said).len(), 4);
    let said = pipeline(&url, "call: list-refs", READ).events(&[]);
    assert_eq!(
        error(&said),
        "forbidden: remote `origin` refused the password of `ci`"
    );
    let nobody = pipeline_as("", &url, "call: list-refs", READ).events(&[]);
    assert_eq!(
        error(&nobody),
        "forbidden: remote `origin` wants to know who asks: give it an `auth` with a `password`"
    );
}

#[test]
fn empty_repository_has_no_refs() {
    let repository = Repository::empty("sha1");
    let server = Server::start(repository.root(), Fine);
    let sluice = pipeline(&server.url("web.git"), "call: list-refs", READ);
    assert_eq!(lines(&sluice.events(&[])), Vec::<String>::new());
}

#[test]
fn commits_of_a_range_come_newest_first_and_whole() {
    for hash in ["sha1", "sha256"] {
        let repository = Repository::released(hash);
        let [third, second, first, tag] =
            ["main", "main~1", "main~2", "v1.0.0"].map(|name| repository.id(name));
        let all = [
            format!("{third} (1 parents, Ann <ann@example.com> 1700000120+120): feat!: break"),
            format!("{second} (1 parents, Ann <ann@example.com> 1700000060+120): fix: mend"),
            format!(
                "{first} (0 parents, Ann <ann@example.com> 1700000000+120): feat: begin\n\nA body."
            ),
        ];
        for server in [
            Server::start(repository.root(), Fine),
            Server::start(repository.root(), Old),
        ] {
            let call =
                |with: &str| lines(&pipeline(&server.url("web.git"), with, READ).events(&[]));
            assert_eq!(call(&format!("call: log, tips: ['{third}']")), all);
            // A tag that is known leaves out what it stands for, and an id that nobody has
            // nothing.
            let since = format!("call: log, tips: ['{third}'], known: ['{tag}']");
            assert_eq!(call(&since), all[..2]);
            let nobody = "a".repeat(third.len());
            let since = format!("call: log, tips: ['{third}'], known: ['{nobody}']");
            assert_eq!(call(&since), all);
            let none = format!("call: log, tips: ['{second}'], known: ['{third}']");
            assert_eq!(call(&none), Vec::<String>::new());
        }
    }
}

#[test]
fn merged_history_stands_after_all_its_children() {
    let repository = Repository::empty("sha1");
    let base = repository.commit("refs/heads/main", &[], 0, "base");
    // The branch's commit says that it is older than the base.
    let side = repository.commit("refs/heads/side", &[&base], -500, "side");
    let main = repository.commit("refs/heads/main", &[&base], 100, "main");
    let merge = repository.commit("refs/heads/main", &[&main, &side], 200, "merge");
    let server = Server::start(repository.root(), Fine);
    let with = format!("call: log, tips: ['{merge}']");
    let said = pipeline(&server.url("web.git"), &with, READ).events(&[]);
    let messages = lines(&said);
    let messages = messages.iter().filter_map(|line| line.rsplit_once(": "));
    let messages = messages.map(|(_, message)| message).collect::<Vec<_>>();
    assert_eq!(messages, ["merge", "main", "side", "base"]);
}

#[test]
fn range_is_the_same_from_a_server_that_cannot_filter_and_stores_differences() {
    let repository = Repository::empty("sha1");
    let mut ids = Vec::new();
    for number in 0..40 {
        let parent = ids.last().cloned();
        let parents = parent.as_deref().map_or(vec![], |parent| vec![parent]);
        // Alike, so that git stores each as its difference to another.
        let message = format!(
            "feat: number {number}\n\n{}\n",
            "the same words ".repeat(40)
        );
        ids.push(repository.commit("refs/heads/main", &parents, number, &message));
    }
    repository.git(&["repack", "-adfq", "--depth=50"]);
    let tip = ids.last().expect("there are commits").clone();
    let with = format!("call: log, tips: ['{tip}']");
    let server = Server::start(repository.root(), Fine);
    let filtered = pipeline(&server.url("web.git"), &with, READ).events(&[]);
    assert!(
        !filtered.out.contains("cannot leave out"),
        "{}",
        filtered.out
    );
    repository.git(&["config", "uploadpack.allowFilter", "false"]);
    let whole = pipeline(&server.url("web.git"), &with, READ).events(&[]);
    assert!(
        whole
            .out
            .contains("remote `origin` cannot leave out trees and files"),
        "{}",
        whole.out
    );
    assert_eq!(lines(&filtered), lines(&whole));
    let found = lines(&whole);
    let found = found
        .iter()
        .map(|line| line.split(' ').next().unwrap_or_default());
    assert!(found.eq(ids.iter().rev()), "newest first");
}

#[test]
fn fifty_thousand_refs_are_listed_and_excluded() {
    let repository = Repository::released("sha1");
    let second = repository.id("main~1");
    repository.refs(50_000, &second);
    let server = Server::start(repository.root(), Fine);
    let said = pipeline(&server.url("web.git"), "call: list-refs", READ).events(&[]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    let finished = said.of_step("step.finished", "call");
    assert_eq!(finished["outputs"]["count"], 50_004);
}

#[test]
fn step_without_permission_reads_nothing() {
    let repository = Repository::released("sha1");
    let server = Server::start(repository.root(), Fine);
    let sluice = pipeline(
        &server.url("web.git"),
        "call: list-refs",
        "create: ['refs/tags/*']",
    );
    let said = sluice.events(&[]);
    assert_eq!(error(&said), "denied: step `call` may not read origin");
    assert_eq!(said.effects(), ["git read origin refused"]);
    assert!(
        said.out.contains("- { remote: origin, read: true }"),
        "{}",
        said.out
    );
    assert_eq!(server.requests(), Vec::<String>::new());
}
