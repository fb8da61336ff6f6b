//! What stands before a new pod: the namespace's quota and an admission webhook. Its controller
//! is told why not, and asks again ever later.

use jiff::Timestamp;
use serde_json::Value;

use crate::failure::Failure;
use crate::kind::Kind;
use crate::messages;
use crate::object::{list, namespace, number, text, uid};
use crate::world::World;

/// How often a controller was refused a pod, and when it asks again.
pub(crate) struct Refusals {
    count: u32,
    /// The owner's generation: a change of it is not made to wait.
    generation: i64,
    pub(crate) retry: Timestamp,
}

/// The longest wait between two attempts to create a pod, in seconds: the controllers' own limit.
const LONGEST_RETRY: i64 = 1000;

/// Why a pod of that name and spec is not admitted, if it is not. The quota is said to be just
/// used up, whatever is there.
pub(crate) fn refusal(
    world: &World,
    owner: &Value,
    pod_spec: &Value,
    pod_name: &str,
) -> Option<String> {
    match world.failure_of(pod_spec)? {
        Failure::Quota => {
            let used = world.store.list(Kind::Pod, Some(namespace(owner))).count();
            Some(messages::exceeded_quota(pod_name, used))
        }
        Failure::Admission => {
            let containers = list(pod_spec, "/containers")
                .iter()
                .chain(list(pod_spec, "/initContainers"));
            let image = containers
                .map(|container| text(container, "/image"))
                .find(|image| !world.known_images.contains(*image))
                .unwrap_or_default();
            Some(messages::denied_by_webhook(image))
        }
        _ => None,
    }
}

/// Whether the controller of this object was refused a pod and still waits before it asks again.
pub(crate) fn waits(world: &World, owner: &Value) -> bool {
    world.refusals.get(uid(owner)).is_some_and(|refusals| {
        refusals.retry > world.now && refusals.generation == number(owner, "/metadata/generation")
    })
}

/// Lets the controller of this object wait, twice as long each time.
pub(crate) fn put_off(world: &mut World, owner: &Value) {
    let count = world
        .refusals
        .get(uid(owner))
        .map_or(0, |refusals| refusals.count);
    let wait = 1_i64
        .checked_shl(count)
        .map_or(LONGEST_RETRY, |seconds| seconds.clamp(1, LONGEST_RETRY));
    let retry = world.after(wait);
    world.refusals.insert(
        uid(owner).to_owned(),
        Refusals {
            count: count + 1,
            generation: number(owner, "/metadata/generation"),
            retry,
        },
    );
}

/// Forgets the refusals: the controller got its pods, or wants no more.
pub(crate) fn settled(world: &mut World, owner: &Value) {
    world.refusals.remove(uid(owner));
}
