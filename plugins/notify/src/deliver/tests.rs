//! What answers come to, against a world that answers from a script. Time moves only by
//! waiting.

use std::collections::VecDeque;

use super::{Lost, Sent, Telling, World, deliver};
use crate::answer::Answer;
use crate::bindings::exports::sluice::plugin::step::{Failure, FailureKind};
use crate::service::Request;
use crate::testing::{config, message, told};

const SLACK: &str = r#"{"slack":"https://hooks.slack.com/secret"}"#;
const DISCORD: &str = r#"{"discord":"https://discord.com/secret"}"#;

struct Script {
    answers: VecDeque<Result<Answer, Lost>>,
    now: u64,
    record: Vec<String>,
}

impl World for Script {
    fn send(&mut self, request: &Request) -> Result<Answer, Lost> {
        let url = &request.url;
        self.record.push(format!(
            "{:?} {}{}",
            request.method, url.authority, url.path
        ));
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

    fn warn(&mut self, line: &str) {
        self.record.push(format!("! {line}"));
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
    with: &str,
    update: Option<&str>,
    answers: impl IntoIterator<Item = Result<Answer, Lost>>,
) -> (Result<Sent, Failure>, Vec<String>) {
    let config = config(with);
    let mut script = Script {
        answers: answers.into_iter().collect(),
        now: 0,
        record: Vec::new(),
    };
    let message = message(&told(Vec::new()), &config);
    let telling = Telling {
        service: config.service.as_ref(),
        message: &message,
        update,
        patience: 30_000,
    };
    let ended = deliver(&mut script, &telling);
    assert!(script.answers.is_empty(), "requests that were not made");
    (ended, script.record)
}

fn failure(ended: Result<Sent, Failure>) -> (FailureKind, String, Option<u64>) {
    let failure = ended.expect_err("it fails");
    (failure.kind, failure.message, failure.retry_after)
}

fn sent(status: u16, handle: &str, updated: bool) -> Sent {
    Sent {
        status,
        handle: handle.to_owned(),
        updated,
    }
}

#[test]
fn a_message_is_posted_and_its_handle_kept() {
    let (ended, record) = run(DISCORD, None, [Ok(answer(200, None, r#"{"id":"1155"}"#))]);
    assert_eq!(ended, Ok(sent(200, "discord:1155", false)));
    assert_eq!(
        record,
        ["… telling discord", "Post discord.com/secret?wait=true"]
    );
}

#[test]
fn a_message_with_a_handle_is_updated_and_keeps_it() {
    let (ended, record) = run(
        DISCORD,
        Some("discord:1155"),
        [Ok(answer(200, None, r#"{"id":"1155"}"#))],
    );
    assert_eq!(ended, Ok(sent(200, "discord:1155", true)));
    assert_eq!(
        record,
        [
            "… updating the message in discord",
            "Patch discord.com/secret/messages/1155"
        ]
    );
}

#[test]
fn a_message_that_is_gone_is_posted_again_and_said_so() {
    let gone = r#"{"message":"Unknown Message","code":10008}"#;
    let (ended, record) = run(
        DISCORD,
        Some("discord:1"),
        [
            Ok(answer(404, None, gone)),
            Ok(answer(200, None, r#"{"id":"2"}"#)),
        ],
    );
    assert_eq!(ended, Ok(sent(200, "discord:2", false)));
    assert_eq!(
        record[2..],
        [
            "! the message cannot be updated, another one is posted: `discord` at `discord.com` answered 404: Unknown Message",
            "… telling discord",
            "Post discord.com/secret?wait=true",
        ]
    );
}

#[test]
fn a_service_that_cannot_update_gets_one_message() {
    let (ended, record) = run(SLACK, Some("slack:C1:1.2"), [Ok(answer(200, None, "ok"))]);
    assert_eq!(ended, Ok(sent(200, "", false)));
    assert_eq!(record, ["… telling slack", "Post hooks.slack.com/secret"]);
}

#[test]
fn a_handle_of_another_service_is_the_authors_mistake() {
    let (ended, record) = run(DISCORD, Some("slack:C1:1.2"), []);
    let (kind, message, _) = failure(ended);
    assert_eq!(kind, FailureKind::Configuration);
    assert_eq!(
        message,
        "`update` is a message of another service than `discord`; write \
         the id of a step that told the same service"
    );
    assert_eq!(record, Vec::<String>::new());
}

#[test]
fn a_service_that_asks_to_wait_is_told_again_after_that_long() {
    let busy = || Ok(answer(429, Some("12"), ""));
    let (ended, record) = run(SLACK, None, [busy(), busy(), Ok(answer(200, None, "ok"))]);
    assert!(ended.is_ok());
    assert_eq!(
        record,
        [
            "… telling slack",
            "Post hooks.slack.com/secret",
            "… slack asks to wait 12s",
            "pause 12000",
            "Post hooks.slack.com/secret",
            "… slack asks to wait 12s",
            "pause 12000",
            "Post hooks.slack.com/secret",
        ]
    );
}

#[test]
fn a_wait_that_patience_does_not_bear_is_left_to_the_runner() {
    let (ended, record) = run(SLACK, None, [Ok(answer(503, Some("31"), "busy"))]);
    let message = "`slack` at `hooks.slack.com` answered 503: busy\nit asks to wait 31s, longer \
                   than this step waits: see its `patience` and its `timeout`";
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
            Ok(answer(400, None, "invalid_payload\n\u{1b}[0m")),
            FailureKind::Failed,
            format!(
                "{place} answered 400: invalid_payload [0m\nlook at the address and at what the service accepts"
            ),
        ),
        (
            Ok(answer(403, None, "action_prohibited")),
            FailureKind::Denied,
            format!(
                "{place} answered 403: action_prohibited\nthe workspace does not let the app post there"
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
            Ok(answer(429, None, "")),
            FailureKind::Unavailable,
            format!(
                "{place} answered 429\nit does not say how long to wait; `retry` lets the step be repeated"
            ),
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
        let (ended, _) = run(SLACK, None, [answer]);
        assert_eq!(failure(ended), (kind, message, None));
    }
}
