//! The description is a file that nothing generates: what it promises is held here
//! against what the code does.

use serde_json::{Value, json};

use crate::Deploy;
use crate::bindings::exports::sluice::plugin::step::Guest;
use crate::config::{Config, Patience};

fn description() -> Value {
    serde_json::from_str(&Deploy::describe()).expect("the description is JSON")
}

#[test]
fn description_is_of_this_version() {
    assert_eq!(description()["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn schema_and_code_agree_on_what_with_may_be() {
    let schema = jsonschema::validator_for(&description()["with"]).expect("a valid schema");
    let base = json!({"namespace": "web", "deployment": "web", "container": "app",
                      "image": "ghcr.io/acme/web:12345e78", "wait": "5m"});
    let with = |changes: &[(&str, Value)]| {
        let mut value = base.clone();
        for (key, change) in changes {
            value[*key] = change.clone();
        }
        value
    };
    let map = json!({"app": "web:1"});
    let accepted = [
        base.clone(),
        with(&[("settle", json!("0"))]),
        with(&[("grace", json!({"image-pull": "1h30m", "probe": "500ms"}))]),
        json!({"namespace": "web", "name": "web", "images": map}),
        json!({"namespace": "web", "kind": "Deployment", "name": "web", "images": map}),
        json!({"namespace": "web", "kind": "CronJob", "name": "web", "images": map}),
        with(&[("restart", json!(true)), ("take-over", json!(true))]),
        with(&[("on-failure", json!("rollback"))]),
    ];
    let refused = [
        with(&[("images", map.clone())]),
        with(&[("name", json!("web"))]),
        with(&[("kind", json!("Deployment"))]),
        with(&[("wait", json!("5 m"))]),
        with(&[("on-failure", json!("pray"))]),
        with(&[("take-over", json!("yes"))]),
        with(&[("grace", json!({"quota": "5"}))]),
        json!({"namespace": "web", "deployment": "web"}),
        json!({"namespace": "web", "deployment": "web", "image": "web:1"}),
        json!({"namespace": "web", "deployment": "web", "images": {}}),
        json!({"namespace": "web", "kind": "Pod", "name": "web", "images": map}),
        json!({"deployment": "web", "images": map}),
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
    assert!(!schema.is_valid(&with(&[("restarts", json!(true))])));
}

#[test]
fn stated_defaults_are_the_defaults() {
    let with = &description()["with"]["properties"];
    let grace = &with["grace"]["properties"];
    let stated = json!({
        "namespace": "web", "deployment": "web", "images": {"app": "web:1"},
        "wait": with["wait"]["default"], "settle": with["settle"]["default"],
        "grace": grace.as_object().expect("an object").iter()
            .map(|(key, schema)| (key.clone(), schema["default"].clone()))
            .collect::<serde_json::Map<_, _>>(),
    });
    let config = Config::read(&stated.to_string()).expect("defaults fit");
    assert_eq!(config.patience, Patience::default());
}

#[test]
fn outputs_keep_their_schema() {
    let schema = jsonschema::validator_for(&description()["outputs"]).expect("a valid schema");
    let config =
        Config::read(r#"{"namespace":"web","deployment":"web","container":"app","image":"web:1"}"#)
            .expect("it fits");
    let prepared = crate::prepare::prepare(&crate::testing::object("web:0"), &config)
        .expect("nothing is in the way");
    let mut outputs = crate::outputs::Outputs::before(&config, &prepared);
    for note in [None, Some("a doubt".to_owned())] {
        outputs.note = note;
        let value = serde_json::from_str(&outputs.to_json()).expect("outputs are JSON");
        assert!(schema.is_valid(&value), "{value}");
    }
}
