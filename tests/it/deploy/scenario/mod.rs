//! The scenarios, each written once for any [`Stage`](super::stage::Stage).

pub(crate) mod again;
pub(crate) mod kinds;
pub(crate) mod meanwhile;
pub(crate) mod outcome;
pub(crate) mod owner;
pub(crate) mod patch;
pub(crate) mod quota;
pub(crate) mod recordings;
pub(crate) mod refusal;
pub(crate) mod rollback;

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
        $test!(outcome, pods_that_a_policy_denies_are_told);
        $test!(outcome, progress_deadline_is_told_with_the_reason);
        $test!(outcome, pods_are_watched_through_the_settle_time);
        $test!(outcome, dry_run_asks_the_server_and_changes_nothing);
        $test!(
            refusal,
            unknown_container_is_refused_with_those_that_there_are
        );
        $test!(refusal, deployment_that_does_not_exist_is_told);
        $test!(refusal, image_that_is_no_reference_is_refused);
        $test!(refusal, workload_of_another_kind_is_not_found);
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
        $test!(
            meanwhile,
            run_that_is_killed_at_any_moment_is_taken_up_by_the_next
        );
        $test!(meanwhile, killed_run_finds_its_own_patch_when_run_again);
        $test!(
            meanwhile,
            interrupted_deploy_is_cancelled_and_always_steps_run
        );
        $test!(patch, containers_and_init_containers_are_set_in_one_patch);
        $test!(patch, patch_tests_the_uid_the_names_and_the_old_images);
        $test!(patch, image_is_of_the_field_manager_sluice_from_then_on);
        $test!(
            owner,
            applied_image_is_taken_over_only_where_step_and_permission_say_so
        );
        $test!(owner, workload_of_argo_cd_is_refused);
        $test!(owner, workload_of_flux_is_refused);
        $test!(owner, workload_of_helm_is_set_with_a_warning);
        $test!(owner, workload_of_keel_is_set_with_a_warning);
        $test!(kinds, stateful_set_is_rolled_out_and_verified);
        $test!(kinds, daemon_set_is_rolled_out_and_verified);
        $test!(kinds, cron_job_takes_the_image_and_is_not_verified);
        $test!(
            kinds,
            partition_of_a_stateful_set_is_a_success_that_is_not_verified
        );
        $test!(
            kinds,
            workload_without_pods_is_a_success_that_is_not_verified
        );
        $test!(
            kinds,
            pods_that_are_ready_are_waited_for_until_they_are_available
        );
        $test!(kinds, on_delete_is_refused_before_any_change);
        $test!(again, same_image_in_a_failing_rollout_is_no_success);
        $test!(
            again,
            moving_tag_that_is_set_already_is_restarted_only_with_both_words
        );
        $test!(
            again,
            pinned_digest_is_compared_with_what_the_runtime_reports
        );
        $test!(
            again,
            digest_that_is_not_among_the_known_ones_is_not_verified
        );
        $test!(
            rollback,
            broken_deployment_is_rolled_back_to_the_image_that_was_healthy
        );
        $test!(rollback, workload_without_history_is_rolled_back_too);
        $test!(
            rollback,
            broken_pod_of_a_stateful_set_is_deleted_only_where_that_is_permitted
        );
        $test!(rollback, image_that_somebody_else_set_is_not_rolled_back);
        $test!(rollback, rollout_that_outlasts_the_wait_is_not_rolled_back);
        $test!(quota, quota_that_is_lifted_within_its_grace_passes);
        $test!(quota, quota_of_sets_is_told_by_their_events);
        $test!(meanwhile, pods_of_the_old_revision_are_no_reason);
        $test!(meanwhile, autoscaler_and_annotations_do_not_supersede);
        $test!(meanwhile, later_run_supersedes_an_earlier_one);
    };
}

pub(crate) use each_scenario;
