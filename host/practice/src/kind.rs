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
    ReplicaSet,
    /// `v1`.
    Pod,
    /// `v1`, the core form of an event.
    Event,
}

/// The name of a kind that the practice cluster does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the practice cluster has no kind `{0}`; it knows Deployment, ReplicaSet, Pod and Event")]
pub struct UnknownKind(pub String);

impl Kind {
    pub(crate) const ALL: [Kind; 4] = [Kind::Deployment, Kind::ReplicaSet, Kind::Pod, Kind::Event];

    /// The kind whose collection a path names, as in `/apis/<group>/v1/namespaces/x/<resource>`.
    pub(crate) fn of_resource(group: &str, resource: &str) -> Option<Kind> {
        Kind::ALL
            .into_iter()
            .find(|kind| kind.group() == group && kind.resource() == resource)
    }

    /// The API group, empty for the core one.
    pub(crate) fn group(self) -> &'static str {
        match self {
            Kind::Deployment | Kind::ReplicaSet => "apps",
            Kind::Pod | Kind::Event => "",
        }
    }

    pub(crate) fn api_version(self) -> &'static str {
        match self {
            Kind::Deployment | Kind::ReplicaSet => "apps/v1",
            Kind::Pod | Kind::Event => "v1",
        }
    }

    /// The lower-case plural of paths.
    pub(crate) fn resource(self) -> &'static str {
        match self {
            Kind::Deployment => "deployments",
            Kind::ReplicaSet => "replicasets",
            Kind::Pod => "pods",
            Kind::Event => "events",
        }
    }

    /// What people type for it.
    pub(crate) fn short_name(self) -> &'static str {
        match self {
            Kind::Deployment => "deploy",
            Kind::ReplicaSet => "rs",
            Kind::Pod => "po",
            Kind::Event => "ev",
        }
    }

    /// `deployments.apps`, `pods`: how the server's messages name a resource.
    pub(crate) fn qualified_resource(self) -> String {
        match self.group() {
            "" => self.resource().to_owned(),
            group => format!("{}.{group}", self.resource()),
        }
    }

    /// Whether it has a pod template whose images may be patched.
    pub(crate) fn is_workload(self) -> bool {
        matches!(self, Kind::Deployment)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Deployment => "Deployment",
            Kind::ReplicaSet => "ReplicaSet",
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
