//! Each way to fail, with all that the cluster shows of it.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use sluice_practice::{Failure, Kind};

use crate::golden::assert_facts;
use crate::scene::{NEW, OLD, Scene, scene};

/// When the pods of a scene at the instant pace were last moved: the time that its clock shows.
fn began(scene: &Scene) -> Timestamp {
    let events = scene.cluster.objects(Kind::Event, "web");
    let first = events.iter().filter_map(|event| {
        event["metadata"]["creationTimestamp"]
            .as_str()?
            .parse()
            .ok()
    });
    first.min().expect("a rollout has events")
}

async fn failing(failure: Failure) -> Scene {
    let scene = scene(Some(failure)).await;
    scene.deploy().await;
    scene
}

fn condition(object: &Value, kind: &str) -> Value {
    let conditions = object["status"]["conditions"]
        .as_array()
        .expect("it has conditions");
    let found = conditions
        .iter()
        .find(|condition| condition["type"] == kind)
        .expect("it has this one");
    json!([found["status"], found["reason"], found["message"]])
}

#[tokio::test]
async fn each_failure_shows_its_facts_at_once() {
    for failure in Failure::ALL {
        let scene = failing(failure).await;
        assert_facts(&scene.cluster, began(&scene), &failure.to_string());
    }
}

#[tokio::test]
async fn each_failure_shows_its_facts_after_35_seconds() {
    for failure in Failure::ALL {
        let scene = failing(failure).await;
        let began = began(&scene);
        scene.cluster.pass_time(Duration::from_secs(35));
        assert_facts(&scene.cluster, began, &format!("{failure}-35s"));
    }
}

#[tokio::test]
async fn crash_loop_restarts_ever_more_slowly() {
    let scene = failing(Failure::CrashLoop).await;
    let mut seen = Vec::new();
    for seconds in [0, 10, 20, 40] {
        scene.cluster.pass_time(Duration::from_secs(seconds));
        let pods = scene.cluster.objects(Kind::Pod, "web");
        let crashing = pods
            .iter()
            .map(|pod| &pod["status"]["containerStatuses"][0])
            .find(|status| status["ready"] == false);
        let status = crashing.expect("one pod crashes");
        let message = status["state"]["waiting"]["message"]
            .as_str()
            .expect("it waits");
        seen.push((
            status["restartCount"].as_i64(),
            message.split(" restarting").next().map(str::to_owned),
        ));
    }
    let expected = [
        (1, "back-off 10s"),
        (2, "back-off 20s"),
        (3, "back-off 40s"),
        (4, "back-off 1m20s"),
    ];
    assert_eq!(
        seen,
        expected.map(|(count, message)| (Some(count), Some(message.to_owned())))
    );
}

#[tokio::test]
async fn deadline_passes_after_ten_minutes_without_progress() {
    let scene = failing(Failure::NeverReady).await;
    scene.cluster.pass_time(Duration::from_secs(599));
    let name = scene
        .cluster
        .objects(Kind::ReplicaSet, "web")
        .iter()
        .find_map(|found| {
            let new = found["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2";
            new.then(|| {
                found["metadata"]["name"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            })
        });
    let name = name.expect("the new template has one");
    let progressing = json!([
        "True",
        "ReplicaSetUpdated",
        format!("ReplicaSet \"{name}\" is progressing.")
    ]);
    assert_eq!(condition(&scene.web(), "Progressing"), progressing);

    scene.cluster.pass_time(Duration::from_secs(1));
    let late = json!([
        "False",
        "ProgressDeadlineExceeded",
        format!("ReplicaSet \"{name}\" has timed out progressing.")
    ]);
    assert_eq!(condition(&scene.web(), "Progressing"), late);
}

#[tokio::test]
async fn each_failure_is_mended_by_the_old_image() {
    for failure in Failure::ALL {
        let scene = failing(failure).await;
        scene
            .patch(scene.image_patch(NEW, OLD))
            .await
            .expect("the patch applies");
        // Pods that are told to end are given their time.
        scene.cluster.pass_time(Duration::from_secs(30));
        let status = &scene.web()["status"];
        let counts = [
            "replicas",
            "updatedReplicas",
            "availableReplicas",
            "unavailableReplicas",
        ]
        .map(|field| &status[field]);
        assert_eq!(json!(counts), json!([2, 2, 2, null]), "{failure}");
        let kinds: Vec<&Value> = status["conditions"]
            .as_array()
            .expect("conditions")
            .iter()
            .map(|found| &found["type"])
            .collect();
        assert_eq!(
            json!(kinds),
            json!(["Available", "Progressing"]),
            "{failure}"
        );
    }
}

#[tokio::test]
async fn each_failure_has_a_name_that_reads_back() {
    for failure in Failure::ALL {
        assert_eq!(failure.to_string().parse(), Ok(failure));
    }
    let unknown = "explode".parse::<Failure>().expect_err("no such failure");
    assert_eq!(
        unknown.to_string(),
        "no failure is called `explode`; choose one of image-pull, image-pull-passing, crash-loop, init-crash, \
         config-error, failed-mount, multi-attach, unschedulable, quota, admission, never-ready"
    );
}
