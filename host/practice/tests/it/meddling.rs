//! What others do to a workload meanwhile, and who owns its fields afterwards.

use std::time::Duration;

use serde_json::{Value, json};
use sluice_practice::{Kind, Manager, Pace};

use crate::scene::{NEW, OLD};
use crate::stage::{Stage, web};

const KINDS: [Kind; 4] = [
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::CronJob,
];

async fn stage(kind: Kind) -> Stage {
    let workload = web(kind, 2).init_container("migrate", OLD);
    Stage::of(kind, workload, None).await
}

/// Who owns a field, as manager, operation and subresource.
fn owners(object: &Value, field: &str) -> Vec<Value> {
    let entries = object["metadata"]["managedFields"].as_array();
    entries
        .into_iter()
        .flatten()
        .filter(|entry| entry["fieldsV1"].pointer(field).is_some())
        .map(|entry| json!([entry["manager"], entry["operation"], entry["subresource"]]))
        .collect()
}

#[tokio::test]
async fn image_is_taken_over_by_update_and_by_apply() {
    let managers = [
        (Manager::update("kubectl-set"), ["kubectl-set", "Update"]),
        (
            Manager::apply("argocd-controller"),
            ["argocd-controller", "Apply"],
        ),
    ];
    for kind in KINDS {
        let stage = stage(kind).await;
        for (generation, (manager, expected)) in (2..).zip(&managers) {
            let image = format!("ghcr.io/acme/web:{generation}");
            let after = stage
                .cluster
                .set_image(kind, "web", "web", manager, "app", &image)
                .expect("it has the container");
            let template = match kind {
                Kind::CronJob => "/f:spec/f:jobTemplate/f:spec/f:template",
                _ => "/f:spec/f:template",
            };
            let field = format!("{template}/f:spec/f:containers/k:{{\"name\":\"app\"}}/f:image");
            let [name, operation] = expected;
            assert_eq!(
                json!(owners(&after, &field)),
                json!([[name, operation, null]]),
                "{kind}"
            );
            assert_eq!(after["metadata"]["generation"], generation, "{kind}");
        }
        let manager = Manager::update("kubectl-set");
        let init = stage
            .cluster
            .set_image(kind, "web", "web", &manager, "migrate", NEW);
        assert!(init.is_some(), "{kind}");
        let none = stage
            .cluster
            .set_image(kind, "web", "web", &manager, "none", NEW);
        assert_eq!(none, None, "{kind}");
        assert_eq!(stage.cluster.writes(), [], "{kind}");
    }
}

#[tokio::test]
async fn autoscaler_owns_the_replicas_through_their_subresource() {
    for kind in [Kind::Deployment, Kind::StatefulSet] {
        let stage = stage(kind).await;
        let after = stage.cluster.scale(kind, "web", "web", 4);
        let after = after.expect("it is there");
        assert_eq!(
            json!(owners(&after, "/f:spec/f:replicas")),
            json!([["kube-controller-manager", "Update", "scale"]]),
            "{kind}"
        );
        assert_eq!(stage.web()["status"]["availableReplicas"], 4, "{kind}");
    }
}

#[tokio::test]
async fn autoscaler_may_come_in_the_middle_of_a_rollout() {
    for kind in [Kind::Deployment, Kind::StatefulSet] {
        let pace = Pace::stopped(Duration::from_secs(1));
        let stage = Stage::at(pace, kind, web(kind, 2), None).await;
        stage.deploy(NEW).await;
        stage.cluster.pass_time(Duration::from_secs(1));
        stage.cluster.scale(kind, "web", "web", 5);
        stage.cluster.pass_time(Duration::from_mins(1));
        let ready = stage.pods();
        let ready = ready.iter().filter(|pod| pod.ends_with("new, ready"));
        assert_eq!(ready.count(), 5, "{kind}");
        assert_eq!(stage.web()["status"]["updatedReplicas"], 5, "{kind}");
    }
}

#[tokio::test]
async fn paused_deployment_stays_as_it_is() {
    let stage = stage(Kind::Deployment).await;
    stage.cluster.pause("web", "web").expect("it is there");
    stage.deploy(NEW).await;
    assert_eq!(stage.cluster.objects(Kind::ReplicaSet, "web").len(), 1);
    let web = stage.web();
    assert_eq!(
        json!(owners(&web, "/f:spec/f:paused")),
        json!([["kubectl-rollout", "Update", null]])
    );
}

#[tokio::test]
async fn recreated_workload_is_another_of_the_same_name() {
    for kind in KINDS {
        let stage = stage(kind).await;
        stage.deploy(NEW).await;
        let before = stage.web();
        let pods: Vec<Value> = stage.cluster.objects(Kind::Pod, "web");
        let manager = Manager::update("kubectl-create");
        stage
            .cluster
            .recreate(kind, "web", "web", &manager)
            .expect("it is there");
        let after = stage.web();
        assert_ne!(
            after["metadata"]["uid"], before["metadata"]["uid"],
            "{kind}"
        );
        assert_eq!(after["metadata"]["generation"], 1, "{kind}");
        assert_eq!(after["spec"], before["spec"], "{kind}");
        let anew = stage.cluster.objects(Kind::Pod, "web");
        assert_eq!(anew.len(), pods.len(), "{kind}");
        for pod in anew {
            let owner = &pod["metadata"]["ownerReferences"][0]["uid"];
            let of_revision = kind == Kind::Deployment;
            assert!(of_revision || *owner == after["metadata"]["uid"], "{kind}");
            assert!(
                pods.iter()
                    .all(|old| old["metadata"]["uid"] != pod["metadata"]["uid"])
            );
        }
    }
}

#[tokio::test]
async fn restart_makes_new_pods_of_the_same_images() {
    for kind in [Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet] {
        let stage = stage(kind).await;
        let uids = || -> Vec<Value> {
            let pods = stage.cluster.objects(Kind::Pod, "web");
            pods.iter()
                .map(|pod| pod["metadata"]["uid"].clone())
                .collect()
        };
        let before = uids();
        let annotations = "/spec/template/metadata/annotations";
        let restarted = format!("{annotations}/kubectl.kubernetes.io~1restartedAt");
        let after = stage
            .patch(json!([
                { "op": "add", "path": annotations, "value": {} },
                { "op": "add", "path": restarted, "value": "2026-01-01T00:00:00Z" },
            ]))
            .await
            .expect("it applies");
        assert_eq!(after["metadata"]["generation"], 2, "{kind}");
        assert!(uids().iter().all(|uid| !before.contains(uid)), "{kind}");
        assert!(
            stage.pods().iter().all(|pod| pod.ends_with("old, ready")),
            "{kind}"
        );
        let later =
            json!([{ "op": "replace", "path": restarted, "value": "2026-01-02T00:00:00Z" }]);
        let later = stage.patch(later).await.expect("it applies again");
        assert_eq!(later["metadata"]["generation"], 3, "{kind}");
    }
}

#[tokio::test]
async fn other_annotations_of_the_template_are_not_for_clients_to_change() {
    let annotated = json!({ "template": { "metadata": { "annotations": { "note": "kept" } } } });
    let stage = stage(Kind::Deployment).await;
    let manager = Manager::update("kubectl-edit");
    let spec = json!({ "spec": annotated });
    stage
        .cluster
        .patch(Kind::Deployment, "web", "web", &manager, &spec)
        .expect("it is there");
    let before = stage.web();
    let annotations = "/spec/template/metadata/annotations";
    let cases = [
        json!([{ "op": "add", "path": annotations, "value": {} }]),
        json!([{ "op": "remove", "path": format!("{annotations}/note") }]),
        json!([{ "op": "add", "path": format!("{annotations}/other"), "value": "x" }]),
        json!([{ "op": "add", "path": format!("{annotations}/kubectl.kubernetes.io~1restartedAt"), "value": 1 }]),
    ];
    for patch in cases {
        let refused = stage.patch(patch.clone()).await;
        let refused = crate::scene::status(refused.expect_err("it is not known"));
        assert_eq!(refused["code"], 501, "{patch}");
    }
    assert_eq!(stage.web(), before);
}

#[tokio::test]
async fn empty_annotations_alone_change_nothing() {
    let stage = stage(Kind::Deployment).await;
    let before = stage.web();
    let annotations = "/spec/template/metadata/annotations";
    stage
        .patch(json!([{ "op": "add", "path": annotations, "value": {} }]))
        .await
        .expect("it applies");
    assert_eq!(stage.web(), before);
}
