//! The `ReplicaSet` controller: as many pods as wanted, and why there are fewer.

use serde_json::{Map, Value, json};

use crate::admission;
use crate::availability::is_available;
use crate::birth::{self, Birth};
use crate::event::{self, Report, Source};
use crate::kind::Kind;
use crate::kubelet;
use crate::messages;
use crate::object::{
    Key, controller_uid, is_ready, is_terminating, list, name, namespace, number, seconds, text,
    uid,
};
use crate::world::World;

/// Brings the pods of one `ReplicaSet` to the wanted number, then its status to the truth.
pub(crate) fn reconcile(world: &mut World, key: &Key) {
    let Some(replica_set) = world.store.get(key).cloned() else {
        return;
    };
    let there = pods(world, &replica_set).count();
    let wanted = usize::try_from(number(&replica_set, "/spec/replicas")).unwrap_or_default();
    if there >= wanted {
        admission::settled(world, &replica_set);
    }
    if there > wanted {
        for pod in doomed(world, &replica_set, there - wanted) {
            delete(world, &replica_set, &pod);
        }
    } else if there < wanted && !admission::waits(world, &replica_set) {
        for _ in there..wanted {
            let pod = format!("{}-{}", name(&replica_set), world.suffix());
            let spec = &replica_set["spec"]["template"]["spec"];
            if let Some(why) = admission::refusal(world, &replica_set, spec, &pod) {
                refuse(world, &replica_set, &why);
                return;
            }
            create(world, &replica_set, pod);
        }
    }
    sync_status(world, key);
}

fn pods<'a>(world: &'a World, replica_set: &'a Value) -> impl Iterator<Item = &'a Value> {
    world
        .store
        .list(Kind::Pod, Some(namespace(replica_set)))
        .filter(|pod| controller_uid(pod) == uid(replica_set) && !is_terminating(pod))
}

/// The pods to delete: those without a node first, then those that are not ready.
fn doomed(world: &World, replica_set: &Value, count: usize) -> Vec<Value> {
    let mut pods: Vec<&Value> = pods(world, replica_set).collect();
    pods.sort_by_key(|pod| (!text(pod, "/spec/nodeName").is_empty(), is_ready(pod)));
    pods.into_iter().take(count).cloned().collect()
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

fn create(world: &mut World, replica_set: &Value, full_name: String) {
    admission::settled(world, replica_set);
    let template = &replica_set["spec"]["template"];
    let message = messages::created_pod(&full_name);
    let birth = Birth {
        name: full_name,
        labels: template["metadata"]["labels"].clone(),
        spec: template["spec"].clone(),
    };
    birth::create(world, replica_set, birth);
    event::record(
        world,
        replica_set,
        &Report::normal(Source::ReplicaSetController, "SuccessfulCreate", &message),
    );
}

fn refuse(world: &mut World, replica_set: &Value, why: &str) {
    admission::put_off(world, replica_set);
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
    let there = pods(world, &replica_set).count();
    let ready = pods(world, &replica_set)
        .filter(|pod| is_ready(pod))
        .count();
    let available = pods(world, &replica_set)
        .filter(|pod| is_available(pod, &replica_set, world.now))
        .count();
    let terminating = world
        .store
        .list(Kind::Pod, Some(&key.namespace))
        .filter(|pod| controller_uid(pod) == uid(&replica_set) && is_terminating(pod))
        .count();
    let mut status = Map::new();
    status.insert("replicas".to_owned(), json!(there));
    for (field, count) in [
        ("fullyLabeledReplicas", there),
        ("readyReplicas", ready),
        ("availableReplicas", available),
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
