//! The description is a file that nothing generates: what it promises is held here
//! against what the code does.

use serde_json::{Value, json};

use crate::Mirror;
use crate::bindings::exports::sluice::plugin::step::Guest;
use crate::config::Config;
use crate::testing::Remotes;

fn description() -> Value {
    serde_json::from_str(&Mirror::describe()).expect("the description is JSON")
}

fn with(mut with: Value) -> Value {
    with["from"] = "origin".into();
    with["to"] = "github".into();
    with
}

#[test]
fn description_is_of_this_version() {
    assert_eq!(description()["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn schema_and_code_agree_on_what_with_may_be() {
    let schema = jsonschema::validator_for(&description()["with"]).expect("a valid schema");
    for value in [
        json!({}),
        json!({ "refs": ["refs/heads/main", "refs/tags/v*"], "except": ["refs/heads/wip/**"] }),
        json!({ "force": true, "prune": true, "prune-limit": 0, "hidden": true, "atomic": true }),
    ] {
        let value = with(value);
        assert!(schema.is_valid(&value), "{value}");
        assert!(Config::read(&value.to_string()).is_ok(), "{value}");
    }
    for value in [
        json!({ "refs": [] }),
        json!({ "refs": ["main"] }),
        json!({ "refs": "refs/heads/main" }),
        json!({ "except": ["main"] }),
        json!({ "force": "yes" }),
        json!({ "prune-limit": 101 }),
        json!({ "prune-limit": "half" }),
    ] {
        let value = with(value);
        assert!(!schema.is_valid(&value), "{value}");
        assert!(Config::read(&value.to_string()).is_err(), "{value}");
    }
    // Only the schema knows all keys.
    assert!(!schema.is_valid(&with(json!({ "delete": true }))));
}

#[test]
fn the_stated_defaults_are_those_of_the_code() {
    let mut stated = with(json!({}));
    let description = description();
    for (name, key) in description["with"]["properties"].as_object().expect("keys") {
        if let Some(default) = key.get("default") {
            stated[name] = default.clone();
        }
    }
    assert_eq!(
        Config::read(&stated.to_string()),
        Config::read(&with(json!({})).to_string())
    );
}

#[test]
fn outputs_are_what_the_description_says() {
    let schema = jsonschema::validator_for(&description()["outputs"]).expect("a valid schema");
    let one = ["refs/heads/main 1"];
    for (origin, github) in [(&one[..], &one[..]), (&one, &[]), (&[], &one)] {
        let outputs = Remotes::new(origin, github).run(&json!({}));
        let outputs = outputs.expect("it works");
        assert!(schema.is_valid(&outputs), "{outputs}");
    }
}
