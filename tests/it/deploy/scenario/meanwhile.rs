//! What happens in the middle of a rollout: somebody else, a kill, Ctrl-C.

use super::set_and;
use crate::{
    deploy::stage::{Deploy, Fate, Stage, assert_told, assert_wrote},
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
