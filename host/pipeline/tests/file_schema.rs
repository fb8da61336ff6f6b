//! The printed JSON Schemas take the files that the readers take, and refuse what they can
//! tell of those that the readers refuse.

mod catalog;

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};
use sluice_pipeline::diagnostic::Source;
use sluice_pipeline::document::{Content, Document, Node};
use sluice_pipeline::policy::Policy;
use sluice_pipeline::schema::{file_schema, policy_schema};

fn json(node: &Node) -> Value {
    match &node.content {
        Content::Scalar(scalar) => scalar.core(),
        Content::List(items) => items.iter().map(json).collect(),
        Content::Map(entries) => {
            let entries = entries
                .iter()
                .map(|entry| (entry.key.clone(), json(&entry.value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
    }
}

fn fits(case: &str) -> bool {
    let cases = Path::new("../../tests/cases/check");
    let text = fs::read_to_string(cases.join(case).join("pipeline.yaml")).unwrap();
    let document = Document::read(&Source::new("pipeline.yaml", text)).unwrap();
    let validator = jsonschema::validator_for(&file_schema(&catalog::catalog())).unwrap();
    validator.is_valid(&json(document.root()))
}

#[test]
fn the_schema_takes_files_without_problems() {
    for case in [
        "the_example_of_the_design_has_no_problems",
        "remotes_and_git_permissions_have_no_problems",
    ] {
        assert!(fits(case), "{case}");
    }
}

#[test]
fn the_schema_refuses_what_it_can_tell() {
    for case in [
        "unknown_keys_are_refused_with_the_nearest_name",
        "problems_inside_with_stand_at_their_place",
        "step_settings_are_read_strictly",
        "six_mistakes_give_six_problems",
        "a_list_is_no_pipeline",
    ] {
        assert!(!fits(case), "{case}");
    }
}

#[test]
fn the_schema_of_policies_takes_those_that_the_reader_takes() {
    let valid = jsonschema::validator_for(&policy_schema()).unwrap();
    let cases = fs::read_dir("../../tests/cases/policy").unwrap();
    let mut taken = 0;
    for case in cases {
        let text = fs::read_to_string(case.unwrap().path().join("policy.yaml")).unwrap();
        let source = Source::new("policy.yaml", text);
        if Policy::read(&source).is_ok() {
            let document = Document::read(&source).unwrap();
            assert!(valid.is_valid(&json(document.root())), "{}", source.text);
            taken += 1;
        }
    }
    assert!(taken > 5, "{taken}");
}

#[test]
fn the_schema_of_policies_refuses_what_it_can_tell() {
    let valid = jsonschema::validator_for(&policy_schema()).unwrap();
    for wrong in [
        "{}",
        "pipelines: { '*': { use: [deploy] } }",
        "pipelines: { '*': { limits: { memory: 64 } } }",
        "pipelines: { 'a*b': {} }",
        "pipelines: { '*': { permissions: { git: [{ remote: origin }] } } }",
    ] {
        let document = Document::read(&Source::new("policy.yaml", wrong)).unwrap();
        assert!(!valid.is_valid(&json(document.root())), "{wrong}");
    }
}
