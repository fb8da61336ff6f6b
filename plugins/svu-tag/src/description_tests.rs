//! The description is a file that nothing generates: what it promises is held here
//! against what the code does.

use serde_json::{Value, json};

use crate::SvuTag;
use crate::bindings::exports::sluice::plugin::step::Guest;
use crate::config::Config;
use crate::testing::line;

fn description() -> Value {
    serde_json::from_str(&SvuTag::describe()).expect("the description is JSON")
}

#[test]
fn description_is_of_this_version() {
    assert_eq!(description()["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn schema_and_code_agree_on_what_with_may_be() {
    let schema = jsonschema::validator_for(&description()["with"]).expect("a valid schema");
    let mut accepted = vec![
        json!({}),
        json!({ "branch": "main", "commit": "0123456789abcdef0123456789abcdef01234567" }),
        json!({ "pattern": "{web,api}/v*", "prefix": "" }),
        json!({ "v0": true, "always": true, "prerelease": "rc", "metadata": "7" }),
        json!({ "annotation": { "name": "A", "email": "a@b", "message": "x" } }),
    ];
    let mut refused = vec![
        json!({ "v0": "yes" }),
        json!({ "prefix": 1 }),
        json!({ "branch": ["main"] }),
        json!({ "annotation": { "name": "A" } }),
        json!({ "annotation": "A" }),
    ];
    for key in ["command", "rules", "mode"] {
        let words = description()["with"]["properties"][key]["enum"].clone();
        for word in words.as_array().expect("a list") {
            accepted.push(json!({ key: word }));
        }
        refused.push(json!({ key: "other" }));
    }
    let with = |mut with: Value| {
        with["remote"] = "origin".into();
        with
    };
    for value in accepted.into_iter().map(with) {
        assert!(schema.is_valid(&value), "{value}");
        assert!(Config::read(&value.to_string()).is_ok(), "{value}");
    }
    refused = refused.into_iter().map(with).collect();
    refused.push(json!({}));
    for value in refused {
        assert!(!schema.is_valid(&value), "{value}");
        assert!(Config::read(&value.to_string()).is_err(), "{value}");
    }
    // Only the schema knows all keys.
    assert!(!schema.is_valid(&with(json!({ "tag-prefix": "x" }))));
}

#[test]
fn examples_and_defaults_fit_where_they_stand() {
    let description = description();
    let keys = description["with"]["properties"].as_object().expect("keys");
    for (name, key) in keys {
        let schema = jsonschema::validator_for(key).expect("a valid schema");
        let examples = key["examples"].as_array().into_iter().flatten();
        let texts = |value: &&Value| !value.as_str().is_some_and(|text| text.contains("${{"));
        for example in examples.chain(key.get("default")).filter(texts) {
            assert!(schema.is_valid(example), "{name}: {example}");
        }
    }
}

#[test]
fn the_stated_defaults_are_those_of_the_code() {
    let mut stated = json!({ "remote": "origin" });
    let description = description();
    for (name, key) in description["with"]["properties"].as_object().expect("keys") {
        if let Some(default) = key.get("default") {
            stated[name] = default.clone();
        }
    }
    assert_eq!(
        Config::read(&stated.to_string()),
        Config::read(r#"{ "remote": "origin" }"#)
    );
}

#[test]
fn outputs_are_what_the_description_says() {
    let schema = jsonschema::validator_for(&description()["outputs"]).expect("a valid schema");
    for told in [
        &["docs: a"][..],
        &["fix: a", "tag: v1.0.0", "feat!: b"],
        &["fix: a", "tag: v1"],
    ] {
        let outputs = line(told).run(&json!({})).expect("it works").to_json();
        let outputs = serde_json::from_str(&outputs).expect("it is JSON");
        assert!(schema.is_valid(&outputs), "{outputs}");
    }
}
