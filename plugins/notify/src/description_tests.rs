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

#[test]
fn schema_and_code_agree_on_what_with_may_be() {
    let schema = jsonschema::validator_for(&description()["with"]).expect("a valid schema");
    let accepted = [
        json!({"slack": "https://hooks.slack.com/x"}),
        json!({"webhook": "http://127.0.0.1:9/", "patience": "0"}),
        json!({"slack": "https://a.example", "webhook": "https://b.example", "title": "t",
               "link": "https://c.example", "details": "d", "patience": "1m30s"}),
    ];
    let refused = [
        json!({}),
        json!({"title": "t"}),
        json!({"slack": 1}),
        json!({"slack": "https://a.example", "patience": "soon"}),
    ];
    for value in accepted {
        assert!(schema.is_valid(&value), "{value}");
        assert!(Config::read(&value.to_string()).is_ok(), "{value}");
    }
    for value in refused {
        assert!(!schema.is_valid(&value), "{value}");
        assert!(Config::read(&value.to_string()).is_err(), "{value}");
    }
    // Only the schema knows all keys.
    assert!(!schema.is_valid(&json!({"slack": "https://a.example", "channel": "x"})));
}

#[test]
fn the_stated_patience_is_the_default() {
    let stated = description()["with"]["properties"]["patience"]["default"].clone();
    let with = |patience: Option<Value>| {
        let mut value = json!({"slack": "https://a.example"});
        if let Some(patience) = patience {
            value["patience"] = patience;
        }
        Config::read(&value.to_string()).expect("it fits").patience
    };
    assert_eq!(with(Some(stated)), with(None));
}
