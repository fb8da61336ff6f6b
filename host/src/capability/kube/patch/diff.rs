//! What differs between two states of one object. Pure.

use serde_json::{Value, json};

/// What differs, leaf by leaf, as a list of `path`, `old`, `new`. What the server keeps of
/// its own accord is left out. List entries that have a name are called by it.
pub(super) fn diff(before: &Value, after: &Value) -> Value {
    let mut found = Vec::new();
    compare("", before, after, &mut found);
    Value::Array(found)
}

/// Fields that change with every write.
const BOOKKEEPING: [&str; 5] = [
    "/metadata/generation",
    "/metadata/resourceVersion",
    "/metadata/managedFields",
    "/status",
    // The API server counts the templates of a DaemonSet here.
    "/metadata/annotations/deprecated.daemonset.template.generation",
];

fn compare(path: &str, before: &Value, after: &Value, found: &mut Vec<Value>) {
    if before == after || BOOKKEEPING.contains(&path) {
        return;
    }
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            let added = new.keys().filter(|key| !old.contains_key(*key));
            for key in old.keys().chain(added) {
                let none = &Value::Null;
                let (old, new) = (old.get(key).unwrap_or(none), new.get(key).unwrap_or(none));
                compare(&format!("{path}/{key}"), old, new, found);
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                let name = match (old["name"].as_str(), new["name"].as_str()) {
                    (Some(old), Some(new)) if old == new => old.to_owned(),
                    _ => index.to_string(),
                };
                compare(&format!("{path}[{name}]"), old, new, found);
            }
        }
        _ => found.push(json!({ "path": path, "old": before, "new": after })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_names_each_leaf_that_changed_and_leaves_bookkeeping_out() {
        let before = json!({
            "metadata": { "generation": 1, "resourceVersion": "7", "annotations": { "a": "1" } },
            "spec": { "containers": [{ "name": "app", "image": "web:1" }], "replicas": 2 },
            "status": { "observedGeneration": 1 },
        });
        let after = json!({
            "metadata": { "generation": 2, "resourceVersion": "9", "annotations": { "a": "1", "b": "2" } },
            "spec": { "containers": [{ "name": "app", "image": "web:2" }], "replicas": 2 },
            "status": { "observedGeneration": 2 },
        });
        let expected = json!([
            { "path": "/metadata/annotations/b", "old": null, "new": "2" },
            { "path": "/spec/containers[app]/image", "old": "web:1", "new": "web:2" },
        ]);
        assert_eq!(diff(&before, &after), expected);
    }
}
