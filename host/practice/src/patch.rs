//! The one write that the cluster takes: a JSON Patch (RFC 6902) that changes nothing of a
//! workload but images of its template.

use serde_json::{Value, json};

use crate::managed::{self, Manager};
use crate::object::{Key, list, number, text};
use crate::status::Status;
use crate::world::World;

/// A `PATCH` of an object, as the request has it.
pub(crate) struct Patch<'a> {
    pub(crate) key: &'a Key,
    pub(crate) body: &'a [u8],
    pub(crate) manager: &'a str,
    /// Say what would be, and store nothing.
    pub(crate) dry_run: bool,
}

/// Applies the patch and returns the object as it then is, or would be.
pub(crate) fn apply(world: &mut World, patch: &Patch<'_>) -> Result<Value, Status> {
    let Key { kind, name, .. } = patch.key;
    let before = world
        .store
        .get(patch.key)
        .cloned()
        .ok_or_else(|| Status::not_found(*kind, name))?;
    let operations: Value = serde_json::from_slice(patch.body)
        .map_err(|error| Status::bad_request(format!("error decoding patch: {error}")))?;
    let operations: json_patch::Patch =
        serde_json::from_value(operations).map_err(|_| Status::unprocessable())?;
    let mut after = before.clone();
    json_patch::patch(&mut after, &operations).map_err(|_| Status::unprocessable())?;

    let version = text(&after, "/metadata/resourceVersion");
    if !version.is_empty() && version != text(&before, "/metadata/resourceVersion") {
        return Err(Status::stale(*kind, name));
    }
    after["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"].clone();
    if without_images(&after) != without_images(&before) {
        return Err(Status::not_implemented(
            "a patch of anything but the images of a pod template",
        ));
    }
    for containers in ["containers", "initContainers"] {
        let found = list(&after, &format!("/spec/template/spec/{containers}"));
        if let Some(at) = found
            .iter()
            .position(|container| text(container, "/image").is_empty())
        {
            return Err(Status::required(
                *kind,
                name,
                &format!("spec.template.spec.{containers}[{at}].image"),
            ));
        }
    }
    if after == before {
        return Ok(before);
    }
    after["metadata"]["generation"] = json!(number(&before, "/metadata/generation") + 1);
    managed::record(
        &before,
        &mut after,
        &Manager::update(patch.manager),
        world.now,
    );
    Ok(if patch.dry_run {
        after
    } else {
        world.store.put(after)
    })
}

fn without_images(workload: &Value) -> Value {
    let mut bare = workload.clone();
    for containers in ["containers", "initContainers"] {
        let found = bare
            .pointer_mut(&format!("/spec/template/spec/{containers}"))
            .and_then(Value::as_array_mut);
        for container in found.into_iter().flatten() {
            container["image"] = Value::Null;
        }
    }
    bare
}
