//! The printed JSON Schema takes the files that the reader takes, and refuses what it can
//! tell of those that the reader refuses.

mod catalog;

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};
use sluice_pipeline::diagnostic::Source;
use sluice_pipeline::document::{Content, Document, Node};
use sluice_pipeline::schema::file_schema;

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
