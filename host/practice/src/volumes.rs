//! The volumes of a pod, before its containers: there, missing, or still on another node.
//! The pods themselves name no volumes; only the words tell of them.

use serde_json::Value;

use crate::event::{self, Report, Source};
use crate::failure::Failure;
use crate::image;
use crate::kind::Kind;
use crate::messages;
use crate::object::{name, namespace, text};
use crate::pod::{tell_of_pod, tell_pulling};
use crate::stay::{Stage, Stay, stay_on, step};
use crate::world::World;

/// The longest wait between two attempts to mount, in seconds: `maxDurationBeforeRetry` in
/// `pkg/volume/util/nestedpendingoperations` and `pkg/util/goroutinemap/exponentialbackoff`.
const LONGEST_RETRY: i64 = 122;

/// How long a kubelet waits for the volumes of a pod, in seconds: `podAttachAndMountTimeout` in
/// `pkg/kubelet/volumemanager/volume_manager.go`.
const PATIENCE: i64 = 123;

/// The pod gets its volumes and begins to pull its images, or it waits for them.
pub(crate) fn mount(world: &mut World, pod: &Value, stay: Stay) {
    let wait = match world.failure_of(&pod["spec"]) {
        Some(Failure::FailedMount) => {
            let app = text(pod, "/metadata/labels/app");
            let message = messages::no_config_map(app);
            tell_of_pod(world, pod, "Warning", "FailedMount", &message);
            // The real back-off begins with half a second, and its next wait is a second.
            (1_i64 << stay.failures.min(7)).min(LONGEST_RETRY)
        }
        Some(Failure::MultiAttach) if stay.failures == 0 => {
            let message = messages::multi_attach(&volume(pod), other_user(world, pod).as_deref());
            let source = Source::AttachDetachController;
            let report = Report::warning(source, "FailedAttachVolume", &message);
            event::record(world, pod, &report);
            PATIENCE
        }
        Some(Failure::MultiAttach) => {
            let message = messages::NOT_MOUNTED;
            tell_of_pod(world, pod, "Warning", "FailedMount", message);
            PATIENCE
        }
        _ => {
            tell_pulling(world, pod);
            let due = step(world);
            stay_on(world, pod, stay.at(Stage::Starting), Some(due));
            return;
        }
    };
    let due = world.after(wait);
    stay_on(world, pod, stay.failed().at(Stage::Mounting), Some(due));
}

/// The name of the pod's volume, as a dynamic provisioner gives it.
fn volume(pod: &Value) -> String {
    let hex = image::digest(text(pod, "/metadata/labels/app"));
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..32],
    ];
    format!("pvc-{}", parts.join("-"))
}

/// A pod of the same application on another node, which has the volume.
fn other_user(world: &World, pod: &Value) -> Option<String> {
    let app = text(pod, "/metadata/labels/app");
    world
        .store
        .list(Kind::Pod, Some(namespace(pod)))
        .filter(|other| text(other, "/metadata/labels/app") == app)
        .filter(|other| !text(other, "/spec/nodeName").is_empty())
        .find(|other| other["spec"]["nodeName"] != pod["spec"]["nodeName"])
        .map(|other| name(other).to_owned())
}
