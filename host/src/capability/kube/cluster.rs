//! The clients of a cluster, one type for each power: reading, writing, and asking the
//! server what a write would do. A dry run never holds a writer.

use std::{sync::Arc, time::Duration};

use http::{HeaderValue, Uri, header::USER_AGENT};
use json_patch::Patch as JsonPatch;
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client, Config,
    api::{ApiResource, DynamicObject, Patch, PatchParams},
};
use serde_json::Value;
use sluice_pipeline::permission::WorkloadKind;
use tokio::sync::OnceCell;

use super::failure::{self, Refusal};
use crate::bindings::sluice::kube::apply::Error;

/// The field manager of every write.
pub(super) const MANAGER: &str = "sluice";
/// How often a read is tried while the server is overloaded or away.
const READ_ATTEMPTS: u32 = 5;
/// How long the first pause between reads is; each later one is twice as long.
const READ_PAUSE: Duration = Duration::from_millis(200);
/// How long one try of a read may take.
const READ_ANSWER: Duration = Duration::from_secs(15);
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(10);

/// The cluster, as far as a run's mode lets it be reached.
#[derive(Clone)]
pub enum Cluster {
    /// Changes take place.
    Live(Connection),
    /// Reads go through, and changes are asked of the server as `dryRun=All`.
    DryRun(Connection),
    /// Nothing is asked.
    Offline,
}

/// A client, made when it is first needed.
#[derive(Clone)]
pub struct Connection {
    to: Option<Uri>,
    client: Arc<OnceCell<Client>>,
}

impl Connection {
    /// To the cluster that `KUBECONFIG`, `~/.kube/config` or the pod's service account
    /// names, in this order.
    pub fn inferred() -> Self {
        Self {
            to: None,
            client: Arc::default(),
        }
    }

    /// To a stand-in at this address.
    pub fn to(address: Uri) -> Self {
        Self {
            to: Some(address),
            client: Arc::default(),
        }
    }

    pub(super) async fn client(&self) -> Result<&Client, Error> {
        self.client
            .get_or_try_init(|| connect(self.to.clone()))
            .await
    }
}

async fn connect(to: Option<Uri>) -> Result<Client, Error> {
    let mut config = match to {
        Some(address) => Config::new(address),
        None => Config::infer().await.map_err(|error| {
            Error::Unavailable(format!(
                "no cluster is configured: neither a kubeconfig nor a pod's service account was found ({error})"
            ))
        })?,
    };
    // The client's own retries would repeat a patch whose answer was lost.
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT);
    // What an API server's audit log knows a client by.
    let agent = HeaderValue::from_static(concat!("sluice/", env!("CARGO_PKG_VERSION")));
    config.headers.push((USER_AGENT, agent));
    Client::try_from(config).map_err(|error| {
        Error::Unavailable(format!("cannot make a client of the cluster: {error}"))
    })
}

impl Cluster {
    /// The client that reads; `None` where nothing is asked.
    pub(super) async fn reader(&self) -> Result<Option<Reader>, Error> {
        match self {
            Self::Live(connection) | Self::DryRun(connection) => {
                Ok(Some(Reader(connection.client().await?.clone())))
            }
            Self::Offline => Ok(None),
        }
    }

    /// The client that reads, and the one that changes or asks what a change would do;
    /// `None` where nothing is asked.
    pub(super) async fn changer(&self) -> Result<Option<(Reader, Changer)>, Error> {
        Ok(match self {
            Self::Live(connection) => {
                let client = connection.client().await?.clone();
                let writer = Writer(client.clone());
                Some((Reader(client), Changer::Writer(writer)))
            }
            Self::DryRun(connection) => {
                let client = connection.client().await?.clone();
                let rehearser = Rehearser(client.clone());
                Some((Reader(client), Changer::Rehearser(rehearser)))
            }
            Self::Offline => None,
        })
    }
}

/// What may be done about a change.
pub(super) enum Changer {
    Writer(Writer),
    Rehearser(Rehearser),
}

/// Reads, and nothing else.
#[derive(Clone)]
pub(super) struct Reader(Client);

/// Changes.
#[derive(Clone)]
pub(super) struct Writer(Client);

/// Asks what a change would do: every request carries `dryRun=All`.
pub(super) struct Rehearser(Client);

impl Reader {
    /// The workload as it stands. Reads that the server puts off are tried again.
    pub(super) async fn get(
        &self,
        kind: WorkloadKind,
        namespace: &str,
        name: &str,
    ) -> Result<Value, Error> {
        let api = workloads(self.0.clone(), kind, namespace);
        let mut pause = READ_PAUSE;
        for attempt in 1.. {
            let error = match tokio::time::timeout(READ_ANSWER, api.get(name)).await {
                Ok(Ok(object)) => return value(&object),
                Ok(Err(error)) => failure::read(&error),
                Err(_) => Error::Unavailable(format!(
                    "the API server did not answer within {}s",
                    READ_ANSWER.as_secs()
                )),
            };
            if attempt == READ_ATTEMPTS || !matches!(error, Error::Unavailable(_)) {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        unreachable!("the last attempt returns")
    }

    /// What watchers list and watch with.
    pub(super) fn watching(&self) -> Client {
        self.0.clone()
    }
}

impl Writer {
    /// The pods of a namespace, to delete from.
    pub(super) fn pods(&self, namespace: &str) -> Api<Pod> {
        Api::namespaced(self.0.clone(), namespace)
    }

    /// Changes the workload; the answer is the object as it stands then.
    pub(super) async fn patch(
        &self,
        kind: WorkloadKind,
        namespace: &str,
        name: &str,
        patch: &JsonPatch,
    ) -> Result<Value, Refusal> {
        send(
            &self.0,
            kind,
            namespace,
            name,
            patch,
            PatchParams::default(),
        )
        .await
    }
}

impl Rehearser {
    /// Asks for the object as it would stand after the change.
    pub(super) async fn patch(
        &self,
        kind: WorkloadKind,
        namespace: &str,
        name: &str,
        patch: &JsonPatch,
    ) -> Result<Value, Refusal> {
        send(
            &self.0,
            kind,
            namespace,
            name,
            patch,
            PatchParams::default().dry_run(),
        )
        .await
    }
}

async fn send(
    client: &Client,
    kind: WorkloadKind,
    namespace: &str,
    name: &str,
    patch: &JsonPatch,
    mut params: PatchParams,
) -> Result<Value, Refusal> {
    params.field_manager = Some(MANAGER.to_owned());
    let api = workloads(client.clone(), kind, namespace);
    let patch = Patch::Json::<()>(patch.clone());
    let object = api
        .patch(name, &params, &patch)
        .await
        .map_err(|error| failure::write(&error))?;
    value(&object).map_err(|_| Refusal::Lost("the answer is not an object".to_owned()))
}

fn workloads(client: Client, kind: WorkloadKind, namespace: &str) -> Api<DynamicObject> {
    Api::namespaced_with(client, namespace, &resource(kind))
}

/// The API that serves a kind.
pub(super) fn resource(kind: WorkloadKind) -> ApiResource {
    let group = kind.group();
    ApiResource {
        group: group.to_owned(),
        version: "v1".to_owned(),
        api_version: format!("{group}/v1"),
        kind: kind.to_string(),
        plural: kind.resource().to_owned(),
    }
}

fn value(object: &DynamicObject) -> Result<Value, Error> {
    serde_json::to_value(object).map_err(|error| Error::Other(error.to_string()))
}
