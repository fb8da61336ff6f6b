//! Which workloads a step may set images on, and which images.

use std::fmt;
use std::str::FromStr;

use super::{ImagePattern, ImageRef, flow};

/// The kinds of workload whose images sluice sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkloadKind {
    /// `apps/v1` Deployment.
    Deployment,
    /// `apps/v1` `StatefulSet`.
    StatefulSet,
    /// `apps/v1` `DaemonSet`.
    DaemonSet,
    /// `batch/v1` `CronJob`.
    CronJob,
}

impl WorkloadKind {
    /// All kinds.
    pub const ALL: [WorkloadKind; 4] = [
        Self::Deployment,
        Self::StatefulSet,
        Self::DaemonSet,
        Self::CronJob,
    ];

    /// The kind as the Kubernetes API spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::CronJob => "CronJob",
        }
    }

    /// The API group that serves it.
    pub const fn group(self) -> &'static str {
        match self {
            Self::Deployment | Self::StatefulSet | Self::DaemonSet => "apps",
            Self::CronJob => "batch",
        }
    }

    /// Its resource, as requests and Roles name it.
    pub const fn resource(self) -> &'static str {
        match self {
            Self::Deployment => "deployments",
            Self::StatefulSet => "statefulsets",
            Self::DaemonSet => "daemonsets",
            Self::CronJob => "cronjobs",
        }
    }
}

impl FromStr for WorkloadKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join("`, `");
            format!("`{text}` is not a kind of workload: one of `{names}`")
        })
    }
}

impl fmt::Display for WorkloadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A permission to set images of one workload's containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubeRule {
    /// The workload's kind.
    pub kind: WorkloadKind,
    /// The workload's namespace.
    pub namespace: String,
    /// The workload's name.
    pub name: String,
    /// The containers whose image may be set; at least one.
    pub containers: Vec<String>,
    /// The images that may be set; at least one.
    pub images: Vec<ImagePattern>,
    /// Whether the image may be taken over from an `Apply` manager or a `GitOps` tool.
    pub take_over: bool,
    /// Whether the workload may be restarted with the image that it has.
    pub restart: bool,
    /// Whether pods of the workload may be deleted, for its controller to make them anew.
    pub delete_pods: bool,
}

impl KubeRule {
    /// Whether this rule is about a workload.
    pub fn matches_object(&self, kind: WorkloadKind, namespace: &str, name: &str) -> bool {
        (self.kind, self.namespace.as_str(), self.name.as_str()) == (kind, namespace, name)
    }

    /// Whether a container of this rule's workload may run an image.
    pub fn permits_image(&self, container: &str, image: &ImageRef) -> bool {
        self.containers.iter().any(|name| name == container)
            && self.images.iter().any(|pattern| pattern.matches(image))
    }
}

impl fmt::Display for KubeRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{{ kind: {}, namespace: {}, name: {}, containers: {}, images: {}",
            self.kind,
            self.namespace,
            self.name,
            flow(&self.containers),
            flow(&self.images)
        )?;
        if self.take_over {
            f.write_str(", take-over: true")?;
        }
        if self.restart {
            f.write_str(", restart: true")?;
        }
        if self.delete_pods {
            f.write_str(", delete-pods: true")?;
        }
        f.write_str(" }")
    }
}

#[cfg(test)]
mod tests {
    use super::{KubeRule, WorkloadKind};

    fn rule() -> KubeRule {
        KubeRule {
            kind: WorkloadKind::Deployment,
            namespace: "web".into(),
            name: "web".into(),
            containers: vec!["app".into(), "proxy".into()],
            images: vec!["ghcr.io/acme/web:*".parse().unwrap()],
            take_over: false,
            restart: true,
            delete_pods: false,
        }
    }

    #[test]
    fn a_rule_permits_its_object_containers_and_images_alone() {
        let rule = rule();
        assert!(rule.matches_object(WorkloadKind::Deployment, "web", "web"));
        assert!(!rule.matches_object(WorkloadKind::StatefulSet, "web", "web"));
        assert!(!rule.matches_object(WorkloadKind::Deployment, "other", "web"));
        assert!(rule.permits_image("app", &"ghcr.io/acme/web:1".parse().unwrap()));
        assert!(!rule.permits_image("sidecar", &"ghcr.io/acme/web:1".parse().unwrap()));
        assert!(!rule.permits_image("app", &"ghcr.io/evil/web:1".parse().unwrap()));
    }
}
