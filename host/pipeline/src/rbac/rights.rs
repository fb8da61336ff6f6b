//! Which requests the work on a workload takes, as RBAC counts them. The Role is written of
//! this, and the check of an account asks for it.

use std::collections::BTreeSet;

use super::{Authority, Workload};
use crate::permission::WorkloadKind;

/// Verbs on one resource of one namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// The namespace.
    pub namespace: String,
    /// The API group; empty for the core one.
    pub group: &'static str,
    /// The resource, with its subresource after a `/`.
    pub resource: &'static str,
    /// The one object; `None` for all of the namespace.
    pub name: Option<String>,
    /// The verbs.
    pub verbs: &'static [&'static str],
}

/// Whether logs of pods are read, which makes the reason of a failed rollout say more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logs {
    /// They are.
    Read,
    /// They stay out of reach.
    Unread,
}

const FOLLOW: &[&str] = &["list", "watch"];

impl Authority {
    /// All that the work on these workloads takes, each once, in a fixed order.
    pub fn rights(&self, logs: Logs) -> Vec<Right> {
        let rights = self.workloads().flat_map(|workload| {
            std::iter::once(of_object(workload)).chain(of_namespace(workload, logs))
        });
        rights.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// What is asked of the workload itself.
fn of_object(workload: &Workload) -> Right {
    Right {
        namespace: workload.namespace.clone(),
        group: workload.kind.group(),
        resource: workload.kind.resource(),
        name: Some(workload.name.clone()),
        verbs: verbs(workload.kind),
    }
}

/// A CronJob is not followed: its pods come when it is due.
pub(super) fn verbs(kind: WorkloadKind) -> &'static [&'static str] {
    match kind {
        WorkloadKind::CronJob => &["get", "patch"],
        _ => &["get", "list", "patch", "watch"],
    }
}

/// What is asked of the workload's namespace, to follow a rollout: pods, and what tells
/// their revisions, have names that nobody knows before.
pub(super) fn of_namespace(workload: &Workload, logs: Logs) -> Vec<Right> {
    let revisions = match workload.kind {
        WorkloadKind::Deployment => "replicasets",
        WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => "controllerrevisions",
        WorkloadKind::CronJob => return Vec::new(),
    };
    let right = |group, resource, verbs| Right {
        namespace: workload.namespace.clone(),
        group,
        resource,
        name: None,
        verbs,
    };
    let mut rights = vec![
        right("", "events", FOLLOW),
        right("", "pods", FOLLOW),
        right("apps", revisions, FOLLOW),
    ];
    if workload.delete_pods {
        rights.push(right("", "pods", &["delete"]));
    }
    if logs == Logs::Read {
        rights.push(right("", "pods/log", &["get"]));
    }
    rights
}
