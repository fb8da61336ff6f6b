//! Several containers and init containers: each fails in its own place.

use std::time::Duration;

use serde_json::{Value, json};
use sluice_practice::{Failure, Kind, Workload};

use crate::scene::{NEW, OLD};
use crate::stage::{Stage, web};

const SIDECAR: &str = "ghcr.io/acme/proxy:1";
const MIGRATE: &str = "ghcr.io/acme/migrate:1";

fn workload() -> Workload {
    web(Kind::Deployment, 1)
        .container("proxy", SIDECAR)
        .init_container("migrate", MIGRATE)
        .init_container("warm-up", MIGRATE)
}

async fn stage(failure: Option<Failure>) -> Stage {
    Stage::of(Kind::Deployment, workload(), failure).await
}

async fn set(stage: &Stage, images: &[(&str, &str)]) {
    let patch: Vec<Value> = images
        .iter()
        .map(|(container, image)| {
            let path = format!("/spec/template/spec/{container}/image");
            json!({ "op": "replace", "path": path, "value": image })
        })
        .collect();
    stage.patch(json!(patch)).await.expect("it applies");
}

/// The state of each container of the newest pod, init containers first.
fn states(stage: &Stage) -> Vec<String> {
    let pods = stage.cluster.objects(Kind::Pod, "web");
    let newest = pods
        .iter()
        .max_by_key(|pod| {
            let version = pod["metadata"]["resourceVersion"].as_str();
            version.and_then(|version| version.parse::<u64>().ok())
        })
        .expect("there is a pod");
    ["initContainerStatuses", "containerStatuses"]
        .iter()
        .flat_map(|list| newest["status"][list].as_array().into_iter().flatten())
        .map(|status| {
            let reason = |state: &str| status["state"][state]["reason"].as_str();
            let state = reason("waiting").or(reason("terminated"));
            let ready = if status["ready"] == true {
                "ready"
            } else {
                "not ready"
            };
            let name = status["name"].as_str().unwrap_or_default();
            format!("{name}: {}, {ready}", state.unwrap_or("Running"))
        })
        .collect()
}

#[tokio::test]
async fn init_containers_are_done_before_the_others_start() {
    let stage = stage(None).await;
    set(
        &stage,
        &[
            ("initContainers/0", "ghcr.io/acme/migrate:2"),
            ("containers/0", NEW),
        ],
    )
    .await;
    assert_eq!(
        states(&stage),
        [
            "migrate: Completed, ready",
            "warm-up: Completed, ready",
            "app: Running, ready",
            "proxy: Running, ready"
        ]
    );
    assert_eq!(stage.web()["status"]["availableReplicas"], 1);
    assert_eq!(stage.web()["metadata"]["generation"], 2);
}

#[tokio::test]
async fn init_container_without_its_image_holds_up_the_others() {
    let stage = stage(Some(Failure::ImagePull)).await;
    set(&stage, &[("initContainers/1", NEW)]).await;
    assert_eq!(
        states(&stage),
        [
            "migrate: Completed, ready",
            "warm-up: ImagePullBackOff, not ready",
            "app: PodInitializing, not ready",
            "proxy: PodInitializing, not ready"
        ]
    );
}

#[tokio::test]
async fn crashing_init_container_is_named_with_its_place() {
    let stage = stage(Some(Failure::InitCrash)).await;
    stage.deploy(NEW).await;
    stage.cluster.pass_time(Duration::from_secs(10));
    assert_eq!(
        states(&stage),
        [
            "migrate: CrashLoopBackOff, not ready",
            "warm-up: PodInitializing, not ready",
            "app: PodInitializing, not ready",
            "proxy: PodInitializing, not ready"
        ]
    );
    let events = stage.cluster.objects(Kind::Event, "web");
    let back_off = events
        .iter()
        .find(|event| event["reason"] == "BackOff")
        .expect("it backs off");
    assert_eq!(
        back_off["involvedObject"]["fieldPath"],
        "spec.initContainers{migrate}"
    );
    stage.cluster.set_failure(None);
    stage.cluster.pass_time(Duration::from_hours(1));
    assert_eq!(states(&stage)[2], "app: Running, ready");
}

#[tokio::test]
async fn only_the_container_with_the_new_image_fails() {
    let cases = [
        (Failure::CrashLoop, "CrashLoopBackOff"),
        (Failure::ConfigError, "CreateContainerConfigError"),
        (Failure::ImagePull, "ImagePullBackOff"),
        (Failure::NeverReady, "Running"),
    ];
    for (failure, state) in cases {
        let stage = stage(Some(failure)).await;
        set(&stage, &[("containers/1", "ghcr.io/acme/proxy:2")]).await;
        assert_eq!(
            states(&stage)[2..],
            [
                "app: Running, ready".to_owned(),
                format!("proxy: {state}, not ready")
            ],
            "{failure}"
        );
    }
}

#[tokio::test]
async fn several_images_in_one_patch_are_one_rollout() {
    let stage = stage(None).await;
    set(
        &stage,
        &[
            ("containers/0", NEW),
            ("containers/1", "ghcr.io/acme/proxy:2"),
            ("initContainers/0", "ghcr.io/acme/migrate:2"),
        ],
    )
    .await;
    assert_eq!(stage.cluster.objects(Kind::ReplicaSet, "web").len(), 2);
    let mine = &stage.web()["metadata"]["managedFields"];
    let mine = mine.as_array().into_iter().flatten();
    let mine = mine.filter(|entry| entry["manager"] == "sluice").count();
    assert_eq!(mine, 1);
}

#[tokio::test]
async fn rate_limit_passes_when_its_time_is_over() {
    let image = "docker.io/acme/web:2";
    let workload = web(Kind::Deployment, 1);
    let stage = Stage::of(Kind::Deployment, workload, Some(Failure::ImagePullPassing)).await;
    stage.cluster.set_rate_limit(Duration::from_secs(25));
    stage.deploy(image).await;
    let waiting = |stage: &Stage| {
        let pods = stage.pods();
        pods.iter().find(|pod| pod.contains(image)).cloned()
    };
    for (seconds, state) in [
        (0, "ImagePullBackOff"),
        (10, "ImagePullBackOff"),
        (20, "ready"),
    ] {
        stage.cluster.pass_time(Duration::from_secs(seconds));
        let pod = waiting(&stage).expect("there is a new pod");
        assert!(pod.ends_with(state), "{pod}");
    }
    let cause = stage
        .events("Pod")
        .into_iter()
        .find(|event| event.contains("429 Too Many Requests"))
        .expect("the cause was told");
    assert!(
        cause.contains("https://registry-1.docker.io/v2/acme/web/manifests/sha256:"),
        "{cause}"
    );
    assert_eq!(
        stage.pods().iter().filter(|pod| pod.contains(OLD)).count(),
        0
    );
}

#[tokio::test]
async fn volume_that_comes_free_lets_the_pod_start() {
    let workload = web(Kind::Deployment, 1);
    let stage = Stage::of(Kind::Deployment, workload, Some(Failure::MultiAttach)).await;
    stage.deploy(NEW).await;
    stage.cluster.pass_time(Duration::from_secs(130));
    let told = stage.events("Pod");
    assert_eq!(
        told.last().map(String::as_str),
        Some(
            "Warning FailedMount: Unable to attach or mount volumes: unmounted volumes=[data], \
             unattached volumes=[], failed to process volumes=[]: context deadline exceeded (x1)"
        )
    );
    stage.cluster.set_failure(None);
    stage.cluster.pass_time(Duration::from_secs(130));
    assert_eq!(stage.web()["status"]["updatedReplicas"], 1);
    assert_eq!(stage.web()["status"]["availableReplicas"], 1);
}
