//! Turns what the watches know into facts: which pods belong to which template, and what
//! the cluster says of each. Pure; only what the workload itself owns counts.

use std::collections::HashSet;

use k8s_openapi::{
    api::{apps::v1::ReplicaSet, core::v1},
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time},
};
use serde::Deserialize;
use serde_json::Value;
use sluice_pipeline::permission::WorkloadKind;

use super::{watch::Known, workload};
use crate::bindings::sluice::kube::apply as wit;

/// The newest warnings are kept, at most so many.
const EVENTS: usize = 50;

/// The facts of the workload with that uid; `None` before it was seen.
pub(super) fn of(known: &Known, uid: &str) -> Option<wit::Facts> {
    let live = known.workload.as_ref()?;
    let object = workload::object(WorkloadKind::Deployment, live).ok()?;
    let deleted = known.deleted || object.uid != uid;
    let number = |field: &str| {
        live.pointer(&format!("/status/{field}"))
            .and_then(Value::as_u64)
    };
    let count = |field: &str| {
        number(field)
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(0)
    };
    let owned = known.replica_sets.objects.values();
    let owned = owned
        .filter(|set| owner(&set.metadata) == Some(&object.uid))
        .collect::<Vec<_>>();
    let revisions = revisions(known, live, &owned);
    let events = events(known, &object.uid, &owned);
    Some(wit::Facts {
        at: 0,
        observed_generation: number("observedGeneration").unwrap_or(0),
        total: count("replicas"),
        updated: count("updatedReplicas"),
        ready: count("readyReplicas"),
        available: count("availableReplicas"),
        unavailable: count("unavailableReplicas"),
        conditions: conditions_of(live),
        object,
        revisions,
        events,
        deleted,
        details: "{}".to_owned(),
    })
}

/// The uid of the controller that owns an object.
fn owner(metadata: &ObjectMeta) -> Option<&String> {
    let owners = metadata.owner_references.as_ref()?;
    owners
        .iter()
        .find(|owner| owner.controller == Some(true))
        .map(|owner| &owner.uid)
}

fn revisions(known: &Known, live: &Value, owned: &[&ReplicaSet]) -> Vec<wit::Revision> {
    // Both templates go through one type: what servers write as null or absent, and what the
    // type does not know, is the same on both sides then.
    let template = live
        .pointer("/spec/template")
        .and_then(|template| v1::PodTemplateSpec::deserialize(template).ok())
        .map(without_hash);
    let mut revisions = owned
        .iter()
        .map(|set| {
            let uid = set.metadata.uid.as_ref();
            let status = set.status.as_ref();
            let mut pods = known.pods.objects.values().collect::<Vec<_>>();
            pods.retain(|pod| owner(&pod.metadata) == uid);
            pods.sort_by_key(|pod| &pod.metadata.name);
            let conditions = status.and_then(|status| status.conditions.as_ref());
            wit::Revision {
                name: set.metadata.name.clone().unwrap_or_default(),
                current: template.is_some() && own_template(set) == template,
                images: images(set),
                replicas: set
                    .spec
                    .as_ref()
                    .and_then(|spec| spec.replicas)
                    .map_or(0, unsigned),
                conditions: conditions
                    .into_iter()
                    .flatten()
                    .map(|condition| wit::Condition {
                        kind: condition.type_.clone(),
                        status: condition.status.clone(),
                        reason: condition.reason.clone().unwrap_or_default(),
                        message: condition.message.clone().unwrap_or_default(),
                        since: millis(condition.last_transition_time.as_ref()),
                    })
                    .collect(),
                pods: pods.into_iter().map(pod).collect(),
            }
        })
        .collect::<Vec<_>>();
    revisions.sort_by(|a, b| b.current.cmp(&a.current).then_with(|| a.name.cmp(&b.name)));
    revisions
}

/// The ReplicaSet's template as the Deployment has it. Equality of the two is how
/// Kubernetes itself finds the current one.
fn own_template(set: &ReplicaSet) -> Option<v1::PodTemplateSpec> {
    let template = set.spec.as_ref()?.template.as_ref()?;
    Some(without_hash(template.clone()))
}

/// The template without the label that tells ReplicaSets apart.
fn without_hash(mut template: v1::PodTemplateSpec) -> v1::PodTemplateSpec {
    let labels = template
        .metadata
        .as_mut()
        .and_then(|metadata| metadata.labels.as_mut());
    if let Some(labels) = labels {
        labels.remove("pod-template-hash");
    }
    template
}

fn images(set: &ReplicaSet) -> Vec<wit::ContainerImage> {
    let template = set.spec.as_ref().and_then(|spec| spec.template.as_ref());
    let spec = template.and_then(|template| template.spec.as_ref());
    let containers = spec
        .map(|spec| spec.containers.as_slice())
        .unwrap_or_default();
    containers
        .iter()
        .map(|container| wit::ContainerImage {
            container: container.name.clone(),
            image: container.image.clone().unwrap_or_default(),
        })
        .collect()
}

fn pod(pod: &v1::Pod) -> wit::Pod {
    let status = pod.status.as_ref();
    let conditions = status
        .and_then(|status| status.conditions.as_deref())
        .unwrap_or_default();
    let ready = conditions
        .iter()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True");
    wit::Pod {
        name: pod.metadata.name.clone().unwrap_or_default(),
        created_at: millis(pod.metadata.creation_timestamp.as_ref()),
        phase: status
            .and_then(|status| status.phase.clone())
            .unwrap_or_default(),
        ready,
        terminating: pod.metadata.deletion_timestamp.is_some(),
        conditions: conditions
            .iter()
            .map(|condition| wit::Condition {
                kind: condition.type_.clone(),
                status: condition.status.clone(),
                reason: condition.reason.clone().unwrap_or_default(),
                message: condition.message.clone().unwrap_or_default(),
                since: millis(condition.last_transition_time.as_ref()),
            })
            .collect(),
        containers: containers(pod),
    }
}

/// The containers of the pod's spec, each with what the kubelet reports of it.
fn containers(pod: &v1::Pod) -> Vec<wit::ContainerStatus> {
    let Some(spec) = &pod.spec else {
        return Vec::new();
    };
    let status = pod.status.as_ref();
    let lists = [
        (
            true,
            spec.init_containers.as_deref().unwrap_or_default(),
            status.and_then(|status| status.init_container_statuses.as_deref()),
        ),
        (
            false,
            spec.containers.as_slice(),
            status.and_then(|status| status.container_statuses.as_deref()),
        ),
    ];
    let mut found = Vec::new();
    for (init, containers, statuses) in lists {
        for container in containers {
            let statuses = statuses.unwrap_or_default();
            let status = statuses.iter().find(|status| status.name == container.name);
            found.push(container_status(init, container, status));
        }
    }
    found
}

fn container_status(
    init: bool,
    container: &v1::Container,
    status: Option<&v1::ContainerStatus>,
) -> wit::ContainerStatus {
    let last = status.and_then(|status| status.last_state.as_ref());
    wit::ContainerStatus {
        name: container.name.clone(),
        init,
        image: container.image.clone().unwrap_or_default(),
        image_id: status
            .map(|status| status.image_id.clone())
            .unwrap_or_default(),
        ready: status.is_some_and(|status| status.ready),
        restarts: status.map_or(0, |status| unsigned(status.restart_count)),
        state: status
            .and_then(|status| status.state.as_ref())
            .map_or(wit::ContainerState::Unreported, state),
        last_terminated: last
            .and_then(|last| last.terminated.as_ref())
            .map(terminated),
    }
}

fn state(state: &v1::ContainerState) -> wit::ContainerState {
    if let Some(waiting) = &state.waiting {
        wit::ContainerState::Waiting(wit::Waiting {
            reason: waiting.reason.clone().unwrap_or_default(),
            message: waiting.message.clone().unwrap_or_default(),
        })
    } else if let Some(running) = &state.running {
        wit::ContainerState::Running(millis(running.started_at.as_ref()))
    } else if let Some(ended) = &state.terminated {
        wit::ContainerState::Terminated(terminated(ended))
    } else {
        wit::ContainerState::Unreported
    }
}

fn terminated(state: &v1::ContainerStateTerminated) -> wit::Terminated {
    wit::Terminated {
        exit_code: state.exit_code,
        signal: state.signal.unwrap_or(0),
        reason: state.reason.clone().unwrap_or_default(),
        message: state.message.clone().unwrap_or_default(),
        finished_at: millis(state.finished_at.as_ref()),
    }
}

/// The warnings about the workload, its ReplicaSets and their pods, the newest last.
fn events(known: &Known, workload: &str, owned: &[&ReplicaSet]) -> Vec<wit::Event> {
    let mut uids = owned
        .iter()
        .filter_map(|set| set.metadata.uid.as_deref())
        .collect::<HashSet<_>>();
    let pods = known
        .pods
        .objects
        .values()
        .filter(|pod| owner(&pod.metadata).is_some_and(|owner| uids.contains(owner.as_str())));
    let pods = pods
        .filter_map(|pod| pod.metadata.uid.as_deref())
        .collect::<Vec<_>>();
    uids.extend(pods);
    uids.insert(workload);
    let about = |event: &&v1::Event| {
        event
            .involved_object
            .uid
            .as_deref()
            .is_some_and(|uid| uids.contains(uid))
    };
    let mut events = known
        .events
        .objects
        .values()
        .filter(about)
        .map(event)
        .collect::<Vec<_>>();
    events.sort_by(|a, b| {
        (a.last_seen, &a.object_name, &a.reason).cmp(&(b.last_seen, &b.object_name, &b.reason))
    });
    events.split_off(events.len().saturating_sub(EVENTS))
}

fn event(event: &v1::Event) -> wit::Event {
    let last_seen = millis(event.last_timestamp.as_ref())
        .or_else(|| {
            event
                .event_time
                .as_ref()
                .and_then(|time| u64::try_from(time.0.as_millisecond()).ok())
        })
        .or_else(|| millis(event.metadata.creation_timestamp.as_ref()));
    wit::Event {
        object_kind: event.involved_object.kind.clone().unwrap_or_default(),
        object_name: event.involved_object.name.clone().unwrap_or_default(),
        kind: event.type_.clone().unwrap_or_default(),
        reason: event.reason.clone().unwrap_or_default(),
        message: event.message.clone().unwrap_or_default(),
        last_seen,
    }
}

/// The conditions of a workload's status.
fn conditions_of(live: &Value) -> Vec<wit::Condition> {
    let conditions = live.pointer("/status/conditions").and_then(Value::as_array);
    let text =
        |condition: &Value, key: &str| condition[key].as_str().unwrap_or_default().to_owned();
    conditions
        .into_iter()
        .flatten()
        .map(|condition| wit::Condition {
            kind: text(condition, "type"),
            status: text(condition, "status"),
            reason: text(condition, "reason"),
            message: text(condition, "message"),
            since: condition["lastTransitionTime"]
                .as_str()
                .and_then(|time| time.parse::<jiff::Timestamp>().ok())
                .and_then(|time| u64::try_from(time.as_millisecond()).ok()),
        })
        .collect()
}

fn millis(time: Option<&Time>) -> Option<u64> {
    u64::try_from(time?.0.as_millisecond()).ok()
}

fn unsigned(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A ReplicaSet with that image and hash, as a server gives it.
    fn set(hash: &str, image: &str) -> ReplicaSet {
        let labels = json!({ "app": "web", "pod-template-hash": hash });
        let mut template = template(image);
        template["metadata"]["labels"] = labels.clone();
        let set = json!({
            "metadata": { "name": format!("web-{hash}") },
            "spec": { "selector": { "matchLabels": labels }, "template": template },
        });
        serde_json::from_value(set).expect("it is a ReplicaSet")
    }

    /// A template as servers before 1.34 write it, with a field that is newer than the types.
    fn template(image: &str) -> Value {
        json!({
            "metadata": { "creationTimestamp": null, "labels": { "app": "web" } },
            "spec": {
                "containers": [{ "name": "app", "image": image, "resources": {}, "newer": 1 }],
                "securityContext": {},
            },
        })
    }

    #[test]
    fn replica_set_of_the_live_template_is_current_whatever_the_server_version() {
        let live = json!({ "spec": { "template": template("web:2") } });
        let (old, new) = (set("a", "web:1"), set("b", "web:2"));
        let revisions = revisions(&Known::default(), &live, &[&old, &new]);
        let current = revisions.iter().map(|found| (&*found.name, found.current));
        assert_eq!(
            current.collect::<Vec<_>>(),
            [("web-b", true), ("web-a", false)]
        );
    }
}
