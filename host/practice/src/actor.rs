//! Somebody else who changes objects meanwhile: another field manager, with the whole object at
//! their mercy. For tests; no request can do this.

use serde_json::{Value, json};

use crate::managed::{self, Manager};
use crate::object::{Key, number};
use crate::world::World;

/// Merges into an object as a strategic merge patch does: `null` removes a field, elements of
/// `containers` and `conditions` are found by their key, other lists are replaced. Returns the
/// object, or nothing where there is none.
pub(crate) fn patch(
    world: &mut World,
    key: &Key,
    manager: &Manager,
    change: &Value,
) -> Option<Value> {
    let before = world.store.get(key)?.clone();
    let mut after = before.clone();
    merge(&mut after, change, "");
    if after["spec"] != before["spec"] {
        after["metadata"]["generation"] = json!(number(&before, "/metadata/generation") + 1);
    }
    // Who sets the ownership itself means what they say.
    if change.pointer("/metadata/managedFields").is_none() {
        managed::record(&before, &mut after, manager, world.now);
    }
    Some(world.store.put(after))
}

fn merge(target: &mut Value, change: &Value, field: &str) {
    match (target, change) {
        (Value::Object(target), Value::Object(change)) => {
            for (key, value) in change {
                if value.is_null() {
                    target.remove(key);
                } else {
                    merge(target.entry(key.clone()).or_insert(Value::Null), value, key);
                }
            }
        }
        (Value::Array(target), Value::Array(change)) if managed::list_key(field).is_some() => {
            let by = managed::list_key(field).expect("the guard has asked");
            for element in change {
                match target.iter_mut().find(|found| found[by] == element[by]) {
                    Some(found) => merge(found, element, ""),
                    None => target.push(element.clone()),
                }
            }
        }
        (target, change) => *target = change.clone(),
    }
}
