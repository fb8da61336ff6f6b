//! `check` and `run` with `--policy`: what lies within goes on, what reaches beyond is refused
//! before anything starts, with both places.

use serde_json::json;

use super::under;
use crate::{docs, sluice::Sluice};

const POLICY: &str = "pipelines:
  'web-*':
    uses: [notify]
    permissions:
      http: [hooks.example.com]
";

const PIPELINE: &str = "name: web-tell
steps:
  tell:
    uses: notify
    with: { webhook: 'https://hooks.example.com/told' }
    permissions: { http: [hooks.example.com] }
";

const BEYOND: &str = "\
error: this `http` permission of step `tell` reaches beyond the policy
 --> pipeline.yaml:6:27
  |
6 |     permissions: { http: [hooks.example.com] }
  |                           ^^^^^^^^^^^^^^^^^
  |
note: the entry of the policy that comes nearest
 --> policy.yaml:5:14
  |
5 |       http: [other.example.com]
  |              ^^^^^^^^^^^^^^^^^ it does not allow host `hooks.example.com`
  = help: narrow the permission, or have the policy widened by whoever keeps it
";

fn beyond() -> Sluice {
    under(&POLICY.replace("hooks", "other"), PIPELINE)
}

#[test]
fn pipeline_within_the_policy_checks_and_runs() {
    let sluice = under(POLICY, PIPELINE);
    let said = sluice.run(&["check", "pipeline.yaml", "--policy", "policy.yaml"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert_eq!(
        said.out,
        "pipeline.yaml: no problems in 1 step, all within policy.yaml\n"
    );
    let said = sluice.events(&["--policy", "policy.yaml", "--dry-run", "--offline"]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
}

#[test]
fn permission_beyond_the_policy_is_refused_with_both_places() {
    let said = beyond().run(&["check", "pipeline.yaml", "--policy", "policy.yaml"]);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    assert_eq!(said.err, BEYOND);
}

#[test]
fn run_beyond_the_policy_is_refused_before_anything_starts() {
    for more in [&["--dry-run", "--offline"][..], &["--practice"], &[]] {
        let args = [&["--policy", "policy.yaml"], more].concat();
        let said = beyond().events(&args);
        assert_eq!(said.code, Some(2), "{}", said.out);
        assert_eq!(said.err, BEYOND);
        let events = said.events();
        assert_eq!(events.len(), 1, "{}", said.out);
        assert_eq!(events[0]["event"], "run.finished");
        assert_eq!(
            (&events[0]["error"]["blame"], &events[0]["error"]["kind"]),
            (&json!("author"), &json!("denied"))
        );
        assert_eq!(
            events[0]["problems"][0]["elsewhere"],
            json!({
                "file": "policy.yaml", "line": 5, "column": 14,
                "label": "it does not allow host `hooks.example.com`",
            })
        );
    }
}

#[test]
fn policy_with_problems_is_refused_with_its_own_places() {
    let sluice = under("pipelines:\n  web: { uses: ['*'] }\n", PIPELINE);
    let expected = "\
error: `*` is no plugin: list the built-in ones by their names, and digests, paths or repositories for others
 --> policy.yaml:2:17
  |
2 |   web: { uses: ['*'] }
  |                 ^^^
";
    let said = sluice.run(&["check", "pipeline.yaml", "--policy", "policy.yaml"]);
    assert_eq!((said.code, said.err.as_str()), (Some(2), expected));
    let said = sluice.events(&["--policy", "policy.yaml"]);
    assert_eq!((said.code, said.err.as_str()), (Some(2), expected));
    assert_eq!(said.events()[0]["problems"][0]["file"], "policy.yaml");
}

#[test]
fn policy_that_is_not_there_is_refused_and_nothing_runs_without_it() {
    let sluice = Sluice::pipeline(PIPELINE);
    for command in ["check", "run"] {
        let said = sluice.run(&[command, "pipeline.yaml", "--policy", "none.yaml"]);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
        assert!(said.err.contains("cannot read `none.yaml`"), "{}", said.err);
    }
}

#[test]
fn component_is_allowed_by_its_digest_wherever_it_lies() {
    let noop = crate::guests::guest("noop");
    let pipeline = format!("name: look\nsteps:\n  a: {{ uses: {noop} }}\n");
    let refused = under("pipelines: { look: { uses: [noop] } }", &pipeline);
    let check = ["check", "pipeline.yaml", "--policy", "policy.yaml"];
    let said = refused.run(&check);
    assert_eq!(said.code, Some(2));
    let (_, digest) = said
        .err
        .split_once("its digest, which can be listed too, is ")
        .expect("it says the digest");
    let policy = format!("pipelines: {{ look: {{ uses: ['{}'] }} }}", digest.trim());
    let said = under(&policy, &pipeline).run(&check);
    assert_eq!(said.code, Some(0), "{}", said.err);
}

#[test]
fn policy_and_pipeline_of_the_manual_belong_together() {
    let shown = docs::blocks(&docs::read("docs/policy.md"), "yaml");
    let [policy, pipeline] = &shown[..] else {
        panic!("it shows a policy and a pipeline: {shown:?}");
    };
    let sluice = under(policy, pipeline);
    let said = sluice.run(&["check", "pipeline.yaml", "--policy", "policy.yaml"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let said = sluice.run(&["schema", "--policy"]);
    let schema = serde_json::from_str(&said.out).expect("it is JSON");
    let valid = jsonschema::validator_for(&schema).expect("it is a JSON Schema");
    assert!(valid.is_valid(&serde_saphyr::from_str(policy).expect("it is YAML")));

    let wider = pipeline.replace("namespace: web-prod, name", "namespace: shop, name");
    assert_ne!(&wider, pipeline);
    let said = under(policy, &wider).run(&["check", "pipeline.yaml", "--policy", "policy.yaml"]);
    let refusal = docs::blocks(&docs::read("docs/policy.md"), "text").remove(0);
    assert_eq!(said.code, Some(2));
    assert_eq!(said.err.trim_end(), refusal);
}
