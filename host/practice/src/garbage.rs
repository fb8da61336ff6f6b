//! The garbage collector: what a deleted object controlled goes with it.

use std::collections::BTreeSet;

use crate::kind::Kind;
use crate::object::{controller_uid, uid};
use crate::world::World;

pub(crate) fn collect(world: &mut World) {
    for (owners, owned) in [
        (Kind::Deployment, Kind::ReplicaSet),
        (Kind::ReplicaSet, Kind::Pod),
    ] {
        let living: BTreeSet<String> = world
            .store
            .list(owners, None)
            .map(|owner| uid(owner).to_owned())
            .collect();
        for key in world.keys(owned) {
            let orphan = world
                .store
                .get(&key)
                .map(controller_uid)
                .filter(|owner| !owner.is_empty() && !living.contains(*owner));
            if orphan.is_some() {
                world.store.remove(&key);
            }
        }
    }
    let pods: BTreeSet<String> = world
        .store
        .list(Kind::Pod, None)
        .map(|pod| uid(pod).to_owned())
        .collect();
    let replica_sets: BTreeSet<String> = world
        .store
        .list(Kind::ReplicaSet, None)
        .map(|found| uid(found).to_owned())
        .collect();
    world.stays.retain(|pod, _| pods.contains(pod));
    world
        .refusals
        .retain(|replica_set, _| replica_sets.contains(replica_set));
}
