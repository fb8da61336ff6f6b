//! The kubelets: what becomes of a pod from its creation to its end, well or as the chosen
//! failure has it. Left out: init containers, volumes, liveness probes, evictions.

use serde_json::{Value, json};

use crate::backoff::{back_off_pull, crash, restart};
use crate::failure::Failure;
use crate::messages;
use crate::object::{Key, list, seconds, text, uid};
use crate::pod::{failing_container, image_of, replace, running, waiting, write};
use crate::pod::{tell, tell_pulling, tell_started};
use crate::scheduler;
use crate::stay::{Stage, Stay, stay_on, step};
use crate::world::World;

/// `periodSeconds` of a probe that does not say.
const PROBE_PERIOD: i64 = 10;

/// Moves one pod on, if its time has come.
pub(crate) fn sync(world: &mut World, key: &Key) {
    let Some(pod) = world.store.get(key).cloned() else {
        return;
    };
    let Some(stay) = world.stays.get(uid(&pod)).copied() else {
        return;
    };
    if stay.due.is_none_or(|due| due > world.now) {
        return;
    }
    match stay.stage {
        Stage::Created => admit(world, &pod, stay),
        Stage::Starting => start(world, pod, stay),
        Stage::PullFailed => back_off_pull(world, pod, stay),
        Stage::PullBackOff => {
            tell_pulling(world, &pod);
            stay_on(
                world,
                &pod,
                Stay {
                    stage: Stage::Starting,
                    ..stay
                },
                Some(step(world)),
            );
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
    let grace = 30;
    let mut ending = pod.clone();
    ending["metadata"]["deletionTimestamp"] = json!(seconds(world.after(grace)));
    ending["metadata"]["deletionGracePeriodSeconds"] = json!(grace);
    let ending = world.store.put(ending);
    for status in list(&ending, "/status/containerStatuses") {
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
        Stay {
            stage: Stage::Ending,
            due: None,
            failed_pulls: 0,
        },
        Some(due),
    );
}

/// A pod that has a node begins to pull its images there.
fn admit(world: &mut World, pod: &Value, stay: Stay) {
    let Some(mut pod) = scheduler::assign(world, pod.clone()) else {
        let due = world.after(scheduler::RETRY);
        stay_on(world, pod, stay, Some(due));
        return;
    };
    pod["status"]["startTime"] = json!(seconds(world.now));
    let waiting: Vec<Value> = list(&pod, "/spec/containers")
        .iter()
        .map(|container| waiting(container, "ContainerCreating", None))
        .collect();
    pod["status"]["containerStatuses"] = Value::Array(waiting);
    let pod = write(world, pod);
    tell_pulling(world, &pod);
    let due = step(world);
    stay_on(
        world,
        &pod,
        Stay {
            stage: Stage::Starting,
            ..stay
        },
        Some(due),
    );
}

/// The images are there, or one of them could not be pulled.
fn start(world: &mut World, mut pod: Value, stay: Stay) {
    let failure = world.failure_of(&pod["spec"]);
    let failing = world
        .failing_container(&pod["spec"])
        .unwrap_or_default()
        .to_owned();
    let mut statuses = list(&pod, "/status/containerStatuses").to_vec();
    let mut started = Vec::new();
    for (container, status) in list(&pod, "/spec/containers").iter().zip(&mut statuses) {
        let fails = text(container, "/name") == failing;
        if fails && failure == Some(Failure::ImagePull) {
            *status = waiting(
                container,
                "ErrImagePull",
                Some(&messages::pull_error(text(container, "/image"))),
            );
        } else if status["state"].get("running").is_none() {
            // Beside one that fails, the others are ready: they have an image that is known.
            *status = running(world, container, !failing.is_empty() && !fails);
            started.push(container.clone());
        }
    }
    pod["status"]["containerStatuses"] = Value::Array(statuses);
    let pod = write(world, pod);
    for container in &started {
        let (container, image) = (text(container, "/name"), text(container, "/image"));
        tell(
            world,
            &pod,
            container,
            "Normal",
            "Pulled",
            &messages::pulled(image),
        );
        tell_started(world, &pod, container);
    }
    let due = step(world);
    if failure == Some(Failure::ImagePull) {
        let image = image_of(&pod, &failing).to_owned();
        tell(
            world,
            &pod,
            &failing,
            "Warning",
            "Failed",
            &messages::pull_failed(&image),
        );
        tell(
            world,
            &pod,
            &failing,
            "Warning",
            "Failed",
            &messages::error("ErrImagePull"),
        );
        let failed_pulls = stay.failed_pulls + 1;
        stay_on(
            world,
            &pod,
            Stay {
                stage: Stage::PullFailed,
                failed_pulls,
                ..stay
            },
            Some(due),
        );
    } else {
        stay_on(
            world,
            &pod,
            Stay {
                stage: Stage::Running,
                ..stay
            },
            Some(due),
        );
    }
}

/// What running containers come to: readiness, the end of the process, or a failing probe.
fn run(world: &mut World, mut pod: Value, stay: Stay) {
    let failing = failing_container(world, &pod);
    match world.failure_of(&pod["spec"]) {
        Some(Failure::CrashLoop) => crash(world, pod, stay, &failing),
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
        _ => {
            let names: Vec<String> = list(&pod, "/spec/containers")
                .iter()
                .map(|container| text(container, "/name").to_owned())
                .collect();
            for container in names {
                replace(&mut pod, &container, |status| status["ready"] = json!(true));
            }
            let pod = write(world, pod);
            stay_on(world, &pod, stay, None);
        }
    }
}
