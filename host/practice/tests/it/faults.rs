//! What goes wrong on purpose, as the client sees it.

use std::time::Duration;

use k8s_openapi::api::core::v1::Event;
use kube::Error;
use kube::api::{Api, ListParams};
use serde_json::json;
use sluice_practice::{Answer, Kind, Requests, Times};

use crate::scene::{NEW, OLD, scene, status};

#[tokio::test]
async fn refusals_have_the_words_of_the_server() {
    let scene = scene(None).await;
    let account = "User \"system:serviceaccount:sluice:sluice\" cannot get resource \"deployments\" in API group \"apps\"";
    let cases = [
        (401, "Unauthorized", "Unauthorized".to_owned()),
        (403, "Forbidden", format!("deployments.apps \"web\" is forbidden: {account} in the namespace \"web\"")),
        (404, "NotFound", "deployments.apps \"web\" not found".to_owned()),
        (
            409,
            "Conflict",
            "Operation cannot be fulfilled on deployments.apps \"web\": the object has been modified; \
             please apply your changes to the latest version and try again"
                .to_owned(),
        ),
        (
            429,
            "TooManyRequests",
            "the server has received too many requests and has asked us to try again later".to_owned(),
        ),
        (500, "InternalError", "Internal error occurred: etcdserver: request timed out".to_owned()),
        (503, "ServiceUnavailable", "the server is currently unable to handle the request".to_owned()),
    ];
    for (code, reason, message) in cases {
        scene
            .cluster
            .fail(Requests::Any, Answer::Status(code), Times::Once);
        let refused = status(
            scene
                .deployments
                .get("web")
                .await
                .expect_err("it is refused"),
        );
        assert_eq!(
            json!([refused["code"], refused["reason"], refused["message"]]),
            json!([code, reason, message])
        );
        scene
            .deployments
            .get("web")
            .await
            .expect("only one is refused");
    }
}

#[tokio::test]
async fn fault_befalls_only_the_requests_it_is_for() {
    let scene = scene(None).await;
    scene
        .cluster
        .fail(Requests::Writes, Answer::Status(403), Times::Always);
    scene.cluster.fail(
        Requests::Of(Kind::Event),
        Answer::Status(403),
        Times::Always,
    );
    let before = scene.web();
    for _ in 0..2 {
        scene.deployments.get("web").await.expect("reads pass");
        let refused = scene
            .patch(scene.image_patch(OLD, NEW))
            .await
            .expect_err("writes do not");
        assert_eq!(status(refused)["code"], 403);
    }
    assert_eq!(scene.web(), before);
    let events: Api<Event> = Api::namespaced(scene.client.clone(), "web");
    let refused = events
        .list(&ListParams::default())
        .await
        .expect_err("events are refused");
    assert_eq!(
        status(refused)["message"],
        "events is forbidden: User \"system:serviceaccount:sluice:sluice\" cannot list resource \"events\" \
         in API group \"\" in the namespace \"web\""
    );
    scene.cluster.heal();
    scene.deploy().await;
}

#[tokio::test]
async fn answer_that_never_comes_may_hide_an_effect() {
    let scene = scene(None).await;
    scene
        .cluster
        .fail(Requests::Writes, Answer::Never, Times::Once);
    let patch = scene.image_patch(OLD, NEW);
    let mut changed = Box::pin(scene.patch(patch));
    // The effect is there while the answer is not.
    loop {
        tokio::select! {
            biased;
            answer = &mut changed => panic!("an answer came: {answer:?}"),
            read = scene.deployments.get("web") => {
                if read.expect("reads pass").metadata.generation == Some(2) {
                    break;
                }
            }
        }
    }
}

#[tokio::test]
async fn lost_connection_may_hide_an_effect() {
    let scene = scene(None).await;
    scene
        .cluster
        .fail(Requests::Writes, Answer::Hangup, Times::Once);
    let lost = scene
        .patch(scene.image_patch(OLD, NEW))
        .await
        .expect_err("no answer comes");
    assert!(!matches!(lost, Error::Api(_)), "{lost}");
    assert_eq!(scene.web()["metadata"]["generation"], 2);
}

#[tokio::test]
async fn late_answer_is_the_true_one() {
    let scene = scene(None).await;
    let late = Duration::from_millis(20);
    scene
        .cluster
        .fail(Requests::Reads, Answer::Late(late), Times::Once);
    let asked = tokio::time::Instant::now();
    scene.deployments.get("web").await.expect("it comes");
    assert!(asked.elapsed() >= late);
}

#[tokio::test]
async fn dropped_cluster_is_gone() {
    let scene = scene(None).await;
    scene.deployments.get("web").await.expect("it is there");
    drop(scene.cluster);
    scene
        .deployments
        .get("web")
        .await
        .expect_err("nobody answers");
}
