use super::{Outcome, Summary, clean};
use crate::bindings::sluice::plugin::needs::{Outcome as StepOutcome, StepSummary};
use crate::testing::{config, step, told};

fn outcome(steps: Vec<StepSummary>) -> Outcome {
    Summary::of(&told(steps), &config(r#"{"slack":"https://a.example"}"#)).outcome
}

#[test]
fn the_run_is_as_good_as_its_worst_step() {
    let lost = || step("a", StepOutcome::Unknown, None);
    let failed = || step("b", StepOutcome::Failure, None);
    let cancelled = || step("c", StepOutcome::Cancelled, None);
    let skipped = || step("d", StepOutcome::Skipped, None);
    let done = || step("e", StepOutcome::Success, None);
    let odd = || step("f", StepOutcome::Other("paused".to_owned()), None);
    let cases = [
        (vec![], Outcome::Success),
        (vec![done(), skipped()], Outcome::Success),
        (vec![done(), cancelled()], Outcome::Cancelled),
        (vec![cancelled(), failed()], Outcome::Failure),
        (vec![failed(), lost()], Outcome::Unknown),
        (vec![done(), odd()], Outcome::Unknown),
    ];
    for (steps, expected) in cases {
        assert_eq!(outcome(steps), expected);
    }
}

#[test]
fn a_step_that_may_fail_does_not_make_the_run_fail() {
    let tolerated = StepSummary {
        details: r#"{"continue-on-error":true}"#.to_owned(),
        ..step("mirror", StepOutcome::Failure, Some("refused"))
    };
    assert_eq!(outcome(vec![tolerated]), Outcome::Success);
}

#[test]
fn outputs_that_are_no_deploy_are_left_out() {
    let outputs = |outputs: &str| StepSummary {
        outputs: outputs.to_owned(),
        ..step("a", StepOutcome::Success, None)
    };
    let steps = [
        "",
        "[]",
        "{}",
        r#"{"workload":1,"images":{}}"#,
        r#"{"workload":"w","images":[]}"#,
    ];
    let steps = steps.into_iter().map(outputs).collect();
    let summary = Summary::of(&told(steps), &config(r#"{"slack":"https://a.example"}"#));
    assert_eq!(summary.deployed, []);
}

#[test]
fn texts_lose_what_is_not_for_reading_and_are_cut() {
    let cases = [
        (" a\tb\r\nc ", 9, "ab\nc"),
        ("\u{1b}]0;title\u{7}x", 99, "]0;titlex"),
        ("\u{202e}abc\u{2066}", 3, "abc"),
        ("abcd", 3, "abc…"),
        ("äöü", 2, "äö…"),
    ];
    for (text, longest, expected) in cases {
        assert_eq!(clean(text, longest), expected);
    }
}
