//! Files that are no plans, or not the ones that somebody approved.

use super::parse;

const PLAN: &str = r#"{
  "sluice-plan": 1,
  "pipeline": "web",
  "file": "sha256:0",
  "inputs": { "tag": "1" },
  "trigger": { "event": "manual", "ref": "", "sha": "", "files": [], "sender": "" },
  "effects": [
    {
      "summary": "only if step `a` fails: step `b`: POST https://x.example/",
      "step": "b",
      "when": { "only": "if step `a` fails" },
      "capability": "http",
      "action": "POST",
      "target": "https://x.example/",
      "count": 1
    }
  ]
}"#;

#[test]
fn plan_is_read_as_it_was_written() {
    let plan = parse(PLAN).expect("it is a plan");
    let again = serde_json::to_string_pretty(&plan).expect("a plan is JSON");
    assert_eq!(parse(&again), Ok(plan));
}

#[test]
fn what_is_no_plan_or_says_two_things_is_refused_with_its_place() {
    let cases = [
        (
            PLAN.replace("\"sluice-plan\": 1,", ""),
            "it is not a plan: it has no `sluice-plan`; make one with `--dry-run --out`",
        ),
        ("[1]".to_owned(), "it is not a plan, which is a JSON object"),
        (
            "{".to_owned(),
            "EOF while parsing an object at line 1 column 1",
        ),
        (
            PLAN.replace("plan\": 1", "plan\": 2"),
            "it is of version 2, and this sluice knows version 1; make it anew with this one",
        ),
        (
            PLAN.replace("\"tag\": \"1\"", "\"tag\": \"1\", \"tag\": \"2\""),
            "the key `tag` occurs twice at line 5 column 31",
        ),
        (
            PLAN.replace("\"count\": 1", "\"count\": 1, \"force\": true"),
            "unknown field `force`, expected one of `summary`, `step`, `when`, `capability`, `action`, `target`, `open`, `object`, `ref`, `count`, `assumed` at line 15 column 25",
        ),
        (
            PLAN.replace("\"target\": \"https://x", "\"target\": \"https://y"),
            "the summary of its effect 1 is not what it does, which is `only if step `a` fails: step `b`: POST https://y.example/`; make the plan anew",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(&text).map(drop), Err(expected.to_owned()));
    }
}
