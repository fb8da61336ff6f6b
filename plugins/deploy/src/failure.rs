//! Failures of the step: one constructor, the names that messages use, and what an
//! error of the host means for the runner. The judge words its own verdicts.

use crate::bindings::exports::sluice::plugin::step::{Failure, FailureKind};
use crate::bindings::sluice::kube::apply::{ContainerImage, Error, Workload};

/// A failure without details.
pub(crate) fn of(kind: FailureKind, message: impl Into<String>) -> Failure {
    Failure {
        kind,
        message: message.into(),
        retry_after: None,
        details: "{}".to_owned(),
    }
}

/// `Deployment web/web`.
pub(crate) fn title(workload: &Workload) -> String {
    format!("{} {}/{}", workload.kind, workload.namespace, workload.name)
}

/// The images, each in backticks.
pub(crate) fn list(images: &[ContainerImage]) -> String {
    let quoted: Vec<_> = images
        .iter()
        .map(|entry| format!("`{}`", entry.image))
        .collect();
    quoted.join(", ")
}

/// What an error of a call means, said with what was being done: `reading …`.
pub(crate) fn of_error(error: Error, doing: &str) -> Failure {
    let (kind, message) = match error {
        Error::Denied(message) | Error::Forbidden(message) => (FailureKind::Denied, message),
        Error::Invalid(message) => (FailureKind::Configuration, message),
        Error::NotFound(message) | Error::Conflict(message) | Error::Other(message) => {
            (FailureKind::Failed, message)
        }
        Error::Unavailable(message) => (FailureKind::Unavailable, message),
        Error::Unknown(message) => (FailureKind::Unknown, message),
        Error::Cancelled => (FailureKind::Cancelled, "the step was cancelled".to_owned()),
    };
    of(kind, format!("{doing}: {message}"))
}
