//! What the API server itself refuses an account under the documents that `sluice rbac`
//! prints: every change but that of a permitted image, and by whom it is refused.

use serde_json::{Value, json};

use super::{control_plane::Real, held::Held};
use crate::deploy::stage::Stage;

const WEB: &str = "/apis/apps/v1/namespaces/NS/deployments/web";

/// A pod with an init container and two containers.
fn pod() -> Value {
    json!({
        "metadata": { "labels": { "app": "web" } },
        "spec": {
            "restartPolicy": "Always",
            "initContainers": [{ "name": "init", "image": "ghcr.io/acme/init:1" }],
            "containers": [
                { "name": "app", "image": "ghcr.io/acme/web:1", "env": [{ "name": "A", "value": "1" }] },
                { "name": "side", "image": "ghcr.io/acme/side:1" },
            ],
        },
    })
}

fn workload(kind: &str, name: &str) -> Value {
    let mut spec = json!({ "selector": { "matchLabels": { "app": "web" } }, "template": pod() });
    if kind == "StatefulSet" {
        spec["serviceName"] = json!("web");
    }
    json!({ "apiVersion": "apps/v1", "kind": kind, "metadata": { "name": name }, "spec": spec })
}

/// All kinds of workload, each with a permission for its container `app`.
fn all_kinds() -> Held {
    let real = Real::empty();
    let mut job = pod();
    job["spec"]["restartPolicy"] = json!("Never");
    let cron_job = json!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": { "name": "nightly" },
        "spec": { "schedule": "0 3 * * *", "jobTemplate": { "spec": { "template": job } } },
    });
    let workloads = [
        workload("Deployment", "web"),
        workload("Deployment", "other"),
        workload("StatefulSet", "db"),
        workload("DaemonSet", "agent"),
        cron_job,
    ];
    for workload in workloads {
        real.kubectl(&["create", "--filename", "-"], &workload.to_string());
    }
    let pipeline = "name: all
steps:
  deploy:
    uses: deploy
    with: { namespace: NS, deployment: web, container: app, image: 'ghcr.io/acme/web:2' }
    permissions:
      kube-apply:
        - { kind: Deployment, namespace: NS, name: web, containers: [app], images: ['ghcr.io/acme/web:*'] }
        - { kind: StatefulSet, namespace: NS, name: db, containers: [app], images: ['ghcr.io/acme/web:*'], restart: true }
        - { kind: DaemonSet, namespace: NS, name: agent, containers: [app, init], images: ['ghcr.io/acme/web:*'] }
        - { kind: CronJob, namespace: NS, name: nightly, containers: [app], images: ['ghcr.io/acme/web:*'] }
";
    Held::by(real, pipeline, WEB)
}

fn replace(path: &str, value: impl Into<Value>) -> Value {
    json!([{ "op": "replace", "path": path, "value": value.into() }])
}

fn add(path: &str, value: impl Into<Value>) -> Value {
    json!([{ "op": "add", "path": path, "value": value.into() }])
}

#[test]
#[ignore = "wants a real API server: run ./test"]
fn patch_of_a_deployment_may_set_permitted_images_and_nothing_else() {
    let held = all_kinds();
    let spec = "/spec/template/spec";
    let app = format!("{spec}/containers/0");
    let at = |path: &str| format!("{spec}{path}");
    let moved = |from: &str, to: &str| json!([{ "op": "move", "from": at(from), "path": at(to) }]);
    let of_app = "policy: this account may change nothing of a container but its image, and this changes app of Deployment NS/web";
    let changes = |field: &str| {
        format!(
            "policy: this account may change nothing of Deployment NS/web but its images, and this changes {field}"
        )
    };
    let image = |container: &str, image: &str| {
        format!(
            "policy: no pipeline permits this account to set {container} to {image} in Deployment NS/web"
        )
    };
    let list = "policy: this account may neither add, remove nor reorder containers".to_owned();
    let annotations = json!({ "kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z" });
    let both = json!([
        { "op": "replace", "path": format!("{app}/image"), "value": "ghcr.io/acme/web:3" },
        { "op": "add", "path": format!("{app}/command"), "value": ["sh"] },
    ]);
    let owner = json!([{ "apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": "b" }]);
    let extra = json!({ "name": "extra", "image": "ghcr.io/acme/web:2" });
    let cases = [
        (
            add(&format!("{app}/command"), json!(["sh"])),
            of_app.to_owned(),
        ),
        (
            add(&format!("{app}/args"), json!(["-c"])),
            of_app.to_owned(),
        ),
        (both, of_app.to_owned()),
        (
            replace(&format!("{app}/env/0/value"), "2"),
            of_app.to_owned(),
        ),
        (
            add(
                &format!("{app}/env/-"),
                json!({ "name": "B", "value": "1" }),
            ),
            of_app.to_owned(),
        ),
        (
            json!([{ "op": "remove", "path": format!("{app}/env") }]),
            of_app.to_owned(),
        ),
        (
            replace(&format!("{app}/imagePullPolicy"), "Never"),
            of_app.to_owned(),
        ),
        (
            add(&format!("{app}/securityContext"), json!({ "runAsUser": 0 })),
            of_app.to_owned(),
        ),
        (
            replace(&format!("{app}/image"), "ghcr.io/evil/web:2"),
            image("app", "ghcr.io/evil/web:2"),
        ),
        (
            replace(&at("/containers/1/image"), "ghcr.io/acme/web:2"),
            image("side", "ghcr.io/acme/web:2"),
        ),
        (
            replace(&at("/initContainers/0/image"), "ghcr.io/acme/web:2"),
            image("init", "ghcr.io/acme/web:2"),
        ),
        (add(&at("/containers/-"), extra), list.clone()),
        (
            json!([{ "op": "remove", "path": at("/containers/1") }]),
            list.clone(),
        ),
        (
            json!([{ "op": "remove", "path": at("/initContainers") }]),
            list.clone(),
        ),
        (moved("/containers/0", "/containers/1"), list.clone()),
        (moved("/containers/0", "/initContainers/0"), list),
        (replace("/spec/replicas", 3), changes("spec.replicas")),
        (add("/spec/paused", true), changes("spec.paused")),
        (
            add("/spec/minReadySeconds", 5),
            changes("spec.minReadySeconds"),
        ),
        (
            add("/metadata/annotations/a", json!("b")),
            changes("metadata.annotations.a"),
        ),
        (
            add("/metadata/labels", json!({ "a": "b" })),
            changes("metadata.labels"),
        ),
        (
            add("/metadata/finalizers", json!(["a/b"])),
            changes("metadata.finalizers"),
        ),
        (
            add("/metadata/ownerReferences", owner),
            changes("metadata.ownerReferences"),
        ),
        (
            add("/spec/template/metadata/labels/b", "c"),
            changes("template.metadata.labels"),
        ),
        (
            add("/spec/template/metadata/annotations", annotations),
            changes("template.metadata.annotations.kubectl.kubernetes.io/restartedAt"),
        ),
        (
            add(&at("/serviceAccountName"), "admin"),
            changes("template.spec.serviceAccount, template.spec.serviceAccountName"),
        ),
        (
            add(
                &at("/volumes"),
                json!([{ "name": "host", "hostPath": { "path": "/" } }]),
            ),
            changes("template.spec.volumes"),
        ),
        (
            add(&at("/hostNetwork"), true),
            changes("template.spec.hostNetwork"),
        ),
        (
            add(&at("/nodeName"), "node-0"),
            changes("template.spec.nodeName"),
        ),
        (add(&at("/hostPID"), true), changes("template.spec.hostPID")),
    ];
    for (patch, expected) in cases {
        assert_eq!(held.patch(WEB, &patch), Err(expected), "{patch}");
    }
    for image in ["ghcr.io/acme/web:2", "ghcr.io/acme/web"] {
        let patch = replace(&format!("{app}/image"), image);
        assert_eq!(held.patch(WEB, &patch), Ok(()), "{patch}");
    }
}

#[test]
#[ignore = "wants a real API server: run ./test"]
fn other_kinds_are_held_to_their_images_too() {
    let held = all_kinds();
    let kinds = [
        ("StatefulSet", "apps", "statefulsets", "db", ""),
        ("DaemonSet", "apps", "daemonsets", "agent", ""),
        (
            "CronJob",
            "batch",
            "cronjobs",
            "nightly",
            "/spec/jobTemplate",
        ),
    ];
    for (kind, group, resource, name, deeper) in kinds {
        let path = format!("/apis/{group}/v1/namespaces/NS/{resource}/{name}");
        let app = format!("{deeper}/spec/template/spec/containers/0");
        let command = add(&format!("{app}/command"), json!(["sh"]));
        assert_eq!(
            held.patch(&path, &command),
            Err(format!(
                "policy: this account may change nothing of a container but its image, and this changes app of {kind} NS/{name}"
            ))
        );
        let image = |image: &str| replace(&format!("{app}/image"), image);
        assert_eq!(
            held.patch(&path, &image("ghcr.io/evil/web:2")),
            Err(format!(
                "policy: no pipeline permits this account to set app to ghcr.io/evil/web:2 in {kind} NS/{name}"
            ))
        );
        assert_eq!(held.patch(&path, &image("ghcr.io/acme/web:2")), Ok(()));
    }
    let changes = |field: &str, of: &str| {
        Err(format!(
            "policy: this account may change nothing of {of} but its images, and this changes {field}"
        ))
    };
    let nightly = "/apis/batch/v1/namespaces/NS/cronjobs/nightly";
    for (patch, field) in [
        (replace("/spec/schedule", "* * * * *"), "spec.schedule"),
        (
            add("/spec/jobTemplate/metadata/labels", json!({ "a": "b" })),
            "spec.jobTemplate.metadata",
        ),
        (
            add("/spec/jobTemplate/spec/parallelism", 5),
            "spec.jobTemplate.spec.parallelism",
        ),
        (
            add("/spec/jobTemplate/spec/template/spec/hostNetwork", true),
            "template.spec.hostNetwork",
        ),
    ] {
        assert_eq!(
            held.patch(nightly, &patch),
            changes(field, "CronJob NS/nightly"),
            "{patch}"
        );
    }
    // The permission of the StatefulSet says `restart`, that of the DaemonSet does not; the
    // DaemonSet's covers an init container.
    let restart = |annotation: &str| {
        let annotations = json!({ annotation: "2026-01-01T00:00:00Z" });
        add("/spec/template/metadata/annotations", annotations)
    };
    let [db, agent] = ["statefulsets/db", "daemonsets/agent"]
        .map(|workload| format!("/apis/apps/v1/namespaces/NS/{workload}"));
    let known = "kubectl.kubernetes.io/restartedAt";
    let in_agent = format!("template.metadata.annotations.{known}");
    assert_eq!(
        held.patch(&agent, &restart(known)),
        changes(&in_agent, "DaemonSet NS/agent")
    );
    let other = changes("template.metadata.annotations.other", "StatefulSet NS/db");
    assert_eq!(held.patch(&db, &restart("other")), other);
    assert_eq!(held.patch(&db, &restart(known)), Ok(()));
    let init = replace(
        "/spec/template/spec/initContainers/0/image",
        "ghcr.io/acme/web:2",
    );
    assert_eq!(held.patch(&agent, &init), Ok(()));
}

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
fn policy_holds_an_account_that_was_given_every_right() {
    let held = all_kinds();
    held.real.kubectl(
        &[
            "create",
            "rolebinding",
            "all",
            "--clusterrole=cluster-admin",
            &format!("--serviceaccount={}:runner", held.real.namespace()),
        ],
        "",
    );
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
