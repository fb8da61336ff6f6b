//! `StatefulSet`s: ordinals, revisions, and what a broken pod does to both.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, DynamicObject};
use serde_json::{Value, json};
use sluice_practice::{Failure, Kind, Pace, Workload};

use crate::scene::{NEW, OLD};
use crate::stage::{Stage, web};

async fn stage(workload: Workload, failure: Option<Failure>) -> Stage {
    Stage::of(Kind::StatefulSet, workload, failure).await
}

/// The status of a set, with its revisions as `old` and `new`.
fn status(stage: &Stage) -> Value {
    let revisions = stage.cluster.objects(Kind::ControllerRevision, "web");
    let mut status = stage.web()["status"].clone();
    for field in ["currentRevision", "updateRevision"] {
        let revision = revisions
            .iter()
            .find(|found| found["metadata"]["name"] == status[field])
            .expect("the status names a revision that is there");
        let image = &revision["data"]["spec"]["template"]["spec"]["containers"][0]["image"];
        status[field] = json!(if image == OLD { "old" } else { "new" });
    }
    status
}

#[tokio::test]
async fn rollout_ends_with_new_pods_of_the_same_names() {
    let stage = stage(web(Kind::StatefulSet, 3), None).await;
    assert_eq!(
        stage.pods(),
        [
            "web-0: old, ready",
            "web-1: old, ready",
            "web-2: old, ready"
        ]
    );
    stage.deploy(NEW).await;
    assert_eq!(
        stage.pods(),
        [
            "web-0: new, ready",
            "web-1: new, ready",
            "web-2: new, ready"
        ]
    );
    assert_eq!(
        status(&stage),
        json!({
            "observedGeneration": 2, "replicas": 3, "readyReplicas": 3, "availableReplicas": 3,
            "currentReplicas": 3, "updatedReplicas": 3,
            "currentRevision": "new", "updateRevision": "new", "collisionCount": 0,
        })
    );
    let told: Vec<String> = [2, 1, 0]
        .iter()
        .flat_map(|ordinal| {
            ["Delete", "Create"].map(|verb| {
                let lower = verb.to_lowercase();
                format!("Normal Successful{verb}: {lower} Pod web-{ordinal} in StatefulSet web successful (x1)")
            })
        })
        .collect();
    assert_eq!(stage.events("StatefulSet"), told);
}

#[tokio::test]
async fn pods_have_the_labels_and_owner_of_their_set() {
    let stage = stage(web(Kind::StatefulSet, 1), None).await;
    let pod = stage
        .cluster
        .object(Kind::Pod, "web", "web-0")
        .expect("it is there");
    let web = stage.web();
    assert_eq!(
        pod["metadata"]["labels"],
        json!({
            "app": "web",
            "controller-revision-hash": web["status"]["updateRevision"],
            "statefulset.kubernetes.io/pod-name": "web-0",
            "apps.kubernetes.io/pod-index": "0",
        })
    );
    assert_eq!(
        pod["metadata"]["ownerReferences"],
        json!([{
            "apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": web["metadata"]["uid"],
            "controller": true, "blockOwnerDeletion": true,
        }])
    );
    let revision = &stage.cluster.objects(Kind::ControllerRevision, "web")[0];
    assert_eq!(
        revision["metadata"]["name"],
        web["status"]["updateRevision"]
    );
    assert_eq!(revision["revision"], 1);
    assert_eq!(revision["data"]["spec"]["template"]["$patch"], "replace");
    let hash = revision["metadata"]["labels"]["controller.kubernetes.io/hash"].as_str();
    let name = revision["metadata"]["name"].as_str();
    assert_eq!(name, hash.map(|hash| format!("web-{hash}")).as_deref());
}

#[tokio::test]
async fn one_pod_at_a_time_goes_from_the_highest_ordinal_down() {
    let pace = Pace::stopped(Duration::from_secs(1));
    let stage = Stage::at(pace, Kind::StatefulSet, web(Kind::StatefulSet, 2), None).await;
    stage.deploy(NEW).await;
    let mut seen = Vec::new();
    for _ in 0..8 {
        let pods = stage.pods().join("; ");
        if seen.last() != Some(&pods) {
            seen.push(pods);
        }
        stage.cluster.pass_time(Duration::from_secs(1));
    }
    assert_eq!(
        seen,
        [
            "web-0: old, ready; web-1: old, ready, ending",
            "web-0: old, ready; web-1: new, ContainerCreating",
            "web-0: old, ready; web-1: new, not ready",
            "web-0: old, ready, ending; web-1: new, ready",
            "web-0: new, ContainerCreating; web-1: new, ready",
            "web-0: new, not ready; web-1: new, ready",
            "web-0: new, ready; web-1: new, ready",
        ]
    );
}

#[tokio::test]
async fn pods_below_the_partition_stay_old() {
    let stage = stage(web(Kind::StatefulSet, 3).partition(2), None).await;
    stage.deploy(NEW).await;
    assert_eq!(
        stage.pods(),
        [
            "web-0: old, ready",
            "web-1: old, ready",
            "web-2: new, ready"
        ]
    );
    let status = status(&stage);
    assert_eq!(
        json!([
            status["currentRevision"],
            status["currentReplicas"],
            status["updateRevision"],
            status["updatedReplicas"]
        ]),
        json!(["old", 2, "new", 1])
    );
    // One that is lost comes back as it was.
    stage.cluster.delete(Kind::Pod, "web", "web-0");
    assert_eq!(stage.pods()[0], "web-0: old, ready");
}

#[tokio::test]
async fn on_delete_replaces_only_what_somebody_deletes() {
    let stage = stage(web(Kind::StatefulSet, 2).on_delete(), None).await;
    stage.deploy(NEW).await;
    assert_eq!(stage.pods(), ["web-0: old, ready", "web-1: old, ready"]);
    let pods: Api<Pod> = Api::namespaced(stage.client.clone(), "web");
    pods.delete("web-0", &DeleteParams::default())
        .await
        .expect("it is deleted");
    assert_eq!(stage.pods(), ["web-0: new, ready", "web-1: old, ready"]);
}

#[tokio::test]
async fn broken_pod_stays_broken_until_it_is_deleted() {
    let stage = stage(web(Kind::StatefulSet, 2), Some(Failure::ImagePull)).await;
    stage.deploy(NEW).await;
    let broken = ["web-0: old, ready", "web-1: new, ImagePullBackOff"];
    assert_eq!(stage.pods(), broken);
    stage.deploy(OLD).await;
    stage.cluster.pass_time(Duration::from_hours(1));
    assert_eq!(stage.pods(), broken);
    let status = status(&stage);
    assert_eq!(
        json!([
            status["observedGeneration"],
            status["currentRevision"],
            status["updateRevision"],
            status["updatedReplicas"],
            status["readyReplicas"]
        ]),
        json!([3, "old", "old", 1, 1])
    );

    let pods: Api<Pod> = Api::namespaced(stage.client.clone(), "web");
    pods.delete("web-1", &DeleteParams::default())
        .await
        .expect("it is deleted");
    assert_eq!(stage.pods(), ["web-0: old, ready", "web-1: old, ready"]);
}

#[tokio::test]
async fn parallel_set_mends_its_broken_pod_itself() {
    let parallel = json!({ "podManagementPolicy": "Parallel" });
    let workload = web(Kind::StatefulSet, 2).spec(&parallel);
    let stage = stage(workload, Some(Failure::CrashLoop)).await;
    stage.deploy(NEW).await;
    stage.deploy(OLD).await;
    assert_eq!(stage.pods(), ["web-0: old, ready", "web-1: old, ready"]);
}

#[tokio::test]
async fn earlier_template_gets_its_revision_back() {
    let stage = stage(web(Kind::StatefulSet, 1), None).await;
    stage.deploy(NEW).await;
    stage.deploy(OLD).await;
    let mut revisions: Vec<Value> = stage
        .cluster
        .objects(Kind::ControllerRevision, "web")
        .iter()
        .map(|found| {
            let image = &found["data"]["spec"]["template"]["spec"]["containers"][0]["image"];
            json!([found["revision"], image])
        })
        .collect();
    revisions.sort_by_key(ToString::to_string);
    assert_eq!(json!(revisions), json!([[2, NEW], [3, OLD]]));
}

#[tokio::test]
async fn scaled_set_adds_and_removes_the_highest_ordinals() {
    let stage = stage(web(Kind::StatefulSet, 2), None).await;
    for (replicas, pods) in [
        (
            3,
            vec![
                "web-0: old, ready",
                "web-1: old, ready",
                "web-2: old, ready",
            ],
        ),
        (1, vec!["web-0: old, ready"]),
        (0, vec![]),
    ] {
        stage
            .cluster
            .scale(Kind::StatefulSet, "web", "web", replicas)
            .expect("it is there");
        assert_eq!(stage.pods(), pods);
        assert_eq!(stage.web()["status"]["replicas"], replicas);
    }
}

#[tokio::test]
async fn quota_and_webhooks_show_as_events_only() {
    let cases = [
        (
            Failure::Quota,
            "pods \"web-1\" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=1, limited: pods=1",
        ),
        (
            Failure::Admission,
            "admission webhook \"images.policy.acme.example\" denied the request: \
             image \"ghcr.io/acme/web:2\" is not signed",
        ),
    ];
    for (failure, why) in cases {
        let stage = stage(web(Kind::StatefulSet, 2), Some(failure)).await;
        stage.deploy(NEW).await;
        stage.cluster.pass_time(Duration::from_secs(1));
        assert_eq!(stage.pods(), ["web-0: old, ready"]);
        assert_eq!(
            stage.events("StatefulSet"),
            [
                "Normal SuccessfulDelete: delete Pod web-1 in StatefulSet web successful (x1)"
                    .to_owned(),
                format!(
                    "Warning FailedCreate: create Pod web-1 in StatefulSet web failed error: {why} (x2)"
                ),
            ]
        );
        assert_eq!(stage.web()["status"].get("conditions"), None);
        // The template put back is tried at once.
        stage.deploy(OLD).await;
        assert_eq!(stage.pods(), ["web-0: old, ready", "web-1: old, ready"]);
    }
}

#[tokio::test]
async fn deleted_set_takes_its_pods_and_revisions_along() {
    let stage = stage(web(Kind::StatefulSet, 2), None).await;
    stage.cluster.delete(Kind::StatefulSet, "web", "web");
    assert_eq!(stage.pods(), Vec::<String>::new());
    let revisions = stage.cluster.objects(Kind::ControllerRevision, "web");
    assert_eq!(revisions, Vec::<Value>::new());
}

#[tokio::test]
async fn client_reads_revisions_by_their_label() {
    use k8s_openapi::api::apps::v1::ControllerRevision;
    use kube::api::ListParams;
    let stage = stage(web(Kind::StatefulSet, 1), None).await;
    stage.deploy(NEW).await;
    let revisions: Api<ControllerRevision> = Api::namespaced(stage.client.clone(), "web");
    let of_app = ListParams::default().labels("app=web");
    let found = revisions.list(&of_app).await.expect("a list").items;
    assert_eq!(found.len(), 2);
    let set: DynamicObject = stage.api().get("web").await.expect("it is there");
    let newest = set.data["status"]["updateRevision"]
        .as_str()
        .unwrap_or_default();
    let newest = revisions.get(newest).await.expect("it is there");
    assert_eq!(newest.revision, 2);
}
