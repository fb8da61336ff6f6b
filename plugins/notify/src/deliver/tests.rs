//! What answers come to, against a world that answers from a script. Time moves only by
//! waiting.

use std::collections::VecDeque;

use super::{Answer, Lost, Sent, World, deliver};
use crate::bindings::exports::sluice::plugin::step::{Failure, FailureKind};
use crate::config::Service;
use crate::summary::Summary;
use crate::testing::{config, told};
use crate::url::Url;

const SLACK: &str = r#"{"slack":"https://hooks.slack.com/secret"}"#;
const BOTH: &str = r#"{"slack":"https://hooks.slack.com/secret","webhook":"http://127.0.0.1:9/"}"#;

struct Script {
    answers: VecDeque<Result<Answer, Lost>>,
    now: u64,
    record: Vec<String>,
}

impl World for Script {
    fn post(&mut self, url: &Url, _: &str) -> Result<Answer, Lost> {
        self.record.push(format!("post {}", url.authority));
        self.answers
            .pop_front()
            .expect("one more request is foreseen")
    }

    fn now(&mut self) -> u64 {
        self.now
    }

    fn pause(&mut self, millis: u64) {
        self.record.push(format!("pause {millis}"));
        self.now += millis;
    }

    fn progress(&mut self, line: &str) {
        self.record.push(format!("… {line}"));
    }
}

fn answer(status: u16, retry_after: Option<&str>, body: &str) -> Answer {
    Answer {
        status,
        retry_after: retry_after.map(str::to_owned),
        body: body.to_owned(),
    }
}

fn run(
    text: &str,
    answers: impl IntoIterator<Item = Result<Answer, Lost>>,
) -> (Result<Vec<Sent>, Failure>, Vec<String>) {
    let config = config(text);
    let mut script = Script {
        answers: answers.into_iter().collect(),
        now: 0,
        record: Vec::new(),
    };
    let summary = Summary::of(&told(Vec::new()), &config);
    let ended = deliver(&mut script, &config, &summary);
    assert!(script.answers.is_empty(), "requests that were not made");
    (ended, script.record)
}

fn failure(ended: Result<Vec<Sent>, Failure>) -> (FailureKind, String, Option<u64>) {
    let failure = ended.expect_err("it fails");
    (failure.kind, failure.message, failure.retry_after)
}

#[test]
fn every_service_is_told_in_order() {
    let (ended, record) = run(
        BOTH,
        [Ok(answer(200, None, "ok")), Ok(answer(204, None, ""))],
    );
    let sent = |service, status| Sent { service, status };
    let expected = vec![sent(Service::Slack, 200), sent(Service::Webhook, 204)];
    assert_eq!(ended, Ok(expected));
    assert_eq!(
        record,
        [
            "… telling slack",
            "post hooks.slack.com",
            "… telling webhook",
            "post 127.0.0.1:9"
        ]
    );
}

#[test]
fn a_service_that_asks_to_wait_is_told_again_after_that_long() {
    let busy = || Ok(answer(429, Some("12"), ""));
    let (ended, record) = run(SLACK, [busy(), busy(), Ok(answer(200, None, "ok"))]);
    assert!(ended.is_ok());
    assert_eq!(
        record,
        [
            "… telling slack",
            "post hooks.slack.com",
            "… slack asks to wait 12s",
            "pause 12000",
            "post hooks.slack.com",
            "… slack asks to wait 12s",
            "pause 12000",
            "post hooks.slack.com",
        ]
    );
}

#[test]
fn a_wait_that_patience_does_not_bear_is_left_to_the_runner() {
    let (ended, record) = run(SLACK, [Ok(answer(503, Some("31"), "busy"))]);
    let message = "`slack` at `hooks.slack.com` answered 503: busy and asks to wait 31s, longer \
                   than `patience` lasts";
    let expected = (FailureKind::Unavailable, message.to_owned(), Some(31_000));
    assert_eq!(failure(ended), expected);
    assert_eq!(record.len(), 2);
}

#[test]
fn what_an_answer_means_for_the_runner() {
    let place = "`slack` at `hooks.slack.com`";
    let why = || "said the host".to_owned();
    let cases = [
        (
            Ok(answer(404, None, "no_team\n\u{1b}[0m")),
            FailureKind::Failed,
            format!(
                "{place} answered 404: no_team [0m\nlook at the address and at what the service accepts"
            ),
        ),
        (
            Ok(answer(400, None, &"x".repeat(300))),
            FailureKind::Failed,
            format!(
                "{place} answered 400: {}…\nlook at the address and at what the service accepts",
                "x".repeat(200)
            ),
        ),
        (
            Ok(answer(302, None, "")),
            FailureKind::Failed,
            format!(
                "{place} answered 302\nredirects are not followed; write the address that it leads to"
            ),
        ),
        (
            Ok(answer(500, None, "")),
            FailureKind::Failed,
            format!("{place} answered 500\nlook at the service"),
        ),
        (
            Ok(answer(429, None, "")),
            FailureKind::Unavailable,
            format!("{place} answered 429 and does not say how long to wait"),
        ),
        (
            Err(Lost::Denied(why())),
            FailureKind::Denied,
            format!(
                "the request to {place} was refused: said the host\n\
                 to permit it, add that host to the step's `permissions.http`"
            ),
        ),
        (
            Err(Lost::NotSent(why())),
            FailureKind::Unavailable,
            format!("{place} could not be reached: said the host"),
        ),
        (
            Err(Lost::Invalid(why())),
            FailureKind::Failed,
            format!("the request to {place} cannot be sent: said the host"),
        ),
        (
            Err(Lost::Unanswered(why())),
            FailureKind::Unknown,
            format!("{place} did not answer: said the host; the message may have arrived"),
        ),
    ];
    for (answer, kind, message) in cases {
        let (ended, _) = run(SLACK, [answer]);
        assert_eq!(failure(ended), (kind, message, None));
    }
}

#[test]
fn a_repetition_that_would_tell_one_service_twice_is_not_offered() {
    let (ended, _) = run(
        BOTH,
        [Ok(answer(200, None, "ok")), Ok(answer(503, Some("60"), ""))],
    );
    let message = "`webhook` at `127.0.0.1:9` answered 503 and asks to wait 1m, longer than \
                   `patience` lasts\n`slack` was told";
    assert_eq!(
        failure(ended),
        (FailureKind::Failed, message.to_owned(), None)
    );
}

#[test]
fn one_service_that_fails_does_not_keep_the_other_from_hearing() {
    let lost = Err(Lost::Unanswered("it took too long".to_owned()));
    let (ended, record) = run(BOTH, [lost, Ok(answer(404, None, ""))]);
    let message = "`slack` at `hooks.slack.com` did not answer: it took too long; the message may \
                   have arrived\n`webhook` at `127.0.0.1:9` answered 404\n\
                   look at the address and at what the service accepts";
    assert_eq!(
        failure(ended),
        (FailureKind::Unknown, message.to_owned(), None)
    );
    assert_eq!(record.len(), 4);
}
