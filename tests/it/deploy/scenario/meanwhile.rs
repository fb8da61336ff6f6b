//! What happens in the middle of a rollout: somebody else, a kill, Ctrl-C.

use serde_json::json;

use super::set_and;
use crate::{
    deploy::stage::{Deploy, Fate, Stage, assert_story, assert_told, assert_wrote},
    guests::guest,
};

const NEW: &str = "ghcr.io/acme/web:2";

pub(crate) fn image_that_somebody_else_sets_meanwhile_supersedes<S: Stage>() {
    let stage = S::set(Fate::Held);
    let mut running = Deploy::of(NEW).start(&stage);
    running.until_following();
    stage.set_image("ghcr.io/acme/web:3");
    let said = running.finish();
    let told = set_and(
        NEW,
        &[
            "deploy failure: world, failed: `Deployment NS/web` did not come up with \
             `ghcr.io/acme/web:2`: superseded by `kubectl-set` / container `app` now has \
             `ghcr.io/acme/web:3`",
            "run failure",
        ],
    );
    assert_told(&stage, &said, 1, &told);
    assert_wrote(&stage, &[(false, NEW)]);
    assert_eq!(stage.image(), "ghcr.io/acme/web:3");
}

pub(crate) fn deployment_that_is_deleted_meanwhile_is_told<S: Stage>() {
    let stage = S::set(Fate::Held);
    let mut running = Deploy::of(NEW).start(&stage);
    running.until_following();
    stage.delete();
    let said = running.finish();
    let told = set_and(
        NEW,
        &[
            "deploy failure: world, failed: `Deployment NS/web` did not come up with \
             `ghcr.io/acme/web:2`: it was deleted meanwhile",
            "run failure",
        ],
    );
    assert_told(&stage, &said, 1, &told);
    assert_wrote(&stage, &[(false, NEW)]);
}

pub(crate) fn killed_run_finds_its_own_patch_when_run_again<S: Stage>() {
    let stage = S::set(Fate::Held);
    let mut killed = Deploy::of(NEW).start(&stage);
    killed.until_patched();
    let said = killed.kill();
    assert_eq!(said.code, None, "{}", said.out);
    let mut again = Deploy::of(NEW).start(&stage);
    again.until_following();
    stage.release();
    let said = again.finish();
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

pub(crate) fn run_that_is_killed_at_any_moment_is_taken_up_by_the_next<S: Stage>() {
    let stage = S::set(Fate::Ready);
    for events in 1..=10 {
        let image = format!("ghcr.io/acme/web:after-{events}");
        let mut killed = Deploy::of(&image).start(&stage);
        killed.read(events);
        killed.kill();
        let said = Deploy::of(&image).run(&stage, &[]);
        assert_eq!(said.code, Some(0), "{events}: {}\n{}", said.out, said.err);
        let outputs = &said.of_step("step.finished", "deploy")["outputs"];
        assert_eq!(outputs["verified"], true, "{events}: {outputs}");
        assert_eq!(stage.image(), image);
        let writes = stage.writes().into_iter();
        let of_it = writes.filter(|write| write.images == [image.as_str()]);
        assert_eq!(of_it.count(), 1, "{events}: {}", said.out);
    }
}

pub(crate) fn interrupted_deploy_is_cancelled_and_always_steps_run<S: Stage>() {
    let stage = S::set(Fate::Held);
    let more = format!("  after:\n    uses: {}\n    if: always()\n", guest("noop"));
    let deploy = Deploy {
        more: &more,
        ..Deploy::of(NEW)
    };
    let mut running = deploy.start(&stage);
    running.until_following();
    running.interrupt();
    let said = running.finish();
    let told = set_and(
        NEW,
        &[
            "deploy cancelled: author, cancelled: cancelled while `Deployment NS/web` was \
             rolling out: that goes on in the cluster",
            "after starts, attempt 1",
            "after success: {}",
            "run cancelled",
        ],
    );
    assert_told(&stage, &said, 1, &told);
    assert_wrote(&stage, &[(false, NEW)]);
    assert_eq!(stage.image(), NEW);
}

pub(crate) fn pods_of_the_old_revision_are_no_reason<S: Stage>() {
    let stage = S::set(Fate::Held);
    let old = stage.objects("Pod");
    let mut running = Deploy::of(NEW).start(&stage);
    running.until_following();
    let back_off = json!({ "reason": "CrashLoopBackOff", "message": "back-off 5m0s" });
    for pod in &old {
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        let app = json!({
            "name": "app", "image": "ghcr.io/acme/web:1", "imageID": "", "ready": false,
            "restartCount": 9, "state": { "waiting": back_off },
        });
        stage.set_pod_status(name, &json!({ "containerStatuses": [app] }));
    }
    stage.release();
    let name = "pods_of_the_old_revision_are_no_reason";
    assert_story(&stage, &running.finish(), 0, name);
}

pub(crate) fn autoscaler_and_annotations_do_not_supersede<S: Stage>() {
    let stage = S::set(Fate::Held);
    let mut running = Deploy::of(NEW).start(&stage);
    running.until_following();
    stage.change(&json!({
        "metadata": { "annotations": { "note": "changed meanwhile" } },
        "spec": { "replicas": 3 },
    }));
    stage.release();
    let name = "autoscaler_and_annotations_do_not_supersede";
    assert_story(&stage, &running.finish(), 0, name);
}

pub(crate) fn later_run_supersedes_an_earlier_one<S: Stage>() {
    let stage = S::set(Fate::Held);
    let mut first = Deploy::of(NEW).start(&stage);
    first.until_following();
    let mut second = Deploy::of("ghcr.io/acme/web:3").start(&stage);
    second.until_following();
    let name = "later_run_supersedes_an_earlier_one.earlier";
    assert_story(&stage, &first.finish(), 1, name);
    stage.release();
    let name = "later_run_supersedes_an_earlier_one.later";
    assert_story(&stage, &second.finish(), 0, name);
    assert_eq!(stage.image(), "ghcr.io/acme/web:3");
}
