//! Runs to be told, for the tests, and the golden files that their messages are held
//! against: `BLESS=1` writes them.

use crate::bindings::exports::sluice::plugin::step::Context;
use crate::bindings::sluice::plugin::needs::{Outcome, StepSummary};
use crate::config::Config;
use crate::summary::{Summary, Told};

pub(crate) fn config(text: &str) -> Config {
    Config::read(text).expect("the test's own config")
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
        trigger: "{}".to_owned(),
        link: None,
        elapsed: 75_000,
        details: "{}".to_owned(),
    };
    Told { context, steps }
}

/// A sentence and the run that it is about.
pub(crate) fn runs() -> Vec<(&'static str, Summary)> {
    let plain = config(r#"{"slack":"https://hooks.slack.com/x"}"#);
    let full = config(
        r#"{"slack":"https://hooks.slack.com/x","title":"Web <prod>","details":"by R&D",
            "link":"https://ci.example/runs/7?a=1&b=2"}"#,
    );
    let image = r#"{"app":"ghcr.io/acme/web:2"}"#;
    let pull = "image missing\npod `web-2-a`: ErrImagePull: not found";
    let mut hostile = told(vec![StepSummary {
        title: "<!channel> `x` \u{1b}[31mred\u{1b}[0m\u{202e}".to_owned(),
        ..step(
            "a",
            Outcome::Failure,
            Some("<@U1> ``` ::set-output:: & \u{7}bell"),
        )
    }]);
    hostile.context.pipeline = "<!here|all> *bold*".to_owned();
    hostile.context.link = Some("javascript:alert(1)|x".to_owned());
    vec![
        (
            "a success with what was deployed, the author's words and link",
            Summary::of(&told(vec![deployed(image, true)]), &full),
        ),
        (
            "a failure with its reason, and a step that was skipped for it",
            Summary::of(
                &told(vec![
                    step("deploy", Outcome::Failure, Some(pull)),
                    step("mirror", Outcome::Skipped, Some("step `deploy` failed")),
                ]),
                &plain,
            ),
        ),
        (
            "a cancelled run",
            Summary::of(
                &told(vec![step("deploy", Outcome::Cancelled, Some("cancelled"))]),
                &plain,
            ),
        ),
        (
            "a lost step makes the run unknown, also beside a failed one",
            Summary::of(
                &told(vec![
                    step("deploy", Outcome::Unknown, Some("the answer was lost")),
                    step("mirror", Outcome::Failure, Some("refused")),
                ]),
                &plain,
            ),
        ),
        (
            "a deploy that is not verified says so",
            Summary::of(&told(vec![deployed(image, false)]), &plain),
        ),
        (
            "hostile names and links mention nobody and lead nowhere",
            Summary::of(&hostile, &plain),
        ),
        (
            "a reason of 10 kB is cut",
            Summary::of(
                &told(vec![step(
                    "a",
                    Outcome::Failure,
                    Some(&"<&>x".repeat(2_500)),
                )]),
                &plain,
            ),
        ),
        (
            "a run of many steps lists the first",
            Summary::of(
                &told(
                    (0..30)
                        .map(|n| step(&format!("s{n}"), Outcome::Success, None))
                        .collect(),
                ),
                &plain,
            ),
        ),
    ]
}

/// Compares the bodies of all runs with the golden file of a service.
pub(crate) fn hold(name: &str, golden: &str, render: fn(&Summary) -> serde_json::Value) {
    let bodies: Vec<_> = runs()
        .iter()
        .map(|(sentence, summary)| format!("# {sentence}\n{:#}\n", render(summary)))
        .collect();
    let bodies = bodies.join("\n");
    if std::env::var_os("BLESS").is_some() {
        let path = format!("{}/src/{name}/bodies.txt", env!("CARGO_MANIFEST_DIR"));
        std::fs::write(path, bodies).expect("the sources can be written");
        return;
    }
    assert_eq!(bodies, golden);
}
