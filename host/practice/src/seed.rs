//! The workloads that a cluster starts with: each healthy, rolled out long ago, and made in a
//! cluster where every image is known.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::birth::INJECTED;
use crate::failure::Failure;
use crate::kind::Kind;
use crate::managed;
use crate::manifest::manifest;
use crate::object::Key;
use crate::pace::Pace;
use crate::workload::Workload;
use crate::world::World;

/// A workload to start with, as far as a permission tells of it. A [`Workload`] tells more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// Only workloads: Deployment, `StatefulSet`, `DaemonSet`, `CronJob`. Any other kind is
    /// refused by [`Cluster::start`](crate::Cluster::start).
    pub kind: Kind,
    /// Its namespace.
    pub namespace: String,
    /// Its name, which is also the value of its pods' label `app`.
    pub name: String,
    /// Name and image of each container.
    pub containers: Vec<(String, String)>,
    /// The wanted number of pods; of a `DaemonSet`, the nodes that have one. A `CronJob` has none.
    pub replicas: u32,
}

/// A cluster of these workloads, as it stands at that time.
pub(crate) fn plant(
    workloads: &[Workload],
    failure: Option<Failure>,
    pace: Pace,
    now: Timestamp,
) -> World {
    // A day ago, so that nothing looks as if this rehearsal had done it.
    let mut world = World::new(now - SignedDuration::from_hours(24), Pace::instant());
    for workload in workloads {
        let mut object = manifest(&mut world, workload);
        // A paused Deployment was rolled out before it was paused.
        if let Some(spec) = object["spec"].as_object_mut() {
            spec.remove("paused");
        }
        managed::record(&json!({}), &mut object, &workload.manager, world.now);
        let key = Key::of(&object);
        if key.kind == Kind::DaemonSet {
            let nodes = usize::try_from(workload.seed.replicas).unwrap_or(usize::MAX);
            world.daemons.insert(key, nodes);
        }
        world.store.put(object);
    }
    world.known_images = workloads
        .iter()
        .flat_map(Workload::images)
        .chain([INJECTED.1])
        .map(str::to_owned)
        .collect::<BTreeSet<_>>();
    // Long enough for pods to have been ready for `minReadySeconds`.
    world.advance(now - SignedDuration::from_hours(1));
    for workload in workloads.iter().filter(|one| one.spec["paused"] == true) {
        pause(&mut world, workload);
    }
    // Events are kept for an hour.
    for key in world.keys(Kind::Event) {
        world.store.remove(&key);
    }
    world.now = now;
    world.pace = pace;
    world.failure = failure;
    world
}

fn pause(world: &mut World, workload: &Workload) {
    let Seed {
        kind,
        namespace,
        name,
        ..
    } = &workload.seed;
    let found = world.store.get(&Key::new(*kind, namespace, name)).cloned();
    if let Some(mut object) = found {
        object["spec"]["paused"] = Value::Bool(true);
        world.store.put(object);
    }
}
