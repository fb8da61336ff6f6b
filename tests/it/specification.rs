//! The table of `docs/deploy.md`: each of its sentences with the tests that hold it, on
//! practice's cluster and on a real API server. `./test` prints it with how they ended.

use std::{collections::BTreeMap, path::Path, process::Command};

/// A sentence and what holds it.
struct Sentence {
    says: &'static str,
    /// Cases of the plugin's judge and of its preparation, by their titles.
    cases: &'static [&'static str],
    /// Tests on practice's cluster: scenarios by their name, others by their path.
    practice: &'static [&'static str],
    real: Real,
}

/// What holds it on a real API server.
enum Real {
    /// These tests, named as those of practice.
    Tests(&'static [&'static str]),
    /// Why nothing can.
    Cannot(&'static str),
}

/// A sentence that the same scenarios hold on both.
const fn both(says: &'static str, scenarios: &'static [&'static str]) -> Sentence {
    Sentence {
        says,
        cases: &[],
        practice: scenarios,
        real: Real::Tests(scenarios),
    }
}

const NO_KUBELET: &str = "its kubelet is simulated";
const NOT_ON_PURPOSE: &str = "it cannot be made to on purpose";

#[rustfmt::skip]
const TABLE: &[Sentence] = &[
    both("Images are set by one JSON Patch that tests the object's uid, each container's name and its old image.",
        &["patch_tests_the_uid_the_names_and_the_old_images"]),
    both("Several containers and init containers are set in one patch.",
        &["containers_and_init_containers_are_set_in_one_patch"]),
    both("The image belongs to the field manager `sluice` from then on.",
        &["image_is_of_the_field_manager_sluice_from_then_on"]),
    Sentence {
        says: "A patch of a version that has passed is made anew, and given up after some tries.",
        cases: &[],
        practice: &["deploy::faults::patch_of_a_version_that_has_passed_is_made_anew",
            "deploy::faults::patch_that_always_comes_too_late_is_given_up"],
        real: Real::Cannot(NOT_ON_PURPOSE),
    },
    Sentence {
        says: "A patch without an answer is looked for, is `unknown` where nobody can look, and is never sent twice.",
        cases: &[],
        practice: &["deploy::faults::patch_without_an_answer_is_unknown_and_not_repeated",
            "deploy::faults::patch_whose_connection_broke_is_found_done",
            "deploy::faults::patch_whose_connection_broke_is_unknown_where_nobody_can_look",
            "deploy::faults::retry_after_an_unknown_patch_looks_and_does_not_send_it_again"],
        real: Real::Cannot(NOT_ON_PURPOSE),
    },
    Sentence {
        says: "A webhook may take its time; one that does not answer changes nothing, and is named.",
        cases: &[],
        practice: &["write_that_a_webhook_holds_for_31_seconds_is_waited_for"],
        real: Real::Tests(&["cluster::edges::webhook_that_does_not_answer_is_told_and_nothing_is_changed"]),
    },
    Sentence {
        says: "What the cluster's admission adds to the patch is told, not refused.",
        cases: &[],
        practice: &[],
        real: Real::Tests(&["cluster::edges::what_an_admission_policy_adds_to_the_patch_is_reported"]),
    },
    both("An image that was set by an update (kubectl, Terraform) is taken over, and that is said.",
        &["new_image_is_rolled_out_and_verified"]),
    both("An image that was applied (server-side apply) is refused unless step and permission both say `take-over: true`.",
        &["applied_image_is_taken_over_only_where_step_and_permission_say_so"]),
    both("A workload of Argo CD or Flux is refused in the same way.",
        &["workload_of_argo_cd_is_refused", "workload_of_flux_is_refused"]),
    both("A workload of Helm or Keel is set with a warning.",
        &["workload_of_helm_is_set_with_a_warning", "workload_of_keel_is_set_with_a_warning"]),
    both("A workload that a controller owns is refused.",
        &["deployment_of_a_controller_is_refused"]),
    Sentence {
        says: "A reason is told when the cluster shows it, with the cluster's own words.",
        cases: &[],
        practice: &["practice::each_chosen_failure_ends_the_deploy_with_its_reason_and_the_notice_goes_out",
            "recorded_reasons_of_pods_are_told"],
        real: Real::Tests(&["cluster::reason::reason_is_told_as_soon_as_the_cluster_shows_it",
            "recorded_reasons_of_pods_are_told"]),
    },
    Sentence {
        says: "A missing image, a refused one, a container's configuration and refused pods fail the step at once.",
        cases: &["a missing config map fails at once"],
        practice: &["practice::each_chosen_failure_ends_the_deploy_with_its_reason_and_the_notice_goes_out",
            "pods_that_a_policy_denies_are_told"],
        real: Real::Tests(&["pods_that_a_policy_denies_are_told", "recorded_reasons_of_pods_are_told"]),
    },
    Sentence {
        says: "A failing pull, a crash loop, an unschedulable pod, a quota, a volume and a probe are borne for a grace of their own.",
        cases: &["a crash loop is borne for its grace, with exit code and restarts",
            "a failing readiness probe is borne for its grace",
            "wait that ends within a grace names the reason"],
        practice: &["image_that_cannot_be_pulled_is_told", "container_that_keeps_crashing_is_told",
            "pod_that_no_node_takes_is_told", "quota_without_room_is_told", "probe_that_keeps_failing_is_told",
            "practice::each_chosen_failure_ends_the_deploy_with_its_reason_and_the_notice_goes_out"],
        real: Real::Tests(&["image_that_cannot_be_pulled_is_told", "container_that_keeps_crashing_is_told",
            "pod_that_no_node_takes_is_told", "quota_without_room_is_told", "probe_that_keeps_failing_is_told"]),
    },
    both("A quota that is lifted within its grace is no failure.",
        &["quota_that_is_lifted_within_its_grace_passes"]),
    Sentence {
        says: "A crash is told with its exit code and the last line of the log, where that may be read.",
        cases: &[],
        practice: &["crash_is_told_with_its_exit_code_and_the_last_line_of_the_log", "log_that_may_not_be_read_is_left_out"],
        real: Real::Cannot(NO_KUBELET),
    },
    both("Quota of StatefulSets and DaemonSets is told from their events.",
        &["quota_of_sets_is_told_by_their_events"]),
    Sentence {
        says: "An init container that fails counts.",
        cases: &["an init container that fails counts", "an init container that is done is no reason"],
        practice: &["practice::each_chosen_failure_ends_the_deploy_with_its_reason_and_the_notice_goes_out"],
        real: Real::Cannot(NO_KUBELET),
    },
    Sentence {
        says: "Only pods of the new revision count, and pods of others that the selector matches do not.",
        cases: &["troubles of the old revision are ignored", "a terminating pod of the new revision is ignored"],
        practice: &["pods_of_the_old_revision_are_no_reason"],
        real: Real::Tests(&["pods_of_the_old_revision_are_no_reason",
            "cluster::edges::pods_of_others_that_the_selector_matches_are_not_counted"]),
    },
    both("The words of kubelets, runtimes, registries and schedulers of many versions are understood.",
        &["recorded_reasons_of_pods_are_told"]),
    both("The controller's progress deadline ends the step, with the reason that was seen.",
        &["progress_deadline_is_told_with_the_reason"]),
    Sentence {
        says: "The controller must have seen the change, and facts from before it are not judged.",
        cases: &["facts from before the change are not judged",
            "a change that its controller has not seen is waited for"],
        practice: &["killed_run_finds_its_own_patch_when_run_again"],
        real: Real::Tests(&["killed_run_finds_its_own_patch_when_run_again"]),
    },
    Sentence {
        says: "Every wanted pod of the new revision must be available, and stay so through the settle time without a restart.",
        cases: &["pods that stay up through settling are a success", "a restart begins the settling anew",
            "a pod that turns unready ends the settling", "old pods that are still there are waited for"],
        practice: &["pods_are_watched_through_the_settle_time"],
        real: Real::Tests(&["pods_are_watched_through_the_settle_time"]),
    },
    both("Pods that are ready are waited for until they are available (`minReadySeconds`).",
        &["pods_that_are_ready_are_waited_for_until_they_are_available"]),
    both("An image that somebody else sets meanwhile, a person or another run, supersedes: that is a failure that names them.",
        &["image_that_somebody_else_sets_meanwhile_supersedes", "later_run_supersedes_an_earlier_one"]),
    both("A change of replicas (an autoscaler) or of annotations is none.",
        &["autoscaler_and_annotations_do_not_supersede"]),
    both("A paused workload and the strategy `OnDelete` are refused before anything is changed.",
        &["paused_deployment_is_refused_before_its_image_is_set", "on_delete_is_refused_before_any_change"]),
    both("A partition, no wanted pods and a CronJob end as success that is not verified, and say so.",
        &["partition_of_a_stateful_set_is_a_success_that_is_not_verified",
            "workload_without_pods_is_a_success_that_is_not_verified",
            "cron_job_takes_the_image_and_is_not_verified"]),
    both("When `wait` ends while the rollout goes on, the step fails, still progressing, and nothing is rolled back.",
        &["rollout_that_outlasts_the_wait_is_still_progressing", "rollout_that_outlasts_the_wait_is_not_rolled_back"]),
    both("An image that is set already is not set again, but followed and verified.",
        &["same_image_again_is_not_set_but_verified"]),
    both("The same image in the middle of a failing rollout is no success.",
        &["same_image_in_a_failing_rollout_is_no_success"]),
    both("A moving tag that is set already is refused, unless step and permission say `restart: true`.",
        &["moving_tag_that_is_set_already_is_restarted_only_with_both_words"]),
    Sentence {
        says: "A pinned digest is compared with what the runtime reports, under whatever name.",
        cases: &["the reported image may stand under another name"],
        practice: &["pinned_digest_is_compared_with_what_the_runtime_reports"],
        real: Real::Tests(&["pinned_digest_is_compared_with_what_the_runtime_reports"]),
    },
    Sentence {
        says: "What cannot be decided ends as success that is not verified, and says why.",
        cases: &["a runtime that names no digest leaves a doubt"],
        practice: &["digest_that_is_not_among_the_known_ones_is_not_verified"],
        real: Real::Tests(&["digest_that_is_not_among_the_known_ones_is_not_verified"]),
    },
    both("`on-failure: rollback` puts back the images that were healthy before, also where the history is empty.",
        &["broken_deployment_is_rolled_back_to_the_image_that_was_healthy",
            "workload_without_history_is_rolled_back_too"]),
    both("Nothing is put back when somebody else has set the image.",
        &["image_that_somebody_else_set_is_not_rolled_back"]),
    both("The broken pod of a StatefulSet is deleted in a rollback only where the permission says `delete-pods: true`, which `check` asks for.",
        &["broken_pod_of_a_stateful_set_is_deleted_only_where_that_is_permitted"]),
    both("A run that was killed, at whatever moment, finds its own patch when it is run again, and follows.",
        &["killed_run_finds_its_own_patch_when_run_again",
            "run_that_is_killed_at_any_moment_is_taken_up_by_the_next"]),
    both("Ctrl-C ends the step while the rollout goes on, and `always()` steps run.",
        &["interrupted_deploy_is_cancelled_and_always_steps_run"]),
    Sentence {
        says: "An account that may patch and not watch changes nothing.",
        cases: &[],
        practice: &["deploy::watches::watch_that_is_refused_is_told_before_anything_is_changed"],
        real: Real::Tests(&["cluster::account::account_without_a_right_is_told_which"]),
    },
    both("A container, a workload, one of that kind or an image that does not exist is told, with those that there are.",
        &["unknown_container_is_refused_with_those_that_there_are", "deployment_that_does_not_exist_is_told",
            "workload_of_another_kind_is_not_found", "image_that_cannot_be_pulled_is_told"]),
    both("An image reference that does not parse is refused, and nothing is sent.",
        &["image_that_is_no_reference_is_refused"]),
    Sentence {
        says: "A workload that is being deleted, or its namespace, is refused; one that is deleted meanwhile is told.",
        cases: &["an object that waits for its finalizers is as good as deleted", "an object created anew fails"],
        practice: &["deployment_that_is_deleted_meanwhile_is_told"],
        real: Real::Tests(&["deployment_that_is_deleted_meanwhile_is_told",
            "cluster::edges::workload_that_is_being_deleted_is_refused",
            "cluster::edges::workload_in_a_namespace_that_is_being_deleted_is_refused"]),
    },
    Sentence {
        says: "An API server that goes away is waited for, also when it comes back with another history of versions.",
        cases: &[],
        practice: &["deploy::watches::server_that_fails_for_a_while_is_waited_for",
            "deploy::watches::server_that_goes_away_is_told_when_the_wait_is_over",
            "server_that_comes_back_with_another_history_of_versions_is_followed_to_the_end"],
        real: Real::Cannot("other tests are on it"),
    },
    Sentence {
        says: "The API server's clock may be wrong.",
        cases: &[],
        practice: &["server_whose_clock_is_wrong_is_followed_to_the_end"],
        real: Real::Cannot("it has this machine's clock"),
    },
    Sentence {
        says: "Five hundred pods are followed.",
        cases: &[],
        practice: &["five_hundred_pods_are_followed"],
        real: Real::Cannot("its simulated node takes minutes"),
    },
    both("A dry run asks the server and changes nothing.",
        &["dry_run_asks_the_server_and_changes_nothing"]),
];

/// The full path of a test.
fn path(name: &str, module: &str) -> String {
    if name.contains("::") {
        name.to_owned()
    } else {
        format!("{module}::{name}")
    }
}

impl Sentence {
    fn on_practice(&self) -> Vec<String> {
        let paths = self.practice.iter();
        paths.map(|name| path(name, "deploy::practice")).collect()
    }

    fn on_real(&self) -> Vec<String> {
        match self.real {
            Real::Tests(names) => names.iter().map(|name| path(name, "cluster")).collect(),
            Real::Cannot(_) => Vec::new(),
        }
    }
}

fn read(name: &str) -> String {
    let file = Path::new("..").join(name);
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn every_sentence_of_the_page_is_in_the_table_and_no_other() {
    let page = read("docs/deploy.md");
    let sentences = page.lines().filter_map(|line| line.strip_prefix("- "));
    let table = TABLE.iter().map(|sentence| sentence.says);
    assert_eq!(
        sentences.collect::<Vec<_>>().join("\n"),
        table.collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn every_sentence_is_held_by_tests_and_cases_that_exist() {
    let own = std::env::current_exe().expect("it has a path");
    let listed = Command::new(own).arg("--list").output();
    let listed = listed.expect("it can be started").stdout;
    let listed = String::from_utf8(listed).expect("names are text");
    let tests = listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .collect::<Vec<_>>();
    let cases = read("plugins/deploy/src/judge/cases.txt");
    let cases = cases.lines().filter_map(|line| line.strip_prefix("# "));
    let cases = cases.collect::<Vec<_>>();
    for sentence in TABLE {
        let (practice, real) = (sentence.on_practice(), sentence.on_real());
        for test in practice.iter().chain(&real) {
            assert!(tests.contains(&test.as_str()), "there is no test `{test}`");
        }
        for case in sentence.cases {
            assert!(cases.contains(case), "there is no case `{case}`");
        }
        assert!(practice.len() + real.len() > 0, "{}", sentence.says);
    }
}

/// How the tests ended: the lines `test NAME ... ok` of a run, by name.
fn results(log: &str) -> BTreeMap<&str, &str> {
    let lines = log.lines().filter_map(|line| line.strip_prefix("test "));
    let results = lines.filter_map(|line| line.split_once(" ... "));
    results
        .filter(|(_, end)| !end.starts_with("ignored"))
        .collect()
}

/// Of so many tests, how many passed: `2 ok`, or what is wrong.
fn state(tests: &[String], results: &BTreeMap<&str, &str>) -> String {
    let ends = tests.iter().map(|test| results.get(test.as_str()).copied());
    let ends = ends.collect::<Vec<_>>();
    if ends.iter().any(|end| end.is_some_and(|end| end != "ok")) {
        "FAILED".to_owned()
    } else if ends.contains(&None) {
        "not run".to_owned()
    } else {
        format!("{} ok", ends.len())
    }
}

/// Prints the table for the results in the file that `SLUICE_TEST_RESULTS` names. In CI every
/// test that it names must have run.
#[test]
#[ignore = "is the last word of ./test"]
fn table_of_the_specification() {
    let file = std::env::var_os("SLUICE_TEST_RESULTS").expect("`./test` sets it");
    let log = std::fs::read_to_string(file).expect("`./test` writes it");
    let results = results(&log);
    println!(
        "\n{:<8} {:<8} sentence of docs/deploy.md",
        "practice", "real"
    );
    let whole = std::env::var("CI").is_ok_and(|ci| ci == "true");
    let is_bad = |state: &str| state == "FAILED" || whole && state == "not run";
    let mut failed = Vec::new();
    for sentence in TABLE {
        let practice = match sentence.on_practice() {
            none if none.is_empty() => "-".to_owned(),
            tests => state(&tests, &results),
        };
        let (real, why) = match sentence.real {
            Real::Cannot(why) => ("-".to_owned(), format!(" (not on a real one: {why})")),
            Real::Tests(_) => (state(&sentence.on_real(), &results), String::new()),
        };
        println!("{practice:<8} {real:<8} {}{why}", sentence.says);
        if is_bad(&practice) || is_bad(&real) {
            failed.push(sentence.says);
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}
