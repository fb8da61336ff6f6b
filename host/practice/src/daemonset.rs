//! The `DaemonSet` controller: one pod a node, replaced as `maxUnavailable` allows. Left out:
//! `maxSurge`, node selectors and taints; how many nodes there are for a set is told from outside.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::admission;
use crate::availability::is_available;
use crate::birth::{self, Birth};
use crate::bounds;
use crate::event::{self, Report, Source};
use crate::kind::Kind;
use crate::kubelet;
use crate::managed;
use crate::messages;
use crate::object::{Key, controller_uid, is_ready, is_terminating, name, namespace, text, uid};
use crate::revision;
use crate::scheduler;
use crate::world::World;

/// What counts the changes of the template, beside the revisions.
const GENERATION: &str = "deprecated.daemonset.template.generation";

/// Brings the pods of one set to its nodes and its template, then its status to the truth.
pub(crate) fn reconcile(world: &mut World, key: &Key) {
    let Some(set) = world.store.get(key).cloned() else {
        return;
    };
    let revision = revision::live(world, &set);
    let hash = revision::hash_of(&revision, &set).to_owned();
    if !manage(world, &set, &hash) && set["spec"]["updateStrategy"]["type"] != "OnDelete" {
        roll(world, &set, &hash);
    }
    sync_status(world, key, &hash);
}

/// The pods of a set by their node.
fn by_node<'a>(world: &'a World, set: &'a Value) -> BTreeMap<&'a str, Vec<&'a Value>> {
    let mut nodes: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for pod in world.store.list(Kind::Pod, Some(namespace(set))) {
        if controller_uid(pod) == uid(set) {
            nodes.entry(node_of(pod)).or_default().push(pod);
        }
    }
    nodes
}

/// The node that a pod is on or meant for.
fn node_of(pod: &Value) -> &str {
    match text(pod, "/spec/nodeName") {
        "" => scheduler::meant_for(pod).unwrap_or_default(),
        node => node,
    }
}

fn wanted(world: &World, set: &Value) -> BTreeSet<String> {
    (0..world.daemon_nodes(&Key::of(set)))
        .map(scheduler::node)
        .collect()
}

/// A pod on each node that is to have one, and none elsewhere. Returns whether it did something.
fn manage(world: &mut World, set: &Value, hash: &str) -> bool {
    let nodes = wanted(world, set);
    let there = by_node(world, set);
    let missing: Vec<String> = nodes
        .iter()
        .filter(|node| !there.contains_key(node.as_str()))
        .cloned()
        .collect();
    let misplaced: Vec<Value> = there
        .iter()
        .filter(|(node, _)| !nodes.contains(**node))
        .flat_map(|(_, pods)| pods.iter().filter(|pod| !is_terminating(pod)))
        .map(|pod| Value::clone(pod))
        .collect();
    if missing.is_empty() {
        admission::settled(world, set);
    }
    for pod in &misplaced {
        delete(world, set, pod);
    }
    if !admission::waits(world, set) {
        for node in &missing {
            if !create(world, set, hash, node) {
                return true;
            }
        }
    }
    !missing.is_empty() || !misplaced.is_empty()
}

/// Deletes old pods: those that are not available anyway, then as many as may be missing.
fn roll(world: &mut World, set: &Value, hash: &str) {
    let most = bounds::daemons_unavailable(set, world.daemon_nodes(&Key::of(set)));
    let mut unavailable = 0;
    let (mut broken, mut candidates) = (Vec::new(), Vec::new());
    for pod in by_node(world, set).into_values().flatten() {
        let available = is_available(pod, set, world.now);
        match (is_terminating(pod), is_new(pod, hash)) {
            (true, _) => unavailable += 1,
            (false, true) => unavailable += usize::from(!available),
            (false, false) if !available => {
                unavailable += 1;
                broken.push(pod.clone());
            }
            (false, false) => candidates.push(pod.clone()),
        }
    }
    let room = most.saturating_sub(unavailable);
    for pod in broken.iter().chain(candidates.iter().take(room)) {
        delete(world, set, pod);
    }
}

fn is_new(pod: &Value, hash: &str) -> bool {
    text(pod, "/metadata/labels/controller-revision-hash") == hash
}

/// Makes the pod of a node; false where it is not admitted.
fn create(world: &mut World, set: &Value, hash: &str, node: &str) -> bool {
    let template = &set["spec"]["template"];
    let full_name = format!("{}-{}", name(set), world.suffix());
    let refusal = admission::refusal(world, set, &template["spec"], &full_name);
    if let Some(why) = refusal {
        admission::put_off(world, set);
        let message = messages::create_failed(&why);
        let report = Report::warning(Source::DaemonSetController, "FailedCreate", &message);
        event::record(world, set, &report);
        return false;
    }
    let mut labels = template["metadata"]["labels"].clone();
    labels["controller-revision-hash"] = json!(hash);
    labels["pod-template-generation"] = set["metadata"]["annotations"][GENERATION].clone();
    let mut spec = template["spec"].clone();
    spec["affinity"] = scheduler::only_on(node);
    let birth = Birth {
        name: full_name.clone(),
        labels,
        spec,
    };
    birth::create(world, set, birth);
    let message = messages::created_pod(&full_name);
    tell(world, set, "SuccessfulCreate", &message);
    true
}

fn delete(world: &mut World, set: &Value, pod: &Value) {
    kubelet::delete(world, pod);
    let message = messages::deleted_pod(name(pod));
    tell(world, set, "SuccessfulDelete", &message);
}

fn tell(world: &mut World, set: &Value, reason: &str, message: &str) {
    let report = Report::normal(Source::DaemonSetController, reason, message);
    event::record(world, set, &report);
}

/// Counts a template's change, as the API server does on every write of a `DaemonSet`.
pub(crate) fn count_template(before: &Value, after: &mut Value) {
    if after["kind"] != "DaemonSet" || before["spec"]["template"] == after["spec"]["template"] {
        return;
    }
    let generation: i64 = before["metadata"]["annotations"][GENERATION]
        .as_str()
        .and_then(|generation| generation.parse().ok())
        .unwrap_or(0);
    after["metadata"]["annotations"][GENERATION] = json!((generation + 1).to_string());
}

fn sync_status(world: &mut World, key: &Key, hash: &str) {
    let Some(set) = world.store.get(key).cloned() else {
        return;
    };
    let nodes = wanted(world, &set);
    let there = by_node(world, &set);
    let scheduled: Vec<&Value> = nodes
        .iter()
        .filter_map(|node| there.get(node.as_str())?.first().copied())
        .collect();
    let count =
        |counts: &dyn Fn(&Value) -> bool| scheduled.iter().filter(|pod| counts(pod)).count();
    let available = count(&|pod| is_available(pod, &set, world.now));
    let mut status = Map::new();
    for (field, count) in [
        ("currentNumberScheduled", scheduled.len()),
        ("numberMisscheduled", there.len() - scheduled.len()),
        ("desiredNumberScheduled", nodes.len()),
        ("numberReady", count(&|pod| is_ready(pod))),
    ] {
        status.insert(field.to_owned(), json!(count));
    }
    status.insert(
        "observedGeneration".to_owned(),
        set["metadata"]["generation"].clone(),
    );
    for (field, count) in [
        ("updatedNumberScheduled", count(&|pod| is_new(pod, hash))),
        ("numberAvailable", available),
        ("numberUnavailable", nodes.len() - available),
    ] {
        // The API leaves out these where they are zero.
        if count > 0 {
            status.insert(field.to_owned(), json!(count));
        }
    }
    managed::write_status(world, set, Value::Object(status));
}
