//! A plan holds a ref by what it was and what it is to be.

use super::{
    error, lines, pipeline,
    repository::Repository,
    server::{Fine, Server},
};
use crate::plan::{edit, keep, plan};

const TAGS: &str = "create: ['refs/tags/v*']";

#[test]
fn plan_holds_the_ref_and_the_run_creates_it() {
    let repository = Repository::released("sha1");
    let main = repository.id("main");
    let server = Server::start(repository.root(), Fine);
    let with = format!("call: create-ref, name: refs/tags/v2.0.0, target: '{main}', message: two");
    let sluice = pipeline(&server.url("web.git"), &with, TAGS);
    let made = plan(&sluice, &[]);
    assert_eq!(
        made["effects"][0]["summary"],
        format!("step `call`: create-ref origin refs/tags/v2.0.0: new at {main}, annotated")
    );
    assert_eq!(
        made["effects"][0]["ref"],
        serde_json::json!({ "new": main, "annotated": true })
    );
    let said = keep(&sluice);
    assert_eq!(lines(&said), [format!("done {}", repository.id("v2.0.0"))]);
}

#[test]
fn ref_that_was_created_since_the_plan_was_made_is_a_conflict() {
    let repository = Repository::released("sha1");
    let main = repository.id("main");
    let server = Server::start(repository.root(), Fine);
    let with = format!("call: create-ref, name: refs/tags/v2.0.0, target: '{main}'");
    let sluice = pipeline(&server.url("web.git"), &with, TAGS);
    plan(&sluice, &[]);
    repository.git(&["tag", "v2.0.0", "main~1"]);
    let why = error(&keep(&sluice));
    assert!(
        why.starts_with("conflict: remote `origin` has refs/tags/v2.0.0 already"),
        "{why}"
    );
}

#[test]
fn another_commit_than_the_planned_one_is_refused() {
    let repository = Repository::released("sha1");
    let (main, before) = (repository.id("main"), repository.id("main~1"));
    let server = Server::start(repository.root(), Fine);
    let with = format!("call: create-ref, name: refs/tags/v2.0.0, target: '{main}'");
    let sluice = pipeline(&server.url("web.git"), &with, TAGS);
    plan(&sluice, &[]);
    edit(&sluice, |plan| {
        let text = plan["effects"][0].to_string().replace(&main, &before);
        plan["effects"][0] = serde_json::from_str(&text).expect("it is JSON still");
    });
    let why = error(&keep(&sluice));
    assert_eq!(
        why,
        format!(
            "step `call` may not create-ref origin refs/tags/v2.0.0: the world has moved since the plan was made\n\
             planned: new at {before}\nlive: new at {main}\nlook at it, and make a new plan with `--dry-run --out`"
        )
    );
    assert!(
        !repository
            .refs_now()
            .iter()
            .any(|line| line.contains("v2.0.0"))
    );
}
