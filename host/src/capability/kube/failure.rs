//! What an error of the API server, or of the way to it, means: for a read, what to tell
//! the plugin; for a write, whether it may have taken place.

use kube::core::Status;

use crate::bindings::sluice::kube::apply::Error;

/// What became of a write that was not confirmed.
pub(super) enum Refusal {
    /// The object has moved on since it was read.
    Moved(String),
    /// A test of the patch failed, or an admission policy said no.
    Rejected(String),
    /// It did not take place, for this reason.
    Refused(Error),
    /// The server says that it failed, perhaps after it had stored the change.
    Faulty(String),
    /// No answer came: it may have taken place, or may yet.
    Lost(String),
}

/// What the failure of a read tells the plugin.
pub(super) fn read(error: &kube::Error) -> Error {
    match error {
        kube::Error::Api(status) => from_status(status),
        other if never_sent(other) => unreachable(other),
        other => Error::Unavailable(chain(other)),
    }
}

/// What the failure of a write means.
pub(super) fn write(error: &kube::Error) -> Refusal {
    match error {
        kube::Error::Api(status) => match status.code {
            409 => Refusal::Moved(message(status)),
            // The caller tells the two apart by looking at the object.
            422 => Refusal::Rejected(message(status)),
            // A server that fails, or one before it, may do so after it has stored the change.
            500..=599 => Refusal::Faulty(message(status)),
            _ => Refusal::Refused(from_status(status)),
        },
        other if never_sent(other) => Refusal::Refused(unreachable(other)),
        other => Refusal::Lost(chain(other)),
    }
}

/// What a `Status` tells the plugin.
pub(super) fn from_status(status: &Status) -> Error {
    let message = message(status);
    match status.code {
        401 => Error::Forbidden(format!(
            "the cluster does not accept the runner's credentials: {message}; renew those of \
             `KUBECONFIG` or of the pod's service account"
        )),
        403 => Error::Forbidden(format!("{message}; give that account the right by a Role")),
        404 => Error::NotFound(format!(
            "{message}; correct its name and namespace, or create it"
        )),
        409 => Error::Conflict(message),
        400 | 413 | 415 | 422 | 501 => Error::Invalid(message),
        _ => Error::Unavailable(message),
    }
}

fn message(status: &Status) -> String {
    if status.message.is_empty() {
        format!("the API server answered {} {}", status.code, status.reason)
    } else {
        status.message.clone()
    }
}

fn unreachable(error: &kube::Error) -> Error {
    Error::Unavailable(format!(
        "the API server cannot be reached: {}; look at its address in the kubeconfig and at the \
         way there",
        chain(error)
    ))
}

/// The connection was never made, so nothing was sent on it.
fn never_sent(error: &kube::Error) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<hyper_util::client::legacy::Error>() {
            return error.is_connect();
        }
        source = error.source();
    }
    false
}

/// The error with its causes, each said once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
