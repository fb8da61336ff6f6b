//! A service account with no more rights than a deploy needs.

use std::path::Path;

use serde_json::{Value, json};

use super::control_plane::Real;
use crate::{
    deploy::{
        stage::{Deploy, Fate, Stage, assert_wrote},
        story::story,
    },
    sluice::Said,
};

const NEW: &str = "ghcr.io/acme/web:2";

/// What a deploy of `web` needs in its namespace.
pub(super) fn rights() -> Vec<Value> {
    vec![
        json!({ "apiGroups": ["apps"], "resources": ["deployments"], "resourceNames": ["web"],
                "verbs": ["get", "patch", "list", "watch"] }),
        json!({ "apiGroups": ["apps"], "resources": ["replicasets"], "verbs": ["list", "watch"] }),
        json!({ "apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"] }),
        json!({ "apiGroups": [""], "resources": ["events"], "verbs": ["list", "watch"] }),
    ]
}

/// Makes the service account `runner` with these rights, and returns a token of it.
pub(super) fn account(real: &Real, rights: &[Value]) -> String {
    let namespace = real.namespace();
    let fixtures = json!({
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            { "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "runner" } },
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "Role",
                "metadata": { "name": "deploy-web" },
                "rules": rights,
            },
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "RoleBinding",
                "metadata": { "name": "deploy-web" },
                "roleRef": {
                    "apiGroup": "rbac.authorization.k8s.io",
                    "kind": "Role",
                    "name": "deploy-web",
                },
                "subjects": [{ "kind": "ServiceAccount", "name": "runner", "namespace": namespace }],
            },
        ],
    });
    real.kubectl(&["create", "--filename", "-"], &fixtures.to_string());
    real.kubectl(&["create", "token", "runner"], "")
}

/// Deploys with an account of these rights.
fn deploy_with(real: &Real, rights: &[Value], image: &str) -> Said {
    let token = account(real, rights);
    let file = tempfile::NamedTempFile::new().expect("a file can be made");
    std::fs::write(&file, kubeconfig(&real.server(), &real.authority(), &token))
        .expect("the file is ours");
    Deploy::of(image)
        .on(real.namespace(), file.path())
        .events(&[])
}

pub(super) fn kubeconfig(server: &str, authority: &Path, token: &str) -> String {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "real", "cluster": {
            "server": server,
            "certificate-authority": authority,
        } }],
        "users": [{ "name": "runner", "user": { "token": token } }],
        "contexts": [{ "name": "real", "context": { "cluster": "real", "user": "runner" } }],
        "current-context": "real",
    })
    .to_string()
}

/// The last two lines of what a run told.
fn end(real: &Real, said: &Said) -> Vec<String> {
    let mut told = story(said, real.namespace());
    told.split_off(told.len().saturating_sub(2))
}

const SUCCESS: [&str; 2] = [
    r#"deploy success: {"workload":"Deployment NS/web","images":{"app":"ghcr.io/acme/web:2"},"previous":{"app":"ghcr.io/acme/web:1"},"changed":true,"verified":true,"pods":2}"#,
    "run success",
];

#[test]
#[ignore = "wants a real API server: run ./test"]
fn account_that_may_do_what_the_pipeline_needs_suffices() {
    let real = Real::set(Fate::Ready);
    let said = deploy_with(&real, &rights(), NEW);
    assert_eq!(end(&real, &said), SUCCESS, "{}\n{}", said.out, said.err);
    assert_wrote(&real, &[(false, NEW)]);
}

#[test]
#[ignore = "wants a real API server: run ./test"]
fn account_that_may_not_read_events_still_deploys() {
    let real = Real::set(Fate::Ready);
    let said = deploy_with(&real, &rights()[..3], NEW);
    assert_eq!(end(&real, &said), SUCCESS, "{}\n{}", said.out, said.err);
}

#[test]
#[ignore = "wants a real API server: run ./test"]
fn account_that_may_not_read_events_is_still_told_the_reason() {
    let real = Real::set(Fate::CrashLoop);
    let image = Fate::CrashLoop.image();
    let said = deploy_with(&real, &rights()[..3], image);
    let failure = format!(
        "deploy failure: world, failed: `Deployment NS/web` did not come up with `{image}`: the \
         container keeps crashing, for 0s now / read what it said last: `kubectl logs \
         --previous`; `grace.crash-loop` (0s) sets how long it is borne"
    );
    assert_eq!(end(&real, &said), [&failure, "run failure"]);
}

/// Leaves a verb out of the rights to a resource.
fn without(verb: &str, resource: &str) -> Vec<Value> {
    let mut rights = rights();
    for right in &mut rights {
        if right["resources"][0] == resource
            && let Value::Array(verbs) = &mut right["verbs"]
        {
            verbs.retain(|known| known != verb);
        }
    }
    rights
}

#[test]
#[ignore = "wants a real API server: run ./test"]
fn account_without_a_right_is_told_which() {
    let account = "User \"system:serviceaccount:NS:runner\"";
    let place = "in the namespace \"NS\"";
    let cases = [
        (
            without("get", "deployments"),
            format!(
                "reading `Deployment NS/web`: deployments.apps \"web\" is forbidden: {account} \
                 cannot get resource \"deployments\" in API group \"apps\" {place}; give that account the right by a Role"
            ),
        ),
        (
            without("patch", "deployments"),
            format!(
                "setting images of `Deployment NS/web`: deployments.apps \"web\" is forbidden: \
                 {account} cannot patch resource \"deployments\" in API group \"apps\" {place}; give that account the right by a Role"
            ),
        ),
        (
            without("list", "pods"),
            format!(
                "following `Deployment NS/web`: pods is forbidden: {account} cannot list \
                 resource \"pods\" in API group \"\" {place}; give that account the right by a Role"
            ),
        ),
    ];
    for (rights, message) in cases {
        let real = Real::set(Fate::Ready);
        let said = deploy_with(&real, &rights, NEW);
        let failure = format!("deploy failure: world, denied: {message}");
        assert_eq!(end(&real, &said), [&failure, "run failure"], "{}", said.out);
    }
}
