//! Failures of the step: one constructor, and what an error of the host means for the
//! runner.

use crate::bindings::exports::sluice::plugin::step::{Failure, FailureKind};
use crate::bindings::sluice::git::remote::Error;

/// A failure without details.
pub(crate) fn of(kind: FailureKind, message: impl Into<String>) -> Failure {
    Failure {
        kind,
        message: message.into(),
        retry_after: None,
        details: "{}".to_owned(),
    }
}

/// What an error of a call means, said with what was being done: `reading …`.
pub(crate) fn of_error(error: Error, doing: &str) -> Failure {
    let (kind, message) = match error {
        Error::Denied(message) | Error::Forbidden(message) => (FailureKind::Denied, message),
        Error::Invalid(message) => (FailureKind::Configuration, message),
        Error::NotFound(message)
        | Error::Conflict(message)
        | Error::Diverged(message)
        | Error::Rejected(message)
        | Error::Unsupported(message)
        | Error::Other(message) => (FailureKind::Failed, message),
        Error::Unavailable(message) => (FailureKind::Unavailable, message),
        Error::Unknown(message) => (FailureKind::Unknown, message),
        Error::Cancelled => (FailureKind::Cancelled, "the step was cancelled".to_owned()),
    };
    of(kind, format!("{doing}: {message}"))
}
