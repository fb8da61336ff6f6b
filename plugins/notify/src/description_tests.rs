//! The description is a file that nothing generates: what it promises is held here
//! against what the code does.

use serde_json::{Value, json};

use crate::Notify;
use crate::bindings::exports::sluice::plugin::step::Guest;
use crate::config::Config;

fn description() -> Value {
    serde_json::from_str(&Notify::describe()).expect("the description is JSON")
}

#[test]
fn description_is_of_this_version() {
    assert_eq!(description()["version"], env!("CARGO_PKG_VERSION"));
}

/// `with` of every service, in each of its forms.
fn places() -> [Value; 11] {
    let a = "https://a.example/x";
    [
        json!({ "slack": a }),
        json!({ "slack": { "token": "t", "channel": "C1", "url": a } }),
        json!({ "mattermost": a }),
        json!({ "mattermost": { "url": a, "token": "t", "channel": "c" } }),
        json!({ "discord": a }),
        json!({ "teams": a }),
        json!({ "ntfy": a }),
        json!({ "ntfy": { "url": a, "token": "t", "priority": 5 } }),
        json!({ "telegram": { "url": a, "chat": -100, "thread": 7 } }),
        json!({ "telegram": { "url": a, "chat": "@channel" } }),
        json!({ "webhook": { "url": a, "token": "t" } }),
    ]
}

#[test]
fn schema_and_code_agree_on_what_with_may_be() {
    let schema = jsonschema::validator_for(&description()["with"]).expect("a valid schema");
    let more = [
        json!({}),
        json!({ "title": "t", "link": "https://c.example", "details": "d", "patience": "1m30s" }),
        json!({ "text": "{ref}", "values": { "a": 1, "b": null }, "on": "change", "update": "" }),
        json!({ "text": { "started": "x", "unknown": "{error}" }, "at": "start" }),
    ];
    for place in places() {
        for more in &more {
            let mut with = place.clone();
            let keys = with.as_object_mut().expect("an object");
            keys.extend(more.as_object().cloned().expect("an object"));
            assert!(schema.is_valid(&with), "{with}");
            assert!(Config::read(&with.to_string()).is_ok(), "{with}");
        }
    }
    let a = "https://a.example";
    let refused = [
        json!({}),
        json!({ "title": "t" }),
        json!({ "slack": 1 }),
        json!({ "slack": a, "discord": a }),
        json!({ "slack": { "token": "t" } }),
        json!({ "telegram": a }),
        json!({ "discord": a, "at": "noon" }),
        json!({ "discord": a, "on": "success" }),
        json!({ "discord": a, "values": { "a": [] } }),
        json!({ "discord": a, "patience": "soon" }),
    ];
    for value in refused {
        assert!(!schema.is_valid(&value), "{value}");
        assert!(Config::read(&value.to_string()).is_err(), "{value}");
    }
    // Only the schema knows all keys.
    assert!(!schema.is_valid(&json!({ "slack": a, "channel": "x" })));
}

#[test]
fn examples_fit_where_they_stand() {
    let description = description();
    let keys = description["with"]["properties"].as_object().expect("keys");
    for (name, key) in keys {
        let examples = key["examples"].as_array();
        assert!(
            examples.is_some() || key.get("enum").is_some() || name == "patience",
            "{name}"
        );
        let schema = jsonschema::validator_for(key).expect("a valid schema");
        for example in examples.into_iter().flatten() {
            assert!(schema.is_valid(example), "{name}: {example}");
        }
    }
}

#[test]
fn the_stated_patience_is_the_default() {
    let stated = description()["with"]["properties"]["patience"]["default"].clone();
    let with = |more: Value| {
        let mut with = json!({ "slack": "https://a.example" });
        if !more.is_null() {
            with["patience"] = more;
        }
        Config::read(&with.to_string()).map(|config| config.patience)
    };
    assert_eq!(with(stated), with(Value::Null));
}
