//! A server that restarts with another history, and one whose clock is wrong.

use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _, pin_mut};
use jiff::{SignedDuration, Timestamp};
use kube::api::{ListParams, WatchEvent, WatchParams};
use kube::runtime::watcher;
use sluice_practice::{Kind, Pace};

use crate::scene::{NEW, OLD, Scene, scene};

async fn version(scene: &Scene) -> String {
    let list = scene.deployments.list(&ListParams::default()).await;
    let list = list.expect("a list");
    list.metadata
        .resource_version
        .expect("a list has a version")
}

#[tokio::test]
async fn restarted_server_has_lower_versions_and_refuses_the_old_ones() {
    let scene = scene(None).await;
    let before = version(&scene).await;
    scene.cluster.restart();
    let after = version(&scene).await;
    let number = |version: &str| version.parse::<u64>().expect("versions are numbers");
    assert!(number(&after) < number(&before), "{after} after {before}");

    let params = WatchParams::default();
    let changes = scene.deployments.watch(&params, &before).await;
    let changes = changes.expect("the watch begins");
    pin_mut!(changes);
    let Some(Ok(WatchEvent::Error(gone))) = changes.next().await else {
        panic!("the version is of another history")
    };
    assert_eq!((gone.code, gone.reason.as_str()), (410, "Expired"));

    let params = WatchParams::default();
    let changes = scene.deployments.watch(&params, &after).await;
    let changes = changes.expect("the watch begins");
    pin_mut!(changes);
    scene.deploy().await;
    let Some(Ok(WatchEvent::Modified(web))) = changes.next().await else {
        panic!("the new history goes on")
    };
    assert_eq!(web.metadata.generation, Some(2));
}

#[tokio::test]
async fn restart_ends_the_open_watches() {
    let scene = scene(None).await;
    let from = version(&scene).await;
    let params = WatchParams::default();
    let changes = scene.deployments.watch(&params, &from).await;
    let changes = changes.expect("the watch begins");
    scene.cluster.restart();
    let rest: Vec<_> = changes.collect().await;
    // Whichever the watch meets first: its end, or a version that is gone.
    assert!(
        matches!(&rest[..], [] | [Ok(WatchEvent::Error(_))]),
        "{rest:?}"
    );
}

#[tokio::test]
async fn watcher_follows_a_rollout_over_a_restart() {
    let scene = Scene::of(2, None, Pace::stopped(Duration::from_secs(1))).await;
    let changes = watcher(scene.deployments.clone(), watcher::Config::default());
    pin_mut!(changes);
    scene.deploy().await;
    let mut restarted = false;
    loop {
        // It recovers from errors at its next turn.
        let Ok(event) = changes.next().await.expect("a watcher never ends") else {
            continue;
        };
        let (watcher::Event::Apply(web) | watcher::Event::InitApply(web)) = event else {
            continue;
        };
        if !restarted {
            restarted = true;
            scene.cluster.restart();
            scene.cluster.pass_time(Duration::from_mins(1));
        }
        let status = web.status.expect("it has one");
        if (status.updated_replicas, status.replicas) == (Some(2), Some(2)) {
            return;
        }
    }
}

#[tokio::test]
async fn restart_can_be_had_again() {
    let scene = scene(None).await;
    let mut versions = vec![version(&scene).await];
    for _ in 0..5 {
        scene.cluster.restart();
        scene.deploy().await;
        scene
            .patch(scene.image_patch(NEW, OLD))
            .await
            .expect("it applies");
        versions.push(version(&scene).await);
    }
    let numbers: Vec<u64> = versions.iter().filter_map(|one| one.parse().ok()).collect();
    assert!(
        numbers.is_sorted_by(|earlier, later| earlier > later),
        "{numbers:?}"
    );
}

/// The `Date` of an answer.
async fn date(scene: &Scene) -> Timestamp {
    let uri = format!("{}/version", scene.cluster.url());
    let request = http::Request::get(uri).body(kube::client::Body::empty());
    let answer = scene.client.send(request.expect("a request")).await;
    let answer = answer.expect("an answer");
    let date = answer.headers()["date"].to_str().expect("text");
    jiff::fmt::rfc2822::parse(date).expect("a date").timestamp()
}

#[tokio::test]
async fn clock_can_be_ahead_and_behind() {
    let scene = scene(None).await;
    let truth = date(&scene).await;
    for hours in [3, -2, 0] {
        scene
            .cluster
            .set_clock_skew(SignedDuration::from_hours(hours));
        let shown = date(&scene).await;
        assert_eq!(
            shown.duration_since(truth),
            SignedDuration::from_hours(hours)
        );
    }
}

#[tokio::test]
async fn what_is_under_way_takes_its_time_on_a_wrong_clock() {
    let pace = Pace::stopped(Duration::from_secs(1));
    let scene = Scene::of(1, None, pace).await;
    let truth = date(&scene).await;
    scene.deploy().await;
    scene.cluster.set_clock_skew(SignedDuration::from_hours(-2));
    scene.cluster.pass_time(Duration::from_millis(999));
    assert_eq!(scene.web()["status"]["updatedReplicas"], 1);
    assert_eq!(scene.web()["status"]["unavailableReplicas"], 1);
    scene.cluster.pass_time(Duration::from_mins(1));
    assert_eq!(scene.web()["status"]["availableReplicas"], 1);
    // What is written now bears the wrong time.
    let events = scene.cluster.objects(Kind::Event, "web");
    let newest = events
        .iter()
        .filter_map(|event| event["lastTimestamp"].as_str()?.parse::<Timestamp>().ok())
        .filter(|at| *at < truth)
        .max();
    let behind = newest.map(|newest| truth.duration_since(newest).as_hours());
    assert_eq!(
        behind,
        Some(1),
        "less than two hours, with the time that passed"
    );
}

#[tokio::test]
async fn list_of_another_history_reads_the_same_objects() {
    let scene = scene(None).await;
    let names = async || {
        let list = scene.deployments.list(&ListParams::default()).await;
        let items = list.expect("a list").items.into_iter();
        items
            .filter_map(|item| Some((item.metadata.name?, item.metadata.uid?)))
            .collect::<Vec<_>>()
    };
    let before = names().await;
    scene.cluster.restart();
    assert_eq!(names().await, before);
    let params = WatchParams::default().timeout(1);
    let changes = scene.deployments.watch(&params, "0").await;
    let changes = changes.expect("the watch begins");
    pin_mut!(changes);
    let first = changes.try_next().await;
    assert!(matches!(first, Ok(Some(WatchEvent::Added(_)))), "{first:?}");
}
