//! The garbage collector: what a deleted object controlled goes with it.

use std::collections::BTreeSet;

use crate::kind::Kind;
use crate::object::{controller, text, uid};
use crate::world::World;

/// The kinds that control objects here. What anything else controls is not ours to collect.
const OWNERS: [Kind; 4] = [
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::ReplicaSet,
];

/// The kinds that are controlled, owners before what they own.
const OWNED: [Kind; 3] = [Kind::ReplicaSet, Kind::ControllerRevision, Kind::Pod];

pub(crate) fn collect(world: &mut World) {
    // Only what is removed leaves an orphan.
    if world.collected == world.store.removals() {
        return;
    }
    for owned in OWNED {
        let living = uids(world, &OWNERS);
        for key in world.keys(owned) {
            let orphan = world
                .store
                .get(&key)
                .and_then(controller)
                .is_some_and(|owner| {
                    let ours = OWNERS.iter().any(|kind| owner["kind"] == kind.to_string());
                    ours && !living.contains(text(owner, "/uid"))
                });
            if orphan {
                world.store.remove(&key);
            }
        }
    }
    let pods = uids(world, &[Kind::Pod]);
    world.stays.retain(|pod, _| pods.contains(pod));
    let owners = uids(world, &OWNERS);
    world.refusals.retain(|owner, _| owners.contains(owner));
    world.collected = world.store.removals();
}

fn uids(world: &World, kinds: &[Kind]) -> BTreeSet<String> {
    kinds
        .iter()
        .flat_map(|kind| world.store.list(*kind, None))
        .map(|object| uid(object).to_owned())
        .collect()
}
