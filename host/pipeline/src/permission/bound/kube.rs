//! Which workloads, containers and images a policy lets steps set.

use super::{Bound, ImageBound, NamePattern, outside, word};
use crate::permission::{ImageRef, KubeRule, WorkloadKind};

/// An entry of a policy that bounds `kube-apply` permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubeBound {
    /// The kind; `None` for any.
    pub kind: Option<WorkloadKind>,
    /// The namespaces.
    pub namespace: NamePattern,
    /// The workloads' names.
    pub name: NamePattern,
    /// Names that this entry is not about all the same.
    pub except: Vec<NamePattern>,
    /// The containers whose image may be set.
    pub containers: Vec<NamePattern>,
    /// The images that may be set.
    pub images: Vec<ImageBound>,
    /// Whether an image may be taken over.
    pub take_over: bool,
    /// Whether a workload may be restarted.
    pub restart: bool,
    /// Whether pods may be deleted.
    pub delete_pods: bool,
}

impl KubeBound {
    /// Whether this entry is about a workload.
    pub fn matches_object(&self, kind: WorkloadKind, namespace: &str, name: &str) -> bool {
        self.kind.is_none_or(|known| known == kind)
            && self.namespace.matches(namespace)
            && self.names(name)
    }

    fn names(&self, name: &str) -> bool {
        let excepted = || self.except.iter().any(|pattern| pattern.matches(name));
        self.name.matches(name) && !excepted()
    }

    /// Whether the image of that container may be set at all.
    pub fn allows_container(&self, container: &str) -> bool {
        self.containers.iter().any(|name| name.matches(container))
    }

    /// Whether a container of this entry's workloads may run an image.
    pub fn allows_image(&self, container: &str, image: &ImageRef) -> bool {
        self.allows_container(container) && self.images.iter().any(|bound| bound.matches(image))
    }
}

impl Bound<KubeRule> for KubeBound {
    fn beyond(&self, rule: &KubeRule) -> Vec<String> {
        let kind = self.kind.is_none_or(|kind| kind == rule.kind);
        let mut beyond = Vec::new();
        beyond.extend((!kind).then(|| format!("`kind: {}`", rule.kind)));
        if !self.namespace.matches(&rule.namespace) {
            beyond.push(format!("`namespace: {}`", rule.namespace));
        }
        if !self.names(&rule.name) {
            beyond.push(format!("`name: {}`", rule.name));
        }
        let container = |pattern: &NamePattern, name: &String| pattern.matches(name);
        let containers = outside(&self.containers, &rule.containers, container);
        beyond.extend(containers.map(|name| format!("container `{name}`")));
        let images = outside(&self.images, &rule.images, ImageBound::contains);
        beyond.extend(images.map(|image| format!("image `{image}`")));
        beyond.extend(word("take-over", self.take_over, rule.take_over));
        beyond.extend(word("restart", self.restart, rule.restart));
        beyond.extend(word("delete-pods", self.delete_pods, rule.delete_pods));
        beyond
    }

    fn is_about(&self, rule: &KubeRule) -> bool {
        self.matches_object(rule.kind, &rule.namespace, &rule.name)
    }
}

#[cfg(test)]
mod tests {
    use super::{Bound, KubeBound};
    use crate::permission::{KubeRule, NamePattern, WorkloadKind};

    fn bound() -> KubeBound {
        KubeBound {
            kind: Some(WorkloadKind::Deployment),
            namespace: "web-*".parse().unwrap(),
            name: NamePattern::any(),
            except: vec!["db-*".parse().unwrap()],
            containers: vec!["app".parse().unwrap(), "proxy".parse().unwrap()],
            images: vec!["ghcr.io/acme/*:*".parse().unwrap()],
            take_over: false,
            restart: true,
            delete_pods: false,
        }
    }

    fn rule() -> KubeRule {
        KubeRule {
            kind: WorkloadKind::Deployment,
            namespace: "web-prod".into(),
            name: "api".into(),
            containers: vec!["app".into()],
            images: vec!["ghcr.io/acme/api:v*".parse().unwrap()],
            take_over: false,
            restart: true,
            delete_pods: false,
        }
    }

    #[test]
    fn what_reaches_beyond_is_told_field_by_field() {
        assert_eq!(bound().beyond(&rule()), Vec::<String>::new());
        let any_kind = KubeBound {
            kind: None,
            ..bound()
        };
        let daemon_set = KubeRule {
            kind: WorkloadKind::DaemonSet,
            ..rule()
        };
        assert!(any_kind.contains(&daemon_set) && !bound().contains(&daemon_set));
        let excepted = KubeRule {
            name: "db-1".into(),
            ..rule()
        };
        assert_eq!(bound().beyond(&excepted), ["`name: db-1`"]);
        let wide = KubeRule {
            namespace: "shop".into(),
            containers: vec!["app".into(), "sidecar".into()],
            images: vec![
                "ghcr.io/acme/api:v*".parse().unwrap(),
                "ghcr.io/evil/api:*".parse().unwrap(),
            ],
            take_over: true,
            delete_pods: true,
            ..daemon_set
        };
        assert_eq!(
            bound().beyond(&wide),
            [
                "`kind: DaemonSet`",
                "`namespace: shop`",
                "container `sidecar`",
                "image `ghcr.io/evil/api:*`",
                "`take-over: true`",
                "`delete-pods: true`",
            ]
        );
    }
}
