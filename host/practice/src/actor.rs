//! Somebody else who changes objects meanwhile: another field manager, with the whole object at
//! their mercy. For tests; no request can do this.

use serde_json::{Value, json};

use crate::daemonset;
use crate::garbage;
use crate::managed::{self, Manager};
use crate::object::{Key, list, number, seconds};
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
        daemonset::count_template(&before, &mut after);
    }
    // Who sets the ownership itself means what they say.
    if change.pointer("/metadata/managedFields").is_none() {
        managed::record(&before, &mut after, manager, world.now);
    }
    Some(world.store.put(after))
}

/// Merges a change into a value, which is the field of that name.
pub(crate) fn merge(target: &mut Value, change: &Value, field: &str) {
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

/// Sets the image of a container or init container of a workload's template.
pub(crate) fn set_image(
    world: &mut World,
    key: &Key,
    manager: &Manager,
    container: &str,
    image: &str,
) -> Option<Value> {
    let workload = world.store.get(key)?;
    let template = key.kind.template()?;
    let part = ["containers", "initContainers"].into_iter().find(|part| {
        list(workload, &format!("{template}/spec/{part}"))
            .iter()
            .any(|found| found["name"] == container)
    })?;
    let mut change = json!({ "spec": { part: [{ "name": container, "image": image }] } });
    for field in template.trim_start_matches('/').rsplit('/') {
        change = json!({ field: change });
    }
    patch(world, key, manager, &change)
}

/// Sets the wanted number of pods, as an autoscaler does: through the subresource `scale`.
pub(crate) fn scale(world: &mut World, key: &Key, replicas: u32) -> Option<Value> {
    if !key.kind.has_replicas() {
        return None;
    }
    let before = world.store.get(key)?.clone();
    let mut after = before.clone();
    after["spec"]["replicas"] = json!(replicas);
    if after == before {
        return Some(after);
    }
    after["metadata"]["generation"] = json!(number(&before, "/metadata/generation") + 1);
    let manager = Manager::update("kube-controller-manager");
    managed::record_through(Some("scale"), &before, &mut after, &manager, world.now);
    Some(world.store.put(after))
}

/// Deletes an object and makes it again from what it was: of the same spec, with another uid.
pub(crate) fn recreate(world: &mut World, key: &Key, manager: &Manager) -> Option<Value> {
    let old = world.store.get(key)?.clone();
    world.store.remove(key);
    garbage::collect(world);
    let mut new = old;
    let uid = world.uid();
    let metadata = new["metadata"].as_object_mut()?;
    for written in ["managedFields", "resourceVersion"] {
        metadata.remove(written);
    }
    if let Some(annotations) = metadata
        .get_mut("annotations")
        .and_then(Value::as_object_mut)
    {
        annotations.retain(|key, _| !key.starts_with("deployment.kubernetes.io/"));
    }
    metadata.insert("uid".to_owned(), json!(uid));
    metadata.insert("generation".to_owned(), json!(1));
    metadata.insert("creationTimestamp".to_owned(), json!(seconds(world.now)));
    new["status"] = json!({});
    managed::record(&json!({}), &mut new, manager, world.now);
    Some(world.store.put(new))
}
