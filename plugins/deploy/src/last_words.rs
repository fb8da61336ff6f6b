//! What a container said last before it crashed, where the termination message does not
//! have it: asked of the host once for each crash, at most a few times in a rollout.

use crate::bindings::sluice::kube::apply::{ContainerState, ContainerStatus, Facts, Workload};
use crate::deploy::World;

/// How many lines are asked for in one rollout.
const LINES: usize = 8;

/// The lines so far: pod, container, its restarts, the line.
#[derive(Debug, Default)]
pub(crate) struct LastWords(Vec<(String, String, u32, String)>);

impl LastWords {
    /// Adds to crashed containers of the current revision what they said last.
    pub(crate) fn add<W: World>(
        &mut self,
        world: &mut W,
        workload: &Workload,
        uid: &str,
        facts: &mut Facts,
    ) {
        let current = facts
            .revisions
            .iter_mut()
            .filter(|revision| revision.current);
        for pod in current.flat_map(|revision| &mut revision.pods) {
            for status in &mut pod.containers {
                let (container, restarts) = (status.name.clone(), status.restarts);
                let Some(message) = silent(status) else {
                    continue;
                };
                let known = self.0.iter().find(|(pod_name, name, count, _)| {
                    (pod_name, name, *count) == (&pod.name, &container, restarts)
                });
                if let Some((.., line)) = known {
                    message.clone_from(line);
                } else if self.0.len() < LINES {
                    let line = world.last_log_line(workload, uid, &pod.name, &container);
                    // The log enriches a reason; an account that may not read it still deploys.
                    let line = line.unwrap_or_default();
                    message.clone_from(&line);
                    self.0.push((pod.name.clone(), container, restarts, line));
                }
            }
        }
    }
}

/// The message of a container's crash, where it is empty.
fn silent(status: &mut ContainerStatus) -> Option<&mut String> {
    let ended = match &mut status.state {
        ContainerState::Terminated(ended) => Some(ended),
        ContainerState::Waiting(_) => status.last_terminated.as_mut(),
        _ => None,
    }?;
    (ended.exit_code != 0 && ended.message.trim().is_empty()).then_some(&mut ended.message)
}
