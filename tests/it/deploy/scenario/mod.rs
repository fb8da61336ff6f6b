//! The scenarios, each written once for any [`Stage`](super::stage::Stage).

pub(crate) mod meanwhile;
pub(crate) mod outcome;
pub(crate) mod refusal;

/// The lines with which a deploy of `web` begins: the image is taken over and set.
const SET: [&str; 5] = [
    "run of deploy-web starts, real",
    "deploy starts, attempt 1",
    "deploy info: takes over the image of container `app` from `kubectl-create`",
    "deploy kube-apply set-images Deployment NS/web: started, app ghcr.io/acme/web:1 -> IMAGE",
    "deploy kube-apply set-images Deployment NS/web: done, app ghcr.io/acme/web:1 -> IMAGE",
];

/// A story that begins by setting that image.
fn set_and(image: &str, then: &[&str]) -> Vec<String> {
    let lines = SET.iter().chain(then);
    lines.map(|line| line.replace("IMAGE", image)).collect()
}

/// Declares a test for each scenario, by `$test!(module, name)`.
macro_rules! each_scenario {
    ($test:ident) => {
        $test!(outcome, new_image_is_rolled_out_and_verified);
        $test!(outcome, same_image_again_is_not_set_but_verified);
        $test!(outcome, image_that_cannot_be_pulled_is_told);
        $test!(outcome, container_that_keeps_crashing_is_told);
        $test!(outcome, pod_that_no_node_takes_is_told);
        $test!(outcome, quota_without_room_is_told);
        $test!(outcome, probe_that_keeps_failing_is_told);
        $test!(outcome, rollout_that_outlasts_the_wait_is_still_progressing);
        $test!(outcome, dry_run_asks_the_server_and_changes_nothing);
        $test!(
            refusal,
            unknown_container_is_refused_with_those_that_there_are
        );
        $test!(refusal, deployment_that_does_not_exist_is_told);
        $test!(
            refusal,
            paused_deployment_is_refused_before_its_image_is_set
        );
        $test!(refusal, deployment_of_a_controller_is_refused);
        $test!(refusal, image_beyond_the_permission_is_refused_and_not_sent);
        $test!(
            meanwhile,
            image_that_somebody_else_sets_meanwhile_supersedes
        );
        $test!(meanwhile, deployment_that_is_deleted_meanwhile_is_told);
        $test!(meanwhile, killed_run_finds_its_own_patch_when_run_again);
        $test!(
            meanwhile,
            interrupted_deploy_is_cancelled_and_always_steps_run
        );
    };
}

pub(crate) use each_scenario;
