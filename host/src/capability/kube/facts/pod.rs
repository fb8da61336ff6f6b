//! A pod and its containers, as the kubelet reports them. Pure.

use k8s_openapi::api::core::v1;

use super::{millis, unsigned};
use crate::bindings::sluice::kube::apply as wit;

pub(super) fn pod(pod: &v1::Pod) -> wit::Pod {
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
