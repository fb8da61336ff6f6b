//! The kinds of object that the practice cluster knows, and where the API serves them.
//! A new kind of workload starts here; what its controller does is a file of its own.

use std::fmt;
use std::str::FromStr;

/// A kind of Kubernetes object that the practice cluster serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `apps/v1`.
    Deployment,
    /// `apps/v1`.
    StatefulSet,
    /// `apps/v1`.
    DaemonSet,
    /// `batch/v1`. Its jobs are never started.
    CronJob,
    /// `apps/v1`, the templates of a Deployment.
    ReplicaSet,
    /// `apps/v1`, the templates of a `StatefulSet` or `DaemonSet`.
    ControllerRevision,
    /// `v1`.
    Pod,
    /// `v1`, the core form of an event.
    Event,
}

/// The name of a kind that the practice cluster does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the practice cluster has no kind `{0}`; it knows Deployment, StatefulSet, DaemonSet, CronJob, ReplicaSet, \
     ControllerRevision, Pod and Event"
)]
pub struct UnknownKind(pub String);

impl Kind {
    pub(crate) const ALL: [Kind; 8] = [
        Kind::Deployment,
        Kind::StatefulSet,
        Kind::DaemonSet,
        Kind::CronJob,
        Kind::ReplicaSet,
        Kind::ControllerRevision,
        Kind::Pod,
        Kind::Event,
    ];

    /// The kind whose collection a path names, as in `/apis/<group>/v1/namespaces/x/<resource>`.
    pub(crate) fn of_resource(group: &str, resource: &str) -> Option<Kind> {
        Kind::ALL
            .into_iter()
            .find(|kind| kind.group() == group && kind.resource() == resource)
    }

    /// The API group, empty for the core one.
    pub(crate) fn group(self) -> &'static str {
        match self {
            Kind::CronJob => "batch",
            Kind::Pod | Kind::Event => "",
            _ => "apps",
        }
    }

    pub(crate) fn api_version(self) -> &'static str {
        match self {
            Kind::CronJob => "batch/v1",
            Kind::Pod | Kind::Event => "v1",
            _ => "apps/v1",
        }
    }

    /// The lower-case plural of paths.
    pub(crate) fn resource(self) -> &'static str {
        match self {
            Kind::Deployment => "deployments",
            Kind::StatefulSet => "statefulsets",
            Kind::DaemonSet => "daemonsets",
            Kind::CronJob => "cronjobs",
            Kind::ReplicaSet => "replicasets",
            Kind::ControllerRevision => "controllerrevisions",
            Kind::Pod => "pods",
            Kind::Event => "events",
        }
    }

    /// What people type for it, where there is something shorter than its name.
    pub(crate) fn short_names(self) -> &'static [&'static str] {
        match self {
            Kind::Deployment => &["deploy"],
            Kind::StatefulSet => &["sts"],
            Kind::DaemonSet => &["ds"],
            Kind::CronJob => &["cj"],
            Kind::ReplicaSet => &["rs"],
            Kind::ControllerRevision => &[],
            Kind::Pod => &["po"],
            Kind::Event => &["ev"],
        }
    }

    /// What clients may do with it here.
    pub(crate) fn verbs(self) -> &'static [&'static str] {
        match self {
            Kind::Pod => &["delete", "get", "list", "watch"],
            Kind::Event => &["create", "get", "list", "watch"],
            kind if kind.is_workload() => &["get", "list", "patch", "watch"],
            _ => &["get", "list", "watch"],
        }
    }

    /// `deployments.apps`, `pods`: how the server's messages name a resource.
    pub(crate) fn qualified_resource(self) -> String {
        match self.group() {
            "" => self.resource().to_owned(),
            group => format!("{}.{group}", self.resource()),
        }
    }

    /// Where its pod template is, as a JSON pointer. Kinds whose images may be patched have one.
    pub(crate) fn template(self) -> Option<&'static str> {
        match self {
            Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet => Some("/spec/template"),
            Kind::CronJob => Some("/spec/jobTemplate/spec/template"),
            _ => None,
        }
    }

    /// Whether it has a pod template whose images may be patched.
    pub(crate) fn is_workload(self) -> bool {
        self.template().is_some()
    }

    /// Whether it says itself how many pods there are to be.
    pub(crate) fn has_replicas(self) -> bool {
        matches!(self, Kind::Deployment | Kind::StatefulSet)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Deployment => "Deployment",
            Kind::StatefulSet => "StatefulSet",
            Kind::DaemonSet => "DaemonSet",
            Kind::CronJob => "CronJob",
            Kind::ReplicaSet => "ReplicaSet",
            Kind::ControllerRevision => "ControllerRevision",
            Kind::Pod => "Pod",
            Kind::Event => "Event",
        })
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Kind, UnknownKind> {
        Kind::ALL
            .into_iter()
            .find(|kind| kind.to_string() == name)
            .ok_or_else(|| UnknownKind(name.to_owned()))
    }
}
