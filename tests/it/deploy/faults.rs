//! What a deploy makes of an API server that refuses, fails, hangs or is not there: whose
//! it is, the server's own words with the way out, and that nothing was written where
//! nothing should be.

use std::time::Duration;

use sluice_practice::{Answer, Kind, Pace, Requests};

use super::{
    practice::Practice,
    stage::{Deploy, OLD, Stage, assert_told, assert_wrote},
    story::story,
};
use crate::sluice::Said;

const NEW: &str = "ghcr.io/acme/web:2";
const TAKES_OVER: &str =
    "deploy info: takes over the image of container `app` from `kubectl-create`";
const STARTED: &str = "deploy kube-apply set-images Deployment NS/web: started, app ghcr.io/acme/web:1 -> ghcr.io/acme/web:2";
const DONE: &str = "deploy kube-apply set-images Deployment NS/web: done, app ghcr.io/acme/web:1 -> ghcr.io/acme/web:2";
const FAILED: &str = "deploy kube-apply set-images Deployment NS/web: failed, app ghcr.io/acme/web:1 -> ghcr.io/acme/web:2";
const UNKNOWN: &str = "deploy kube-apply set-images Deployment NS/web: unknown, app ghcr.io/acme/web:1 -> ghcr.io/acme/web:2";
const SUCCESS: &str = r#"deploy success: {"workload":"Deployment NS/web","images":{"app":"ghcr.io/acme/web:2"},"previous":{"app":"ghcr.io/acme/web:1"},"changed":true,"verified":true,"pods":2}"#;

/// The server's words to an account that may not do it.
fn forbidden(verb: &str) -> String {
    format!(
        "deployments.apps \"web\" is forbidden: User \"system:serviceaccount:sluice:sluice\" \
         cannot {verb} resource \"deployments\" in API group \"apps\" in the namespace \"NS\"; \
         give that account the right by a Role"
    )
}

const UNAUTHORIZED: &str = "the cluster does not accept the runner's credentials: Unauthorized; \
                            renew those of `KUBECONFIG` or of the pod's service account";
const NOT_FOUND: &str =
    "deployments.apps \"web\" not found; correct its name and namespace, or create it";
const CONFLICT: &str = "Operation cannot be fulfilled on deployments.apps \"web\": the object has \
                        been modified; please apply your changes to the latest version and try \
                        again";
const TOO_MANY: &str = "the server has received too many requests and has asked us to try again \
                        later";
const INTERNAL: &str = "Internal error occurred: etcdserver: request timed out";

/// A cluster where all goes well but for what a test changes.
fn healthy() -> Practice {
    Practice::at(Pace::instant(), None)
}

fn run(stage: &Practice, more: &str) -> Said {
    let deploy = Deploy {
        more,
        ..Deploy::of(NEW)
    };
    deploy.run(stage, &[])
}

#[track_caller]
fn assert_run_told(stage: &Practice, said: &Said, code: i32, expected: &[&str]) {
    let start = ["run of deploy-web starts, real", "deploy starts, attempt 1"];
    let told = start.iter().chain(expected).collect::<Vec<_>>();
    assert_told(stage, said, code, &told);
}

/// A cluster that always gives these requests that status, and what the run told of it.
fn told_of_status(requests: Requests, code: u16) -> (Practice, Vec<String>) {
    let stage = healthy();
    stage.always(requests, Answer::Status(code));
    let said = run(&stage, "");
    let told = story(&said, stage.namespace());
    (stage, told)
}

#[test]
fn refused_and_failing_reads_end_the_step_before_anything_is_written() {
    let cases = [
        (401, "world, denied", UNAUTHORIZED.to_owned()),
        (403, "world, denied", forbidden("get")),
        (404, "world, failed", NOT_FOUND.to_owned()),
        (409, "world, failed", CONFLICT.to_owned()),
        (429, "world, unavailable", TOO_MANY.to_owned()),
        (500, "world, unavailable", INTERNAL.to_owned()),
    ];
    // Side by side: those that may pass are asked for several times, with pauses.
    let runs = cases.each_ref().map(|(code, ..)| {
        let code = *code;
        std::thread::spawn(move || told_of_status(Requests::Reads, code))
    });
    for ((code, whose, words), run) in cases.into_iter().zip(runs) {
        let (stage, told) = run.join().expect("the run does not panic");
        let failure = format!("deploy failure: {whose}: reading `Deployment NS/web`: {words}");
        assert_eq!(told[2..], [&failure, "run failure"], "{code}");
        assert_wrote(&stage, &[]);
    }
}

#[test]
fn refused_and_failing_patch_is_not_repeated() {
    let cases = [
        (401, "world, denied", UNAUTHORIZED.to_owned()),
        (403, "world, denied", forbidden("patch")),
        (404, "world, failed", NOT_FOUND.to_owned()),
        (
            422,
            "world, denied",
            "the server rejected our request due to an error in our request".to_owned(),
        ),
        (429, "world, unavailable", TOO_MANY.to_owned()),
        (500, "world, unavailable", INTERNAL.to_owned()),
    ];
    for (code, whose, words) in cases {
        let (stage, told) = told_of_status(Requests::Writes, code);
        let failure =
            format!("deploy failure: {whose}: setting images of `Deployment NS/web`: {words}");
        let expected = [TAKES_OVER, STARTED, FAILED, &failure, "run failure"];
        assert_eq!(told[2..], expected, "{code}");
        assert_wrote(&stage, &[(false, NEW)]);
        assert_eq!(stage.image(), OLD);
    }
}

#[test]
fn patch_of_a_version_that_has_passed_is_made_anew() {
    let stage = healthy();
    stage.once(Requests::Writes, Answer::Status(409));
    let said = run(&stage, "");
    let told = [
        TAKES_OVER,
        STARTED,
        FAILED,
        STARTED,
        DONE,
        SUCCESS,
        "run success",
    ];
    assert_run_told(&stage, &said, 0, &told);
    assert_wrote(&stage, &[(false, NEW), (false, NEW)]);
}

#[test]
fn patch_that_always_comes_too_late_is_given_up() {
    let (stage, told) = told_of_status(Requests::Writes, 409);
    let failure = format!(
        "deploy failure: world, unavailable: setting images of `Deployment NS/web`: {CONFLICT}"
    );
    let mut expected = vec![TAKES_OVER];
    expected.extend([STARTED, FAILED].repeat(8));
    expected.extend([failure.as_str(), "run failure"]);
    assert_eq!(told[2..], expected);
    assert_wrote(&stage, &[(false, NEW); 8]);
    assert_eq!(stage.image(), OLD);
}

#[test]
fn slow_server_is_waited_for() {
    let stage = healthy();
    stage.always(Requests::Any, Answer::Late(Duration::from_millis(150)));
    let said = run(&stage, "");
    let told = [TAKES_OVER, STARTED, DONE, SUCCESS, "run success"];
    assert_run_told(&stage, &said, 0, &told);
}

#[test]
fn patch_without_an_answer_is_unknown_and_not_repeated() {
    let stage = healthy();
    stage.always(Requests::Writes, Answer::Never);
    let said = run(
        &stage,
        "    timeout: 1s\n    retry: { attempts: 3, backoff: 1ms }\n",
    );
    let told = [
        TAKES_OVER,
        STARTED,
        UNKNOWN,
        "deploy unknown: world, timeout: it took longer than its timeout of 1s",
        "run unknown",
    ];
    assert_run_told(&stage, &said, 1, &told);
    assert_wrote(&stage, &[(false, NEW)]);
}

#[test]
fn retry_after_an_unknown_patch_looks_and_does_not_send_it_again() {
    let stage = healthy();
    stage.always(Requests::Writes, Answer::Never);
    let retry = "    timeout: 1s\n    retry: { attempts: 2, backoff: 1ms, on: [timeout] }\n";
    let said = run(&stage, retry);
    let told = [
        TAKES_OVER,
        STARTED,
        UNKNOWN,
        "deploy retries: world, timeout: it took longer than its timeout of 1s",
        "deploy starts, attempt 2",
        "deploy info: `Deployment NS/web` has `ghcr.io/acme/web:2` already: nothing to set",
        r#"deploy success: {"workload":"Deployment NS/web","images":{"app":"ghcr.io/acme/web:2"},"previous":{"app":"ghcr.io/acme/web:2"},"changed":false,"verified":true,"pods":2}"#,
        "run success",
    ];
    assert_run_told(&stage, &said, 0, &told);
    assert_wrote(&stage, &[(false, NEW)]);
}

#[test]
fn patch_that_outlasts_the_step_ends_as_done() {
    let stage = healthy();
    stage.always(Requests::Writes, Answer::Late(Duration::from_secs(2)));
    let said = run(&stage, "    timeout: 1s\n");
    let told = [
        TAKES_OVER,
        STARTED,
        DONE,
        "deploy failure: world, timeout: it took longer than its timeout of 1s",
        "run failure",
    ];
    assert_run_told(&stage, &said, 1, &told);
    assert_wrote(&stage, &[(false, NEW)]);
    assert_eq!(stage.image(), NEW);
}

#[test]
fn read_without_an_answer_ends_with_the_step() {
    let stage = healthy();
    stage.always(Requests::Reads, Answer::Never);
    let said = run(&stage, "    timeout: 1s\n");
    let timeout = "deploy failure: world, timeout: it took longer than its timeout of 1s";
    assert_run_told(&stage, &said, 1, &[timeout, "run failure"]);
    assert_wrote(&stage, &[]);
}

#[test]
fn patch_that_failed_after_it_took_place_is_found_done() {
    for code in [500, 502, 503, 504] {
        let stage = healthy();
        stage.once(Requests::Writes, Answer::StatusAfter(code));
        let said = run(&stage, "");
        let told = [TAKES_OVER, STARTED, DONE, SUCCESS, "run success"];
        assert_run_told(&stage, &said, 0, &told);
        assert_wrote(&stage, &[(false, NEW)]);
    }
}

#[test]
fn patch_that_failed_is_unknown_where_nobody_can_look() {
    let stage = healthy();
    stage.once(Requests::Writes, Answer::Status(500));
    // The plugin's look at the object, the watch's own, its four lists, and the host's look
    // before it patches.
    for _ in 0..7 {
        stage.once(Requests::Reads, Answer::Late(Duration::ZERO));
    }
    stage.always(Requests::Reads, Answer::Status(403));
    let said = run(&stage, "    retry: { attempts: 1 }\n");
    let unknown = format!(
        "deploy unknown: world, unknown: setting images of `Deployment NS/web`: {INTERNAL}"
    );
    let told = [TAKES_OVER, STARTED, UNKNOWN, &unknown, "run unknown"];
    assert_run_told(&stage, &said, 1, &told);
    assert_wrote(&stage, &[(false, NEW)]);
}

#[test]
fn patch_whose_connection_broke_is_found_done() {
    let stage = healthy();
    stage.once(Requests::Writes, Answer::Hangup);
    let said = run(&stage, "");
    let told = [TAKES_OVER, STARTED, DONE, SUCCESS, "run success"];
    assert_run_told(&stage, &said, 0, &told);
    assert_wrote(&stage, &[(false, NEW)]);
}

#[test]
fn patch_whose_connection_broke_is_unknown_where_nobody_can_look() {
    let stage = healthy();
    stage.once(Requests::Writes, Answer::Hangup);
    // The plugin's look at the object, the watch's own, its four lists, and the host's look
    // before it patches.
    for _ in 0..7 {
        stage.once(Requests::Reads, Answer::Late(Duration::ZERO));
    }
    stage.always(Requests::Reads, Answer::Status(403));
    let said = run(&stage, "    retry: { attempts: 1 }\n");
    let told = [
        TAKES_OVER,
        STARTED,
        UNKNOWN,
        "deploy unknown: world, unknown: setting images of `Deployment NS/web`: ServiceError: \
         client error (SendRequest): connection closed before message completed",
        "run unknown",
    ];
    assert_run_told(&stage, &said, 1, &told);
    assert_wrote(&stage, &[(false, NEW)]);
}

#[test]
fn server_that_is_not_there_is_unavailable() {
    let stage = healthy();
    let namespace = stage.namespace().to_owned();
    let kubeconfig = stage.down();
    let said = Deploy::of(NEW)
        .on(&namespace, kubeconfig.path())
        .events(&[]);
    assert_eq!(said.code, Some(1));
    let told = [
        "run of deploy-web starts, real",
        "deploy starts, attempt 1",
        "deploy failure: world, unavailable: reading `Deployment NS/web`: the API server cannot \
         be reached: ServiceError: client error (Connect): tcp connect error: Connection refused \
         (os error 111); look at its address in the kubeconfig and at the way there",
        "run failure",
    ];
    assert_eq!(story(&said, &namespace), told);
}

#[test]
fn events_that_cannot_be_had_do_not_stop_a_deploy() {
    for code in [401, 403, 429, 500] {
        let stage = healthy();
        stage.always(Requests::Of(Kind::Event), Answer::Status(code));
        let said = run(&stage, "");
        let told = [TAKES_OVER, STARTED, DONE, SUCCESS, "run success"];
        assert_run_told(&stage, &said, 0, &told);
    }
}
