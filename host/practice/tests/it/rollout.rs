//! Rollouts that succeed.

use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _, pin_mut};
use kube::api::{ListParams, WatchEvent, WatchParams};
use kube::runtime::{WatchStreamExt as _, watcher};
use serde_json::json;
use sluice_practice::{Failure, Kind, Manager, Pace};

use crate::golden::assert_facts;
use crate::scene::{NEW, OLD, Scene, scene};

#[tokio::test]
async fn rollout_ends_with_new_pods_only() {
    let scene = scene(None).await;
    scene.deploy().await;
    let events = scene.cluster.objects(Kind::Event, "web");
    let began = events
        .iter()
        .filter_map(|event| {
            event["metadata"]["creationTimestamp"]
                .as_str()?
                .parse()
                .ok()
        })
        .min();
    assert_facts(
        &scene.cluster,
        began.expect("a rollout has events"),
        "success",
    );
}

#[tokio::test]
async fn rollout_at_a_pace_is_seen_to_its_end() {
    let scene = Scene::of(3, None, Pace::step(Duration::from_millis(5))).await;
    scene.deploy().await;
    let changes = watcher(
        scene.deployments.clone(),
        watcher::Config::default().fields("metadata.name=web"),
    )
    .applied_objects();
    pin_mut!(changes);
    let mut counts = (None, None);
    while counts != (Some(3), Some(3)) {
        let web = changes
            .try_next()
            .await
            .expect("the watch goes on")
            .expect("the watch goes on");
        let status = web.status.expect("a seeded deployment has a status");
        counts = (status.updated_replicas, status.available_replicas);
        if status.replicas != Some(3) {
            counts.0 = None;
        }
    }
}

#[tokio::test]
async fn rollout_keeps_within_surge_and_unavailable() {
    let scene = Scene::of(4, None, Pace::instant()).await;
    let list = scene
        .deployments
        .list(&ListParams::default())
        .await
        .expect("a list");
    let from = list
        .metadata
        .resource_version
        .expect("a list has a version");
    scene.deploy().await;
    let newest = scene.web()["metadata"]["resourceVersion"].clone();
    let changes = scene
        .deployments
        .watch(&WatchParams::default(), &from)
        .await
        .expect("a watch");
    pin_mut!(changes);
    let mut seen = Vec::new();
    let mut version = None;
    while version.as_deref() != newest.as_str() {
        let Some(Ok(WatchEvent::Modified(web))) = changes.next().await else {
            panic!("only changes are expected")
        };
        let status = web.status.expect("it has a status");
        seen.push((
            status.replicas.unwrap_or(0),
            status.available_replicas.unwrap_or(0),
        ));
        version = web.metadata.resource_version;
    }
    assert!(
        seen.iter()
            .all(|(total, available)| *total <= 5 && *available >= 3),
        "{seen:?}"
    );
}

#[tokio::test]
async fn earlier_template_gets_its_replica_set_back() {
    let scene = scene(None).await;
    scene.deploy().await;
    scene
        .patch(scene.image_patch(NEW, OLD))
        .await
        .expect("the patch applies");
    let replica_sets = scene.cluster.objects(Kind::ReplicaSet, "web");
    let shown: Vec<_> = replica_sets
        .iter()
        .map(|found| {
            let annotation = |key: &str| {
                found["metadata"]["annotations"][format!("deployment.kubernetes.io/{key}")].clone()
            };
            json!([
                found["spec"]["template"]["spec"]["containers"][0]["image"],
                annotation("revision"),
                annotation("revision-history"),
                found["spec"]["replicas"],
                found["status"]["availableReplicas"],
            ])
        })
        .collect();
    let mut shown = shown;
    shown.sort_by_key(ToString::to_string);
    assert_eq!(
        json!(shown),
        json!([[OLD, "3", "1", 2, 2], [NEW, "2", null, 0, null]])
    );
    assert_eq!(
        scene.web()["metadata"]["annotations"]["deployment.kubernetes.io/revision"],
        "3"
    );
}

#[tokio::test]
async fn paused_deployment_takes_the_patch_and_stays() {
    let scene = scene(Some(Failure::CrashLoop)).await;
    let pause = json!({ "spec": { "paused": true } });
    scene
        .cluster
        .patch(
            Kind::Deployment,
            "web",
            "web",
            &Manager::update("kubectl-edit"),
            &pause,
        )
        .expect("it is there");
    scene.deploy().await;
    assert_eq!(scene.cluster.objects(Kind::ReplicaSet, "web").len(), 1);
    assert_eq!(
        scene.web()["status"]["observedGeneration"],
        scene.web()["metadata"]["generation"]
    );
}

#[tokio::test]
async fn scaled_deployment_has_as_many_pods() {
    let scene = scene(None).await;
    for replicas in [5, 1] {
        let scale = json!({ "spec": { "replicas": replicas } });
        scene
            .cluster
            .patch(
                Kind::Deployment,
                "web",
                "web",
                &Manager::update("kubectl-scale"),
                &scale,
            )
            .expect("it is there");
        assert_eq!(scene.web()["status"]["availableReplicas"], replicas);
        assert_eq!(scene.cluster.objects(Kind::Pod, "web").len(), replicas);
    }
}

#[tokio::test]
async fn deleted_deployment_takes_its_pods_along() {
    let scene = scene(None).await;
    scene.cluster.delete(Kind::Deployment, "web", "web");
    assert_eq!(
        scene.cluster.objects(Kind::ReplicaSet, "web"),
        Vec::<serde_json::Value>::new()
    );
    assert_eq!(
        scene.cluster.objects(Kind::Pod, "web"),
        Vec::<serde_json::Value>::new()
    );
}

#[tokio::test]
async fn stopped_clock_holds_a_rollout_in_its_middle() {
    let scene = Scene::of(2, None, Pace::stopped(Duration::from_secs(1))).await;
    scene.deploy().await;
    let counts = || {
        let status = scene.web()["status"].clone();
        (
            status["updatedReplicas"].as_i64(),
            status["availableReplicas"].as_i64(),
            status["replicas"].as_i64(),
        )
    };
    assert_eq!(counts(), (Some(1), Some(2), Some(3)));
    scene.cluster.pass_time(Duration::from_secs(10));
    assert_eq!(counts(), (Some(2), Some(2), Some(2)));
}
