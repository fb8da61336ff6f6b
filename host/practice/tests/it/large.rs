//! A workload of five hundred pods, whole and a page at a time.

use std::collections::BTreeSet;

use futures::{StreamExt as _, pin_mut};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams, WatchEvent, WatchParams};
use serde_json::json;
use sluice_practice::{Kind, Manager};

use crate::scene::{NEW, status};
use crate::stage::{Stage, web};

const PODS: u32 = 500;

fn pods(stage: &Stage) -> Api<Pod> {
    Api::namespaced(stage.client.clone(), "web")
}

async fn stage(kind: Kind) -> Stage {
    Stage::of(kind, web(kind, PODS), None).await
}

#[tokio::test]
async fn rollout_of_many_pods_ends_with_all_of_them_new() {
    // The last two take their pods one at a time.
    let kinds = [
        (Kind::Deployment, PODS),
        (Kind::DaemonSet, 50),
        (Kind::StatefulSet, 50),
    ];
    for (kind, pods) in kinds {
        let stage = Stage::of(kind, web(kind, pods), None).await;
        stage.deploy(NEW).await;
        let shown = stage.pods();
        let ready = shown.iter().filter(|pod| pod.ends_with("new, ready"));
        assert_eq!(ready.count().to_string(), pods.to_string(), "{kind}");
    }
}

#[tokio::test]
async fn pages_show_the_collection_as_it_was_at_the_first() {
    let stage = stage(Kind::Deployment).await;
    let all = pods(&stage).list(&ListParams::default()).await;
    let all: Vec<_> = all.expect("a list").items.into_iter().collect();
    let mut params = ListParams::default().limit(200);
    let mut paged = Vec::new();
    let mut left = Vec::new();
    let mut versions = BTreeSet::new();
    loop {
        let page = pods(&stage).list(&params).await.expect("a page");
        paged.extend(page.items);
        versions.extend(page.metadata.resource_version);
        left.push(page.metadata.remaining_item_count);
        let Some(token) = page.metadata.continue_.filter(|token| !token.is_empty()) else {
            break;
        };
        params = ListParams::default().limit(200).continue_token(&token);
        // Changes between the pages are not in them.
        stage
            .cluster
            .scale(Kind::Deployment, "web", "web", 450)
            .expect("it is there");
    }
    assert_eq!(left, [Some(300), Some(100), None]);
    assert_eq!(versions.len(), 1);
    assert_eq!(paged, all);
    assert_eq!(stage.cluster.objects(Kind::Pod, "web").len(), 450);
}

#[tokio::test]
async fn page_of_a_forgotten_version_is_gone() {
    let stage = Stage::of(Kind::Deployment, web(Kind::Deployment, 3), None).await;
    let params = ListParams::default().limit(2);
    let first = pods(&stage).list(&params).await.expect("a page");
    let token = first.metadata.continue_.expect("there is more");
    stage.cluster.expire_versions();
    let next = pods(&stage).list(&params.continue_token(&token)).await;
    let refused = status(next.expect_err("it is too old"));
    assert_eq!(
        json!([refused["code"], refused["reason"], refused["message"]]),
        json!([
            410,
            "Expired",
            "The provided continue parameter is too old to display a consistent list result. \
             You can start a new list without the continue parameter.",
        ])
    );
}

#[tokio::test]
async fn selected_pages_do_not_say_how_many_are_left() {
    let stage = Stage::of(Kind::Deployment, web(Kind::Deployment, 3), None).await;
    let params = ListParams::default().labels("app=web").limit(2);
    let first = pods(&stage).list(&params).await.expect("a page");
    assert_eq!(first.items.len(), 2);
    assert_eq!(first.metadata.remaining_item_count, None);
    let token = first.metadata.continue_.expect("there is more");
    let rest = pods(&stage).list(&params.continue_token(&token)).await;
    assert_eq!(rest.expect("a page").items.len(), 1);
    let nonsense = ListParams::default().continue_token("nonsense");
    let refused = pods(&stage).list(&nonsense).await.expect_err("no token");
    assert_eq!(status(refused)["code"], 400);
}

#[tokio::test]
async fn watch_of_many_pods_begins_with_all_of_them() {
    let stage = stage(Kind::Deployment).await;
    let changes = pods(&stage).watch(&WatchParams::default(), "0").await;
    let changes = changes.expect("the watch begins");
    pin_mut!(changes);
    for _ in 0..PODS {
        let event = changes.next().await;
        assert!(matches!(event, Some(Ok(WatchEvent::Added(_)))), "{event:?}");
    }
    let manager = Manager::update("kubectl-label");
    let name = stage.cluster.objects(Kind::Pod, "web")[0]["metadata"]["name"].clone();
    let change = json!({ "metadata": { "labels": { "note": "changed" } } });
    stage.cluster.patch(
        Kind::Pod,
        "web",
        name.as_str().unwrap_or_default(),
        &manager,
        &change,
    );
    let event = changes.next().await;
    assert!(
        matches!(event, Some(Ok(WatchEvent::Modified(_)))),
        "{event:?}"
    );
}
