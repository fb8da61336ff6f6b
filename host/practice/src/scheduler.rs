//! The scheduler: a node for each pod, or why there is none.

use serde_json::{Value, json};

use crate::event::{self, Report, Source};
use crate::failure::Failure;
use crate::kind::Kind;
use crate::messages;
use crate::object::{condition, name, namespace, seconds, text};
use crate::world::World;

const NODES: usize = 3;

/// How often the scheduler looks again at a pod that fits nowhere, in seconds.
pub(crate) const RETRY: i64 = 300;

/// Gives the pod a node and returns it, or says why there is none.
pub(crate) fn assign(world: &mut World, mut pod: Value) -> Option<Value> {
    if world.failure_of(&pod["spec"]) == Some(Failure::Unschedulable) {
        refuse(world, pod);
        return None;
    }
    let pods = world.store.list(Kind::Pod, None);
    let placed = pods
        .filter(|pod| !text(pod, "/spec/nodeName").is_empty())
        .count();
    let node = format!("practice-{}", placed % NODES);
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

fn refuse(world: &mut World, mut pod: Value) {
    let message = messages::unschedulable(NODES);
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
