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
pub(crate) fn of_error(error: &Error, doing: &str) -> Failure {
    of(kind(error), format!("{doing}: {}", words(error)))
}

/// Whose the error is, and what may be done about it.
pub(crate) fn kind(error: &Error) -> FailureKind {
    match error {
        Error::Denied(_) | Error::Forbidden(_) => FailureKind::Denied,
        Error::Invalid(_) => FailureKind::Configuration,
        Error::NotFound(_)
        | Error::Conflict(_)
        | Error::Diverged(_)
        | Error::Rejected(_)
        | Error::Unsupported(_)
        | Error::Other(_) => FailureKind::Failed,
        Error::Unavailable(_) => FailureKind::Unavailable,
        Error::Unknown(_) => FailureKind::Unknown,
        Error::Cancelled => FailureKind::Cancelled,
    }
}

/// The error without its kind.
pub(crate) fn words(error: &Error) -> &str {
    match error {
        Error::Denied(words)
        | Error::Forbidden(words)
        | Error::Invalid(words)
        | Error::NotFound(words)
        | Error::Conflict(words)
        | Error::Diverged(words)
        | Error::Rejected(words)
        | Error::Unsupported(words)
        | Error::Other(words)
        | Error::Unavailable(words)
        | Error::Unknown(words) => words,
        Error::Cancelled => "the step was cancelled",
    }
}
