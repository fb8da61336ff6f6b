//! When a pod counts as available: it was ready for the workload's `minReadySeconds` without a
//! break.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::kind::Kind;
use crate::object::{condition, controller_uid, is_ready, namespace, number, text, uid};
use crate::world::World;

/// `owner` is what the pod belongs to: a `ReplicaSet`, `StatefulSet` or `DaemonSet`.
pub(crate) fn is_available(pod: &Value, owner: &Value, now: Timestamp) -> bool {
    is_ready(pod) && since(pod, owner).is_none_or(|since| since <= now)
}

/// From when the pod counts, as long as it stays ready; nothing where that is at once.
fn since(pod: &Value, owner: &Value) -> Option<Timestamp> {
    let minimum = number(owner, "/spec/minReadySeconds");
    if minimum == 0 {
        return None;
    }
    let ready: Timestamp = text(condition(pod, "Ready")?, "/lastTransitionTime")
        .parse()
        .ok()?;
    ready
        .saturating_add(SignedDuration::from_secs(minimum))
        .ok()
}

/// When the next of the pods that are ready counts as available.
pub(crate) fn next(world: &World) -> Option<Timestamp> {
    [Kind::ReplicaSet, Kind::StatefulSet, Kind::DaemonSet]
        .into_iter()
        .flat_map(|kind| world.store.list(kind, None))
        .filter(|owner| number(owner, "/spec/minReadySeconds") > 0)
        .flat_map(|owner| {
            let pods = world.store.list(Kind::Pod, Some(namespace(owner)));
            pods.filter(|pod| controller_uid(pod) == uid(owner) && is_ready(pod))
                .filter_map(|pod| since(pod, owner))
        })
        .filter(|due| *due > world.now)
        .min()
}
