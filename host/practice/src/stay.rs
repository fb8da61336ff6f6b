//! Where each pod is on its way, beside what the API shows of it.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::object::{Key, uid};
use crate::world::World;

/// Where a pod is, and when it moves on; without a time it rests there.
#[derive(Clone, Debug)]
pub(crate) struct Stay {
    pod: Key,
    pub(crate) stage: Stage,
    pub(crate) due: Option<Timestamp>,
    /// The pulls or mounts that failed so far.
    pub(crate) failures: u32,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Stage {
    Created,
    Mounting,
    Starting,
    PullFailed,
    PullBackOff,
    Misconfigured,
    Running,
    Crashed,
    CrashBackOff,
    Ending,
}

impl Stay {
    pub(crate) fn new(pod: Key, now: Timestamp) -> Stay {
        Stay {
            pod,
            stage: Stage::Created,
            due: Some(now),
            failures: 0,
        }
    }

    /// The pod, if its time has come.
    pub(crate) fn due_pod(&self, now: Timestamp) -> Option<&Key> {
        self.due.is_some_and(|due| due <= now).then_some(&self.pod)
    }

    /// The same stay at another stage.
    pub(crate) fn at(self, stage: Stage) -> Stay {
        Stay { stage, ..self }
    }

    /// The same stay after one more failure.
    pub(crate) fn failed(self) -> Stay {
        Stay {
            failures: self.failures + 1,
            ..self
        }
    }
}

/// When a step that begins now is done, at the pace of this cluster.
pub(crate) fn step(world: &World) -> Timestamp {
    let step = SignedDuration::try_from(world.pace.step).unwrap_or(SignedDuration::MAX);
    world
        .now
        .saturating_add(step)
        .expect("a signed duration has no calendar units")
}

/// Leaves a pod there until then.
pub(crate) fn stay_on(world: &mut World, pod: &Value, stay: Stay, due: Option<Timestamp>) {
    world
        .stays
        .insert(uid(pod).to_owned(), Stay { due, ..stay });
}
