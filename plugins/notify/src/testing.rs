//! Runs to be told, for the tests.

use crate::bindings::exports::sluice::plugin::step::Context;
use crate::bindings::sluice::plugin::needs::{Outcome, StepSummary};
use crate::config::Config;
use crate::message::Message;
use crate::summary::{Summary, Told};

/// What a hostile branch, step or server may hold.
pub(crate) const HOSTILE: &str = "<!channel> <@U1> @everyone @here #general [x](http://evil.example) \
    http://evil.example/a www.evil.example *b* _i_ ~s~ `c` ```d``` <b> **bb** ||s|| :tada: \
    {{DATE(2017-02-14T06:00:00Z)}} $1^2$ > quote & {error} \u{202e}\u{1b}[31m";

pub(crate) fn config(text: &str) -> Config {
    Config::read(text).unwrap_or_else(|problem| panic!("{problem}: {text}"))
}

pub(crate) fn step(id: &str, outcome: Outcome, reason: Option<&str>) -> StepSummary {
    StepSummary {
        id: id.to_owned(),
        title: id.to_owned(),
        uses: id.to_owned(),
        duration: if outcome == Outcome::Skipped {
            0
        } else {
            72_400
        },
        outcome,
        outputs: "{}".to_owned(),
        reason: reason.map(str::to_owned),
        details: "{}".to_owned(),
    }
}

pub(crate) fn deployed(images: &str, verified: bool) -> StepSummary {
    StepSummary {
        outputs: format!(
            r#"{{"workload":"Deployment web/web","images":{images},"verified":{verified},"pods":2}}"#
        ),
        ..step("deploy", Outcome::Success, None)
    }
}

pub(crate) fn told(steps: Vec<StepSummary>) -> Told {
    let context = Context {
        run: "run-7".to_owned(),
        pipeline: "deploy-web".to_owned(),
        step: "tell".to_owned(),
        attempt: 1,
        trigger:
            r#"{"event":"push","ref":"refs/heads/main","sha":"0b5e6f1a","files":[],"sender":"ann"}"#
                .to_owned(),
        link: None,
        elapsed: 75_000,
        details: "{}".to_owned(),
    };
    Told { context, steps }
}

/// A run in which everything that somebody else can choose is `text`.
pub(crate) fn hostile(text: &str) -> Told {
    let failed = StepSummary {
        title: text.to_owned(),
        ..step("build", Outcome::Failure, Some(text))
    };
    let odd = serde_json::json!({
        "workload": text, "images": { text: text }, "verified": true, "word": text,
    });
    let deployed = StepSummary {
        title: text.to_owned(),
        outputs: odd.to_string(),
        ..step("deploy", Outcome::Success, None)
    };
    let mut told = told(vec![failed, deployed]);
    let trigger = serde_json::json!({ "event": text, "ref": text, "sha": text, "sender": text });
    told.context.trigger = trigger.to_string();
    told.context.pipeline = text.to_owned();
    told.context.run = text.to_owned();
    told.context.link = Some(format!("https://evil.example/{text}"));
    told
}

pub(crate) fn message(told: &Told, config: &Config) -> Message {
    let summary = Summary::of(told, config);
    Message::of(&summary, config).unwrap_or_else(|problem| panic!("{problem}"))
}
