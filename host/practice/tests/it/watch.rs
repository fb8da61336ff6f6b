//! Watches: in order, from a version, to their end, and past what the server forgot.

use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _, pin_mut};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams, WatchEvent, WatchParams};
use kube::runtime::watcher;
use serde_json::{Value, json};
use sluice_practice::{Kind, Manager, Pace};

use crate::scene::{NEW, OLD, Scene, scene};

async fn version(scene: &Scene) -> String {
    let list = scene
        .deployments
        .list(&ListParams::default())
        .await
        .expect("a list");
    list.metadata
        .resource_version
        .expect("a list has a version")
}

fn annotate(scene: &Scene, note: &str) {
    let change = json!({ "metadata": { "annotations": { "note": note } } });
    scene
        .cluster
        .patch(
            Kind::Deployment,
            "web",
            "web",
            &Manager::update("kubectl-annotate"),
            &change,
        )
        .expect("it is there");
}

fn note(event: &WatchEvent<Deployment>) -> String {
    match event {
        WatchEvent::Modified(web) => web
            .metadata
            .annotations
            .as_ref()
            .and_then(|all| all.get("note"))
            .cloned()
            .unwrap_or_default(),
        other => panic!("unexpected {other:?}"),
    }
}

#[tokio::test]
async fn watch_delivers_changes_since_a_version_in_order() {
    let scene = scene(None).await;
    let from = version(&scene).await;
    for step in ["one", "two", "three"] {
        annotate(&scene, step);
    }
    let changes = scene
        .deployments
        .watch(&WatchParams::default(), &from)
        .await
        .expect("a watch");
    pin_mut!(changes);
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(note(
            &changes.next().await.expect("a change").expect("a change"),
        ));
    }
    annotate(&scene, "four");
    seen.push(note(
        &changes.next().await.expect("a change").expect("a change"),
    ));
    assert_eq!(seen, ["one", "two", "three", "four"]);
}

#[tokio::test]
async fn versions_of_a_watch_strictly_increase() {
    let scene = scene(None).await;
    let pods: Api<Pod> = Api::namespaced(scene.client.clone(), "web");
    let from = version(&scene).await;
    scene.deploy().await;
    let changes = pods
        .watch(&WatchParams::default().timeout(1), &from)
        .await
        .expect("a watch");
    let changes: Vec<_> = changes.take(12).try_collect().await.expect("changes");
    let versions: Vec<u64> = changes
        .iter()
        .filter_map(|change| match change {
            WatchEvent::Added(pod) | WatchEvent::Modified(pod) | WatchEvent::Deleted(pod) => {
                pod.metadata.resource_version.as_ref()?.parse().ok()
            }
            _ => None,
        })
        .collect();
    assert_eq!(versions.len(), 12);
    assert!(
        versions.is_sorted_by(|earlier, later| earlier < later),
        "{versions:?}"
    );
}

#[tokio::test]
async fn watch_from_a_forgotten_version_is_gone() {
    let scene = scene(None).await;
    let from = version(&scene).await;
    scene.cluster.expire_versions();
    let changes = scene
        .deployments
        .watch(&WatchParams::default(), &from)
        .await
        .expect("the error comes in the stream");
    pin_mut!(changes);
    let Some(Ok(WatchEvent::Error(gone))) = changes.next().await else {
        panic!("an error is expected")
    };
    let oldest = from.parse::<u64>().expect("versions are numbers") + 1;
    assert_eq!(
        serde_json::to_value(&*gone).expect("a status is JSON"),
        json!({
            "status": "Failure",
            "code": 410,
            "message": format!("too old resource version: {from} ({oldest})"),
            "metadata": {},
            "reason": "Expired",
        })
    );
    assert!(changes.next().await.is_none());
    annotate(&scene, "after");
    let fresh = scene
        .deployments
        .watch(&WatchParams::default(), &oldest.to_string())
        .await
        .expect("a watch");
    pin_mut!(fresh);
    assert_eq!(
        note(&fresh.next().await.expect("a change").expect("a change")),
        "after"
    );
}

#[tokio::test]
async fn watcher_survives_closed_and_expired_watches() {
    let scene = scene(None).await;
    let changes = watcher(scene.deployments.clone(), watcher::Config::default());
    pin_mut!(changes);
    let mut images = Vec::new();
    let mut step = 0;
    while images.len() < 3 {
        let image = match changes.next().await.expect("a watcher does not end") {
            Ok(watcher::Event::Apply(web) | watcher::Event::InitApply(web)) => image(&web),
            // It says what went wrong, and lists again.
            Ok(_) | Err(_) => continue,
        };
        if images.last() == Some(&image) {
            continue;
        }
        images.push(image);
        step += 1;
        match step {
            1 => {
                scene.cluster.close_watches();
                scene
                    .patch(scene.image_patch(OLD, NEW))
                    .await
                    .expect("it applies");
            }
            2 => {
                scene.cluster.expire_versions();
                scene
                    .patch(scene.image_patch(NEW, OLD))
                    .await
                    .expect("it applies");
            }
            _ => {}
        }
    }
    assert_eq!(images, [OLD, NEW, OLD]);
}

fn image(web: &Deployment) -> String {
    let web = serde_json::to_value(web).expect("a deployment is JSON");
    web["spec"]["template"]["spec"]["containers"][0]["image"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test]
async fn streaming_list_begins_with_all_and_says_so() {
    let scene = scene(None).await;
    let config = watcher::Config::default().streaming_lists();
    let changes = watcher(scene.deployments.clone(), config);
    pin_mut!(changes);
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(
            match changes.try_next().await.expect("no error").expect("no end") {
                watcher::Event::Init => "init",
                watcher::Event::InitApply(_) => "object",
                watcher::Event::InitDone => "done",
                watcher::Event::Apply(_) | watcher::Event::Delete(_) => "change",
            },
        );
    }
    assert_eq!(seen, ["init", "object", "done"]);
}

#[tokio::test]
async fn selector_sees_objects_come_and_go() {
    let scene = scene(None).await;
    let from = version(&scene).await;
    let label = |value: Value| {
        let change = json!({ "metadata": { "labels": { "tier": value } } });
        scene
            .cluster
            .patch(
                Kind::Deployment,
                "web",
                "web",
                &Manager::update("kubectl-label"),
                &change,
            )
            .expect("it is there");
    };
    label(json!("front"));
    annotate(&scene, "seen");
    label(json!("back"));
    let params = WatchParams::default().labels("tier=front");
    let changes = scene
        .deployments
        .watch(&params, &from)
        .await
        .expect("a watch");
    let kinds: Vec<_> = changes
        .take(3)
        .map_ok(|change| match change {
            WatchEvent::Added(_) => "added",
            WatchEvent::Modified(_) => "modified",
            WatchEvent::Deleted(_) => "deleted",
            _ => "other",
        })
        .try_collect()
        .await
        .expect("changes");
    assert_eq!(kinds, ["added", "modified", "deleted"]);
}

#[tokio::test]
async fn watch_ends_when_its_time_is_up() {
    let scene = Scene::of(1, None, Pace::instant()).await;
    let from = version(&scene).await;
    let changes = scene
        .deployments
        .watch(&WatchParams::default().timeout(1), &from)
        .await
        .expect("a watch");
    pin_mut!(changes);
    let end = tokio::time::timeout(Duration::from_secs(20), changes.next()).await;
    assert!(end.expect("it ends").is_none());
}
