//! Reads of a workload what a deploy decides on, and nothing else of it: environment
//! variables and annotations may hold what a plugin must not see. Pure.

use serde_json::Value;
use sluice_pipeline::permission::{KubeRule, WorkloadKind};

use super::owner;
use crate::bindings::sluice::kube::apply::{ContainerImage, Error, Object};

/// The JSON pointer of the pod template's spec.
pub(super) fn pod_spec(kind: WorkloadKind) -> &'static str {
    match kind {
        WorkloadKind::CronJob => "/spec/jobTemplate/spec/template/spec",
        _ => "/spec/template/spec",
    }
}

/// What a plugin sees of a live workload.
pub(super) fn object(kind: WorkloadKind, live: &Value) -> Result<Object, Error> {
    let text = |pointer: &str| {
        live.pointer(pointer)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let number = |pointer: &str| live.pointer(pointer).and_then(Value::as_u64);
    let spec = pod_spec(kind);
    // A DaemonSet wants as many pods as there are nodes for it; a CronJob wants none itself.
    let wanted = match kind {
        WorkloadKind::DaemonSet => number("/status/desiredNumberScheduled").unwrap_or(0),
        WorkloadKind::CronJob => 0,
        _ => number("/spec/replicas").unwrap_or(1),
    };
    let partition = number("/spec/updateStrategy/rollingUpdate/partition").unwrap_or(0);
    Ok(Object {
        uid: text("/metadata/uid").ok_or_else(|| Error::Other("the object has no uid".into()))?,
        generation: number("/metadata/generation").unwrap_or(0),
        containers: images(live, &format!("{spec}/containers")),
        init_containers: images(live, &format!("{spec}/initContainers")),
        paused: live.pointer("/spec/paused") == Some(&Value::Bool(true)),
        strategy: text("/spec/strategy/type")
            .or_else(|| text("/spec/updateStrategy/type"))
            .unwrap_or_default(),
        replicas: u32::try_from(wanted).unwrap_or(u32::MAX),
        partition: u32::try_from(partition).unwrap_or(u32::MAX),
        controller: owner::controller(live),
        image_managers: owner::image_managers(live, kind),
        markers: owner::markers(live),
        changed_at: owner::changed_at(live),
        details: "{}".to_owned(),
    })
}

/// What a plugin sees when nothing may be asked of a cluster: the containers that the
/// permissions name, their images unknown.
pub(super) fn unseen(rules: &[&KubeRule]) -> Object {
    let mut containers = Vec::<ContainerImage>::new();
    for container in rules.iter().flat_map(|rule| &rule.containers) {
        if containers.iter().all(|known| known.container != *container) {
            containers.push(ContainerImage {
                container: container.clone(),
                image: String::new(),
            });
        }
    }
    Object {
        uid: String::new(),
        generation: 0,
        image_managers: vec![String::new(); containers.len()],
        containers,
        init_containers: Vec::new(),
        paused: false,
        strategy: String::new(),
        replicas: 1,
        partition: 0,
        controller: None,
        markers: Vec::new(),
        changed_at: None,
        details: "{}".to_owned(),
    }
}

/// The containers at that pointer, in their order.
pub(super) fn images(live: &Value, pointer: &str) -> Vec<ContainerImage> {
    let containers = live.pointer(pointer).and_then(Value::as_array);
    containers
        .into_iter()
        .flatten()
        .filter_map(|container| {
            Some(ContainerImage {
                container: container.get("name")?.as_str()?.to_owned(),
                image: container
                    .get("image")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned(),
            })
        })
        .collect()
}
