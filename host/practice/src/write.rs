//! The other writes that the cluster takes: deletion of a pod, a pod's status and an event, so that
//! clients can mend what is stuck, and recordings of other clusters can be played.

use serde_json::{Value, json};

use crate::kind::Kind;
use crate::kubelet;
use crate::object::{Key, is_terminating, namespace, seconds, text, uid};
use crate::status::Status;
use crate::world::World;

/// Deletes a pod, with the options of the request's body, and returns it as it then is.
pub(crate) fn delete_pod(
    world: &mut World,
    key: &Key,
    options: &Value,
    dry_run: bool,
) -> Result<Value, Status> {
    let pod = world
        .store
        .get(key)
        .cloned()
        .ok_or_else(|| Status::not_found(key.kind, &key.name))?;
    // `BeforeDelete` of `k8s.io/apiserver/pkg/registry/rest/delete.go`.
    let wanted = text(options, "/preconditions/uid");
    if !wanted.is_empty() && wanted != uid(&pod) {
        let why = format!(
            "the UID in the precondition ({wanted}) does not match the UID in record ({}). \
             The object might have been deleted and then recreated",
            uid(&pod)
        );
        return Err(Status::conflict(key.kind, &key.name, &why));
    }
    let (wanted, version) = (
        text(options, "/preconditions/resourceVersion"),
        text(&pod, "/metadata/resourceVersion"),
    );
    if !wanted.is_empty() && wanted != version {
        let why = format!(
            "the ResourceVersion in the precondition ({wanted}) does not match the ResourceVersion in record \
             ({version}). The object might have been modified"
        );
        return Err(Status::conflict(key.kind, &key.name, &why));
    }
    if dry_run {
        return Ok(pod);
    }
    if options["gracePeriodSeconds"] == 0 {
        world.store.remove(key);
    } else if !is_terminating(&pod) {
        kubelet::delete(world, &pod);
    }
    Ok(world.store.get(key).cloned().unwrap_or(pod))
}

/// Replaces the status of a pod. Its kubelet leaves it alone from then on.
pub(crate) fn put_status(world: &mut World, key: &Key, status: &Value) -> Option<Value> {
    let mut pod = world.store.get(key)?.clone();
    world.stays.remove(uid(&pod));
    pod["status"] = status.clone();
    Some(world.store.put(pod))
}

/// Merges the `status` of a JSON Merge Patch (RFC 7386) into a pod's; whatever else the patch
/// has is ignored, as the subresource does.
pub(crate) fn patch_status(world: &mut World, key: &Key, body: &[u8]) -> Result<Value, Status> {
    let pod = world
        .store
        .get(key)
        .ok_or_else(|| Status::not_found(key.kind, &key.name))?;
    let patch: Value = serde_json::from_slice(body)
        .map_err(|error| Status::bad_request(format!("error decoding patch: {error}")))?;
    let version = text(&patch, "/metadata/resourceVersion");
    if !version.is_empty() && version != text(pod, "/metadata/resourceVersion") {
        return Err(Status::stale(key.kind, &key.name));
    }
    let mut status = pod["status"].clone();
    if let Some(change) = patch.get("status") {
        json_patch::merge(&mut status, change);
    }
    put_status(world, key, &status).ok_or_else(|| Status::not_found(key.kind, &key.name))
}

/// Stores an event as it is given, with a name, uid and time where it has none.
pub(crate) fn post_event(
    world: &mut World,
    in_namespace: &str,
    event: &Value,
) -> Result<Value, Status> {
    if !event.is_object() || !event["involvedObject"].is_object() {
        let message = "an event needs an `involvedObject`".to_owned();
        return Err(Status::bad_request(message));
    }
    let mut event = event.clone();
    event["apiVersion"] = json!("v1");
    event["kind"] = json!(Kind::Event.to_string());
    event["metadata"]["namespace"] = match namespace(&event) {
        "" => json!(in_namespace),
        given if given == in_namespace => json!(given),
        _ => {
            let message = "the namespace of the provided object does not match the namespace sent on the request";
            return Err(Status::bad_request(message));
        }
    };
    if text(&event, "/metadata/name").is_empty() {
        let prefix = match text(&event, "/metadata/generateName") {
            "" => format!("{}.", text(&event, "/involvedObject/name")),
            prefix => prefix.to_owned(),
        };
        event["metadata"]["name"] = json!(format!("{prefix}{}", world.suffix()));
    }
    let key = Key::of(&event);
    if world.store.get(&key).is_some() {
        return Err(Status::already_exists(key.kind, &key.name));
    }
    event["metadata"]["uid"] = json!(world.uid());
    event["metadata"]["creationTimestamp"] = json!(seconds(world.now));
    Ok(world.store.put(event))
}
