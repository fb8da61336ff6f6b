//! Single pods of a workload: deleting one, and the last line that a container said. A pod
//! counts as the workload's by its owners, never by its name or labels.

use std::time::Duration;

use k8s_openapi::api::{apps::v1::ReplicaSet, core::v1};
use kube::{
    Api, Resource,
    api::{DeleteParams, ListParams, LogParams, Preconditions},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sluice_pipeline::permission::WorkloadKind;

use super::{
    KubeCalls,
    check::{Permitted, Target},
    cluster::{Changer, Reader},
    facts::owner,
    failure::{self, Refusal},
};
use crate::{
    bindings::sluice::kube::apply::{Effect as Outcome, Error},
    run::{
        Started,
        event::{Effect, EffectState},
    },
};

/// How long the server may take to answer.
const ANSWER: Duration = Duration::from_secs(15);
/// How much of a container's log is asked for, in bytes.
const LINE: i64 = 1024;

/// Deletes the pod, or foresees it.
pub(super) async fn delete(
    calls: &KubeCalls,
    Permitted { target, .. }: &Permitted<'_>,
    uid: &str,
    name: &str,
) -> Result<Outcome, Error> {
    let effect = |detail| Effect {
        capability: "kube-apply",
        action: "delete-pod".to_owned(),
        target: target.to_string(),
        state: EffectState::Started,
        detail,
    };
    let Some((reader, changer)) = calls.cluster.changer().await? else {
        calls.effects.plan(&effect(json!({ "pod": name })));
        return Ok(Outcome::Planned);
    };
    let pod = of_workload(&reader, target, uid, name).await?;
    let params = DeleteParams {
        preconditions: Some(Preconditions {
            uid: pod.metadata.uid.clone(),
            resource_version: None,
        }),
        ..DeleteParams::default()
    };
    let detail = json!({ "uid": uid, "pod": name, "pod-uid": pod.metadata.uid });
    match changer {
        Changer::Rehearser(_) => {
            calls.effects.plan(&effect(detail));
            Ok(Outcome::Planned)
        }
        Changer::Writer(writer) => {
            let pods = writer.pods(&target.namespace);
            let name = name.to_owned();
            let started = calls.effects.start(effect(detail)).await;
            let started = started.map_err(|outside| Error::Denied(outside.why))?;
            // On its own, so that it also comes to its end when this call is dropped.
            tokio::spawn(async move { send(&pods, &name, params, started).await })
                .await
                .expect("the deletion neither panics nor is aborted")
        }
    }
}

/// Sends the deletion and ends its effect.
async fn send(
    pods: &Api<v1::Pod>,
    name: &str,
    params: DeleteParams,
    started: Started,
) -> Result<Outcome, Error> {
    let sent = tokio::time::timeout(ANSWER, pods.delete(name, &params)).await;
    let refusal = match sent {
        Ok(Ok(_)) => {
            started.done(Value::Null);
            return Ok(Outcome::Done(0));
        }
        Ok(Err(error)) => failure::write(&error),
        Err(_) => Refusal::Lost("no answer came".to_owned()),
    };
    match refusal {
        Refusal::Moved(why) | Refusal::Rejected(why) => {
            started.failed(&why);
            Err(Error::Conflict(why))
        }
        Refusal::Refused(error) => {
            started.failed(&error.to_string());
            Err(error)
        }
        Refusal::Faulty(why) | Refusal::Lost(why) => {
            started.unknown(&why);
            Err(Error::Unknown(why))
        }
    }
}

/// The last line of the container before its restart, or of this one where it had none.
pub(super) async fn last_log_line(
    reader: &Reader,
    target: &Target,
    uid: &str,
    pod: &str,
    container: &str,
) -> Result<String, Error> {
    of_workload(reader, target, uid, pod).await?;
    let pods = Api::<v1::Pod>::namespaced(reader.watching(), &target.namespace);
    let ask = |previous| LogParams {
        container: Some(container.to_owned()),
        previous,
        tail_lines: Some(1),
        limit_bytes: Some(LINE),
        ..LogParams::default()
    };
    let mut answer = answered(pods.logs(pod, &ask(true))).await;
    if matches!(answer, Err(Error::Invalid(_))) {
        answer = answered(pods.logs(pod, &ask(false))).await;
    }
    answer.map(|text| text.lines().next_back().unwrap_or_default().to_owned())
}

/// The pod, if the workload with that uid owns it, itself or through a ReplicaSet.
async fn of_workload(
    reader: &Reader,
    target: &Target,
    uid: &str,
    name: &str,
) -> Result<v1::Pod, Error> {
    let foreign = || Error::NotFound(format!("{target} has no pod `{name}`"));
    let pod = named::<v1::Pod>(reader, &target.namespace, name).await?;
    let pod = pod.ok_or_else(foreign)?;
    let owners = pod.metadata.owner_references.iter().flatten();
    let mut owners = owners.filter(|owner| owner.controller == Some(true));
    let owner_of_pod = owners.next().ok_or_else(foreign)?;
    let owned = if target.kind == WorkloadKind::Deployment {
        let set = named::<ReplicaSet>(reader, &target.namespace, &owner_of_pod.name).await?;
        set.is_some_and(|set| {
            set.metadata.uid.as_ref() == Some(&owner_of_pod.uid)
                && owner(&set.metadata).is_some_and(|owner| owner == uid)
        })
    } else {
        owner_of_pod.uid == uid
    };
    if owned { Ok(pod) } else { Err(foreign()) }
}

/// The object of that name, by a list: following a workload needs that right anyway, and
/// `get` would be one more.
async fn named<K>(reader: &Reader, namespace: &str, name: &str) -> Result<Option<K>, Error>
where
    K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>
        + Clone
        + DeserializeOwned
        + std::fmt::Debug,
{
    let api = Api::<K>::namespaced(reader.watching(), namespace);
    let params = ListParams::default().fields(&format!("metadata.name={name}"));
    let found = answered(api.list(&params)).await?;
    Ok(found.items.into_iter().next())
}

async fn answered<T>(asked: impl Future<Output = kube::Result<T>>) -> Result<T, Error> {
    match tokio::time::timeout(ANSWER, asked).await {
        Ok(answer) => answer.map_err(|error| failure::read(&error)),
        Err(_) => Err(Error::Unavailable(format!(
            "the API server did not answer within {}s",
            ANSWER.as_secs()
        ))),
    }
}
