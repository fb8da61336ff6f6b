//! What `sluice rbac` prints, applied: the pipeline runs under it, and `--check` says so. What
//! the API server refuses under it is in `rbac_policy`.

use serde_json::{Value, json};

use super::{control_plane::Real, held::Held};
use crate::{
    deploy::stage::{Fate, Stage},
    sluice::Sluice,
};

const WEB: &str = "/apis/apps/v1/namespaces/NS/deployments/web";

/// The pipeline of the tree in the namespace `NS`, without its message to the outside.
fn deploy_web() -> String {
    let text = include_str!("../../../pipelines/deploy-web.yaml");
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

#[test]
#[ignore = "wants a real API server: run ./test"]
fn check_tells_that_the_printed_documents_suffice_and_hold() {
    let held = Held::by(Real::set(Fate::Ready), &deploy_web(), WEB);
    let said = held.run(&["rbac", "pipeline.yaml", "--check", "--strict"]);
    let told = said.out.replace(held.real.namespace(), "NS");
    assert_eq!(
        told,
        "system:serviceaccount:NS:runner
  has      NS: events: list, watch
  has      NS: pods: list, watch
  has      NS: deployments.apps `web`: get, list, patch, watch
  has      NS: replicasets.apps: list, watch
  held     Deployment NS/web: only images may change
"
    );
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
}

#[test]
#[ignore = "wants a real API server: run ./test"]
fn check_tells_what_is_missing_and_what_is_too_much() {
    let real = Real::set(Fate::Ready);
    let rights = [
        json!({ "apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "patch", "delete"] }),
        json!({ "apiGroups": ["apps"], "resources": ["replicasets"], "verbs": ["list", "watch"] }),
        json!({ "apiGroups": [""], "resources": ["pods"], "verbs": ["list"] }),
        json!({ "apiGroups": [""], "resources": ["events"], "verbs": ["list", "watch"] }),
        json!({ "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["one"], "verbs": ["get"] }),
    ];
    super::account::account(&real, &rights);
    let pipeline = deploy_web().replace("NS", real.namespace());
    let held = Held::with_token(real, Sluice::pipeline(&pipeline));
    let said = held.run(&["rbac", "pipeline.yaml", "--check"]);
    let here = |text: &str| text.replace(held.real.namespace(), "NS");
    assert_eq!(
        here(&said.out),
        "system:serviceaccount:NS:runner
  has      NS: events: list, watch
  has      NS: pods: list
  lacks    NS: pods: watch
  has      NS: deployments.apps `web`: get, patch
  lacks    NS: deployments.apps `web`: list, watch
  has      NS: replicasets.apps: list, watch
  exceeds  NS: secrets `one`: get
  exceeds  NS: deployments.apps: delete, get, patch
  exceeds  Deployment NS/web: more than images may change
"
    );
    assert_eq!(
        here(&said.err),
        "error: the account lacks NS: pods: watch; this rule in a Role of that namespace gives it:
  - apiGroups: ['']
    resources: [pods]
    verbs: [list, watch]
error: the account lacks NS: deployments.apps `web`: list, watch; this rule in a Role of that namespace gives it:
  - apiGroups: [apps]
    resources: [deployments]
    resourceNames: [web]
    verbs: [get, list, patch, watch]
warning: the account may do more than these pipelines need; `sluice rbac` prints a Role and a policy that hold it to that
"
    );
    assert_eq!(said.code, Some(1));
    let said = held.run(&["rbac", "pipeline.yaml", "--check", "--format", "json"]);
    let answer = serde_json::from_str::<Value>(&said.out).expect("it is JSON");
    assert_eq!(
        (&answer["suffices"], &answer["exceeds"], &answer["blame"]),
        (&json!(false), &json!(true), &json!("world"))
    );
}

#[test]
#[ignore = "wants a real API server: run ./test"]
fn check_of_an_administrator_suffices_and_is_strictly_too_much() {
    let real = Real::set(Fate::Ready);
    let pipeline = deploy_web().replace("NS", real.namespace());
    let sluice = Sluice::pipeline(&pipeline).env("KUBECONFIG", real.kubeconfig());
    let said = sluice.run(&["rbac", "pipeline.yaml", "--check"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(
        said.out.contains("\n  exceeds  everywhere: *.*: *\n"),
        "{}",
        said.out
    );
    let said = sluice.run(&["rbac", "pipeline.yaml", "--check", "--strict"]);
    assert_eq!(said.code, Some(1), "{}", said.err);
}
