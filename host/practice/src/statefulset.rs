//! The `StatefulSet` controller: pods with ordinals, made and replaced one at a time. A pod that is
//! not ready stops it, even where the live template would mend that pod: the known issue
//! <https://github.com/kubernetes/kubernetes/issues/67250>. Left out: claims, `maxUnavailable`.

use serde_json::{Map, Value, json};

use crate::admission;
use crate::availability::is_available;
use crate::birth::{self, Birth};
use crate::event::{self, Report, Source};
use crate::kind::Kind;
use crate::kubelet;
use crate::managed;
use crate::messages;
use crate::object::{
    Key, controller_uid, is_ready, is_terminating, name, namespace, number, text, uid,
};
use crate::revision;
use crate::world::World;

/// What is to be done about a set next.
enum Action {
    Create(i64),
    Delete(String),
    Wait,
}

/// Takes one set one step on, if there is one to take, and brings its status to the truth.
pub(crate) fn reconcile(world: &mut World, key: &Key) {
    let Some(set) = world.store.get(key).cloned() else {
        return;
    };
    let update = revision::live(world, &set);
    let current = revision::named(world, &set, text(&set, "/status/currentRevision"))
        .unwrap_or_else(|| update.clone());
    match next(world, &set, name(&update)) {
        Action::Create(_) if admission::waits(world, &set) => {}
        Action::Create(ordinal) => create(world, &set, ordinal, &current, &update),
        Action::Delete(pod) => delete(world, &set, &pod),
        Action::Wait => admission::settled(world, &set),
    }
    sync_status(world, key, name(&current), name(&update));
}

/// The order of `updateStatefulSet`: what is missing, then what is too much, then what is old.
fn next(world: &World, set: &Value, update: &str) -> Action {
    let ordered = set["spec"]["podManagementPolicy"] != "Parallel";
    let wanted = wanted(set);
    let mut slots: Vec<Option<&Value>> = vec![None; usize::try_from(wanted).unwrap_or(0)];
    let mut condemned: Vec<&Value> = Vec::new();
    for pod in pods(world, set) {
        match usize::try_from(ordinal(pod))
            .ok()
            .and_then(|at| slots.get_mut(at))
        {
            Some(slot) => *slot = Some(pod),
            None => condemned.push(pod),
        }
    }
    for (ordinal, slot) in (0..).zip(&slots) {
        let Some(pod) = slot else {
            return Action::Create(ordinal);
        };
        if ordered && (is_terminating(pod) || !is_available(pod, set, world.now)) {
            return Action::Wait;
        }
    }
    condemned.sort_by_key(|pod| -ordinal(pod));
    for pod in condemned {
        match is_terminating(pod) {
            true if ordered => return Action::Wait,
            true => {}
            false => return Action::Delete(name(pod).to_owned()),
        }
    }
    if set["spec"]["updateStrategy"]["type"] == "OnDelete" {
        return Action::Wait;
    }
    let from = usize::try_from(partition(set)).unwrap_or(0);
    for pod in slots.iter().skip(from).rev().flatten() {
        if revision_of(pod) != update && !is_terminating(pod) {
            return Action::Delete(name(pod).to_owned());
        }
        if is_terminating(pod) || !is_available(pod, set, world.now) {
            return Action::Wait;
        }
    }
    Action::Wait
}

fn wanted(set: &Value) -> i64 {
    set.pointer("/spec/replicas")
        .and_then(Value::as_i64)
        .unwrap_or(1)
}

fn partition(set: &Value) -> i64 {
    number(set, "/spec/updateStrategy/rollingUpdate/partition")
}

fn pods<'a>(world: &'a World, set: &'a Value) -> impl Iterator<Item = &'a Value> {
    world
        .store
        .list(Kind::Pod, Some(namespace(set)))
        .filter(|pod| controller_uid(pod) == uid(set))
}

fn ordinal(pod: &Value) -> i64 {
    name(pod)
        .rsplit_once('-')
        .and_then(|(_, ordinal)| ordinal.parse().ok())
        .unwrap_or(-1)
}

fn revision_of(pod: &Value) -> &str {
    text(pod, "/metadata/labels/controller-revision-hash")
}

fn create(world: &mut World, set: &Value, ordinal: i64, current: &Value, update: &Value) {
    let rolling = set["spec"]["updateStrategy"]["type"] == "RollingUpdate";
    let revision = if rolling && ordinal < partition(set) {
        current
    } else {
        update
    };
    let template = revision::template_of(revision);
    let full_name = format!("{}-{ordinal}", name(set));
    let refusal = admission::refusal(world, set, &template["spec"], &full_name);
    if let Some(why) = refusal {
        admission::put_off(world, set);
        let message = messages::stateful_pod_failed("create", &full_name, name(set), &why);
        let report = Report::warning(Source::StatefulSetController, "FailedCreate", &message);
        event::record(world, set, &report);
        return;
    }
    admission::settled(world, set);
    let mut labels = template["metadata"]["labels"].clone();
    labels["controller-revision-hash"] = json!(name(revision));
    labels["statefulset.kubernetes.io/pod-name"] = json!(full_name);
    labels["apps.kubernetes.io/pod-index"] = json!(ordinal.to_string());
    let mut spec = template["spec"].clone();
    spec["hostname"] = json!(full_name);
    spec["subdomain"] = set["spec"]["serviceName"].clone();
    let birth = Birth {
        name: full_name.clone(),
        labels,
        spec,
    };
    birth::create(world, set, birth);
    tell(world, set, "SuccessfulCreate", "create", &full_name);
}

fn delete(world: &mut World, set: &Value, pod: &str) {
    let key = Key::new(Kind::Pod, namespace(set), pod);
    if let Some(doomed) = world.store.get(&key).cloned() {
        kubelet::delete(world, &doomed);
        tell(world, set, "SuccessfulDelete", "delete", pod);
    }
}

fn tell(world: &mut World, set: &Value, reason: &str, verb: &str, pod: &str) {
    let message = messages::stateful_pod(verb, pod, name(set));
    let report = Report::normal(Source::StatefulSetController, reason, &message);
    event::record(world, set, &report);
}

fn sync_status(world: &mut World, key: &Key, current: &str, update: &str) {
    let Some(set) = world.store.get(key).cloned() else {
        return;
    };
    let (mut replicas, mut ready, mut available) = (0, 0, 0);
    let (mut at_current, mut at_update) = (0, 0);
    for pod in pods(world, &set) {
        replicas += 1;
        ready += usize::from(is_ready(pod));
        available += usize::from(is_available(pod, &set, world.now));
        if !is_terminating(pod) {
            at_current += usize::from(revision_of(pod) == current);
            at_update += usize::from(revision_of(pod) == update);
        }
    }
    let (mut current, mut currently, updated) = (current, at_current, at_update);
    let all = usize::try_from(wanted(&set)).unwrap_or(0);
    let rolling = set["spec"]["updateStrategy"]["type"] == "RollingUpdate";
    if rolling && updated == all && ready == all && replicas == all {
        (current, currently) = (update, updated);
    }
    let mut status = Map::new();
    status.insert(
        "observedGeneration".to_owned(),
        set["metadata"]["generation"].clone(),
    );
    status.insert("replicas".to_owned(), json!(replicas));
    for (field, count) in [
        ("readyReplicas", ready),
        ("currentReplicas", currently),
        ("updatedReplicas", updated),
    ] {
        // The API leaves out these where they are zero, and no others.
        if count > 0 {
            status.insert(field.to_owned(), json!(count));
        }
    }
    status.insert("currentRevision".to_owned(), json!(current));
    status.insert("updateRevision".to_owned(), json!(update));
    status.insert("collisionCount".to_owned(), json!(0));
    status.insert("availableReplicas".to_owned(), json!(available));
    managed::write_status(world, set, Value::Object(status));
}
