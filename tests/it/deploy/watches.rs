//! Watches that break in the middle of a rollout, which is followed to its end all the
//! same; and those that are refused.

use sluice_practice::{Answer, Kind, Pace, Requests};

use super::{
    practice::Practice,
    running::Running,
    stage::{Deploy, Fate, Stage, assert_told, assert_wrote},
    story::story,
};

const NEW: &str = "ghcr.io/acme/web:2";

/// The story of a rollout that succeeds, with these lines in its middle.
fn success(between: &[&str]) -> Vec<String> {
    let before = [
        "run of deploy-web starts, real",
        "deploy starts, attempt 1",
        "deploy info: takes over the image of container `app` from `kubectl-create`",
        "deploy kube-apply set-images Deployment NS/web: started, app ghcr.io/acme/web:1 -> ghcr.io/acme/web:2",
        "deploy kube-apply set-images Deployment NS/web: done, app ghcr.io/acme/web:1 -> ghcr.io/acme/web:2",
    ];
    let after = [
        r#"deploy success: {"workload":"Deployment NS/web","images":{"app":"ghcr.io/acme/web:2"},"previous":{"app":"ghcr.io/acme/web:1"},"changed":true,"verified":true,"pods":2}"#,
        "run success",
    ];
    let lines = before.iter().chain(between).chain(&after);
    lines.map(|line| (*line).to_owned()).collect()
}

/// A rollout in its middle.
fn rolling_out() -> (Practice, Running) {
    let stage = Practice::set(Fate::Held);
    let mut running = Deploy::of(NEW).start(&stage);
    running.until_following();
    (stage, running)
}

#[test]
fn watches_that_are_closed_are_opened_again() {
    let (stage, running) = rolling_out();
    stage.cluster.close_watches();
    stage.release();
    stage.cluster.close_watches();
    let said = running.finish();
    assert_told(&stage, &said, 0, &success(&[]));
    assert_wrote(&stage, &[(false, NEW)]);
}

#[test]
fn watches_from_a_version_that_has_expired_list_anew() {
    let (stage, running) = rolling_out();
    stage.cluster.expire_versions();
    stage.release();
    stage.cluster.expire_versions();
    let said = running.finish();
    assert_told(&stage, &said, 0, &success(&[]));
    assert_wrote(&stage, &[(false, NEW)]);
}

#[test]
fn watches_that_are_refused_with_410_are_begun_anew() {
    let (stage, running) = rolling_out();
    for _ in 0..4 {
        stage.once(Requests::Watches, Answer::Status(410));
    }
    stage.cluster.close_watches();
    stage.release();
    let said = running.finish();
    let away = "deploy warn: the cluster does not answer: too old resource version: 1 (2)";
    assert_told(&stage, &said, 0, &success(&[away]));
}

#[test]
fn deployment_that_a_list_anew_does_not_hold_is_told_as_deleted() {
    let (stage, running) = rolling_out();
    stage.delete();
    // The watches have not seen the deletion yet, and never will.
    stage.cluster.expire_versions();
    let said = running.finish();
    let mut told = story(&said, stage.namespace());
    let deleted = "deploy failure: world, failed: `Deployment NS/web` did not come up with \
                   `ghcr.io/acme/web:2`: it was deleted meanwhile";
    assert_eq!(told.split_off(told.len() - 2), [deleted, "run failure"]);
}

#[test]
fn server_that_fails_for_a_while_is_waited_for() {
    let (stage, mut running) = rolling_out();
    stage.always(Requests::Any, Answer::Status(503));
    stage.cluster.close_watches();
    running.until("step.progress", |event| {
        let line = event["message"].as_str().unwrap_or_default();
        line.starts_with("the cluster does not answer")
    });
    stage.cluster.heal();
    stage.release();
    let said = running.finish();
    let away = "deploy warn: the cluster does not answer: the server is currently unable to \
                handle the request";
    assert_told(&stage, &said, 0, &success(&[away]));
    assert_wrote(&stage, &[(false, NEW)]);
}

#[test]
fn server_that_goes_away_is_told_when_the_wait_is_over() {
    let stage = Practice::set(Fate::Held);
    let deploy = Deploy {
        wait: "2s",
        ..Deploy::of(NEW)
    };
    let mut running = deploy.start(&stage);
    running.until_following();
    let namespace = stage.namespace().to_owned();
    let _kubeconfig = stage.down();
    let said = running.finish();
    assert_eq!(said.code, Some(1));
    let told = story(&said, &namespace);
    let end = &told[told.len() - 3..];
    let words = ": the cluster does not answer: ";
    assert!(
        end[0].starts_with("deploy warn") && end[0].contains(words),
        "{}",
        end[0]
    );
    let failure = "deploy failure: world, unavailable: following `Deployment NS/web`: the \
                   cluster did not answer: ";
    assert!(end[1].starts_with(failure), "{}", end[1]);
    assert_eq!(end[2], "run failure");
}

#[test]
fn watch_that_is_refused_is_told_before_anything_is_changed() {
    let cases = [
        (Kind::Pod, "pods is forbidden", "pods", ""),
        (
            Kind::ReplicaSet,
            "replicasets.apps is forbidden",
            "replicasets",
            "apps",
        ),
    ];
    for (kind, what, resource, group) in cases {
        let stage = Practice::at(Pace::instant(), None);
        stage.always(Requests::Of(kind), Answer::Status(403));
        let said = Deploy::of(NEW).run(&stage, &[]);
        assert_eq!(said.code, Some(1));
        let told = story(&said, stage.namespace());
        let failure = format!(
            "deploy failure: world, denied: following `Deployment NS/web`: {what}: User \
             \"system:serviceaccount:sluice:sluice\" cannot list resource \"{resource}\" in API \
             group \"{group}\" in the namespace \"NS\"; give that account the right by a Role"
        );
        assert_eq!(told[told.len() - 2..], [&failure, "run failure"]);
        assert_wrote(&stage, &[]);
    }
}
