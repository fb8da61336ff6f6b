//! `sluice run --practice`: a rehearsal as a pipeline's author has it.

use crate::sluice::Sluice;

const WEB: &str = include_str!("../../pipelines/deploy-web.yaml");

/// The pipeline of the tree, with waits that a test can afford.
fn web() -> Sluice {
    let quick = "settle: 0s\n      grace: { image-pull: 1s, crash-loop: 1s, unschedulable: 1s, quota: 1s, volume: 1s, probe: 1s }\n      wait: 5m";
    Sluice::pipeline(&WEB.replace("wait: 5m", quick))
}

#[test]
fn rehearsed_release_ends_well_and_shows_what_the_stand_ins_received() {
    let said = web().run(&[
        "run",
        "pipeline.yaml",
        "--input",
        "tag=0b5e6f1a",
        "--practice",
    ]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    for expected in [
        "set-images Deployment web/web done",
        "POST https://hooks.slack.com/*** done: answered 200",
        "the cluster: PATCH /apis/apps/v1/namespaces/web/deployments/web",
        "/spec/template/spec/containers/0/image = ghcr.io/acme/web:0b5e6f1a",
        "hooks.slack.com: POST /practice/slack",
    ] {
        assert!(
            said.out.contains(expected),
            "`{expected}` is missing in\n{}",
            said.out
        );
    }
}

/// Each failure with the reason that the step ends with, after graces of a second.
const FAILURES: [(&str, &str); 10] = [
    ("image-pull", "the registry does not have the image"),
    ("crash-loop", "the container keeps crashing, for 1s now"),
    ("init-crash", "the container keeps crashing, for 1s now"),
    (
        "config-error",
        "the container's configuration cannot be met",
    ),
    (
        "failed-mount",
        "a volume cannot be attached or mounted, for 1s now",
    ),
    (
        "multi-attach",
        "a volume cannot be attached or mounted, for 1s now",
    ),
    ("unschedulable", "no node takes the pod, for 1s now"),
    (
        "quota",
        "the namespace's quota has no room for the pods, for 1s now",
    ),
    ("admission", "the cluster refuses to create the pods"),
    (
        "never-ready",
        "the container runs and its probe fails, for 1s now",
    ),
];

#[test]
fn each_chosen_failure_ends_the_deploy_with_its_reason_and_the_notice_goes_out() {
    for (failure, reason) in FAILURES {
        let practice = format!("--practice={failure}");
        let said = web().events(&["--input", "tag=0b5e6f1a", &practice]);
        assert_eq!(said.code, Some(1), "{failure}: {}", said.err);
        let end = said.of_step("step.finished", "deploy");
        let message = end["error"]["message"].as_str().unwrap_or_default();
        let expected = format!("did not come up with `ghcr.io/acme/web:0b5e6f1a`: {reason}");
        assert!(message.contains(&expected), "{failure}: {message}");
        assert_eq!(end["error"]["blame"], "world", "{failure}");
        assert_eq!(
            said.of_step("step.finished", "tell")["outcome"],
            "success",
            "{failure}"
        );
    }
}

#[test]
fn unknown_failure_is_wrong_usage_that_names_those_there_are() {
    let said = web().run(&["run", "pipeline.yaml", "--practice=fire"]);
    assert_eq!(said.code, Some(64));
    let expected = "expected one of image-pull, image-pull-passing, crash-loop, init-crash, config-error, failed-mount, multi-attach, unschedulable, quota, admission, never-ready";
    assert!(said.err.contains(expected), "{}", said.err);
}

#[test]
fn help_names_every_failure() {
    let said = web().run(&["run", "--help"]);
    let help = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
    let names = sluice_practice::Failure::ALL.map(|failure| failure.to_string());
    assert!(help.contains(&names.join(", ")), "{}", said.out);
}

#[test]
fn every_kind_of_workload_can_be_rehearsed() {
    for (kind, verified) in [
        ("Deployment", true),
        ("StatefulSet", true),
        ("DaemonSet", true),
        ("CronJob", false),
    ] {
        let text = WEB
            .replace("kind: Deployment", &format!("kind: {kind}"))
            .replace("deployment: web", &format!("kind: {kind}\n      name: web"))
            .replace("wait: 5m", "settle: 0s");
        let said = Sluice::pipeline(&text).events(&["--input", "tag=0b5e6f1a", "--practice"]);
        assert_eq!(said.code, Some(0), "{kind}: {}\n{}", said.out, said.err);
        let end = said.of_step("step.finished", "deploy");
        assert_eq!(end["outputs"]["verified"], verified, "{kind}");
    }
}
