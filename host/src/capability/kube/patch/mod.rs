//! Changes workloads. The host reads the object and writes the patch; a plugin says only
//! what it wants. `change` has the patch, `write` its way, `diff` what it came to.

mod change;
mod diff;
mod write;

use std::time::Duration;

use json_patch::Patch;
use serde_json::{Value, json};

pub(super) use change::Change;
pub(super) use write::text;

use self::{diff::diff, write::Write};
use super::{KubeCalls, check::Permitted, cluster::Changer, failure::Refusal, workload};
use crate::{
    bindings::sluice::kube::apply::{Effect as Outcome, Error},
    run::event::{Effect, EffectState, Level},
};

/// How often the patch is made anew when the object moves on without its images changing:
/// its controller writes its status all through a rollout.
const ATTEMPTS: u32 = 8;
/// How long the pause before the second is; each later one is twice as long.
const PAUSE: Duration = Duration::from_millis(50);

/// Makes the change, or foresees it. The caller has checked its values.
pub(super) async fn apply(
    calls: &KubeCalls,
    permitted: &Permitted<'_>,
    uid: &str,
    change: Change,
    take_over: bool,
) -> Result<Outcome, Error> {
    let target = &permitted.target;
    let effect = |detail| Effect {
        capability: "kube-apply",
        action: change.action().to_owned(),
        target: target.to_string(),
        state: EffectState::Started,
        detail,
    };
    let Some((reader, changer)) = calls.cluster.changer().await? else {
        let diff = change.unseen(target.kind);
        let shown = json!({ "images": change.detail(), "diff": diff });
        calls.effects.plan(&effect(shown));
        return Ok(Outcome::Planned);
    };
    let mut refused = Error::Unavailable(String::new());
    let mut rejected = None;
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            tokio::time::sleep(PAUSE * 2_u32.pow(attempt - 1)).await;
        }
        let live = reader
            .get(target.kind, &target.namespace, &target.name)
            .await?;
        let version = live.pointer("/metadata/resourceVersion").cloned();
        if rejected.is_some() && rejected == version {
            // The very object that was patched: no test failed, so a policy said no.
            break;
        }
        let object = workload::object(target.kind, &live)?;
        calls.check_owner(permitted, &object, change.images(), take_over)?;
        let patch = change.patch(target, &live, uid)?;
        let mut shown = json!({
            "uid": uid,
            "replicas": object.replicas,
            "images": change.detail(),
            "patch": patch,
        });
        let patch = serde_json::from_value::<Patch>(patch)
            .map_err(|error| Error::Other(format!("the patch is malformed: {error}")))?;
        let sent = match &changer {
            Changer::Rehearser(rehearser) => {
                let (kind, namespace, name) = (target.kind, &target.namespace, &target.name);
                let foreseen = rehearser.patch(kind, namespace, name, &patch).await;
                foreseen.map(|after| {
                    shown["diff"] = diff(&live, &after);
                    calls.effects.plan(&effect(shown));
                    Outcome::Planned
                })
            }
            Changer::Writer(writer) => {
                let write = Write {
                    reader: reader.clone(),
                    writer: writer.clone(),
                    target: target.clone(),
                    uid: uid.to_owned(),
                    change: change.clone(),
                    live,
                };
                let started = calls.effects.start(effect(shown)).await;
                let started = started.map_err(|outside| Error::Denied(outside.why))?;
                // On its own, so that it also comes to its end when this call is dropped.
                let written = tokio::spawn(write.send(patch, started))
                    .await
                    .expect("the write neither panics nor is aborted");
                written.map(|written| {
                    if written.answered {
                        tell_additions(calls, &written.diff, &change);
                    }
                    Outcome::Done(written.generation)
                })
            }
        };
        match (sent, &changer) {
            (Ok(outcome), _) => return Ok(outcome),
            (Err(Refusal::Moved(why)), _) => refused = Error::Unavailable(why),
            (Err(Refusal::Rejected(why)), _) => {
                refused = Error::Forbidden(why);
                rejected = version;
            }
            (Err(Refusal::Refused(error)), _) => return Err(error),
            (Err(Refusal::Faulty(why) | Refusal::Lost(why)), Changer::Rehearser(_)) => {
                return Err(Error::Unavailable(why));
            }
            (Err(Refusal::Faulty(why) | Refusal::Lost(why)), Changer::Writer(_)) => {
                return Err(Error::Unknown(why));
            }
        }
    }
    Err(refused)
}

/// What changed beside what was asked for, by a mutating webhook: told, not refused.
fn tell_additions(calls: &KubeCalls, diff: &Value, change: &Change) {
    for entry in diff.as_array().into_iter().flatten() {
        if !change.asked_for(entry) {
            let path = entry["path"].as_str().unwrap_or_default();
            let message = format!("the cluster also changed {path}, which was not asked for");
            calls.reporter.log(Level::Warn, &message, Vec::new());
        }
    }
}

#[cfg(test)]
mod fuzz;
