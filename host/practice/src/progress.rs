//! The status of a Deployment: what its `ReplicaSet`s add up to, whether it has enough pods, and
//! whether its rollout is complete, moving or out of time.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::bounds::Bounds;
use crate::condition::{self, Condition};
use crate::deployment::{is_new, owned};
use crate::kind::Kind;
use crate::managed;
use crate::messages;
use crate::object::{
    Key, condition as find_condition, controller_uid, is_terminating, list, name, namespace,
    number, text, uid,
};
use crate::world::World;

/// When the rollout's progress deadline runs out, where one is running.
pub(crate) fn deadline(deployment: &Value, now: Timestamp) -> Option<Timestamp> {
    let progressing = find_condition(deployment, "Progressing")?;
    let settled = matches!(
        text(progressing, "/reason"),
        "NewReplicaSetAvailable" | "ProgressDeadlineExceeded"
    );
    if settled || deployment["spec"]["paused"] == true {
        return None;
    }
    let limit = deployment
        .pointer("/spec/progressDeadlineSeconds")?
        .as_i64()?;
    let since: Timestamp = text(progressing, "/lastUpdateTime").parse().ok()?;
    let due = since + SignedDuration::from_secs(limit);
    // A status that was written by hand may say less than what is due; it is not waited for.
    (due > now).then_some(due)
}

/// Writes what the `ReplicaSet`s add up to, where it differs from what the status says.
pub(crate) fn sync_status(world: &mut World, deployment: &Value, hash: &str) {
    let Some(deployment) = world.store.get(&Key::of(deployment)).cloned() else {
        return;
    };
    let all = owned(world, &deployment);
    let new = all.iter().find(|found| is_new(found, hash));
    let status = status(world, &deployment, &all, new);
    managed::write_status(world, deployment, status);
}

fn status(world: &World, deployment: &Value, all: &[Value], new: Option<&Value>) -> Value {
    let bounds = Bounds::of(deployment);
    let sum = |pointer: &str| -> i64 { all.iter().map(|found| number(found, pointer)).sum() };
    let available = sum("/status/availableReplicas");
    let terminating = world
        .store
        .list(Kind::Pod, Some(namespace(deployment)))
        .filter(|pod| {
            is_terminating(pod) && all.iter().any(|owner| uid(owner) == controller_uid(pod))
        })
        .count();
    let mut status = Map::new();
    let mut count = |field: &str, value: i64| {
        // The API leaves out zeros.
        if value > 0 {
            status.insert(field.to_owned(), json!(value));
        }
    };
    count(
        "observedGeneration",
        number(deployment, "/metadata/generation"),
    );
    count("replicas", sum("/status/replicas"));
    count(
        "updatedReplicas",
        new.map_or(0, |new| number(new, "/status/replicas")),
    );
    count("readyReplicas", sum("/status/readyReplicas"));
    count("availableReplicas", available);
    count("unavailableReplicas", sum("/spec/replicas") - available);
    status.insert("terminatingReplicas".to_owned(), json!(terminating));
    let mut status = Value::Object(status);

    let mut conditions = list(deployment, "/status/conditions").to_vec();
    let minimum = if available >= bounds.wanted - bounds.unavailable {
        Condition {
            kind: "Available",
            status: "True",
            reason: "MinimumReplicasAvailable",
            message: messages::AVAILABLE,
        }
    } else {
        Condition {
            kind: "Available",
            status: "False",
            reason: "MinimumReplicasUnavailable",
            message: messages::UNAVAILABLE,
        }
    };
    condition::set(&mut conditions, &minimum, world.now, false);
    progress(world, deployment, &status, new, &mut conditions);
    let refused = new
        .into_iter()
        .chain(all)
        .find_map(|found| find_condition(found, "ReplicaFailure"));
    match refused {
        Some(refused) => {
            let message = text(refused, "/message");
            let failure = Condition {
                kind: "ReplicaFailure",
                status: "True",
                reason: "FailedCreate",
                message,
            };
            condition::set(&mut conditions, &failure, world.now, false);
        }
        None => condition::remove(&mut conditions, "ReplicaFailure"),
    }
    status["conditions"] = Value::Array(conditions);
    status
}

/// Keeps the `Progressing` condition: complete, moving, or out of time.
fn progress(
    world: &World,
    deployment: &Value,
    status: &Value,
    new: Option<&Value>,
    conditions: &mut Vec<Value>,
) {
    let current = find_condition(deployment, "Progressing")
        .map_or("", |found| text(found, "/reason"))
        .to_owned();
    let at = |pointer: &str| number(status, pointer);
    let (Some(new), false) = (new, deployment["spec"]["progressDeadlineSeconds"].is_null()) else {
        return;
    };
    if current == "NewReplicaSetAvailable" && at("/replicas") == at("/updatedReplicas") {
        return;
    }
    let was = |field: &str| number(&deployment["status"], field);
    let wanted = Bounds::of(deployment).wanted;
    let complete = ["/updatedReplicas", "/replicas", "/availableReplicas"]
        .iter()
        .all(|field| at(field) == wanted);
    let moved = at("/updatedReplicas") > was("/updatedReplicas")
        || at("/replicas") - at("/updatedReplicas") < was("/replicas") - was("/updatedReplicas")
        || at("/readyReplicas") > was("/readyReplicas")
        || at("/availableReplicas") > was("/availableReplicas");
    let running = !matches!(
        current.as_str(),
        "" | "NewReplicaSetAvailable" | "ProgressDeadlineExceeded"
    );
    let late = running && deadline(deployment, world.now).is_none();
    let (status, reason, message) = if complete {
        (
            "True",
            "NewReplicaSetAvailable",
            messages::progressed(name(new)),
        )
    } else if moved {
        (
            "True",
            "ReplicaSetUpdated",
            messages::progressing(name(new)),
        )
    } else if late {
        (
            "False",
            "ProgressDeadlineExceeded",
            messages::timed_out(name(new)),
        )
    } else {
        return;
    };
    let written = Condition {
        kind: "Progressing",
        status,
        reason,
        message: &message,
    };
    condition::set(conditions, &written, world.now, moved && !complete);
}
