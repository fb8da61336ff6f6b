use super::{NAMES, Template};
use crate::bindings::sluice::plugin::needs::{Outcome as StepOutcome, StepSummary};
use crate::message::Mark;
use crate::summary::{Outcome, Summary};
use crate::testing::{config, deployed, step, told};
use crate::text::{Line, Span};

fn summary() -> Summary {
    let steps = vec![
        StepSummary {
            outputs: r#"{"tag":"v1.2.3","count":3}"#.to_owned(),
            ..step("build", StepOutcome::Success, None)
        },
        deployed(r#"{"app":"web:2","proxy":"envoy:1"}"#, true),
        step("mirror", StepOutcome::Failure, Some("refused\nby `github`")),
    ];
    let with = r#"{"slack":"https://a.example","link":"https://ci.example/7","details":"by hand"}"#;
    Summary::of(&told(steps), &config(with))
}

fn filled(text: &str) -> Result<Vec<Line>, String> {
    let values = [("note".to_owned(), "a {ref}\u{1b}".to_owned())];
    let mark = Mark::Ended(Outcome::Failure);
    Template::read(text)?.fill(&summary(), mark, &values)
}

fn markup(text: &str) -> Span {
    Span::Markup(text.to_owned())
}

fn text(data: &str) -> Span {
    Span::Text(data.to_owned())
}

#[test]
fn names_become_data_and_the_rest_stays_markup() {
    let cases = [
        ("*done*", vec![vec![markup("*done*")]]),
        (
            "a {outcome} b\n{sender|bold}{sha|code}",
            vec![
                vec![markup("a "), text("failure"), markup(" b")],
                vec![
                    Span::Bold("ann".to_owned()),
                    Span::Code("0b5e6f1a".to_owned()),
                ],
            ],
        ),
        ("{{x}} {{", vec![vec![markup("{x} {")]]),
        (
            "{ steps.build.outputs.tag } {steps.build.outputs.count}",
            vec![vec![text("v1.2.3"), markup(" "), text("3")]],
        ),
        (
            "{steps.mirror.reason}",
            vec![vec![text("refused by `github`")]],
        ),
        (
            "{error|block}",
            vec![vec![Span::Block("refused\nby `github`".to_owned())]],
        ),
        (
            "{images}",
            vec![vec![
                Span::Code("web:2".to_owned()),
                text(", "),
                Span::Code("envoy:1".to_owned()),
            ]],
        ),
        // A value is not read again.
        ("{values.note}", vec![vec![text("a {ref}")]]),
        // What a step that failed did not put out is empty.
        ("x{steps.mirror.outputs.refs}", vec![vec![markup("x")]]),
    ];
    for (template, expected) in cases {
        assert_eq!(filled(template), Ok(expected), "{template}");
    }
}

#[test]
fn a_block_stands_on_lines_of_its_own_wherever_it_was_written() {
    let block = || vec![Span::Block("refused\nby `github`".to_owned())];
    let cases = [
        (
            "> {error|block} {error|block}x",
            vec![
                vec![markup("> ")],
                block(),
                vec![markup(" ")],
                block(),
                vec![markup("x")],
            ],
        ),
        (
            "why:\n{error|block}\nx",
            vec![vec![markup("why:")], block(), vec![markup("x")]],
        ),
        (
            "{error|block}\n\n{sha}",
            vec![block(), vec![], vec![text("0b5e6f1a")]],
        ),
    ];
    for (template, expected) in cases {
        assert_eq!(filled(template), Ok(expected), "{template}");
    }
}

#[test]
fn every_name_stands_for_something() {
    for name in NAMES {
        let lines = filled(&format!("{{{name}}}")).expect("it is known");
        assert!(lines.iter().any(|line| !line.is_empty()), "{name}");
    }
}

#[test]
fn what_does_not_exist_is_refused_with_what_does() {
    let names = "`{pipeline}`, `{run}`, `{title}`, `{outcome}`, `{duration}`, `{link}`, `{failed}`, \
        `{error}`, `{details}`, `{images}`, `{steps}`, `{deployed}`, `{event}`, `{ref}`, `{sha}`, \
        `{sender}`, `{values.NAME}` and `{steps.ID.title}`, `outcome`, `duration`, `reason`, \
        `outputs.NAME`; write `{{` for a brace";
    let cases = [
        ("{branch}", format!("there is no `{{branch}}`; there are {names}")),
        ("{steps.build}", format!("there is no `{{steps.build}}`; there are {names}")),
        (
            "{ref|italic}",
            "`italic` is no form of a value; there are `bold`, `code`, `block`".to_owned(),
        ),
        ("{ref", "`{` is not closed; write `{{` for a brace".to_owned()),
        ("ref}", "`}` ends nothing; write `}}` for a brace".to_owned()),
        ("{values.other}", "`values` has no `other`, and `text` wants it".to_owned()),
        (
            "{steps.test.outcome}",
            "`text` wants step `test`, which this step does not need; it needs `build`, `deploy`, `mirror`"
                .to_owned(),
        ),
    ];
    for (template, expected) in cases {
        assert_eq!(filled(template), Err(expected), "{template}");
    }
}
