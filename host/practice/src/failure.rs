//! The ways in which a rehearsed rollout can be told to fail.

use std::fmt;
use std::str::FromStr;

/// How pods with an image that the cluster did not start with fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// The registry does not have the image: `ErrImagePull`, then `ImagePullBackOff`.
    ImagePull,
    /// The registry answers 429 for a while, which
    /// [`Cluster::set_rate_limit`](crate::Cluster::set_rate_limit) sets; then the pull succeeds.
    ImagePullPassing,
    /// The container exits with 1 each time it is started.
    CrashLoop,
    /// The first init container exits with 1 each time it is started. A pod without one is given
    /// one, as a service mesh's webhook does.
    InitCrash,
    /// A secret that the container's environment needs is missing: `CreateContainerConfigError`.
    ConfigError,
    /// A config map that a volume needs is missing: `FailedMount`, and `ContainerCreating`.
    FailedMount,
    /// The pod's volume is attached to another node: `FailedAttachVolume`, and `ContainerCreating`.
    MultiAttach,
    /// No node has room for the pod.
    Unschedulable,
    /// The namespace's quota admits no further pod.
    Quota,
    /// An admission webhook denies the pod.
    Admission,
    /// The container runs and its readiness probe keeps failing.
    NeverReady,
}

/// A failure by a name that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no failure is called `{0}`; choose one of {known}", known = Failure::ALL.map(Failure::name).join(", "))]
pub struct UnknownFailure(pub String);

impl Failure {
    /// All of them, in the order in which a command line lists them.
    pub const ALL: [Failure; 11] = [
        Failure::ImagePull,
        Failure::ImagePullPassing,
        Failure::CrashLoop,
        Failure::InitCrash,
        Failure::ConfigError,
        Failure::FailedMount,
        Failure::MultiAttach,
        Failure::Unschedulable,
        Failure::Quota,
        Failure::Admission,
        Failure::NeverReady,
    ];

    fn name(self) -> &'static str {
        match self {
            Failure::ImagePull => "image-pull",
            Failure::ImagePullPassing => "image-pull-passing",
            Failure::CrashLoop => "crash-loop",
            Failure::InitCrash => "init-crash",
            Failure::ConfigError => "config-error",
            Failure::FailedMount => "failed-mount",
            Failure::MultiAttach => "multi-attach",
            Failure::Unschedulable => "unschedulable",
            Failure::Quota => "quota",
            Failure::Admission => "admission",
            Failure::NeverReady => "never-ready",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Failure {
    type Err = UnknownFailure;

    fn from_str(name: &str) -> Result<Failure, UnknownFailure> {
        Failure::ALL
            .into_iter()
            .find(|failure| failure.name() == name)
            .ok_or_else(|| UnknownFailure(name.to_owned()))
    }
}
