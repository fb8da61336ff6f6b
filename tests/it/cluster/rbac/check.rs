//! `sluice rbac --check` about accounts of a real API server.

use serde_json::{Value, json};

use super::{WEB, deploy_web, held::Held};
use crate::{
    cluster::{account::account, control_plane::Real},
    deploy::stage::{Fate, Stage},
    sluice::Sluice,
};

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
    account(&real, &rights);
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
