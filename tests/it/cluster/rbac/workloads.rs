//! Workloads of every kind, and an account that may set the image of their container `app`.

use serde_json::{Value, json};

use super::{WEB, held::Held};
use crate::cluster::control_plane::Real;

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

pub(super) fn workload(kind: &str, name: &str) -> Value {
    let mut spec = json!({ "selector": { "matchLabels": { "app": "web" } }, "template": pod() });
    if kind == "StatefulSet" {
        spec["serviceName"] = json!("web");
    }
    json!({ "apiVersion": "apps/v1", "kind": kind, "metadata": { "name": name, "annotations": { "x": "y" } }, "spec": spec })
}

/// All kinds of workload, each with a permission for its container `app`.
pub(super) fn all_kinds() -> Held {
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
        - { kind: StatefulSet, namespace: NS, name: db, containers: [app], images: ['ghcr.io/acme/web:*'], restart: true, delete-pods: true }
        - { kind: DaemonSet, namespace: NS, name: agent, containers: [app, init], images: ['ghcr.io/acme/web:*'] }
        - { kind: CronJob, namespace: NS, name: nightly, containers: [app], images: ['ghcr.io/acme/web:*'] }
";
    Held::by(real, pipeline, WEB)
}

pub(super) fn replace(path: &str, value: impl Into<Value>) -> Value {
    json!([{ "op": "replace", "path": path, "value": value.into() }])
}

pub(super) fn add(path: &str, value: impl Into<Value>) -> Value {
    json!([{ "op": "add", "path": path, "value": value.into() }])
}
