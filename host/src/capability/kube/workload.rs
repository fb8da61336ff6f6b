//! Reads of a workload what a deploy decides on, and nothing else of it: environment
//! variables and annotations may hold what a plugin must not see. Pure.

use serde_json::{Map, Value};
use sluice_pipeline::permission::{KubeRule, WorkloadKind};

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
    let containers = images(live, &format!("{spec}/containers"));
    Ok(Object {
        uid: text("/metadata/uid").ok_or_else(|| Error::Other("the object has no uid".into()))?,
        generation: number("/metadata/generation").unwrap_or(0),
        image_managers: containers
            .iter()
            .map(|container| image_manager(live, spec, &container.container))
            .collect(),
        containers,
        init_containers: images(live, &format!("{spec}/initContainers")),
        paused: live.pointer("/spec/paused") == Some(&Value::Bool(true)),
        strategy: text("/spec/strategy/type")
            .or_else(|| text("/spec/updateStrategy/type"))
            .unwrap_or_default(),
        replicas: number("/spec/replicas")
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(1),
        controller: controller(live),
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
        controller: None,
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

fn controller(live: &Value) -> Option<String> {
    let owners = live.pointer("/metadata/ownerReferences")?.as_array()?;
    let owner = owners
        .iter()
        .find(|owner| owner["controller"] == Value::Bool(true))?;
    Some(format!(
        "{} {}",
        owner["kind"].as_str()?,
        owner["name"].as_str()?
    ))
}

/// The manager that owns a container's image, as `Operation:name`; the last one that
/// changed it where several do.
fn image_manager(live: &Value, spec: &str, container: &str) -> String {
    let field = format!("k:{}", serde_json::json!({ "name": container }));
    let path = spec.split('/').skip(1).map(|part| format!("f:{part}"));
    let path = path.chain(["f:containers".to_owned(), field, "f:image".to_owned()]);
    let path = path.collect::<Vec<_>>();
    let managers = live
        .pointer("/metadata/managedFields")
        .and_then(Value::as_array);
    let owners = managers.into_iter().flatten().filter(|entry| {
        let fields = entry.get("fieldsV1").and_then(Value::as_object);
        fields.is_some_and(|fields| has_path(fields, &path))
    });
    let last = owners.max_by_key(|entry| entry["time"].as_str().unwrap_or_default());
    last.map(|entry| {
        let part = |key: &str| entry[key].as_str().unwrap_or_default();
        format!("{}:{}", part("operation"), part("manager"))
    })
    .unwrap_or_default()
}

fn has_path(fields: &Map<String, Value>, path: &[String]) -> bool {
    match path {
        [] => true,
        [last] => fields.contains_key(last),
        [first, rest @ ..] => fields
            .get(first)
            .and_then(Value::as_object)
            .is_some_and(|inner| has_path(inner, rest)),
    }
}
