//! `ControllerRevision`s: the templates that a `StatefulSet` or `DaemonSet` had, as their
//! controllers keep them. Left out: that old ones are removed after `revisionHistoryLimit`.

use serde_json::{Value, json};

use crate::birth::reference;
use crate::kind::Kind;
use crate::object::{Key, controller_uid, name, namespace, number, seconds, uid};
use crate::template;
use crate::world::World;

/// Sees that the live template has its revision with the highest number, a new one or the one
/// that it had before, and returns it.
pub(crate) fn live(world: &mut World, owner: &Value) -> Value {
    let data = data(owner);
    let highest = owned(world, owner)
        .map(|found| number(found, "/revision"))
        .max()
        .unwrap_or(0);
    let same = owned(world, owner)
        .find(|found| found["data"] == data)
        .cloned();
    match same {
        Some(found) if number(&found, "/revision") == highest => found,
        Some(mut found) => {
            found["revision"] = json!(highest + 1);
            world.store.put(found)
        }
        None => create(world, owner, &data, highest + 1),
    }
}

/// A revision of this owner by its name.
pub(crate) fn named(world: &World, owner: &Value, name: &str) -> Option<Value> {
    let key = Key::new(Kind::ControllerRevision, namespace(owner), name);
    let found = world.store.get(&key)?;
    (controller_uid(found) == uid(owner)).then(|| found.clone())
}

/// The pod template that a revision holds.
pub(crate) fn template_of(revision: &Value) -> Value {
    let mut template = revision["data"]["spec"]["template"].clone();
    if let Some(template) = template.as_object_mut() {
        template.remove("$patch");
    }
    template
}

/// The hash of a revision: the end of its name.
pub(crate) fn hash_of<'a>(revision: &'a Value, owner: &Value) -> &'a str {
    name(revision)
        .strip_prefix(name(owner))
        .map_or("", |rest| rest.trim_start_matches('-'))
}

fn owned<'a>(world: &'a World, owner: &'a Value) -> impl Iterator<Item = &'a Value> {
    world
        .store
        .list(Kind::ControllerRevision, Some(namespace(owner)))
        .filter(|found| controller_uid(found) == uid(owner))
}

/// A revision is a patch that replaces the template: `getPatch` of both controllers.
fn data(owner: &Value) -> Value {
    let mut template = owner["spec"]["template"].clone();
    template["$patch"] = json!("replace");
    json!({ "spec": { "template": template } })
}

fn create(world: &mut World, owner: &Value, data: &Value, number: i64) -> Value {
    let hash = template::hash(&owner["spec"]["template"]);
    // The two controllers label their revisions differently.
    let label = if owner["kind"] == "DaemonSet" {
        "controller-revision-hash"
    } else {
        "controller.kubernetes.io/hash"
    };
    let mut labels = owner["spec"]["template"]["metadata"]["labels"].clone();
    labels[label] = json!(hash);
    let mut metadata = json!({
        "name": format!("{}-{hash}", name(owner)),
        "namespace": namespace(owner),
        "uid": world.uid(),
        "creationTimestamp": seconds(world.now),
        "labels": labels,
        "ownerReferences": [reference(owner)],
    });
    if let Some(annotations) = owner["metadata"].get("annotations") {
        metadata["annotations"] = annotations.clone();
    }
    world.store.put(json!({
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": metadata,
        "data": data,
        "revision": number,
    }))
}
