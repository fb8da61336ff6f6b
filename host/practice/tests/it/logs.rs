//! The logs of pods: the last line of what failed, and every way in which there is none.

use k8s_openapi::api::core::v1::Pod;
use kube::Error;
use kube::api::{Api, LogParams};
use sluice_practice::{Answer, Failure, Kind, Requests, Times};

use crate::scene::{NEW, status};
use crate::stage::{Stage, web};

async fn broken(failure: Failure) -> Stage {
    let workload = web(Kind::StatefulSet, 1);
    let stage = Stage::of(Kind::StatefulSet, workload, Some(failure)).await;
    stage.deploy(NEW).await;
    stage
}

fn last_of_previous() -> LogParams {
    LogParams {
        container: Some("app".to_owned()),
        previous: true,
        tail_lines: Some(1),
        ..LogParams::default()
    }
}

async fn log(stage: &Stage, params: &LogParams) -> Result<String, Error> {
    let pods: Api<Pod> = Api::namespaced(stage.client.clone(), "web");
    pods.logs("web-0", params).await
}

#[tokio::test]
async fn crashed_container_has_a_last_line() {
    let stage = broken(Failure::CrashLoop).await;
    let line = log(&stage, &last_of_previous()).await.expect("it crashed");
    assert_eq!(
        line,
        "fatal: cannot connect to database at db:5432: connection refused\n"
    );
    stage
        .cluster
        .set_log("web", "app", "starting\npanic: no such table: orders");
    let line = log(&stage, &last_of_previous()).await.expect("it crashed");
    assert_eq!(line, "panic: no such table: orders\n");
    let all = log(&stage, &LogParams::default())
        .await
        .expect("it crashed");
    assert_eq!(all, "starting\npanic: no such table: orders\n");
}

#[tokio::test]
async fn running_container_has_no_previous_log() {
    let stage = broken(Failure::NeverReady).await;
    let refused = log(&stage, &last_of_previous()).await;
    let refused = status(refused.expect_err("it never ended"));
    assert_eq!(refused["code"], 400);
    assert_eq!(
        refused["message"],
        "previous terminated container \"app\" in pod \"web-0\" not found"
    );
    let quiet = log(&stage, &LogParams::default()).await.expect("it runs");
    assert_eq!(quiet, "");
}

#[tokio::test]
async fn container_that_never_started_says_why_it_has_no_log() {
    let cases = [
        (Failure::ImagePull, "trying and failing to pull image"),
        (Failure::ConfigError, "CreateContainerConfigError"),
        (Failure::FailedMount, "ContainerCreating"),
        (Failure::InitCrash, "PodInitializing"),
    ];
    for (failure, why) in cases {
        let stage = broken(failure).await;
        let refused = log(&stage, &LogParams::default()).await;
        assert_eq!(
            status(refused.expect_err("it did not start"))["message"],
            format!("container \"app\" in pod \"web-0\" is waiting to start: {why}"),
            "{failure}"
        );
    }
}

#[tokio::test]
async fn container_is_named_where_there_are_several() {
    let workload = web(Kind::StatefulSet, 1)
        .container("proxy", "ghcr.io/acme/proxy:1")
        .init_container("migrate", "ghcr.io/acme/migrate:1");
    let stage = Stage::of(Kind::StatefulSet, workload, None).await;
    let named = |container: &str| LogParams {
        container: Some(container.to_owned()),
        ..LogParams::default()
    };
    for container in ["app", "proxy", "migrate"] {
        log(&stage, &named(container)).await.expect(container);
    }
    let refused = log(&stage, &LogParams::default()).await;
    assert_eq!(
        status(refused.expect_err("which?"))["message"],
        "a container name must be specified for pod web-0, choose one of: [app proxy] \
         or one of the init containers: [migrate]"
    );
    let refused = log(&stage, &named("none")).await;
    assert_eq!(
        status(refused.expect_err("no such container"))["message"],
        "container none is not valid for pod web-0"
    );
}

#[tokio::test]
async fn logs_are_forbidden_apart_from_pods() {
    let stage = broken(Failure::CrashLoop).await;
    stage
        .cluster
        .fail(Requests::Logs, Answer::Status(403), Times::Always);
    let pods: Api<Pod> = Api::namespaced(stage.client.clone(), "web");
    pods.get("web-0").await.expect("pods are not forbidden");
    let refused = log(&stage, &last_of_previous()).await;
    assert_eq!(
        status(refused.expect_err("logs are"))["message"],
        "pods \"web-0\" is forbidden: User \"system:serviceaccount:sluice:sluice\" cannot get resource \
         \"pods/log\" in API group \"\" in the namespace \"web\""
    );
}
