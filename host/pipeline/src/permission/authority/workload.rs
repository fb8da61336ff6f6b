//! A workload that permissions and policy both name, and what may be done to it.

use super::{Bounds, Denied, both};
use crate::permission::{ImageRef, KubeBound, KubeRule, Permissions, WorkloadKind};

/// A workload that a step may read and follow, and the entries that say so.
#[derive(Debug, Clone)]
pub struct PermittedWorkload<'a> {
    /// At least one.
    rules: Vec<&'a KubeRule>,
    bounds: Option<&'a Bounds>,
    /// Those entries of the bounds that name it.
    allowing: Vec<&'a KubeBound>,
}

impl<'a> PermittedWorkload<'a> {
    pub(super) fn of(
        permissions: &'a Permissions,
        bounds: Option<&'a Bounds>,
        (kind, namespace, name): (WorkloadKind, &str, &str),
    ) -> Result<Self, Denied> {
        let rules = permissions.kube_apply.iter();
        let rules = rules.filter(|rule| rule.matches_object(kind, namespace, name));
        let allowing = bounds.map_or(&[][..], |bounds| bounds.kube_apply.as_slice());
        let allowing = allowing.iter();
        let allowing = allowing.filter(|bound| bound.matches_object(kind, namespace, name));
        let workload = Self {
            rules: rules.collect(),
            bounds,
            allowing: allowing.collect(),
        };
        workload.ask(|_| true, |_| true)?;
        Ok(workload)
    }

    /// The step's own entries about it: at least one.
    pub fn rules(&self) -> &[&'a KubeRule] {
        &self.rules
    }

    /// A container may run an image.
    pub fn image(&self, container: &str, image: &ImageRef) -> Result<(), Denied> {
        self.ask(
            |rule| rule.permits_image(container, image),
            |bound| bound.allows_image(container, image),
        )
    }

    /// A container's image may be taken over from whoever keeps it.
    pub fn take_over(&self, container: &str, image: &ImageRef) -> Result<(), Denied> {
        self.ask(
            |rule| rule.take_over && rule.permits_image(container, image),
            |bound| bound.take_over && bound.allows_image(container, image),
        )
    }

    /// It may be restarted with the images that these containers have.
    pub fn restart(&self, containers: &[&str]) -> Result<(), Denied> {
        let named = |rule: &KubeRule| {
            let mut containers = containers.iter();
            containers.all(|name| rule.containers.iter().any(|known| known == name))
        };
        let allowed = |bound: &KubeBound| {
            let mut containers = containers.iter();
            containers.all(|name| bound.allows_container(name))
        };
        self.ask(
            |rule| rule.restart && named(rule),
            |bound| bound.restart && allowed(bound),
        )
    }

    /// Its pods may be deleted.
    pub fn delete_pods(&self) -> Result<(), Denied> {
        self.ask(|rule| rule.delete_pods, |bound| bound.delete_pods)
    }

    /// One entry of the permissions says so, and one of the policy.
    fn ask(
        &self,
        permits: impl Fn(&KubeRule) -> bool,
        allows: impl Fn(&KubeBound) -> bool,
    ) -> Result<(), Denied> {
        let permitted = self.rules.iter().any(|rule| permits(rule));
        both(permitted, self.bounds, |_| {
            self.allowing.iter().any(|bound| allows(bound))
        })
    }
}
