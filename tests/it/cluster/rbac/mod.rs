//! What `sluice rbac` prints, applied: the pipeline runs under it, and `--check` says so. What
//! the API server itself refuses under it, the modules say.

mod check;
mod deployment;
mod held;
mod kinds;
mod patterns;
mod requests;
mod workloads;

use self::held::Held;
use super::control_plane::Real;
use crate::deploy::stage::{Fate, Stage};

const WEB: &str = "/apis/apps/v1/namespaces/NS/deployments/web";

/// The pipeline of the tree in the namespace `NS`, without its message to the outside.
fn deploy_web() -> String {
    let text = include_str!("../../../../pipelines/deploy-web.yaml");
    let (deploy, _) = text.split_once("  tell:").expect("it ends with a message");
    deploy
        .replace("namespace: web", "namespace: NS")
        .replace("wait: 5m", "wait: 60s\n      settle: 0s")
}

#[test]
#[ignore = "wants a real API server: run ./test"]
fn pipeline_of_the_tree_runs_under_what_is_printed_for_it() {
    let held = Held::by(Real::set(Fate::Ready), &deploy_web(), WEB);
    let said = held.run(&[
        "run",
        "pipeline.yaml",
        "--input",
        "tag=0b5e6f1a",
        "--format",
        "json",
    ]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    let outputs = &said.of_step("step.finished", "deploy")["outputs"];
    assert_eq!(outputs["verified"], true, "{outputs}");
    // Besides, the account asked what a change of an annotation would come to.
    let mut writes = held.real.writes();
    writes.retain(|write| !write.dry_run);
    let images = writes.into_iter().map(|write| write.images);
    assert_eq!(
        images.collect::<Vec<_>>(),
        [["ghcr.io/acme/web:0b5e6f1a".to_owned()]]
    );
}

#[test]
#[ignore = "wants a real API server: run ./test"]
fn image_that_the_policy_does_not_know_fails_the_step_with_its_words() {
    let held = Held::by(Real::set(Fate::Ready), &deploy_web(), WEB);
    // As if the file had been changed after the documents were applied.
    let wider = deploy_web().replace("acme/web:", "acme/other:");
    let file = held.sluice.folder().join("pipeline.yaml");
    std::fs::write(file, wider.replace("NS", held.real.namespace())).expect("the folder is ours");
    let said = held.run(&[
        "run",
        "pipeline.yaml",
        "--input",
        "tag=0b5e6f1a",
        "--format",
        "json",
    ]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    let error = &said.of_step("step.finished", "deploy")["error"];
    let message = error["message"].as_str().expect("it says why");
    let expected = format!(
        "no pipeline permits this account to set app to ghcr.io/acme/other:0b5e6f1a in Deployment {}/web",
        held.real.namespace()
    );
    assert!(message.contains(&expected), "{message}");
    assert_eq!(error["blame"], "world");
}
