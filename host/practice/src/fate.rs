//! Which pods suffer the chosen failure, and which of their containers: those with an image that
//! the cluster did not start with.

use jiff::Timestamp;
use serde_json::Value;

use crate::failure::Failure;
use crate::object::{list, text};
use crate::world::World;

/// How long a registry's rate limit lasts unless told otherwise, in seconds: shorter than the
/// kubelet's first back-off, so that the second pull succeeds.
pub(crate) const RATE_LIMIT: i64 = 5;

impl World {
    /// The chosen failure, where a pod of that spec would suffer it.
    pub(crate) fn failure_of(&self, pod_spec: &Value) -> Option<Failure> {
        let over = |lifts: Timestamp| lifts <= self.now;
        let failure = self.failure?;
        if failure == Failure::ImagePullPassing && self.limit_lifts.is_some_and(over) {
            return None;
        }
        let parts = ["/containers", "/initContainers"];
        parts
            .iter()
            .any(|part| self.new_one(pod_spec, part).is_some())
            .then_some(failure)
    }

    /// The container that fails, where one does: the first with an image that is new.
    pub(crate) fn failing_container<'a>(&self, pod_spec: &'a Value) -> Option<&'a str> {
        let failure = self.failure_of(pod_spec)?;
        let (init, proper) = ("/initContainers", "/containers");
        let container = match failure {
            // Images of init containers are pulled first.
            Failure::ImagePull | Failure::ImagePullPassing => self
                .new_one(pod_spec, init)
                .or_else(|| self.new_one(pod_spec, proper)),
            Failure::CrashLoop | Failure::ConfigError => self
                .new_one(pod_spec, proper)
                .or_else(|| self.new_one(pod_spec, init)),
            Failure::InitCrash => list(pod_spec, init).first(),
            Failure::NeverReady => self
                .new_one(pod_spec, proper)
                .or_else(|| list(pod_spec, proper).first()),
            Failure::FailedMount
            | Failure::MultiAttach
            | Failure::Unschedulable
            | Failure::Quota
            | Failure::Admission => None,
        };
        container.map(|container| text(container, "/name"))
    }

    fn new_one<'a>(&self, pod_spec: &'a Value, part: &str) -> Option<&'a Value> {
        list(pod_spec, part)
            .iter()
            .find(|container| !self.known_images.contains(text(container, "/image")))
    }

    /// The registry counts a pull too many; its limit lifts so long after the first of them.
    pub(crate) fn begin_rate_limit(&mut self) {
        if self.limit_lifts.is_none() {
            self.limit_lifts = self.now.saturating_add(self.rate_limit).ok();
        }
    }
}
