//! What only a real API server does to a deploy: its own admission, namespaces that end, pods
//! of others with the same labels.

use serde_json::{Value, json};

use super::control_plane::Real;
use crate::{
    deploy::stage::{Deploy, Fate, OLD, Stage, assert_story},
    sluice::Said,
};

const NEW: &str = "ghcr.io/acme/web:2";

fn run(real: &Real) -> Said {
    Deploy::of(NEW).run(real, &[])
}

#[test]
#[ignore = "wants a real API server: run ./test"]
fn pods_of_others_that_the_selector_matches_are_not_counted() {
    let real = Real::set(Fate::Ready);
    let foreign = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": "foreign", "labels": { "app": "web" } },
        "spec": { "containers": [{ "name": "app", "image": Fate::CrashLoop.image() }] },
    });
    real.kubectl(&["create", "--filename", "-"], &foreign.to_string());
    let name = "pods_of_others_that_the_selector_matches_are_not_counted";
    assert_story(&real, &run(&real), 0, name);
}

/// A Deployment that its deletion has reached, and that a finalizer holds.
fn in_deletion(delete: impl Fn(&Real)) -> (Said, Real) {
    let real = Real::set(Fate::Ready);
    real.change(&json!({ "metadata": { "finalizers": ["sluice.test/held"] } }));
    delete(&real);
    let reached = (0..500).any(|_| real.object()["metadata"]["deletionTimestamp"].is_string());
    let said = run(&real);
    real.change(&json!({ "metadata": { "finalizers": null } }));
    assert!(reached, "the deletion does not get to it");
    (said, real)
}

#[test]
#[ignore = "wants a real API server: run ./test"]
fn workload_that_is_being_deleted_is_refused() {
    let delete = ["delete", "deployment", "web", "--wait=false"];
    let (said, real) = in_deletion(|real| drop(real.kubectl(&delete, "")));
    assert_story(&real, &said, 1, "workload_that_is_being_deleted_is_refused");
    assert_eq!(real.writes(), []);
}

#[test]
#[ignore = "wants a real API server: run ./test"]
fn workload_in_a_namespace_that_is_being_deleted_is_refused() {
    let (said, real) = in_deletion(|real| {
        let delete = ["delete", "namespace", real.namespace(), "--wait=false"];
        real.kubectl(&delete, "");
    });
    assert_story(&real, &said, 1, "workload_that_is_being_deleted_is_refused");
    assert_eq!(real.writes(), []);
}

/// A webhook for changes of Deployments in this namespace.
fn webhook(real: &Real, kind: &str, url: &str) {
    let namespace = real.namespace();
    let hook = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": { "name": namespace },
        "webhooks": [{
            "name": "web.sluice.test",
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "timeoutSeconds": 1,
            "failurePolicy": "Fail",
            "clientConfig": { "url": url },
            "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } },
            "rules": [{
                "apiGroups": ["apps"], "apiVersions": ["v1"],
                "operations": ["UPDATE"], "resources": ["deployments"],
            }],
        }],
    });
    real.kubectl(&["create", "--filename", "-"], &hook.to_string());
}

#[test]
#[ignore = "wants a real API server: run ./test"]
fn webhook_that_does_not_answer_is_told_and_nothing_is_changed() {
    let real = Real::set(Fate::Ready);
    // It takes connections, and never says a word.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = silent.local_addr().expect("it listens");
    webhook(
        &real,
        "ValidatingWebhookConfiguration",
        &format!("https://{address}/"),
    );
    let said = run(&real);
    let delete = ["delete", "validatingwebhookconfiguration", real.namespace()];
    real.kubectl(&delete, "");
    let name = "webhook_that_does_not_answer_is_told_and_nothing_is_changed";
    assert_story(&real, &said, 1, name);
    assert_eq!(real.image(), OLD);
}

#[test]
#[ignore = "wants a real API server: run ./test"]
fn what_an_admission_policy_adds_to_the_patch_is_reported() {
    let real = Real::set(Fate::Ready);
    let namespace = real.namespace();
    let policies = json!({ "apiVersion": "v1", "kind": "List", "items": [
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingAdmissionPolicy",
            "metadata": { "name": namespace },
            "spec": {
                "reinvocationPolicy": "Never",
                "matchConstraints": { "resourceRules": [{
                    "apiGroups": ["apps"], "apiVersions": ["v1"],
                    "operations": ["UPDATE"], "resources": ["deployments"],
                }] },
                "mutations": [{
                    "patchType": "JSONPatch",
                    "jsonPatch": { "expression":
                        "[JSONPatch{op: 'add', path: '/spec/template/spec/terminationGracePeriodSeconds', value: 7}]"
                    },
                }],
            },
        },
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingAdmissionPolicyBinding",
            "metadata": { "name": namespace },
            "spec": {
                "policyName": namespace,
                "matchResources": { "namespaceSelector": {
                    "matchLabels": { "kubernetes.io/metadata.name": namespace },
                } },
            },
        },
    ] });
    real.kubectl(&["create", "--filename", "-"], &policies.to_string());
    let changed =
        |object: &Value| object["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 7;
    // It takes a moment to be in force.
    let probe = [
        "annotate",
        "deployment",
        "web",
        "a=b",
        "--overwrite",
        "--dry-run=server",
        "--output=json",
    ];
    let in_force = (0..200).any(|_| {
        let after = real.kubectl(&probe, "");
        changed(&serde_json::from_str(&after).expect("it is JSON"))
    });
    let said = run(&real);
    for kind in ["mutatingadmissionpolicybinding", "mutatingadmissionpolicy"] {
        real.kubectl(&["delete", kind, real.namespace()], "");
    }
    assert!(in_force, "the policy does not come into force");
    let name = "what_an_admission_policy_adds_to_the_patch_is_reported";
    assert_story(&real, &said, 0, name);
    assert!(changed(&real.object()));
}
