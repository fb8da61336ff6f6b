//! Follows a workload: watches it, its ReplicaSets, its pods and their warnings, and
//! keeps the newest facts ready for whoever asks. Restarts, expired versions and closed
//! connections are the watchers' affair.

use std::time::Duration;

use futures::{Stream, StreamExt, future, stream};
use k8s_openapi::api::{
    apps::v1::{ControllerRevision, ReplicaSet},
    core::v1,
};
use kube::{
    Api, Resource,
    api::DynamicObject,
    runtime::{
        WatchStreamExt,
        watcher::{self, Event, watcher},
    },
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sluice_pipeline::permission::WorkloadKind;
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::{Instant, timeout_at},
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    check::Target,
    cluster::{Reader, resource},
    facts, failure,
    known::{Known, Update},
};
use crate::{
    bindings::sluice::kube::apply::{Error, Facts},
    run::clock::Clock,
};

/// How long the first facts wait for the events that explain them.
const EVENTS: Duration = Duration::from_secs(3);
/// The longest that updates are gathered before facts are made of them.
const GATHERED: Duration = Duration::from_secs(1);

/// A workload that is followed. Dropping it ends its watches.
pub struct Rollout {
    seen: watch::Receiver<Option<Result<Facts, Error>>>,
    _following: AbortOnDropHandle<()>,
    _place: OwnedSemaphorePermit,
}

impl Rollout {
    /// Waits for something that was not handed over before.
    pub(super) async fn changed(&mut self) -> Result<Facts, Error> {
        loop {
            if self.seen.changed().await.is_err() {
                return Err(Error::Other("following the workload ended".to_owned()));
            }
            if let Some(seen) = self.seen.borrow_and_update().clone() {
                return seen;
            }
        }
    }
}

/// Begins to follow the workload with that uid.
pub(super) async fn follow(
    reader: &Reader,
    target: &Target,
    uid: String,
    clock: Clock,
    place: OwnedSemaphorePermit,
) -> Result<Rollout, Error> {
    let Target {
        kind,
        namespace,
        name,
    } = target;
    let kind = *kind;
    if kind == WorkloadKind::CronJob {
        return Err(Error::Invalid(
            "a CronJob has no rollout: its next Job takes the new template".to_owned(),
        ));
    }
    let live = reader.get(kind, namespace, name).await?;
    let selector = selector(&live);
    let client = reader.watching();
    let own = watcher::Config::default().fields(&format!("metadata.name={name}"));
    let labelled = watcher::Config::default().labels(&selector);
    let warnings = watcher::Config::default().fields("type=Warning");
    let workloads =
        Api::<DynamicObject>::namespaced_with(client.clone(), namespace, &resource(kind));
    let revisions = if kind == WorkloadKind::Deployment {
        let sets = Api::<ReplicaSet>::namespaced(client.clone(), namespace);
        updates(
            watcher(sets, labelled.clone()).modify(without_managers),
            Update::ReplicaSet,
        )
    } else {
        let revisions = Api::<ControllerRevision>::namespaced(client.clone(), namespace);
        updates(
            watcher(revisions, labelled.clone()).modify(without_managers),
            Update::ControllerRevision,
        )
    };
    let updates = stream::select_all([
        updates(watcher(workloads, own), Update::Workload),
        revisions,
        updates(
            watcher(
                Api::<v1::Pod>::namespaced(client.clone(), namespace),
                labelled,
            )
            .modify(without_managers),
            Update::Pod,
        ),
        updates(
            watcher(Api::<v1::Event>::namespaced(client, namespace), warnings)
                .modify(without_managers),
            Update::Event,
        )
        .map(|update| match update {
            Update::Failed(_) => Update::NoEvents,
            other => other,
        })
        .boxed(),
        stream::once(tokio::time::sleep(EVENTS))
            .map(|()| Update::NoEvents)
            .boxed(),
    ]);
    let (sender, seen) = watch::channel(None);
    let following = tokio::spawn(keep(updates, kind, uid, clock, sender));
    Ok(Rollout {
        seen,
        _following: AbortOnDropHandle::new(following),
        _place: place,
    })
}

/// Forgets who set which field: half of an object, and nobody asks it of these.
fn without_managers<K: Resource>(object: &mut K) {
    object.meta_mut().managed_fields = None;
}

/// One watch as a stream of updates, which repeats what fails with growing pauses.
fn updates<'a, K>(
    watch: impl Stream<Item = watcher::Result<Event<K>>> + Send + 'a,
    update: fn(Event<K>) -> Update,
) -> stream::BoxStream<'a, Update>
where
    K: Resource + Clone + DeserializeOwned + Send + 'a,
{
    let events = watch.default_backoff().filter_map(move |event| {
        future::ready(match event {
            Ok(event) => Some(update(event)),
            Err(error) => failed(&error).map(Update::Failed),
        })
    });
    events.boxed()
}

/// What a watch's failure tells the plugin; nothing for one that the watcher mends.
fn failed(error: &watcher::Error) -> Option<Error> {
    match error {
        // 410: the version is too old to watch from, and the watcher lists anew.
        watcher::Error::WatchError(status) if status.code == 410 => None,
        watcher::Error::WatchError(status) => Some(failure::from_status(status)),
        // A 410 among these it does not mend: it asks from the same version for ever, so the
        // plugin has to follow anew.
        watcher::Error::InitialListFailed(error) | watcher::Error::WatchStartFailed(error) => {
            Some(failure::read(error))
        }
        // A watch that the server closes is opened again from where it was.
        watcher::Error::WatchFailed(_) => None,
        watcher::Error::NoResourceVersion => Some(Error::Other(
            "the API server gives no resource version to watch from".into(),
        )),
    }
}

/// Takes the updates and hands over the facts after each, several at a time where they
/// come so. Facts of a large workload take a while to put together: before the next, updates
/// are gathered for as long, so that they never take more than half of the time.
async fn keep(
    mut updates: impl Stream<Item = Update> + Unpin,
    kind: WorkloadKind,
    uid: String,
    clock: Clock,
    sender: watch::Sender<Option<Result<Facts, Error>>>,
) {
    let mut known = Known::default();
    let mut took = Duration::ZERO;
    while let Some(first) = updates.next().await {
        let mut failed = known.take(first);
        let gathered = Instant::now() + took.min(GATHERED);
        while let Ok(Some(update)) = timeout_at(gathered, updates.next()).await {
            failed = known.take(update).or(failed);
        }
        let began = Instant::now();
        let seen = match failed {
            Some(error) => Err(error),
            None if known.complete(kind) => match facts::of(&known, kind, &uid) {
                Some(facts) => Ok(facts),
                None if known.deleted => Err(Error::NotFound(
                    "it was deleted before it could be followed".to_owned(),
                )),
                None => continue,
            },
            None => continue,
        };
        let now = u64::try_from(clock.now().as_millisecond()).unwrap_or(0);
        sender.send_if_modified(|last| {
            // The moment is no change of its own.
            let at = match last {
                Some(Ok(last)) => last.at,
                _ => 0,
            };
            let same = seen.as_ref().ok().map(|facts| Facts {
                at,
                ..facts.clone()
            });
            if let (Some(same), Some(Ok(last))) = (&same, &*last)
                && same == last
            {
                return false;
            }
            *last = Some(seen.map(|facts| Facts { at: now, ..facts }));
            true
        });
        took = began.elapsed();
    }
}

/// The workload's label selector, as a query writes it.
fn selector(live: &Value) -> String {
    let labels = live
        .pointer("/spec/selector/matchLabels")
        .and_then(Value::as_object);
    let labels = labels
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| value.as_str().map(|value| format!("{key}={value}")));
    let expressions = live
        .pointer("/spec/selector/matchExpressions")
        .and_then(Value::as_array);
    let expressions = expressions.into_iter().flatten().filter_map(|expression| {
        let key = expression["key"].as_str()?;
        let values = expression["values"].as_array().map(|values| {
            values
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(",")
        });
        match expression["operator"].as_str()? {
            "In" => Some(format!("{key} in ({})", values?)),
            "NotIn" => Some(format!("{key} notin ({})", values?)),
            "Exists" => Some(key.to_owned()),
            "DoesNotExist" => Some(format!("!{key}")),
            _ => None,
        }
    });
    labels.chain(expressions).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn workload_that_the_first_list_does_not_hold_is_told_as_not_found() {
        let updates = stream::iter([
            Update::Workload(Event::Init),
            Update::Workload(Event::InitDone),
            Update::ReplicaSet(Event::InitDone),
            Update::Pod(Event::InitDone),
            Update::NoEvents,
        ]);
        let (sender, mut seen) = watch::channel(None);
        Box::pin(keep(
            updates,
            WorkloadKind::Deployment,
            "uid".to_owned(),
            Clock::system(),
            sender,
        ))
        .await;
        let gone = Error::NotFound("it was deleted before it could be followed".to_owned());
        assert_eq!(seen.borrow_and_update().clone(), Some(Err(gone)));
    }
}
