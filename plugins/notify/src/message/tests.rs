use super::{Body, Mark};
use crate::bindings::sluice::plugin::needs::{Outcome as StepOutcome, StepSummary};
use crate::summary::Outcome;
use crate::testing::{config, message, step, told};
use crate::text::Span;

const SLACK: &str = r#"{"slack":"https://a.example"}"#;

#[test]
fn the_headline_says_how_it_went() {
    let cases = [
        (StepOutcome::Success, "deploy-web succeeded after 1m15s"),
        (StepOutcome::Failure, "deploy-web failed after 1m15s"),
        (
            StepOutcome::Cancelled,
            "deploy-web was cancelled after 1m15s",
        ),
        (
            StepOutcome::Unknown,
            "deploy-web has an unknown outcome after 1m15s",
        ),
    ];
    for (outcome, expected) in cases {
        let told = told(vec![step("deploy", outcome, None)]);
        assert_eq!(message(&told, &config(SLACK)).headline, expected);
    }
}

#[test]
fn a_start_is_no_success_and_lists_nothing() {
    let with = r#"{"slack":"https://a.example","at":"start","details":"one\ntwo"}"#;
    let told = told(vec![step("gate", StepOutcome::Success, None)]);
    let message = message(&told, &config(with));
    assert_eq!(message.mark, Mark::Started);
    assert_eq!(message.headline, "deploy-web started");
    let text = |text: &str| vec![Span::Text(text.to_owned())];
    assert_eq!(message.body, Body::Plain(vec![text("one"), text("two")]));
}

#[test]
fn a_run_of_many_steps_lists_the_first() {
    let steps = (0..30).map(|n| step(&format!("s{n}"), StepOutcome::Success, None));
    let message = message(&told(steps.collect()), &config(SLACK));
    let Body::Plain(lines) = message.body else {
        panic!("no text of the author's own")
    };
    assert_eq!(lines.len(), 21);
    assert_eq!(lines[20], vec![Span::Text("and 10 more".to_owned())]);
}

#[test]
fn each_outcome_has_its_text_and_others_our_words() {
    let with = r#"{"slack":"https://a.example","text":{"failure":"no","started":"go"}}"#;
    let config = config(with);
    let text = |mark| config.text.of(mark).is_some();
    assert!(text(Mark::Started) && text(Mark::Ended(Outcome::Failure)));
    assert!(!text(Mark::Ended(Outcome::Success)));
}

#[test]
fn a_notice_that_went_out_is_no_news_and_one_that_did_not_is() {
    let lines = |outcome| {
        let announce = StepSummary {
            uses: "notify".to_owned(),
            ..step("announce", outcome, None)
        };
        let deploy = step("deploy", StepOutcome::Success, None);
        let summary = message(&told(vec![announce, deploy]), &config(SLACK)).summary;
        super::steps(&summary).len()
    };
    assert_eq!(lines(StepOutcome::Success), 1);
    assert_eq!(lines(StepOutcome::Failure), 2);
}
