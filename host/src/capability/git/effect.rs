//! A change of a ref as an effect: what is said of it, what a plan holds of it, and how it
//! ends.

use serde_json::{Value, json};
use sluice_pipeline::permission::RefChange;

use crate::{
    bindings::sluice::git::remote::Error,
    run::event::{Effect, EffectState},
};

/// The effect of changing a ref of a remote.
pub(super) fn effect(remote: &str, change: RefChange, name: &str, detail: Value) -> Effect {
    Effect {
        capability: "git",
        action: format!("{change}-ref"),
        target: format!("{remote} {name}"),
        state: EffectState::Started,
        detail,
    }
}

/// What identifies the change: what the ref is taken to point to, and what it will. Of an
/// annotated tag that is the commit, since its own object has the time in it.
pub(super) fn identity(old: Option<&str>, new: Option<&str>, annotated: bool) -> Value {
    let mut detail = json!({ "old": old, "new": new });
    if annotated {
        detail["annotated"] = Value::Bool(true);
    }
    json!({ "ref": detail })
}

/// The words of an error, without its kind.
pub(super) fn words(error: &Error) -> String {
    match error {
        Error::Denied(text)
        | Error::Forbidden(text)
        | Error::NotFound(text)
        | Error::Invalid(text)
        | Error::Conflict(text)
        | Error::Diverged(text)
        | Error::Rejected(text)
        | Error::Unavailable(text)
        | Error::Unknown(text)
        | Error::Unsupported(text)
        | Error::Other(text) => text.clone(),
        Error::Cancelled => "cancelled".to_owned(),
    }
}

/// The error with other words.
pub(super) fn reworded(error: Error, words: impl FnOnce(&str) -> String) -> Error {
    match error {
        Error::Denied(text) => Error::Denied(words(&text)),
        Error::Forbidden(text) => Error::Forbidden(words(&text)),
        Error::NotFound(text) => Error::NotFound(words(&text)),
        Error::Invalid(text) => Error::Invalid(words(&text)),
        Error::Conflict(text) => Error::Conflict(words(&text)),
        Error::Diverged(text) => Error::Diverged(words(&text)),
        Error::Rejected(text) => Error::Rejected(words(&text)),
        Error::Unavailable(text) => Error::Unavailable(words(&text)),
        Error::Unknown(text) => Error::Unknown(words(&text)),
        Error::Unsupported(text) => Error::Unsupported(words(&text)),
        Error::Other(text) => Error::Other(words(&text)),
        Error::Cancelled => Error::Cancelled,
    }
}

/// What a refused ref means: the remote's reason, and what its hooks said.
pub(super) fn rejected(remote: &str, name: &str, why: &str, said: &[String]) -> Error {
    if why.contains("missing necessary objects") {
        return Error::NotFound(format!(
            "remote `{remote}` does not have the object that {name} is to point to"
        ));
    }
    let mut text = format!("remote `{remote}` refused {name}: {why}");
    for line in said.iter().filter(|line| !line.is_empty()) {
        text.push_str("\n  ");
        text.push_str(line);
    }
    Error::Rejected(text)
}
