//! Workloads other than a Deployment, and ends that are a success without proof.

use serde_json::{Value, json};

use crate::deploy::stage::{Deploy, Fate, OLD, Stage, Workload, assert_story};

const NEW: &str = "ghcr.io/acme/web:2";

fn of_kind(kind: &str) -> Deploy<'_> {
    Deploy {
        kind,
        ..Deploy::of(NEW)
    }
}

/// Sets the image of that workload, which ends as that file tells.
fn rolls_out<S: Stage>(workload: &Workload, name: &str) {
    let stage = S::of(workload, Fate::Ready);
    let said = of_kind(workload.kind).run(&stage, &[]);
    assert_story(&stage, &said, 0, name);
    assert_eq!(stage.image(), NEW);
}

fn with_spec(kind: &'static str, spec: Value) -> Workload {
    Workload {
        spec,
        ..Workload::of(kind)
    }
}

pub(crate) fn stateful_set_is_rolled_out_and_verified<S: Stage>() {
    let workload = Workload::of("StatefulSet");
    rolls_out::<S>(&workload, "stateful_set_is_rolled_out_and_verified");
}

pub(crate) fn daemon_set_is_rolled_out_and_verified<S: Stage>() {
    let workload = Workload::of("DaemonSet");
    rolls_out::<S>(&workload, "daemon_set_is_rolled_out_and_verified");
}

pub(crate) fn cron_job_takes_the_image_and_is_not_verified<S: Stage>() {
    let workload = Workload::of("CronJob");
    rolls_out::<S>(&workload, "cron_job_takes_the_image_and_is_not_verified");
}

pub(crate) fn partition_of_a_stateful_set_is_a_success_that_is_not_verified<S: Stage>() {
    let partition = json!({ "updateStrategy": { "rollingUpdate": { "partition": 1 } } });
    rolls_out::<S>(
        &with_spec("StatefulSet", partition),
        "partition_of_a_stateful_set_is_a_success_that_is_not_verified",
    );
}

pub(crate) fn workload_without_pods_is_a_success_that_is_not_verified<S: Stage>() {
    let workload = Workload {
        replicas: 0,
        ..Workload::of("Deployment")
    };
    let name = "workload_without_pods_is_a_success_that_is_not_verified";
    rolls_out::<S>(&workload, name);
}

pub(crate) fn pods_that_are_ready_are_waited_for_until_they_are_available<S: Stage>() {
    let stage = S::set(Fate::Ready);
    stage.change(&json!({ "spec": { "minReadySeconds": 300 } }));
    let mut running = Deploy::of(NEW).start(&stage);
    running.until_following();
    stage.release();
    let name = "pods_that_are_ready_are_waited_for_until_they_are_available";
    assert_story(&stage, &running.finish(), 0, name);
}

pub(crate) fn on_delete_is_refused_before_any_change<S: Stage>() {
    for kind in ["StatefulSet", "DaemonSet"] {
        let on_delete = json!({ "updateStrategy": { "type": "OnDelete" } });
        let stage = S::of(&with_spec(kind, on_delete), Fate::Ready);
        let said = of_kind(kind).run(&stage, &[]);
        let name = format!("on_delete_is_refused_before_any_change.{kind}");
        assert_story(&stage, &said, 1, &name);
        assert_eq!(stage.image(), OLD);
        assert_eq!(stage.writes(), []);
    }
}
