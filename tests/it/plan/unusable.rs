//! Plans that are refused before anything starts.

use std::fs;

use super::{edit, plan};
use crate::sluice::Sluice;

const PIPELINE: &str = "\
name: telling
on: [manual]
inputs:
  tag: { type: string, default: one }
steps:
  tell:
    uses: notify
    with: { webhook: 'https://hooks.example/${{ inputs.tag }}' }
    permissions: { http: [hooks.example] }
";

/// A plan for `tag=two`.
fn planned() -> Sluice {
    let sluice = Sluice::pipeline(PIPELINE);
    let plan = plan(&sluice, &["--offline", "--input", "tag=two"]);
    assert_eq!(plan["effects"][0]["target"], "https://hooks.example/two");
    sluice
}

#[track_caller]
fn refused(sluice: &Sluice, more: &[&str], expected: &str) {
    let mut args = vec!["--plan", "plan.json"];
    args.extend(more);
    let said = sluice.events(&args);
    assert_eq!(said.err.trim_end(), expected);
    assert_eq!(said.code, Some(2), "{}", said.out);
    let [event] = said.events().try_into().expect("nothing has started");
    assert_eq!(event["error"]["blame"], "author");
}

#[test]
fn plan_of_another_text_of_the_pipeline_is_refused_with_both_digests() {
    let sluice = planned();
    let changed = format!("{PIPELINE}# changed\n");
    fs::write(sluice.folder().join("pipeline.yaml"), &changed).expect("the folder is ours");
    let digest = |text: &str| {
        use sha2::{Digest, Sha256};
        format!("sha256:{:x}", Sha256::digest(text))
    };
    let (old, new) = (digest(PIPELINE), digest(&changed));
    refused(
        &sluice,
        &[],
        &format!(
            "error: the plan `plan.json` is not of `pipeline.yaml` as it is now: the plan is of \
             pipeline `telling` with the digest {old}, and the file's digest is {new}; make a new plan"
        ),
    );
}

#[test]
fn inputs_are_the_plans_and_others_are_refused() {
    refused(
        &planned(),
        &["--input", "tag=three"],
        "error: input `tag` is given as \"three\", and in the plan it is \"two\"\n |\n = help: leave `--input` away, or make a new plan with it",
    );
    let sluice = planned();
    edit(&sluice, |plan| plan["inputs"]["tga"] = "two".into());
    let said = sluice.events(&["--plan", "plan.json"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("has no input `tga`"), "{}", said.err);
}

#[test]
fn file_that_is_no_plan_is_refused() {
    let sluice = planned();
    let file = sluice.folder().join("plan.json");
    fs::write(&file, "{}").expect("the folder is ours");
    let expected = "error: the plan `plan.json` cannot be used: it is not a plan: it has no \
                    `sluice-plan`; make one with `--dry-run --out`";
    refused(&sluice, &[], expected);
    fs::write(&file, "x".repeat(5 << 20)).expect("the folder is ours");
    refused(
        &sluice,
        &[],
        "error: the plan `plan.json` is larger than 4 MiB",
    );
    fs::remove_file(&file).expect("it is there");
    let expected =
        "error: cannot read the plan `plan.json`: No such file or directory (os error 2)";
    refused(&sluice, &[], expected);
}

#[test]
fn plan_whose_sentences_say_something_else_is_refused() {
    let sluice = planned();
    edit(&sluice, |plan| {
        plan["effects"][0]["target"] = "https://hooks.example/three".into();
    });
    refused(
        &sluice,
        &[],
        "error: the plan `plan.json` cannot be used: the summary of its effect 1 is not what it \
         does, which is `step `tell`: POST https://hooks.example/three`; make the plan anew",
    );
}

#[test]
fn flags_that_make_no_sense_together_are_wrong_usage() {
    let sluice = planned();
    let cases: [&[&str]; 4] = [
        &["--out", "plan.json"],
        &["--plan", "plan.json", "--dry-run"],
        &["--plan", "plan.json", "--practice"],
        &["--practice", "--out", "plan.json"],
    ];
    for args in cases {
        assert_eq!(sluice.events(args).code, Some(64), "{args:?}");
    }
}
