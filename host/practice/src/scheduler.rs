//! The scheduler: a node for each pod, or why there is none.

use serde_json::{Value, json};

use crate::event::{self, Report, Source};
use crate::failure::Failure;
use crate::kind::Kind;
use crate::messages;
use crate::object::{condition, name, namespace, seconds, text};
use crate::world::World;

/// The nodes of a cluster, unless a `DaemonSet` needs more.
pub(crate) const NODES: usize = 3;

/// How often the scheduler looks again at a pod that fits nowhere, in seconds.
pub(crate) const RETRY: i64 = 300;

/// The name of a node.
pub(crate) fn node(number: usize) -> String {
    format!("practice-{number}")
}

/// The affinity by which a `DaemonSet`'s pod is meant for one node:
/// <https://github.com/kubernetes/kubernetes/issues/71466> shows it.
pub(crate) fn only_on(node: &str) -> Value {
    json!({ "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [{ "matchFields": [
            { "key": "metadata.name", "operator": "In", "values": [node] },
        ] }],
    } } })
}

/// The node that [`only_on`] named, if it was called for this pod.
pub(crate) fn meant_for(pod: &Value) -> Option<&str> {
    pod.pointer("/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution")?
        .pointer("/nodeSelectorTerms/0/matchFields/0/values/0")?
        .as_str()
}

/// Gives the pod a node and returns it, or says why there is none.
pub(crate) fn assign(world: &mut World, mut pod: Value) -> Option<Value> {
    if world.failure_of(&pod["spec"]) == Some(Failure::Unschedulable) {
        refuse(world, pod);
        return None;
    }
    let node = meant_for(&pod).map_or_else(|| free_node(world), str::to_owned);
    pod["spec"]["nodeName"] = json!(node);
    pod["status"]["conditions"] = json!([{
        "type": "PodScheduled",
        "observedGeneration": 1,
        "status": "True",
        "lastProbeTime": null,
        "lastTransitionTime": seconds(world.now),
    }]);
    let pod = world.store.put(pod);
    let message = messages::assigned(namespace(&pod), name(&pod), &node);
    let report = Report::normal(Source::Scheduler, "Scheduled", &message);
    event::record(world, &pod, &report);
    Some(pod)
}

fn free_node(world: &World) -> String {
    let pods = world.store.list(Kind::Pod, None);
    let placed = pods
        .filter(|pod| !text(pod, "/spec/nodeName").is_empty())
        .count();
    node(placed % NODES)
}

fn refuse(world: &mut World, mut pod: Value) {
    let nodes = world.nodes();
    let message = if meant_for(&pod).is_some() {
        messages::unschedulable_on_its_node(nodes)
    } else {
        messages::unschedulable(nodes)
    };
    let since = condition(&pod, "PodScheduled").map_or_else(
        || json!(seconds(world.now)),
        |old| old["lastTransitionTime"].clone(),
    );
    pod["status"]["conditions"] = json!([{
        "type": "PodScheduled",
        "observedGeneration": 1,
        "status": "False",
        "lastProbeTime": null,
        "lastTransitionTime": since,
        "reason": "Unschedulable",
        "message": message,
    }]);
    let pod = world.store.put(pod);
    let report = Report::warning(Source::Scheduler, "FailedScheduling", &message);
    event::record(world, &pod, &report);
}
