//! The ways in which a rehearsed rollout can be told to fail.

use std::fmt;
use std::str::FromStr;

/// How pods with an image that the cluster did not start with fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// The registry does not have the image: `ErrImagePull`, then `ImagePullBackOff`.
    ImagePull,
    /// The container exits with 1 each time it is started.
    CrashLoop,
    /// No node has room for the pod.
    Unschedulable,
    /// The namespace's quota admits no further pod.
    Quota,
    /// The container runs and its readiness probe keeps failing.
    NeverReady,
}

/// A failure by a name that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no failure is called `{0}`; choose one of image-pull, crash-loop, unschedulable, quota, never-ready"
)]
pub struct UnknownFailure(pub String);

impl Failure {
    /// All of them, in the order in which a command line lists them.
    pub const ALL: [Failure; 5] = [
        Failure::ImagePull,
        Failure::CrashLoop,
        Failure::Unschedulable,
        Failure::Quota,
        Failure::NeverReady,
    ];
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Failure::ImagePull => "image-pull",
            Failure::CrashLoop => "crash-loop",
            Failure::Unschedulable => "unschedulable",
            Failure::Quota => "quota",
            Failure::NeverReady => "never-ready",
        })
    }
}

impl FromStr for Failure {
    type Err = UnknownFailure;

    fn from_str(name: &str) -> Result<Failure, UnknownFailure> {
        Failure::ALL
            .into_iter()
            .find(|failure| failure.to_string() == name)
            .ok_or_else(|| UnknownFailure(name.to_owned()))
    }
}
