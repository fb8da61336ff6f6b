//! All that a cluster shows of a rollout, as text that can be compared: times are seconds since
//! the rollout began. `BLESS=1` writes the expected files anew.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sluice_practice::{Cluster, Kind};

/// Compares the facts of the namespace `web` with `tests/facts/<name>.json`.
pub(crate) fn assert_facts(cluster: &Cluster, began: Timestamp, name: &str) {
    let path = format!("tests/facts/{name}.json");
    let mut shown = serde_json::to_string_pretty(&facts(cluster, began)).expect("facts are JSON");
    shown.push('\n');
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &shown).expect("the folder of facts can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        shown == expected,
        "{name}: the cluster shows\n{shown}\nBLESS=1 accepts it"
    );
}

fn facts(cluster: &Cluster, began: Timestamp) -> Value {
    let all = |kind, fields: &[&str]| -> Vec<Value> {
        let objects = cluster.objects(kind, "web");
        objects.iter().map(|object| some(object, fields)).collect()
    };
    let mut events = cluster.objects(Kind::Event, "web");
    events.sort_by_key(|event| {
        let version = event["metadata"]["resourceVersion"].as_str();
        version.and_then(|version| version.parse::<u64>().ok())
    });
    let events: Vec<Value> = events
        .iter()
        .map(|event| {
            let fields = [
                "type",
                "reason",
                "message",
                "count",
                "series",
                "source",
                "firstTimestamp",
                "lastTimestamp",
                "eventTime",
            ];
            let mut shown = some(event, &fields);
            let about = &event["involvedObject"];
            shown["about"] = json!([about["kind"], about["name"], about["fieldPath"]]);
            shown
        })
        .collect();
    let mut facts = json!({
        "deployments": all(Kind::Deployment, &["metadata/annotations", "metadata/generation", "status"]),
        "replicaSets": all(Kind::ReplicaSet, &["metadata/name", "metadata/annotations", "metadata/generation", "spec/replicas", "status"]),
        "pods": all(Kind::Pod, &["metadata/name", "metadata/labels", "spec/nodeName", "status"]),
        "events": events,
    });
    relative(&mut facts, began);
    facts
}

fn some(object: &Value, fields: &[&str]) -> Value {
    let shown = fields.iter().filter_map(|field| {
        let value = object.pointer(&format!("/{field}"))?;
        Some(((*field).to_owned(), value.clone()))
    });
    Value::Object(shown.collect::<Map<_, _>>())
}

/// Replaces each time by the seconds since the rollout began.
fn relative(value: &mut Value, began: Timestamp) {
    match value {
        Value::String(text) => {
            if let Ok(at) = text.parse::<Timestamp>() {
                *text = format!("{:+}s", at.as_second() - began.as_second());
            }
        }
        Value::Array(elements) => elements
            .iter_mut()
            .for_each(|element| relative(element, began)),
        Value::Object(map) => map
            .values_mut()
            .for_each(|element| relative(element, began)),
        _ => {}
    }
}
