//! One patch on its way, and what became of it: also when its answer is lost.

use std::time::Duration;

use json_patch::Patch;
use serde_json::{Value, json};

use super::{
    super::{
        check::Target,
        cluster::{Reader, Writer},
        failure::Refusal,
    },
    change::Change,
    diff::diff,
};
use crate::{bindings::sluice::kube::apply::Error, run::Started};

/// How long the server may take to answer a patch: its own limit for a request is 60 s.
const ANSWER: Duration = Duration::from_secs(65);
/// How often, and how far apart, the object is looked at after an answer was lost.
const LOOKS: u32 = 5;
const LOOK_PAUSE: Duration = Duration::from_millis(500);

/// One patch, with all that it takes to find out what became of it.
pub(super) struct Write {
    pub(super) reader: Reader,
    pub(super) writer: Writer,
    pub(super) target: Target,
    pub(super) uid: String,
    pub(super) change: Change,
    /// The object that is patched.
    pub(super) live: Value,
}

/// A patch that took place.
pub(super) struct Written {
    pub(super) diff: Value,
    pub(super) generation: u64,
    /// By the server's answer, so that all of `diff` is the patch's doing.
    pub(super) answered: bool,
}

impl Write {
    /// Sends the patch and ends its effect.
    pub(super) async fn send(self, patch: Patch, started: Started) -> Result<Written, Refusal> {
        let Target {
            kind,
            namespace,
            name,
        } = &self.target;
        let sent = self.writer.patch(*kind, namespace, name, &patch);
        let sent = tokio::time::timeout(ANSWER, sent)
            .await
            .unwrap_or_else(|_| Err(Refusal::Lost("no answer came".to_owned())));
        let (after, answered) = match sent {
            Err(Refusal::Faulty(why)) => (self.look(why, true).await, false),
            Err(Refusal::Lost(why)) => (self.look(why, false).await, false),
            answer => (answer, true),
        };
        match after {
            Ok(after) => {
                let diff = diff(&self.live, &after);
                let generation = generation(&after);
                started.done(json!({ "diff": diff, "generation": generation }));
                Ok(Written {
                    diff,
                    generation,
                    answered,
                })
            }
            Err(refusal) => {
                match &refusal {
                    Refusal::Moved(why) | Refusal::Rejected(why) => started.failed(why),
                    Refusal::Refused(error) => started.failed(&text(error)),
                    Refusal::Faulty(why) | Refusal::Lost(why) => started.unknown(why),
                }
                Err(refusal)
            }
        }
    }

    /// After a lost answer: the object, once it has the images that were asked for. One
    /// that is still at the version that was patched says that nothing took place.
    async fn look(&self, why: String, answered: bool) -> Result<Value, Refusal> {
        let version = |object: &Value| object.pointer("/metadata/resourceVersion").cloned();
        let mut unchanged = true;
        for _ in 0..LOOKS {
            tokio::time::sleep(LOOK_PAUSE).await;
            let (kind, target) = (self.target.kind, &self.target);
            let Ok(seen) = self.reader.get(kind, &target.namespace, &target.name).await else {
                unchanged = false;
                continue;
            };
            let same = seen.pointer("/metadata/uid").and_then(Value::as_str) == Some(&self.uid);
            let ours = self.change.took_place(target, &seen);
            if same && ours {
                return Ok(seen);
            }
            unchanged &= version(&seen) == version(&self.live);
        }
        Err(if answered && unchanged {
            Refusal::Refused(Error::Unavailable(why))
        } else {
            Refusal::Lost(why)
        })
    }
}

fn generation(object: &Value) -> u64 {
    object
        .pointer("/metadata/generation")
        .and_then(Value::as_u64)
        .unwrap_or(0)
}

/// The words of an error, without its kind.
pub(in super::super) fn text(error: &Error) -> String {
    match error {
        Error::Denied(text)
        | Error::Forbidden(text)
        | Error::NotFound(text)
        | Error::Invalid(text)
        | Error::Conflict(text)
        | Error::Unavailable(text)
        | Error::Unknown(text)
        | Error::Other(text) => text.clone(),
        Error::Cancelled => "cancelled".to_owned(),
    }
}
