//! Sets images. The host writes the patch: it tests the object's uid, each container's
//! name and old image, and replaces the images of that very version of the object; so a
//! plugin cannot reach any other field, and nobody's change in between is overwritten.

use std::time::Duration;

use json_patch::Patch;
use serde_json::{Value, json};

use super::{
    KubeCalls, Target,
    cluster::{Changer, Reader, Writer},
    failure::Refusal,
    workload,
};
use crate::{
    bindings::sluice::kube::apply::{Effect as Outcome, Error, ImageChange},
    run::{
        Started,
        event::{Effect, EffectState, Level},
    },
};

/// How often the patch is made anew when the object moves on without its images changing:
/// its controller writes its status all through a rollout.
const ATTEMPTS: u32 = 8;
/// How long the pause before the second is; each later one is twice as long.
const PAUSE: Duration = Duration::from_millis(50);
/// How long the server may take to answer a patch: its own limit for a request is 60 s.
const ANSWER: Duration = Duration::from_secs(65);
/// How often, and how far apart, the object is looked at after an answer was lost.
const LOOKS: u32 = 5;
const LOOK_PAUSE: Duration = Duration::from_millis(500);

/// Sets the images, or foresees it.
pub(super) async fn set_images(
    calls: &KubeCalls,
    target: &Target,
    uid: &str,
    changes: &[ImageChange],
) -> Result<Outcome, Error> {
    let effect = |detail| Effect {
        capability: "kube-apply",
        action: "set-images".to_owned(),
        target: target.to_string(),
        state: EffectState::Started,
        detail,
    };
    let Some((reader, changer)) = calls.cluster.changer().await? else {
        let diff = changes.iter().map(|change| {
            let path = format!(
                "{}/containers[{}]/image",
                workload::pod_spec(target.kind),
                change.container
            );
            json!({ "path": path, "old": null, "new": change.new })
        });
        calls.effects.plan(&effect(
            json!({ "images": images(changes), "diff": diff.collect::<Value>() }),
        ));
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
        KubeCalls::check_owner(target, &workload::object(target.kind, &live)?)?;
        let patch = json_patch(target, &live, uid, changes)?;
        let mut shown = json!({ "uid": uid, "images": images(changes), "patch": patch });
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
                    changes: changes.to_vec(),
                    live,
                };
                let started = calls.effects.start(effect(shown));
                let started = started.map_err(|outside| Error::Denied(outside.why))?;
                // On its own, so that it also comes to its end when this call is dropped.
                let written = tokio::spawn(write.send(patch, started))
                    .await
                    .expect("the write neither panics nor is aborted");
                written.map(|written| {
                    if written.answered {
                        tell_additions(calls, &written.diff, changes);
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

/// One patch, with all that it takes to find out what became of it.
struct Write {
    reader: Reader,
    writer: Writer,
    target: Target,
    uid: String,
    changes: Vec<ImageChange>,
    /// The object that is patched.
    live: Value,
}

/// A patch that took place.
struct Written {
    diff: Value,
    generation: u64,
    /// By the server's answer, so that all of `diff` is the patch's doing.
    answered: bool,
}

impl Write {
    /// Sends the patch and ends its effect.
    async fn send(self, patch: Patch, started: Started) -> Result<Written, Refusal> {
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
            let ours = self.changes.iter().all(|change| {
                find(target, &seen, &change.container).is_ok_and(|(_, image)| image == change.new)
            });
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

/// The patch for the object as it was just read.
fn json_patch(
    target: &Target,
    live: &Value,
    uid: &str,
    changes: &[ImageChange],
) -> Result<Value, Error> {
    let live_uid = live
        .pointer("/metadata/uid")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if live_uid != uid {
        return Err(Error::Conflict(format!(
            "{target} is another object now: its uid was `{uid}` and is `{live_uid}`"
        )));
    }
    let mut operations = vec![
        json!({ "op": "test", "path": "/metadata/uid", "value": uid }),
        json!({
            "op": "replace",
            "path": "/metadata/resourceVersion",
            "value": live.pointer("/metadata/resourceVersion"),
        }),
    ];
    for change in changes {
        let (path, image) = find(target, live, &change.container)?;
        if image != change.old {
            return Err(Error::Conflict(format!(
                "container `{}` of {target} has the image `{image}` now, not `{}`",
                change.container, change.old
            )));
        }
        operations.extend([
            json!({ "op": "test", "path": format!("{path}/name"), "value": change.container }),
            json!({ "op": "test", "path": format!("{path}/image"), "value": change.old }),
            json!({ "op": "replace", "path": format!("{path}/image"), "value": change.new }),
        ]);
    }
    Ok(Value::Array(operations))
}

/// The JSON pointer of a container and the image that it has.
fn find(target: &Target, live: &Value, container: &str) -> Result<(String, String), Error> {
    let spec = workload::pod_spec(target.kind);
    for list in ["containers", "initContainers"] {
        let path = format!("{spec}/{list}");
        let found = workload::images(live, &path);
        if let Some(index) = found.iter().position(|known| known.container == container) {
            return Ok((format!("{path}/{index}"), found[index].image.clone()));
        }
    }
    Err(Error::NotFound(format!(
        "{target} has no container `{container}`"
    )))
}

/// What changed beside the images, by a mutating webhook: told, not refused.
fn tell_additions(calls: &KubeCalls, diff: &Value, changes: &[ImageChange]) {
    for entry in diff.as_array().into_iter().flatten() {
        let ours = changes
            .iter()
            .any(|change| entry["new"] == change.new.as_str());
        if !ours {
            let path = entry["path"].as_str().unwrap_or_default();
            let message = format!("the cluster also changed {path}, which was not asked for");
            calls.reporter.log(Level::Warn, &message, Vec::new());
        }
    }
}

fn images(changes: &[ImageChange]) -> Value {
    changes
        .iter()
        .map(
            |change| json!({ "container": change.container, "old": change.old, "new": change.new }),
        )
        .collect()
}

fn generation(object: &Value) -> u64 {
    object
        .pointer("/metadata/generation")
        .and_then(Value::as_u64)
        .unwrap_or(0)
}

/// The words of an error, without its kind.
fn text(error: &Error) -> String {
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

/// What differs between two states of one object, leaf by leaf, as a list of `path`,
/// `old`, `new`. What the server keeps of its own accord is left out. List entries that
/// have a name are called by it.
fn diff(before: &Value, after: &Value) -> Value {
    let mut found = Vec::new();
    compare("", before, after, &mut found);
    Value::Array(found)
}

/// Fields that change with every write.
const BOOKKEEPING: [&str; 4] = [
    "/metadata/generation",
    "/metadata/resourceVersion",
    "/metadata/managedFields",
    "/status",
];

fn compare(path: &str, before: &Value, after: &Value, found: &mut Vec<Value>) {
    if before == after || BOOKKEEPING.contains(&path) {
        return;
    }
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            let added = new.keys().filter(|key| !old.contains_key(*key));
            for key in old.keys().chain(added) {
                let none = &Value::Null;
                let (old, new) = (old.get(key).unwrap_or(none), new.get(key).unwrap_or(none));
                compare(&format!("{path}/{key}"), old, new, found);
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                let name = match (old["name"].as_str(), new["name"].as_str()) {
                    (Some(old), Some(new)) if old == new => old.to_owned(),
                    _ => index.to_string(),
                };
                compare(&format!("{path}[{name}]"), old, new, found);
            }
        }
        _ => found.push(json!({ "path": path, "old": before, "new": after })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_names_each_leaf_that_changed_and_leaves_bookkeeping_out() {
        let before = json!({
            "metadata": { "generation": 1, "resourceVersion": "7", "annotations": { "a": "1" } },
            "spec": { "containers": [{ "name": "app", "image": "web:1" }], "replicas": 2 },
            "status": { "observedGeneration": 1 },
        });
        let after = json!({
            "metadata": { "generation": 2, "resourceVersion": "9", "annotations": { "a": "1", "b": "2" } },
            "spec": { "containers": [{ "name": "app", "image": "web:2" }], "replicas": 2 },
            "status": { "observedGeneration": 2 },
        });
        let expected = json!([
            { "path": "/metadata/annotations/b", "old": null, "new": "2" },
            { "path": "/spec/containers[app]/image", "old": "web:1", "new": "web:2" },
        ]);
        assert_eq!(diff(&before, &after), expected);
    }
}
