//! `on-failure: rollback`: what is put back, and when nothing is.

use serde_json::json;

use crate::deploy::stage::{Deploy, Fate, OLD, Stage, Workload, assert_story};

const NEW: &str = "ghcr.io/acme/web:2";

/// A deploy that rolls back when it fails.
fn rolling_back(kind: &'static str, image: &str) -> Deploy<'static> {
    Deploy {
        kind,
        with: "on-failure: rollback",
        ..Deploy::of(image)
    }
}

pub(crate) fn broken_deployment_is_rolled_back_to_the_image_that_was_healthy<S: Stage>() {
    let stage = S::set(Fate::CrashLoop);
    let said = rolling_back("Deployment", Fate::CrashLoop.image()).run(&stage, &[]);
    let name = "broken_deployment_is_rolled_back_to_the_image_that_was_healthy";
    assert_story(&stage, &said, 1, name);
    assert_eq!(stage.image(), OLD);
}

pub(crate) fn workload_without_history_is_rolled_back_too<S: Stage>() {
    let workload = Workload {
        spec: json!({ "revisionHistoryLimit": 0 }),
        ..Workload::of("Deployment")
    };
    let stage = S::of(&workload, Fate::CrashLoop);
    let said = rolling_back("Deployment", Fate::CrashLoop.image()).run(&stage, &[]);
    let name = "broken_deployment_is_rolled_back_to_the_image_that_was_healthy";
    assert_story(&stage, &said, 1, name);
    assert_eq!(stage.image(), OLD);
}

pub(crate) fn broken_pod_of_a_stateful_set_is_deleted_only_where_that_is_permitted<S: Stage>() {
    let workload = Workload::of("StatefulSet");
    let image = Fate::CrashLoop.image();
    let stage = S::of(&workload, Fate::CrashLoop);
    let deploy = Deploy {
        // What is only known in the run is refused there, and not by `check`.
        with: "on-failure: ${{ string('rollback') }}",
        ..rolling_back("StatefulSet", image)
    };
    let said = deploy.run(&stage, &[]);
    let name = "broken_pod_that_may_not_be_deleted_stays";
    assert_story(&stage, &said, 1, name);
    let stage = S::of(&workload, Fate::CrashLoop);
    let deploy = Deploy {
        may: ", delete-pods: true",
        ..rolling_back("StatefulSet", image)
    };
    let name = "broken_pod_of_a_stateful_set_is_deleted_in_the_rollback";
    assert_story(&stage, &deploy.run(&stage, &[]), 1, name);
    assert_eq!(stage.image(), OLD);
}

pub(crate) fn image_that_somebody_else_set_is_not_rolled_back<S: Stage>() {
    let stage = S::set(Fate::Held);
    let mut running = rolling_back("Deployment", NEW).start(&stage);
    running.until_following();
    stage.set_image("ghcr.io/acme/web:3");
    let name = "image_that_somebody_else_set_is_not_rolled_back";
    assert_story(&stage, &running.finish(), 1, name);
    assert_eq!(stage.image(), "ghcr.io/acme/web:3");
}

pub(crate) fn rollout_that_outlasts_the_wait_is_not_rolled_back<S: Stage>() {
    let stage = S::set(Fate::Held);
    let deploy = Deploy {
        wait: "1s",
        ..rolling_back("Deployment", NEW)
    };
    let name = "rollout_that_outlasts_the_wait_is_not_rolled_back";
    assert_story(&stage, &deploy.run(&stage, &[]), 1, name);
    assert_eq!(stage.image(), NEW);
}
