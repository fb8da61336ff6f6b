//! The kubelets: what becomes of a pod from its creation to its end, well or as the chosen
//! failure has it. Left out: liveness probes, evictions, init containers that stay as sidecars.

use serde_json::{Value, json};

use crate::backoff::{back_off_pull, crash, restart};
use crate::failure::Failure;
use crate::messages;
use crate::object::{Key, list, seconds, text, uid};
use crate::pod::{self, current, replace, write};
use crate::pod::{tell, tell_pulling};
use crate::scheduler;
use crate::start::start;
use crate::stay::{Stage, Stay, stay_on, step};
use crate::volumes;
use crate::world::World;

/// `periodSeconds` of a probe that does not say.
const PROBE_PERIOD: i64 = 10;

/// The grace of a pod's end, in seconds.
const GRACE: i64 = 30;

/// Moves one pod on, if its time has come.
pub(crate) fn sync(world: &mut World, key: &Key) {
    let Some(pod) = world.store.get(key) else {
        return;
    };
    let Some(stay) = world.stays.get(uid(pod)).cloned() else {
        return;
    };
    if stay.due.is_none_or(|due| due > world.now) {
        return;
    }
    let pod = pod.clone();
    match stay.stage {
        Stage::Created => admit(world, &pod, stay),
        Stage::Mounting => volumes::mount(world, &pod, stay),
        Stage::Starting | Stage::Misconfigured => start(world, pod, stay),
        Stage::PullFailed => back_off_pull(world, pod, stay),
        Stage::PullBackOff => {
            tell_pulling(world, &pod);
            let due = step(world);
            stay_on(world, &pod, stay.at(Stage::Starting), Some(due));
        }
        Stage::Running => run(world, pod, stay),
        Stage::Crashed | Stage::CrashBackOff => restart(world, pod, stay),
        Stage::Ending => world.store.remove(key),
    }
}

/// Deletes a pod as its owner does: one on a node ends in its own time.
pub(crate) fn delete(world: &mut World, pod: &Value) {
    if text(pod, "/spec/nodeName").is_empty() {
        world.store.remove(&Key::of(pod));
        return;
    }
    let mut ending = pod.clone();
    ending["metadata"]["deletionTimestamp"] = json!(seconds(world.after(GRACE)));
    ending["metadata"]["deletionGracePeriodSeconds"] = json!(GRACE);
    let ending = world.store.put(ending);
    for status in pod::statuses(&ending) {
        if status["state"].get("running").is_some() {
            let container = text(status, "/name");
            tell(
                world,
                &ending,
                container,
                "Normal",
                "Killing",
                &messages::stopping(container),
            );
        }
    }
    let due = step(world);
    stay_on(
        world,
        &ending,
        Stay::new(Key::of(&ending), world.now).at(Stage::Ending),
        Some(due),
    );
}

/// A pod that has a node gets its volumes and begins to pull its images there.
fn admit(world: &mut World, pod: &Value, stay: Stay) {
    let Some(mut pod) = scheduler::assign(world, pod.clone()) else {
        let due = world.after(scheduler::RETRY);
        stay_on(world, pod, stay, Some(due));
        return;
    };
    pod["status"]["startTime"] = json!(seconds(world.now));
    let inits = !list(&pod, "/spec/initContainers").is_empty();
    let reason = if inits {
        "PodInitializing"
    } else {
        "ContainerCreating"
    };
    for (containers, statuses) in [
        ("/spec/initContainers", "initContainerStatuses"),
        ("/spec/containers", "containerStatuses"),
    ] {
        let waiting: Vec<Value> = list(&pod, containers)
            .iter()
            .map(|container| pod::waiting(container, reason, None))
            .collect();
        if !waiting.is_empty() {
            pod["status"][statuses] = Value::Array(waiting);
        }
    }
    let pod = write(world, pod);
    volumes::mount(world, &pod, stay);
}

/// What running containers come to: the end of an init container, readiness, the end of the
/// process, or a failing probe.
fn run(world: &mut World, mut pod: Value, stay: Stay) {
    let failing = pod::failing_container(world, &pod);
    let now = current(&pod);
    let failure = world
        .failure_of(&pod["spec"])
        .filter(|_| now.contains(&failing));
    match failure {
        Some(Failure::CrashLoop | Failure::InitCrash) => crash(world, pod, stay, &failing),
        Some(Failure::NeverReady) => {
            tell(
                world,
                &pod,
                &failing,
                "Warning",
                "Unhealthy",
                messages::PROBE_FAILED,
            );
            let due = world.after(PROBE_PERIOD);
            stay_on(world, &pod, stay, Some(due));
        }
        _ if pod::is_initializing(&pod) => complete(world, pod, stay),
        _ => {
            for container in now {
                replace(&mut pod, &container, |status| status["ready"] = json!(true));
            }
            let pod = write(world, pod);
            stay_on(world, &pod, stay, None);
        }
    }
}

/// An init container has done its work: the next one follows, or the containers proper.
fn complete(world: &mut World, mut pod: Value, stay: Stay) {
    let now = seconds(world.now);
    for container in current(&pod) {
        replace(&mut pod, &container, |status| {
            status["state"] = json!({ "terminated": {
                "exitCode": 0,
                "reason": "Completed",
                "startedAt": status["state"]["running"]["startedAt"],
                "finishedAt": now,
                "containerID": status["containerID"],
            } });
            status["ready"] = json!(true);
            status["started"] = json!(false);
        });
    }
    let pod = write(world, pod);
    tell_pulling(world, &pod);
    let due = step(world);
    stay_on(world, &pod, stay.at(Stage::Starting), Some(due));
}
