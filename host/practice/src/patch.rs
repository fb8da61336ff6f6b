//! The one patch of workloads that the cluster takes: a JSON Patch (RFC 6902) that changes nothing
//! but images of the template, or the mark by which its pods are restarted.

use serde_json::{Value, json};

use crate::daemonset;
use crate::managed::{self, Manager};
use crate::object::{Key, list, number, text};
use crate::status::Status;
use crate::world::World;

/// What `kubectl rollout restart` writes into a template.
const RESTARTED: &str = "kubectl.kubernetes.io/restartedAt";

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
    let template = kind.template().expect("only workloads are patched");
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
    drop_empty_annotations(&mut after, template);
    if bare(&after, template) != bare(&before, template) {
        return Err(Status::not_implemented(
            "a patch of anything but the images of a pod template and its `kubectl.kubernetes.io/restartedAt`",
        ));
    }
    for containers in ["containers", "initContainers"] {
        let found = list(&after, &format!("{template}/spec/{containers}"));
        if let Some(at) = found
            .iter()
            .position(|container| text(container, "/image").is_empty())
        {
            let field = template.trim_start_matches('/').replace('/', ".");
            return Err(Status::required(
                *kind,
                name,
                &format!("{field}.spec.{containers}[{at}].image"),
            ));
        }
    }
    if after == before {
        return Ok(before);
    }
    after["metadata"]["generation"] = json!(number(&before, "/metadata/generation") + 1);
    daemonset::count_template(&before, &mut after);
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

/// The API does not keep a map that is empty.
fn drop_empty_annotations(workload: &mut Value, template: &str) {
    let metadata = workload
        .pointer_mut(&format!("{template}/metadata"))
        .and_then(Value::as_object_mut);
    if let Some(metadata) = metadata
        && metadata.get("annotations") == Some(&json!({}))
    {
        metadata.remove("annotations");
    }
}

/// The workload without what may be patched.
fn bare(workload: &Value, template: &str) -> Value {
    let mut bare = workload.clone();
    for containers in ["containers", "initContainers"] {
        let found = bare
            .pointer_mut(&format!("{template}/spec/{containers}"))
            .and_then(Value::as_array_mut);
        for container in found.into_iter().flatten() {
            container["image"] = Value::Null;
        }
    }
    let annotations = bare
        .pointer_mut(&format!("{template}/metadata/annotations"))
        .and_then(Value::as_object_mut);
    // A value that is no string is no annotation, and is not taken.
    if let Some(annotations) = annotations
        && annotations.get(RESTARTED).is_some_and(Value::is_string)
    {
        annotations.remove(RESTARTED);
    }
    drop_empty_annotations(&mut bare, template);
    bare
}
