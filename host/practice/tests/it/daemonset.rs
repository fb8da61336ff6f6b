//! `DaemonSet`s: one pod a node, replaced within `maxUnavailable`.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use sluice_practice::{Failure, Kind, Pace, Workload};

use crate::scene::{NEW, OLD};
use crate::stage::{Stage, web};

async fn stage(workload: Workload, failure: Option<Failure>) -> Stage {
    Stage::of(Kind::DaemonSet, workload, failure).await
}

/// Image tag and state of the pod of each node, without the names, which are random.
fn pods(stage: &Stage) -> Vec<String> {
    let mut pods: Vec<String> = stage
        .pods()
        .iter()
        .filter_map(|pod| Some(pod.split_once(": ")?.1.to_owned()))
        .collect();
    pods.sort();
    pods
}

#[tokio::test]
async fn rollout_ends_with_a_new_pod_on_each_node() {
    let stage = stage(web(Kind::DaemonSet, 2), None).await;
    stage.deploy(NEW).await;
    assert_eq!(pods(&stage), ["new, ready", "new, ready"]);
    let nodes: BTreeSet<String> = stage
        .cluster
        .objects(Kind::Pod, "web")
        .iter()
        .map(|pod| pod["spec"]["nodeName"].to_string())
        .collect();
    assert_eq!(nodes.len(), 2);
    assert_eq!(
        stage.web()["status"],
        json!({
            "currentNumberScheduled": 2, "numberMisscheduled": 0, "desiredNumberScheduled": 2,
            "numberReady": 2, "observedGeneration": 2, "updatedNumberScheduled": 2, "numberAvailable": 2,
        })
    );
}

#[tokio::test]
async fn pods_have_the_labels_of_their_template() {
    let stage = stage(web(Kind::DaemonSet, 1), None).await;
    stage.deploy(NEW).await;
    let pod = &stage.cluster.objects(Kind::Pod, "web")[0];
    let revisions = stage.cluster.objects(Kind::ControllerRevision, "web");
    let newest = revisions
        .iter()
        .find(|found| found["revision"] == 2)
        .expect("there are two revisions");
    let hash = &newest["metadata"]["labels"]["controller-revision-hash"];
    assert_eq!(
        pod["metadata"]["labels"],
        json!({ "app": "web", "controller-revision-hash": hash, "pod-template-generation": "2" })
    );
    let named = format!("\"web-{}\"", hash.as_str().unwrap_or_default());
    assert_eq!(newest["metadata"]["name"].to_string(), named);
    let generation = "deprecated.daemonset.template.generation";
    assert_eq!(stage.web()["metadata"]["annotations"][generation], "2");
}

#[tokio::test]
async fn as_many_pods_are_missing_as_max_unavailable_allows() {
    let pace = Pace::stopped(Duration::from_secs(1));
    let change = json!({ "updateStrategy": { "rollingUpdate": { "maxUnavailable": "50%" } } });
    let workload = web(Kind::DaemonSet, 4).spec(&change);
    let stage = Stage::at(pace, Kind::DaemonSet, workload, None).await;
    stage.deploy(NEW).await;
    let mut unavailable = Vec::new();
    for _ in 0..9 {
        let status = &stage.web()["status"];
        unavailable.push(status["numberUnavailable"].as_i64().unwrap_or(0));
        stage.cluster.pass_time(Duration::from_secs(1));
    }
    assert_eq!(unavailable.iter().max(), Some(&2), "{unavailable:?}");
    assert_eq!(pods(&stage), ["new, ready"; 4]);
}

#[tokio::test]
async fn on_delete_waits_for_somebody() {
    let stage = stage(web(Kind::DaemonSet, 2).on_delete(), None).await;
    stage.deploy(NEW).await;
    assert_eq!(pods(&stage), ["old, ready", "old, ready"]);
    let name = stage.cluster.objects(Kind::Pod, "web")[0]["metadata"]["name"].clone();
    stage
        .cluster
        .delete(Kind::Pod, "web", name.as_str().unwrap_or_default());
    assert_eq!(pods(&stage), ["new, ready", "old, ready"]);
}

#[tokio::test]
async fn broken_pod_is_mended_by_the_old_image() {
    let stage = stage(web(Kind::DaemonSet, 2), Some(Failure::CrashLoop)).await;
    stage.deploy(NEW).await;
    assert_eq!(pods(&stage), ["new, CrashLoopBackOff", "old, ready"]);
    assert_eq!(stage.web()["status"]["numberUnavailable"], 1);
    stage.deploy(OLD).await;
    assert_eq!(pods(&stage), ["old, ready", "old, ready"]);
}

#[tokio::test]
async fn quota_shows_as_an_event_only() {
    let stage = stage(web(Kind::DaemonSet, 2), Some(Failure::Quota)).await;
    stage.deploy(NEW).await;
    assert_eq!(pods(&stage), ["old, ready"]);
    let events = stage.events("DaemonSet");
    let [deleted, refused] = &events[..] else {
        panic!("two events are expected: {events:?}")
    };
    assert!(
        deleted.starts_with("Normal SuccessfulDelete: Deleted pod: web-"),
        "{deleted}"
    );
    assert!(
        refused.starts_with("Warning FailedCreate: Error creating: pods \"web-"),
        "{refused}"
    );
    assert!(
        refused.contains("is forbidden: exceeded quota: pods"),
        "{refused}"
    );
    assert_eq!(stage.web()["status"].get("conditions"), None);
    stage.deploy(OLD).await;
    assert_eq!(pods(&stage), ["old, ready", "old, ready"]);
}

#[tokio::test]
async fn pod_without_room_waits_for_its_own_node() {
    let stage = stage(web(Kind::DaemonSet, 2), Some(Failure::Unschedulable)).await;
    stage.deploy(NEW).await;
    let pods = stage.cluster.objects(Kind::Pod, "web");
    let pending = pods
        .iter()
        .find(|pod| pod["status"]["phase"] == "Pending")
        .expect("one waits");
    assert_eq!(
        pending["status"]["conditions"][0]["message"],
        "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]. \
         no new claims to deallocate, preemption: 0/3 nodes are available: 1 No preemption victims found \
         for incoming pod, 2 Preemption is not helpful for scheduling."
    );
}

#[tokio::test]
async fn nodes_that_come_and_go_have_their_pods() {
    let stage = stage(web(Kind::DaemonSet, 2), None).await;
    for nodes in [5, 1] {
        stage.cluster.set_nodes("web", "web", nodes);
        assert_eq!(pods(&stage).len(), nodes);
        let status = &stage.web()["status"];
        assert_eq!(
            json!([status["desiredNumberScheduled"], status["numberAvailable"]]),
            json!([nodes, nodes])
        );
    }
    // Nobody scales a DaemonSet.
    let scaled = stage.cluster.scale(Kind::DaemonSet, "web", "web", 3);
    assert_eq!(scaled, None::<Value>);
}
