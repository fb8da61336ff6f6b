//! The status of a pod, as its kubelet writes it: the containers, the phase and conditions that
//! follow from them, and the events that tell of them.

use serde_json::{Value, json};

use crate::event::{self, Report, Source};
use crate::image;
use crate::messages;
use crate::object::{condition, list, seconds, text};
use crate::world::World;

/// A container of a pod by its name, init containers among them.
pub(crate) fn container<'a>(pod: &'a Value, name: &str) -> Option<&'a Value> {
    list(pod, "/spec/initContainers")
        .iter()
        .chain(list(pod, "/spec/containers"))
        .find(|found| found["name"] == name)
}

/// The image that a pod's container asks for.
pub(crate) fn image_of<'a>(pod: &'a Value, name: &str) -> &'a str {
    container(pod, name).map_or("", |found| text(found, "/image"))
}

/// The statuses of all containers of a pod, init containers first.
pub(crate) fn statuses(pod: &Value) -> impl Iterator<Item = &Value> {
    list(pod, "/status/initContainerStatuses")
        .iter()
        .chain(list(pod, "/status/containerStatuses"))
}

/// The status of one container of a pod.
pub(crate) fn status<'a>(pod: &'a Value, name: &str) -> Option<&'a Value> {
    statuses(pod).find(|status| status["name"] == name)
}

/// Changes the status of one container of a pod.
pub(crate) fn replace(pod: &mut Value, container: &str, change: impl FnOnce(&mut Value)) {
    for list in ["/status/initContainerStatuses", "/status/containerStatuses"] {
        let statuses = pod.pointer_mut(list).and_then(Value::as_array_mut);
        let mut statuses = statuses.into_iter().flatten();
        if let Some(status) = statuses.find(|status| status["name"] == container) {
            change(status);
            return;
        }
    }
}

/// Whether an init container has not done its work.
pub(crate) fn is_initializing(pod: &Value) -> bool {
    unfinished(pod).next().is_some()
}

fn unfinished(pod: &Value) -> impl Iterator<Item = &Value> {
    list(pod, "/status/initContainerStatuses")
        .iter()
        .filter(|status| status.pointer("/state/terminated/exitCode") != Some(&json!(0)))
}

/// The names of the containers whose turn it is: an init container by itself, then the containers
/// proper together.
pub(crate) fn current(pod: &Value) -> Vec<String> {
    let name = |status: &Value| text(status, "/name").to_owned();
    match unfinished(pod).next() {
        Some(status) => vec![name(status)],
        None => list(pod, "/status/containerStatuses")
            .iter()
            .map(name)
            .collect(),
    }
}

/// The container whose image could not be pulled, empty where there is none.
pub(crate) fn not_pulled(pod: &Value) -> String {
    let pulls = |status: &&Value| {
        matches!(
            text(status, "/state/waiting/reason"),
            "ErrImagePull" | "ImagePullBackOff"
        )
    };
    let found = statuses(pod).find(pulls);
    found.map_or("", |status| text(status, "/name")).to_owned()
}

/// The container that ended and is to be started again, empty where there is none.
pub(crate) fn crashed(pod: &Value) -> String {
    let ended = |status: &&Value| {
        text(status, "/state/waiting/reason") == "CrashLoopBackOff"
            || text(status, "/state/terminated/reason") == "Error"
    };
    let found = statuses(pod).find(ended);
    found.map_or("", |status| text(status, "/name")).to_owned()
}

/// A container that was not started yet.
pub(crate) fn waiting(container: &Value, reason: &str, message: Option<&str>) -> Value {
    let mut state = json!({ "waiting": { "reason": reason } });
    if let Some(message) = message {
        state["waiting"]["message"] = json!(message);
    }
    json!({
        "name": container["name"],
        "state": state,
        "lastState": {},
        "ready": false,
        "restartCount": 0,
        "image": container["image"],
        "imageID": "",
        "started": false,
    })
}

/// A container that was started just now.
pub(crate) fn running(world: &mut World, container: &Value, ready: bool) -> Value {
    let image = text(container, "/image");
    json!({
        "name": container["name"],
        "state": { "running": { "startedAt": seconds(world.now) } },
        "lastState": {},
        "ready": ready,
        "restartCount": 0,
        "image": image::canonical(image),
        "imageID": image::id(image),
        "containerID": container_id(world),
        "started": true,
    })
}

/// The id of a new container, as containerd gives it.
pub(crate) fn container_id(world: &mut World) -> String {
    format!("containerd://{}", world.fresh())
}

/// Stores the pod with the phase and conditions that follow from its containers.
pub(crate) fn write(world: &mut World, mut pod: Value) -> Value {
    let statuses = list(&pod, "/status/containerStatuses").to_vec();
    let never_ran = |status: &&Value| {
        status["state"].get("waiting").is_some() && status["lastState"].get("terminated").is_none()
    };
    let phase = if statuses.iter().any(|status| never_ran(&status)) {
        "Pending"
    } else {
        "Running"
    };
    let sandbox = !self::statuses(&pod).all(|status| {
        matches!(
            text(status, "/state/waiting/reason"),
            "ContainerCreating" | "PodInitializing"
        )
    });
    let incomplete: Vec<&str> = unfinished(&pod)
        .map(|status| text(status, "/name"))
        .collect();
    let incomplete_message = messages::not_initialized(&incomplete);
    let not_initialized = (!incomplete.is_empty())
        .then_some(("ContainersNotInitialized", incomplete_message.as_str()));
    let unready: Vec<&str> = statuses
        .iter()
        .filter(|status| status["ready"] == false)
        .map(|status| text(status, "/name"))
        .collect();
    let now = seconds(world.now);
    let made = |kind: &str, holds: bool, why: Option<(&str, &str)>| {
        let status = if holds { "True" } else { "False" };
        let since = condition(&pod, kind)
            .filter(|old| old["status"] == status)
            .map_or_else(|| json!(now), |old| old["lastTransitionTime"].clone());
        let mut made = json!({
            "type": kind,
            "observedGeneration": 1,
            "status": status,
            "lastProbeTime": null,
            "lastTransitionTime": since,
        });
        if let Some((reason, message)) = why {
            made["reason"] = json!(reason);
            made["message"] = json!(message);
        }
        made
    };
    let message = messages::not_ready(&unready);
    let why = (!unready.is_empty()).then_some(("ContainersNotReady", message.as_str()));
    let conditions = json!([
        made("PodReadyToStartContainers", sandbox, None),
        made("Initialized", incomplete.is_empty(), not_initialized),
        made("Ready", unready.is_empty(), why),
        made("ContainersReady", unready.is_empty(), why),
        made("PodScheduled", true, None),
    ]);
    pod["status"]["phase"] = json!(phase);
    pod["status"]["observedGeneration"] = json!(1);
    pod["status"]["conditions"] = conditions;
    world.store.put(pod)
}

/// The name of the container that fails, empty where none does.
pub(crate) fn failing_container(world: &World, pod: &Value) -> String {
    world
        .failing_container(&pod["spec"])
        .unwrap_or_default()
        .to_owned()
}

/// Records what the pod's kubelet says of the pod as a whole.
pub(crate) fn tell_of_pod(
    world: &mut World,
    pod: &Value,
    kind: &'static str,
    reason: &str,
    message: &str,
) {
    let node = Source::Kubelet(text(pod, "/spec/nodeName").to_owned());
    event::record(world, pod, &Report::of(kind, node, reason, message));
}

/// Records what the pod's kubelet says of one of its containers.
pub(crate) fn tell(
    world: &mut World,
    pod: &Value,
    container: &str,
    kind: &'static str,
    reason: &str,
    message: &str,
) {
    let node = Source::Kubelet(text(pod, "/spec/nodeName").to_owned());
    let report = Report::of(kind, node, reason, message);
    event::record(world, pod, &report.about(container));
}

/// Records that a container was started.
pub(crate) fn tell_started(world: &mut World, pod: &Value, container: &str) {
    tell(
        world,
        pod,
        container,
        "Normal",
        "Created",
        messages::CREATED,
    );
    tell(
        world,
        pod,
        container,
        "Normal",
        "Started",
        messages::STARTED,
    );
}

/// The images that are being pulled: of all containers at first, then of the one that failed.
pub(crate) fn tell_pulling(world: &mut World, pod: &Value) {
    let waiting = current(pod)
        .into_iter()
        .filter_map(|name| status(pod, &name));
    for status in waiting.filter(|status| status["state"].get("waiting").is_some()) {
        let message = messages::pulling(text(status, "/image"));
        tell(
            world,
            pod,
            text(status, "/name"),
            "Normal",
            "Pulling",
            &message,
        );
    }
}
