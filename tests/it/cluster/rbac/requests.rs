//! Requests other than a patch of a permitted workload: the Role gives none of them, and
//! those that run containers the policy refuses even where a Role does.

use serde_json::{Value, json};

use super::workloads::{all_kinds, workload};
use crate::deploy::stage::Stage;

#[test]
#[ignore = "wants a real API server: run ./test"]
fn other_requests_are_refused_by_the_role() {
    let held = all_kinds();
    let none = json!({});
    let cases = [
        (
            "PATCH",
            "deployments/other",
            "patch resource \"deployments\"",
        ),
        (
            "PATCH",
            "deployments/web/scale",
            "patch resource \"deployments/scale\"",
        ),
        (
            "PATCH",
            "deployments/web/status",
            "patch resource \"deployments/status\"",
        ),
        ("PUT", "deployments/web", "update resource \"deployments\""),
        ("POST", "deployments", "create resource \"deployments\""),
        (
            "DELETE",
            "deployments/web",
            "delete resource \"deployments\"",
        ),
        (
            "DELETE",
            "deployments",
            "deletecollection resource \"deployments\"",
        ),
        ("GET", "deployments/other", "get resource \"deployments\""),
        ("GET", "deployments", "list resource \"deployments\""),
        (
            "PATCH",
            "statefulsets/web",
            "patch resource \"statefulsets\"",
        ),
    ];
    for (method, path, expected) in cases {
        let path = format!("/apis/apps/v1/namespaces/NS/{path}");
        let content = "application/merge-patch+json";
        let content = if method == "PATCH" {
            content
        } else {
            "application/json"
        };
        let refused = held.send(method, &path, content, &none);
        assert_eq!(
            refused,
            Err(format!("role: cannot {expected}")),
            "{method} {path}"
        );
    }
    for (method, path, expected) in [
        (
            "GET",
            "/api/v1/namespaces/NS/secrets",
            "list resource \"secrets\"",
        ),
        (
            "POST",
            "/api/v1/namespaces/NS/pods",
            "create resource \"pods\"",
        ),
        (
            "POST",
            "/api/v1/namespaces/NS/pods/x/exec?command=sh",
            "create resource \"pods/exec\"",
        ),
        (
            "GET",
            "/api/v1/namespaces/NS/pods/x/log",
            "get resource \"pods/log\"",
        ),
        (
            "GET",
            "/api/v1/namespaces/default/pods",
            "list resource \"pods\"",
        ),
    ] {
        let refused = held.send(method, path, "application/json", &none);
        assert_eq!(
            refused,
            Err(format!("role: cannot {expected}")),
            "{method} {path}"
        );
    }
}

#[test]
#[ignore = "wants a real API server: run ./test"]
fn pods_may_be_deleted_of_the_workloads_that_say_so_and_of_no_other() {
    let held = all_kinds();
    for workload in ["statefulset/db", "deployment/web"] {
        let status = ["rollout", "status", workload, "--timeout=60s"];
        held.real.kubectl(&status, "");
    }
    let delete = |pod: &str| {
        let path = format!("/api/v1/namespaces/NS/pods/{pod}");
        held.send("DELETE", &path, "application/json", &Value::Null)
    };
    let pods = held.real.objects("Pod").into_iter();
    let mut names = pods.filter_map(|pod| Some(pod["metadata"]["name"].as_str()?.to_owned()));
    let other = names.find(|name| name.starts_with("web-"));
    let other = other.expect("the Deployment has a pod");
    assert_eq!(
        delete(&other),
        Err(format!(
            "policy: no pipeline permits this account to DELETE Pod NS/{other}; it may only set images of the workloads that its pipelines name"
        ))
    );
    assert_eq!(delete("db-0"), Ok(()));
}

#[test]
#[ignore = "wants a real API server: run ./test"]
fn policy_holds_an_account_that_was_given_every_right() {
    let held = all_kinds();
    held.give_every_right();
    let no = |what: &str| {
        Err(format!(
            "policy: no pipeline permits this account to {what}; it may only set images of the workloads that its pipelines name"
        ))
    };
    let [apps, core] = ["/apis/apps/v1/namespaces/NS", "/api/v1/namespaces/NS"];
    let scale = json!({ "spec": { "replicas": 3 } });
    let pod = json!({ "metadata": { "name": "p" }, "spec": { "containers": [{ "name": "a", "image": "ghcr.io/acme/web:2" }] } });
    let image = json!({ "spec": { "template": { "spec": { "containers": [{ "name": "app", "image": "ghcr.io/acme/web:2" }] } } } });
    let cases = [
        (
            "PATCH",
            format!("{apps}/deployments/other"),
            &image,
            "UPDATE Deployment NS/other",
        ),
        (
            "PATCH",
            format!("{apps}/deployments/web/scale"),
            &scale,
            "UPDATE Scale NS/web",
        ),
        (
            "DELETE",
            format!("{apps}/deployments/web"),
            &Value::Null,
            "DELETE Deployment NS/web",
        ),
        (
            "POST",
            format!("{apps}/deployments"),
            &workload("Deployment", "new"),
            "CREATE Deployment NS/new",
        ),
        ("POST", format!("{core}/pods"), &pod, "CREATE Pod NS/p"),
        (
            "POST",
            format!("{core}/pods/x/exec?command=sh"),
            &Value::Null,
            "CONNECT PodExecOptions NS/x",
        ),
    ];
    for (method, path, body, expected) in cases {
        let content = "application/strategic-merge-patch+json";
        let content = if method == "PATCH" {
            content
        } else {
            "application/json"
        };
        assert_eq!(
            held.send(method, &path, content, body),
            no(expected),
            "{method} {path}"
        );
    }
}

#[test]
#[ignore = "wants a real API server: run ./test"]
fn server_finds_no_fault_with_the_types_of_the_policy() {
    let held = all_kinds();
    let name = format!("sluice.{}.runner", held.real.namespace());
    // The controller that checks types says so when it has seen the policy.
    let seen = "--for=jsonpath={.status.observedGeneration}=1";
    let policy = format!("validatingadmissionpolicy/{name}");
    held.real
        .kubectl(&["wait", seen, &policy, "--timeout=60s"], "");
    let status = held
        .real
        .kubectl(&["get", &policy, "--output=jsonpath={.status}"], "");
    assert_eq!(status, r#"{"observedGeneration":1,"typeChecking":{}}"#);
}
