//! The `ReplicaSet` controller: as many pods as wanted, and why there are fewer.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::event::{self, Report, Source};
use crate::failure::Failure;
use crate::kind::Kind;
use crate::kubelet;
use crate::messages;
use crate::object::{
    Key, controller_uid, is_ready, is_terminating, list, name, namespace, number, seconds, text,
    uid,
};
use crate::stay::Stay;
use crate::world::World;

/// How often a `ReplicaSet` was refused a pod, and when it asks again.
pub(crate) struct Refusals {
    count: u32,
    pub(crate) retry: Timestamp,
}

/// The longest wait between two attempts to create a pod, in seconds: the controllers' own limit.
const LONGEST_RETRY: i64 = 1000;

/// Brings the pods of one `ReplicaSet` to the wanted number, then its status to the truth.
pub(crate) fn reconcile(world: &mut World, key: &Key) {
    let Some(replica_set) = world.store.get(key).cloned() else {
        return;
    };
    let pods = pods(world, &replica_set);
    let wanted = usize::try_from(number(&replica_set, "/spec/replicas")).unwrap_or_default();
    if pods.len() >= wanted {
        world.refusals.remove(uid(&replica_set));
    }
    if pods.len() > wanted {
        for pod in doomed(pods, wanted) {
            delete(world, &replica_set, &pod);
        }
    } else if pods.len() < wanted && !waits(world, &replica_set) {
        for _ in pods.len()..wanted {
            if let Some(why) = refusal(world, &replica_set) {
                refuse(world, &replica_set, &why);
                return;
            }
            create(world, &replica_set);
        }
    }
    sync_status(world, key);
}

fn pods(world: &World, replica_set: &Value) -> Vec<Value> {
    world
        .store
        .list(Kind::Pod, Some(namespace(replica_set)))
        .filter(|pod| controller_uid(pod) == uid(replica_set) && !is_terminating(pod))
        .cloned()
        .collect()
}

/// The pods to delete: those without a node first, then those that are not ready.
fn doomed(mut pods: Vec<Value>, wanted: usize) -> Vec<Value> {
    pods.sort_by_key(|pod| (!text(pod, "/spec/nodeName").is_empty(), is_ready(pod)));
    pods.truncate(pods.len() - wanted);
    pods
}

fn delete(world: &mut World, replica_set: &Value, pod: &Value) {
    kubelet::delete(world, pod);
    let message = messages::deleted_pod(name(pod));
    event::record(
        world,
        replica_set,
        &Report::normal(Source::ReplicaSetController, "SuccessfulDelete", &message),
    );
}

fn create(world: &mut World, replica_set: &Value) {
    world.refusals.remove(uid(replica_set));
    let template = &replica_set["spec"]["template"];
    let full_name = format!("{}-{}", name(replica_set), world.suffix());
    let id = world.uid();
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": full_name,
            "generateName": format!("{}-", name(replica_set)),
            "namespace": namespace(replica_set),
            "uid": id,
            "generation": 1,
            "creationTimestamp": seconds(world.now),
            "labels": template["metadata"]["labels"],
            "ownerReferences": [{
                "apiVersion": "apps/v1",
                "kind": "ReplicaSet",
                "name": name(replica_set),
                "uid": uid(replica_set),
                "controller": true,
                "blockOwnerDeletion": true,
            }],
        },
        "spec": template["spec"],
        "status": { "phase": "Pending", "qosClass": "BestEffort" },
    });
    world.store.put(pod);
    world.stays.insert(id, Stay::new(world.now));
    let message = messages::created_pod(&full_name);
    event::record(
        world,
        replica_set,
        &Report::normal(Source::ReplicaSetController, "SuccessfulCreate", &message),
    );
}

/// Whether it was refused a pod and still waits before it asks again.
fn waits(world: &World, replica_set: &Value) -> bool {
    world
        .refusals
        .get(uid(replica_set))
        .is_some_and(|refusals| refusals.retry > world.now)
}

/// Why the quota admits no pod, if it does not. It is said to be just used up, whatever is there.
fn refusal(world: &mut World, replica_set: &Value) -> Option<String> {
    let failure = world.failure_of(&replica_set["spec"]["template"]["spec"])?;
    if failure != Failure::Quota {
        return None;
    }
    let used = world
        .store
        .list(Kind::Pod, Some(namespace(replica_set)))
        .count();
    let pod = format!("{}-{}", name(replica_set), world.suffix());
    Some(messages::exceeded_quota(&pod, used))
}

fn refuse(world: &mut World, replica_set: &Value, why: &str) {
    let count = world
        .refusals
        .get(uid(replica_set))
        .map_or(0, |refusals| refusals.count);
    let wait = 1_i64
        .checked_shl(count)
        .map_or(LONGEST_RETRY, |seconds| seconds.clamp(1, LONGEST_RETRY));
    let retry = world.after(wait);
    world.refusals.insert(
        uid(replica_set).to_owned(),
        Refusals {
            count: count + 1,
            retry,
        },
    );
    let message = messages::create_failed(why);
    event::record(
        world,
        replica_set,
        &Report::warning(Source::ReplicaSetController, "FailedCreate", &message),
    );
    // The condition keeps the first refusal for as long as there is one.
    let known = list(replica_set, "/status/conditions").first().cloned();
    let failure = known.unwrap_or_else(|| {
        json!({
            "type": "ReplicaFailure",
            "status": "True",
            "lastTransitionTime": seconds(world.now),
            "reason": "FailedCreate",
            "message": why,
        })
    });
    write_status(world, &Key::of(replica_set), Some(failure));
}

fn sync_status(world: &mut World, key: &Key) {
    let Some(replica_set) = world.store.get(key) else {
        return;
    };
    let refused = world.refusals.contains_key(uid(replica_set));
    let failure = list(replica_set, "/status/conditions")
        .first()
        .cloned()
        .filter(|_| refused);
    write_status(world, key, failure);
}

fn write_status(world: &mut World, key: &Key, failure: Option<Value>) {
    let Some(replica_set) = world.store.get(key).cloned() else {
        return;
    };
    let pods = pods(world, &replica_set);
    let ready = pods.iter().filter(|pod| is_ready(pod)).count();
    let terminating = world
        .store
        .list(Kind::Pod, Some(&key.namespace))
        .filter(|pod| controller_uid(pod) == uid(&replica_set) && is_terminating(pod))
        .count();
    let mut status = Map::new();
    status.insert("replicas".to_owned(), json!(pods.len()));
    for (field, count) in [
        ("fullyLabeledReplicas", pods.len()),
        ("readyReplicas", ready),
        ("availableReplicas", ready),
    ] {
        if count > 0 {
            status.insert(field.to_owned(), json!(count));
        }
    }
    status.insert("terminatingReplicas".to_owned(), json!(terminating));
    status.insert(
        "observedGeneration".to_owned(),
        replica_set["metadata"]["generation"].clone(),
    );
    if let Some(failure) = failure {
        status.insert("conditions".to_owned(), json!([failure]));
    }
    let mut changed = replica_set;
    changed["status"] = Value::Object(status);
    world.store.put(changed);
}
