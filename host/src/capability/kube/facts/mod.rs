//! Turns what the watches know into facts: which pods belong to which template, and what
//! the cluster says of each. Pure; only what the workload itself owns counts.

use std::collections::HashSet;

use k8s_openapi::{
    api::core::v1,
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time},
};
use serde_json::Value;
use sluice_pipeline::permission::WorkloadKind;

mod pod;
mod revision;

use super::{known::Known, workload};
use crate::bindings::sluice::kube::apply as wit;

/// The newest warnings are kept, at most so many.
const EVENTS: usize = 50;

/// The facts of the workload with that uid; `None` before it was seen.
pub(super) fn of(known: &Known, kind: WorkloadKind, uid: &str) -> Option<wit::Facts> {
    let live = known.workload.as_ref()?;
    let object = workload::object(kind, live).ok()?;
    let deleted = known.deleted || object.uid != uid;
    let number = |field: &str| {
        live.pointer(&format!("/status/{field}"))
            .and_then(Value::as_u64)
    };
    let count = |field: &str| {
        number(field)
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(0)
    };
    let revisions = match kind {
        WorkloadKind::Deployment => revision::of_replica_sets(known, live, &object.uid),
        _ => revision::of_controller_revisions(known, live, &object.uid),
    };
    let events = events(known, &object.uid);
    let daemons = kind == WorkloadKind::DaemonSet;
    let named = |field: &str, of_daemons: &str| count(if daemons { of_daemons } else { field });
    Some(wit::Facts {
        at: 0,
        observed_generation: number("observedGeneration").unwrap_or(0),
        total: named("replicas", "currentNumberScheduled"),
        updated: named("updatedReplicas", "updatedNumberScheduled"),
        ready: named("readyReplicas", "numberReady"),
        available: named("availableReplicas", "numberAvailable"),
        unavailable: named("unavailableReplicas", "numberUnavailable"),
        conditions: conditions_of(live),
        object,
        revisions,
        events,
        deleted,
        details: "{}".to_owned(),
    })
}

/// The uid of the controller that owns an object.
pub(super) fn owner(metadata: &ObjectMeta) -> Option<&String> {
    let owners = metadata.owner_references.as_ref()?;
    owners
        .iter()
        .find(|owner| owner.controller == Some(true))
        .map(|owner| &owner.uid)
}

/// The warnings about the workload, its ReplicaSets and their pods, the newest last.
fn events(known: &Known, workload: &str) -> Vec<wit::Event> {
    let sets = known.replica_sets.objects.values();
    let sets = sets.filter(|set| owner(&set.metadata).is_some_and(|owner| owner == workload));
    let mut uids = sets
        .filter_map(|set| set.metadata.uid.as_deref())
        .collect::<HashSet<_>>();
    uids.insert(workload);
    let pods = known.pods.objects.values();
    let pods = pods
        .filter(|pod| owner(&pod.metadata).is_some_and(|owner| uids.contains(owner.as_str())))
        .filter_map(|pod| pod.metadata.uid.as_deref())
        .collect::<Vec<_>>();
    uids.extend(pods);
    let about = |event: &&v1::Event| {
        event
            .involved_object
            .uid
            .as_deref()
            .is_some_and(|uid| uids.contains(uid))
    };
    let mut events = known
        .events
        .objects
        .values()
        .filter(about)
        .map(event)
        .collect::<Vec<_>>();
    events.sort_by(|a, b| {
        (a.last_seen, &a.object_name, &a.reason).cmp(&(b.last_seen, &b.object_name, &b.reason))
    });
    events.split_off(events.len().saturating_sub(EVENTS))
}

fn event(event: &v1::Event) -> wit::Event {
    let last_seen = millis(event.last_timestamp.as_ref())
        .or_else(|| {
            event
                .event_time
                .as_ref()
                .and_then(|time| u64::try_from(time.0.as_millisecond()).ok())
        })
        .or_else(|| millis(event.metadata.creation_timestamp.as_ref()));
    wit::Event {
        object_kind: event.involved_object.kind.clone().unwrap_or_default(),
        object_name: event.involved_object.name.clone().unwrap_or_default(),
        kind: event.type_.clone().unwrap_or_default(),
        reason: event.reason.clone().unwrap_or_default(),
        message: event.message.clone().unwrap_or_default(),
        last_seen,
    }
}

/// The conditions of a workload's status.
fn conditions_of(live: &Value) -> Vec<wit::Condition> {
    let conditions = live.pointer("/status/conditions").and_then(Value::as_array);
    let text =
        |condition: &Value, key: &str| condition[key].as_str().unwrap_or_default().to_owned();
    conditions
        .into_iter()
        .flatten()
        .map(|condition| wit::Condition {
            kind: text(condition, "type"),
            status: text(condition, "status"),
            reason: text(condition, "reason"),
            message: text(condition, "message"),
            since: condition["lastTransitionTime"]
                .as_str()
                .and_then(|time| time.parse::<jiff::Timestamp>().ok())
                .and_then(|time| u64::try_from(time.as_millisecond()).ok()),
        })
        .collect()
}

fn millis(time: Option<&Time>) -> Option<u64> {
    u64::try_from(time?.0.as_millisecond()).ok()
}

fn unsigned(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}
