//! From a file to decisions: inputs are read, permissions become concrete, conditions are
//! decided with their reasons, and `with` becomes values.

mod catalog;

use serde_json::{Value, json};
use sluice_pipeline::diagnostic::{Problems, Source};
use sluice_pipeline::document::Document;
use sluice_pipeline::inputs::Inputs;
use sluice_pipeline::pipeline::{Pipeline, uses_of};
use sluice_pipeline::schedule::{
    Decision, Outcome, RunView, Schedule, ScheduledStep, StepView, Trigger,
};

const RELEASE: &str = "
name: release
inputs:
  tier: { type: string, enum: [stage, prod], default: stage }
  tag: { type: string, pattern: '[0-9a-f]{8}', description: the build }
  limit: { type: integer, default: 3 }
  ratio: { type: number, default: 1 }
  names: { type: list, default: [a, b] }
  force: { type: boolean, required: false }
secrets:
  slack: { env: SLACK, as: url, hosts: [hooks.slack.com] }
concurrency: { group: 'web-${{ inputs.tier }}', on-conflict: cancel }
steps:
  first: { uses: noop }
  optional:
    uses: noop
    continue-on-error: true
  deploy:
    uses: deploy
    needs: [first, optional]
    if: inputs.tier == 'prod'
    with:
      namespace: web-${{ inputs.tier }}
      deployment: web
      container: app
      image: ghcr.io/acme/web:${{ inputs.tag }}
      limit: ${{ inputs.limit + 1 }}
    permissions:
      kube-apply: [{ kind: Deployment, namespace: 'web-${{ inputs.tier }}', name: web, containers: [app], images: ['ghcr.io/acme/web:*'] }]
  note:
    uses: notify
    if: success() && steps.deploy.outputs.seconds < 2.5
    with: { webhook: 'https://example.com/${{ steps.deploy.outputs.generation }}', details: '${{ run.id }}' }
    permissions: { http: [example.com] }
  alarm:
    uses: notify
    needs: [deploy]
    if: failure() || cancelled()
    with: { slack: '${{ secrets.slack }}/x', title: '${{ steps.deploy.outcome }}' }
    permissions: { http: [hooks.slack.com] }
  last: { uses: noop, if: always() }
outputs:
  generation: ${{ steps.deploy.outputs.generation }}
";

fn pipeline(text: &str) -> Pipeline {
    let source = Source::new("p.yaml", text);
    let document = Document::read(&source).unwrap();
    Pipeline::read(&document, &catalog::catalog())
        .unwrap_or_else(|problems| panic!("{}", problems.render(&source, false)))
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn schedule(inputs: &[(&str, &str)]) -> Schedule {
    let pipeline = pipeline(RELEASE);
    let inputs = Inputs::from_pairs(&pipeline, &pairs(inputs)).unwrap();
    Schedule::resolve(pipeline, inputs, Trigger::default()).unwrap()
}

fn messages(problems: &Problems) -> Vec<String> {
    problems
        .iter()
        .map(|problem| match &problem.label {
            Some(label) => format!("{}: {label}", problem.message),
            None => problem.message.clone(),
        })
        .collect()
}

/// A step's decision where the steps before it ended so.
fn decision(
    schedule: &Schedule,
    id: &str,
    cancelled: bool,
    ended: &[(&str, Outcome)],
    outputs: &Value,
) -> String {
    let run = json!({"id": "r1", "pipeline": "release", "attempt": 1});
    let steps: Vec<StepView> = schedule
        .steps
        .iter()
        .map(|step| StepView {
            outcome: ended
                .iter()
                .find(|(name, _)| *name == step.id)
                .map(|(_, outcome)| *outcome),
            outputs: if step.id == "deploy" {
                outputs.clone()
            } else {
                Value::Null
            },
        })
        .collect();
    let view = RunView {
        run: &run,
        cancelled,
        steps: &steps,
    };
    let step = schedule.steps.iter().find(|step| step.id == id).unwrap();
    match step.decide(&view) {
        Ok(Decision::Run) => "run".to_owned(),
        Ok(Decision::Skip { reason }) => reason,
        Err(problem) => format!("error: {}", problem.message),
    }
}

#[test]
fn inputs_are_read_by_their_declared_type() {
    let pipeline = pipeline(RELEASE);
    let inputs = Inputs::from_pairs(
        &pipeline,
        &pairs(&[
            ("tag", "12345e78"),
            ("names", "x, y"),
            ("ratio", "2"),
            ("force", "true"),
        ]),
    )
    .unwrap();
    assert_eq!(
        json!(inputs.values()),
        json!({"tier": "stage", "tag": "12345e78", "limit": 3, "ratio": 2.0, "names": ["x", "y"], "force": true})
    );
    let values = json!({"tag": "00000000", "names": ["x"], "ratio": 2});
    let inputs = Inputs::from_json(&pipeline, values.as_object().unwrap()).unwrap();
    assert_eq!(
        json!(inputs.values()),
        json!({"tier": "stage", "tag": "00000000", "limit": 3, "ratio": 2.0, "names": ["x"], "force": null})
    );
}

#[test]
fn wrong_inputs_are_reported_together() {
    let pipeline = pipeline(RELEASE);
    let given = pairs(&[
        ("tier", "prd"),
        ("tga", "x"),
        ("limit", "three"),
        ("ratio", "inf"),
        ("force", "yes"),
        ("names", "[1]"),
        ("limit", "4"),
    ]);
    let problems = Inputs::from_pairs(&pipeline, &given).unwrap_err();
    assert_eq!(
        messages(&problems),
        [
            "input `limit` is given twice",
            "pipeline `release` has no input `tga`: did you mean `tag`?",
            "input `tier` must be one of `stage` and `prod`, and this is \"prd\": did you mean `prod`?",
            "input `tag` (the build) is missing",
            "input `limit` must be an integer, and \"three\" is none",
            "input `ratio` must be a number, and \"inf\" is none",
            "input `names` must be a string, and this is an integer",
            "input `force` must be `true` or `false`, and this is \"yes\"",
        ]
    );
    let problems = Inputs::from_pairs(&pipeline, &pairs(&[("tag", "x12345678")])).unwrap_err();
    assert_eq!(
        messages(&problems),
        ["input `tag` must match `[0-9a-f]{8}` as a whole, and \"x12345678\" does not"]
    );
}

#[test]
fn a_schedule_is_concrete() {
    let schedule = schedule(&[("tag", "12345678"), ("tier", "prod")]);
    let deploy = &schedule.steps[2];
    assert_eq!(deploy.permissions.kube_apply[0].namespace, "web-prod");
    assert_eq!(
        (deploy.needs.as_slice(), &*deploy.ancestors),
        ([0, 1].as_slice(), [0, 1].as_slice())
    );
    assert_eq!(*schedule.steps[5].ancestors, [0, 1, 2, 4]);
    assert_eq!(schedule.concurrency.as_ref().unwrap().0, "web-prod");
    let decided: Vec<_> = schedule
        .steps
        .iter()
        .map(ScheduledStep::decided_before_start)
        .collect();
    assert_eq!(
        decided,
        [Some(true), Some(true), Some(true), None, None, Some(true)]
    );
    assert_eq!(schedule.steps[4].secrets(), ["slack"]);
}

#[test]
fn a_skipped_step_says_why_in_words() {
    use Outcome::{Cancelled, Failure, Skipped, Success, Unknown};
    let stage = schedule(&[("tag", "12345678")]);
    let prod = schedule(&[("tag", "12345678"), ("tier", "prod")]);
    let none = json!({});
    let quick = json!({"verified": true, "seconds": 2});
    let slow = json!({"verified": true, "seconds": 3});
    let ok = [("first", Success), ("optional", Success)];
    let deployed = [
        ("first", Success),
        ("optional", Success),
        ("deploy", Success),
    ];
    let cases = [
        (
            &stage,
            "deploy",
            false,
            &ok[..],
            &none,
            "`if: inputs.tier == 'prod'` was false (inputs.tier = \"stage\")",
        ),
        (&prod, "deploy", false, &ok, &none, "run"),
        (
            &prod,
            "deploy",
            false,
            &[("first", Failure)],
            &none,
            "step `first` failed",
        ),
        (
            &prod,
            "deploy",
            false,
            &[("first", Unknown)],
            &none,
            "nobody knows how step `first` ended",
        ),
        (
            &prod,
            "deploy",
            false,
            &[("first", Cancelled)],
            &none,
            "step `first` was cancelled",
        ),
        (
            &prod,
            "deploy",
            false,
            &[("first", Skipped), ("optional", Failure)],
            &none,
            "run",
        ),
        (&prod, "deploy", true, &ok, &none, "the run was cancelled"),
        (&prod, "note", false, &deployed, &quick, "run"),
        (
            &prod,
            "note",
            false,
            &deployed,
            &slow,
            "`if: success() && steps.deploy.outputs.seconds < 2.5` was false (steps.deploy.outputs.seconds = 3, success() = true)",
        ),
        (
            &prod,
            "note",
            false,
            &deployed,
            &none,
            "error: `steps.deploy.outputs.seconds` has no value in this run",
        ),
        (
            &prod,
            "note",
            false,
            &[("deploy", Failure)],
            &none,
            "`if: success() && steps.deploy.outputs.seconds < 2.5` was false (steps.deploy.outputs.seconds = nothing, success() = false)",
        ),
        (
            &prod,
            "alarm",
            false,
            &deployed,
            &none,
            "`if: failure() || cancelled()` was false (failure() = false, cancelled() = false)",
        ),
        (&prod, "alarm", false, &[("deploy", Failure)], &none, "run"),
        (&prod, "alarm", false, &[("deploy", Unknown)], &none, "run"),
        (
            &prod,
            "alarm",
            false,
            &[("optional", Failure)],
            &none,
            "`if: failure() || cancelled()` was false (failure() = false, cancelled() = false)",
        ),
        (&prod, "alarm", true, &ok, &none, "run"),
        (&prod, "last", true, &[("alarm", Failure)], &none, "run"),
    ];
    for (schedule, id, cancelled, ended, outputs, expected) in cases {
        assert_eq!(
            decision(schedule, id, cancelled, ended, outputs),
            expected,
            "{id} {ended:?}"
        );
    }
}

#[test]
fn with_becomes_values_and_secrets_become_placeholders() {
    let schedule = schedule(&[("tag", "12345e78"), ("tier", "prod")]);
    let run = json!({"id": "r1", "pipeline": "release", "attempt": 1});
    let mut steps = vec![StepView::default(); 6];
    steps[2] = StepView {
        outcome: Some(Outcome::Success),
        outputs: json!({"verified": true, "generation": 7}),
    };
    let view = RunView {
        run: &run,
        cancelled: false,
        steps: &steps,
    };
    let config = |index: usize| {
        schedule.steps[index]
            .config(&view, &|name| format!("<{name}>"))
            .unwrap()
    };
    assert_eq!(config(0), json!({}));
    assert_eq!(
        config(2),
        json!({"namespace": "web-prod", "deployment": "web", "container": "app", "image": "ghcr.io/acme/web:12345e78", "limit": 4})
    );
    assert_eq!(
        config(3),
        json!({"webhook": "https://example.com/7", "details": "r1"})
    );
    assert_eq!(config(4), json!({"slack": "<slack>/x", "title": "success"}));
    assert_eq!(
        json!(schedule.outputs(&view).unwrap()),
        json!({"generation": 7})
    );
}

#[test]
fn a_value_that_breaks_the_plugins_schema_is_the_authors_fault_at_its_place() {
    let schedule = schedule(&[("tag", "12345678"), ("tier", "prod"), ("limit", "-1")]);
    let view = RunView {
        run: &Value::Null,
        cancelled: false,
        steps: &[],
    };
    let problem = schedule.steps[2]
        .config(&view, &|_| String::new())
        .unwrap_err();
    let text = Problems::from(problem).render(&Source::new("p.yaml", RELEASE), false);
    assert_eq!(
        text,
        "error: `with.limit`: 0 is less than 1
  --> p.yaml:27:14
   |
27 |       limit: ${{ inputs.limit + 1 }}
   |              ^^^^^^^^^^^^^^^^^^^^^^^
"
    );
}

#[test]
fn what_a_plugin_returned_is_a_value_and_never_evaluated_again() {
    let text = "
name: values
steps:
  deploy:
    uses: deploy
    with: { namespace: web, deployment: web, container: app, image: 'a:1' }
    permissions: { kube-apply: [{ kind: Deployment, namespace: web, name: web, containers: [app], images: ['a:*'] }] }
  tell:
    uses: notify
    with: { webhook: 'https://example.com', details: '${{ steps.deploy.outputs.previous }}' }
    permissions: { http: [example.com] }
";
    let pipeline = pipeline(text);
    let inputs = Inputs::from_pairs(&pipeline, &[]).unwrap();
    let schedule = Schedule::resolve(pipeline, inputs, Trigger::default()).unwrap();
    let outputs = json!({"verified": true, "previous": "${{ secrets.slack }} ${{ 1 + 1 }}"});
    assert_eq!(schedule.steps[0].check_outputs(&outputs), Ok(()));
    let steps = [
        StepView {
            outcome: Some(Outcome::Success),
            outputs: outputs.clone(),
        },
        StepView::default(),
    ];
    let view = RunView {
        run: &Value::Null,
        cancelled: false,
        steps: &steps,
    };
    let config = schedule.steps[1]
        .config(&view, &|_| "<secret>".to_owned())
        .unwrap();
    assert_eq!(config["details"], outputs["previous"]);
}

#[test]
fn outputs_that_break_their_own_schema_are_the_plugins_fault() {
    let schedule = schedule(&[("tag", "12345678")]);
    let deploy = &schedule.steps[2];
    assert_eq!(deploy.check_outputs(&json!({"verified": true})), Ok(()));
    assert_eq!(
        deploy.check_outputs(&json!({})),
        Err("`outputs`: `verified` is missing".to_owned())
    );
    assert_eq!(
        deploy.check_outputs(&json!({"verified": "yes"})),
        Err("`outputs.verified`: a boolean is wanted, and this is a string".to_owned())
    );
    assert_eq!(schedule.steps[0].check_outputs(&json!({})), Ok(()));
    assert_eq!(
        schedule.steps[0].check_outputs(&json!({"a": 1})),
        Err("`outputs`: `a` is not known here".to_owned())
    );
}

#[test]
fn uses_are_found_in_a_file_that_is_wrong_elsewhere() {
    let source = Source::new(
        "p.yaml",
        "stepz: {}\nsteps:\n  a: { uses: noop, x: 1 }\n  b: { uses: ./b.wasm }\n  c: []\n  d: { uses: noop }\n",
    );
    assert_eq!(
        uses_of(&Document::read(&source).unwrap()),
        ["noop", "./b.wasm"]
    );
}
