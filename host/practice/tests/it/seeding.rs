//! Clusters that start with workloads of every shape, each healthy and long rolled out.

use std::time::Duration;

use serde_json::{Value, json};
use sluice_practice::{Cluster, Kind, Manager, Pace, Workload};

use crate::scene::{NEW, OLD};
use crate::stage::{Stage, web};

#[tokio::test]
async fn workloads_of_all_kinds_start_healthy() {
    let workloads = vec![
        Workload::new(Kind::Deployment, "web", "front", 2).container("app", OLD),
        Workload::new(Kind::StatefulSet, "web", "store", 3).container("app", OLD),
        Workload::new(Kind::DaemonSet, "web", "agent", 2).container("app", OLD),
        Workload::new(Kind::CronJob, "web", "report", 0).container("app", OLD),
    ];
    let cluster = Cluster::start(workloads, None, Pace::instant()).await;
    let cluster = cluster.expect("a port is free");
    let pods = cluster.objects(Kind::Pod, "web");
    assert_eq!(pods.len(), 7);
    let ready = |pod: &&Value| pod["status"]["containerStatuses"][0]["ready"] == true;
    assert_eq!(pods.iter().filter(ready).count(), 7);
    assert_eq!(cluster.objects(Kind::Event, "web"), Vec::<Value>::new());
}

#[tokio::test]
async fn owners_of_a_workload_leave_their_marks() {
    let owner = json!({ "apiVersion": "acme.example/v1", "kind": "Shop", "name": "shop", "uid": "1", "controller": true });
    let labels = |workload: Workload| async move {
        let web = Stage::of(Kind::Deployment, workload, None).await.web();
        json!([web["metadata"]["labels"], web["metadata"]["annotations"]])
    };
    let plain = || web(Kind::Deployment, 1);
    let revision = "deployment.kubernetes.io/revision";
    let cases = [
        (
            plain().helm("shop"),
            json!([
                { "app": "web", "app.kubernetes.io/managed-by": "Helm" },
                { "meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "web", revision: "1" },
            ]),
        ),
        (
            plain().argo_cd("shop"),
            json!([
                { "app": "web" },
                { "argocd.argoproj.io/tracking-id": "shop:apps/Deployment:web/web", revision: "1" },
            ]),
        ),
        (
            plain().argo_cd_by_label("shop"),
            json!([{ "app": "web", "argocd.argoproj.io/instance": "shop" }, { revision: "1" }]),
        ),
        (
            plain().flux_kustomization("apps", "flux-system"),
            json!([
                {
                    "app": "web",
                    "kustomize.toolkit.fluxcd.io/name": "apps",
                    "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
                },
                { revision: "1" },
            ]),
        ),
        (
            plain().flux_helm("shop", "web"),
            json!([
                {
                    "app": "web",
                    "helm.toolkit.fluxcd.io/name": "shop",
                    "helm.toolkit.fluxcd.io/namespace": "web",
                },
                { revision: "1" },
            ]),
        ),
    ];
    for (workload, expected) in cases {
        assert_eq!(labels(workload).await, expected);
    }
    let workload = plain()
        .owner(owner.clone())
        .made_by(Manager::apply("shop-operator"));
    let made = Stage::of(Kind::Deployment, workload, None).await.web();
    assert_eq!(made["metadata"]["ownerReferences"], json!([owner]));
    let first = &made["metadata"]["managedFields"][0];
    assert_eq!(
        json!([first["manager"], first["operation"]]),
        json!(["shop-operator", "Apply"])
    );
}

#[tokio::test]
async fn recreate_ends_all_old_pods_before_the_first_new_one() {
    let pace = Pace::stopped(Duration::from_secs(1));
    let workload = web(Kind::Deployment, 2).recreate();
    let stage = Stage::at(pace, Kind::Deployment, workload, None).await;
    stage.deploy(NEW).await;
    let mut seen = Vec::new();
    for _ in 0..5 {
        let mut tags: Vec<String> = stage
            .pods()
            .iter()
            .filter_map(|pod| Some(pod.split_once(": ")?.1.to_owned()))
            .collect();
        tags.sort();
        seen.push(tags.join("; "));
        stage.cluster.pass_time(Duration::from_secs(1));
    }
    assert_eq!(
        seen,
        [
            "old, ready, ending; old, ready, ending",
            "new, ContainerCreating; new, ContainerCreating",
            "new, not ready; new, not ready",
            "new, ready; new, ready",
            "new, ready; new, ready",
        ]
    );
    assert_eq!(stage.web()["status"]["availableReplicas"], 2);
}

#[tokio::test]
async fn pods_count_as_available_after_min_ready_seconds() {
    let cases = [
        (Kind::Deployment, "availableReplicas"),
        (Kind::StatefulSet, "availableReplicas"),
        (Kind::DaemonSet, "numberAvailable"),
    ];
    for (kind, field) in cases {
        let workload = web(kind, 1).min_ready_seconds(30);
        let stage = Stage::of(kind, workload, None).await;
        assert_eq!(stage.web()["status"][field], 1, "{kind} starts available");
        stage.deploy(NEW).await;
        let new = |stage: &Stage| {
            let pods = stage.pods();
            pods.iter().filter(|pod| pod.contains("new, ready")).count()
        };
        assert_eq!(new(&stage), 1, "{kind} is ready at once");
        // A deployment keeps the old pod for as long.
        let missing = u8::from(kind == Kind::Deployment);
        let available = |stage: &Stage| stage.web()["status"][field].as_u64().unwrap_or(0);
        assert_eq!(
            available(&stage),
            u64::from(missing),
            "{kind} is not yet available"
        );
        stage.cluster.pass_time(Duration::from_secs(29));
        assert_eq!(
            available(&stage),
            u64::from(missing),
            "{kind} is not yet available"
        );
        stage.cluster.pass_time(Duration::from_secs(1));
        assert_eq!(available(&stage), 1, "{kind} is available");
        assert_eq!(stage.pods().len(), 1, "{kind}");
    }
}

#[tokio::test]
async fn paused_deployment_starts_with_its_pods() {
    let stage = Stage::of(Kind::Deployment, web(Kind::Deployment, 2).paused(), None).await;
    assert_eq!(stage.pods().len(), 2);
    assert_eq!(stage.web()["spec"]["paused"], true);
    stage.deploy(NEW).await;
    assert!(stage.pods().iter().all(|pod| pod.ends_with("old, ready")));
}

#[tokio::test]
async fn template_is_not_a_seed_to_choose() {
    let workload = web(Kind::Deployment, 1).spec(&json!({ "selector": { "matchLabels": {} } }));
    let refused = Cluster::start(vec![workload], None, Pace::instant()).await;
    assert_eq!(
        refused.err().map(|error| error.to_string()).as_deref(),
        Some(
            "the practice cluster makes the `selector` of Deployment `web` itself; leave it out of the spec"
        )
    );
}
