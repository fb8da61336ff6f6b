//! How a controller makes a pod: from a template, owned by what the controller looks after.

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::object::{Key, list, name, namespace, seconds, uid};
use crate::stay::Stay;
use crate::world::World;

/// The init container that a service mesh's webhook puts into pods, and its image.
pub(crate) const INJECTED: (&str, &str) = ("mesh-init", "ghcr.io/acme/mesh-init:1");

/// A pod about to be made.
pub(crate) struct Birth {
    pub(crate) name: String,
    pub(crate) labels: Value,
    pub(crate) spec: Value,
}

/// Stores the pod; its kubelet takes it from there.
pub(crate) fn create(world: &mut World, owner: &Value, birth: Birth) {
    let Birth {
        name: full_name,
        labels,
        mut spec,
    } = birth;
    let crashes = world.failure_of(&spec) == Some(Failure::InitCrash);
    if crashes && list(&spec, "/initContainers").is_empty() {
        let (name, image) = INJECTED;
        spec["initContainers"] = json!([{ "name": name, "image": image, "resources": {} }]);
    }
    let id = world.uid();
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": full_name,
            "generateName": format!("{}-", name(owner)),
            "namespace": namespace(owner),
            "uid": id,
            "generation": 1,
            "creationTimestamp": seconds(world.now),
            "labels": labels,
            "ownerReferences": [reference(owner)],
        },
        "spec": spec,
        "status": { "phase": "Pending", "qosClass": "BestEffort" },
    });
    let key = Key::of(&pod);
    world.store.put(pod);
    world.stays.insert(id, Stay::new(key, world.now));
}

/// The reference by which a controller owns what it made.
pub(crate) fn reference(owner: &Value) -> Value {
    json!({
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": name(owner),
        "uid": uid(owner),
        "controller": true,
        "blockOwnerDeletion": true,
    })
}
