//! How rollouts end: well, for a reason, or not within their time; and the dry run.

use serde_json::json;

use super::set_and;
use crate::deploy::stage::{
    Deploy, Fate, OLD, Stage, Workload, assert_story, assert_told, assert_wrote,
};

const NEW: &str = "ghcr.io/acme/web:2";

pub(crate) fn new_image_is_rolled_out_and_verified<S: Stage>() {
    let stage = S::set(Fate::Ready);
    let said = Deploy::of(NEW).run(&stage, &[]);
    let told = set_and(
        NEW,
        &[
            r#"deploy success: {"workload":"Deployment NS/web","images":{"app":"ghcr.io/acme/web:2"},"previous":{"app":"ghcr.io/acme/web:1"},"changed":true,"verified":true,"pods":2}"#,
            "run success",
        ],
    );
    assert_told(&stage, &said, 0, &told);
    assert_wrote(&stage, &[(false, NEW)]);
    assert_eq!(stage.image(), NEW);
}

pub(crate) fn same_image_again_is_not_set_but_verified<S: Stage>() {
    let stage = S::set(Fate::Ready);
    assert_eq!(Deploy::of(NEW).run(&stage, &[]).code, Some(0));
    let said = Deploy::of(NEW).run(&stage, &[]);
    let told = [
        "run of deploy-web starts, real",
        "deploy starts, attempt 1",
        "deploy info: `Deployment NS/web` has `ghcr.io/acme/web:2` already: nothing to set",
        r#"deploy success: {"workload":"Deployment NS/web","images":{"app":"ghcr.io/acme/web:2"},"previous":{"app":"ghcr.io/acme/web:2"},"changed":false,"verified":true,"pods":2}"#,
        "run success",
    ];
    assert_told(&stage, &said, 0, &told);
    assert_wrote(&stage, &[(false, NEW)]);
}

/// Deploys the image of that fate; the run ends with these lines.
fn fails<S: Stage>(fate: Fate, warning: &str, failure: &str) {
    let stage = S::set(fate);
    let image = fate.image();
    let said = Deploy::of(image).run(&stage, &[]);
    let failure = format!(
        "deploy failure: world, failed: `Deployment NS/web` did not come up with `{image}`: {failure}"
    );
    let warning = format!("deploy warn: {warning}");
    assert_told(
        &stage,
        &said,
        1,
        &set_and(image, &[&warning, &failure, "run failure"]),
    );
    assert_wrote(&stage, &[(false, image)]);
}

pub(crate) fn image_that_cannot_be_pulled_is_told<S: Stage>() {
    fails::<S>(
        Fate::ImagePull,
        "image-pull, ImagePullBackOff of ghcr.io/acme/web:2-missing",
        "the image cannot be pulled, for 0s now / look at the registry and at the node's way \
         to it; `grace.image-pull` (0s) sets how long it is borne",
    );
}

pub(crate) fn container_that_keeps_crashing_is_told<S: Stage>() {
    fails::<S>(
        Fate::CrashLoop,
        "crash-loop, CrashLoopBackOff of ghcr.io/acme/web:2-crash",
        "the container keeps crashing, for 0s now / read what it said last: `kubectl logs \
         --previous`; `grace.crash-loop` (0s) sets how long it is borne",
    );
}

pub(crate) fn pod_that_no_node_takes_is_told<S: Stage>() {
    fails::<S>(
        Fate::Unschedulable,
        "unschedulable, Unschedulable",
        "no node takes the pod, for 0s now / add room, lower what the pod requests, or correct \
         its selectors and tolerations; `grace.unschedulable` (0s) sets how long it is borne",
    );
}

pub(crate) fn quota_without_room_is_told<S: Stage>() {
    fails::<S>(
        Fate::Quota,
        "quota, FailedCreate",
        "the namespace's quota has no room for the pods, for 0s now / free or raise the quota, \
         or let the rollout surge less: `maxSurge: 0`; `grace.quota` (0s) sets how long it is \
         borne",
    );
}

pub(crate) fn probe_that_keeps_failing_is_told<S: Stage>() {
    fails::<S>(
        Fate::NeverReady,
        "probe, Unhealthy of ghcr.io/acme/web:2-unready",
        "the container runs and its probe fails, for 0s now / look at what the probe asks for \
         and what the container answers; `grace.probe` (0s) sets how long it is borne",
    );
}

pub(crate) fn rollout_that_outlasts_the_wait_is_still_progressing<S: Stage>() {
    let stage = S::set(Fate::Held);
    let deploy = Deploy {
        wait: "1s",
        ..Deploy::of(NEW)
    };
    let said = deploy.run(&stage, &[]);
    let told = set_and(
        NEW,
        &[
            "deploy failure: world, failed: `Deployment NS/web` did not come up with \
             `ghcr.io/acme/web:2`: still progressing after 1s / the rollout goes on in the \
             cluster; `wait` (1s) sets how long it is followed",
            "run failure",
        ],
    );
    assert_told(&stage, &said, 1, &told);
    assert_wrote(&stage, &[(false, NEW)]);
}

pub(crate) fn dry_run_asks_the_server_and_changes_nothing<S: Stage>() {
    let stage = S::set(Fate::Ready);
    let said = Deploy::of(NEW).run(&stage, &["--dry-run"]);
    let told = [
        "run of deploy-web starts, dry-run",
        "deploy starts, attempt 1",
        "deploy info: takes over the image of container `app` from `kubectl-create`",
        "deploy kube-apply set-images Deployment NS/web: planned, app ghcr.io/acme/web:1 -> ghcr.io/acme/web:2",
        r#"deploy success (assumed): {"workload":"Deployment NS/web","images":{"app":"ghcr.io/acme/web:2"},"previous":{"app":"ghcr.io/acme/web:1"},"changed":true,"verified":false,"pods":2,"note":"planned: nothing was changed, nothing could be watched"}"#,
        "run success",
    ];
    assert_told(&stage, &said, 0, &told);
    assert_wrote(&stage, &[(true, NEW)]);
    assert_eq!(stage.image(), OLD);
}

pub(crate) fn pods_that_a_policy_denies_are_told<S: Stage>() {
    let stage = S::set(Fate::Denied);
    let said = Deploy::of(Fate::Denied.image()).run(&stage, &[]);
    assert_story(&stage, &said, 1, "pods_that_a_policy_denies_are_told");
}

pub(crate) fn progress_deadline_is_told_with_the_reason<S: Stage>() {
    // A controller counts in whole seconds of the clock: one of them may be over at once.
    let seconds = 10;
    let workload = Workload {
        spec: json!({ "progressDeadlineSeconds": seconds }),
        ..Workload::of("Deployment")
    };
    let stage = S::of(&workload, Fate::NeverReady);
    let deploy = Deploy {
        with: "grace: { probe: 50s }",
        ..Deploy::of(Fate::NeverReady.image())
    };
    let mut running = deploy.start(&stage);
    running.until("step.log", |event| event["fields"]["cause"] == "probe");
    (0..seconds).for_each(|_| stage.pass_step());
    let name = "progress_deadline_is_told_with_the_reason";
    assert_story(&stage, &running.finish(), 1, name);
}

pub(crate) fn pods_are_watched_through_the_settle_time<S: Stage>() {
    let stage = S::set(Fate::Ready);
    let deploy = Deploy {
        settle: "1s",
        ..Deploy::of(NEW)
    };
    let said = deploy.run(&stage, &[]);
    let name = "pods_are_watched_through_the_settle_time";
    assert_story(&stage, &said, 0, name);
    let outputs = &said.of_step("step.finished", "deploy")["outputs"];
    assert!(outputs["duration"].as_u64() >= Some(1000), "{outputs}");
}
