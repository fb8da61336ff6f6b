//! The practice cluster as its users hold it: started from seeds, addressed by a URL, looked at,
//! and meddled with.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::task::AbortHandle;

use crate::actor;
use crate::failure::Failure;
use crate::fault::{Answer, Requests, Times};
use crate::http::Listening;
use crate::kind::Kind;
use crate::managed::Manager;
use crate::object::Key;
use crate::pace::Pace;
use crate::seed::{self, Seed};
use crate::server::{Server, Write};

/// A running stand-in for a Kubernetes cluster. Dropping it ends it, with all its connections.
pub struct Cluster {
    server: Arc<Server>,
    listening: Listening,
    clock: AbortHandle,
}

impl Cluster {
    /// Starts a cluster with these workloads, each of them healthy, on a free loopback port. An
    /// image that none of them has fails as chosen, once it is deployed.
    ///
    /// Fails where no port can be had, and with [`io::ErrorKind::InvalidInput`] where a seed is
    /// not a workload.
    pub async fn start(
        seeds: Vec<Seed>,
        failure: Option<Failure>,
        pace: Pace,
    ) -> io::Result<Cluster> {
        if let Some(seed) = seeds.iter().find(|seed| !seed.kind.is_workload()) {
            let message = format!(
                "the practice cluster cannot start with a {}; seed a Deployment",
                seed.kind
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let server = Arc::new(Server::new(seed::plant(
            &seeds,
            failure,
            pace,
            Timestamp::now(),
        )));
        let answering = Arc::clone(&server);
        let listening =
            Listening::start(move |request| Arc::clone(&answering).answer(request)).await?;
        let running = Arc::clone(&server);
        let clock = tokio::spawn(async move { running.run().await }).abort_handle();
        Ok(Cluster {
            server,
            listening,
            clock,
        })
    }

    /// Where it listens: `http://127.0.0.1:<port>`, without credentials.
    pub fn url(&self) -> String {
        self.listening.url()
    }

    /// Every request that might change something, in the order in which they came: those that
    /// were refused and those with `dryRun=All` too.
    pub fn writes(&self) -> Vec<Write> {
        self.server.writes()
    }

    /// An object as it stands.
    pub fn object(&self, kind: Kind, namespace: &str, name: &str) -> Option<Value> {
        self.server
            .read(|store| store.get(&Key::new(kind, namespace, name)).cloned())
    }

    /// All objects of a kind in a namespace, by name.
    pub fn objects(&self, kind: Kind, namespace: &str) -> Vec<Value> {
        self.server
            .read(|store| store.list(kind, Some(namespace)).cloned().collect())
    }

    /// Changes an object as another field manager, by a strategic merge patch: `null` removes a
    /// field, containers are found by name, conditions by type. A patch of
    /// `metadata.managedFields` sets the ownership as given. Nothing where there is no such object.
    pub fn patch(
        &self,
        kind: Kind,
        namespace: &str,
        name: &str,
        manager: &Manager,
        change: &Value,
    ) -> Option<Value> {
        let key = Key::new(kind, namespace, name);
        self.server
            .change(|world| actor::patch(world, &key, manager, change))
    }

    /// Deletes an object, and what it controls.
    pub fn delete(&self, kind: Kind, namespace: &str, name: &str) {
        let key = Key::new(kind, namespace, name);
        self.server.change(|world| world.store.remove(&key));
    }

    /// Moves the cluster's clock on; what is due in that time happens, each at its own moment.
    pub fn pass_time(&self, time: Duration) {
        self.server.pass_time(time);
    }

    /// From now on, new images fail in another way, or no longer. Pods that fail already do not
    /// notice before their next attempt.
    pub fn set_failure(&self, failure: Option<Failure>) {
        self.server.change(|world| world.failure = failure);
    }

    /// Gives requests a wrong answer. Faults are tried in the order in which they were set, and
    /// a request meets one of them at most.
    pub fn fail(&self, requests: Requests, answer: Answer, times: Times) {
        self.server
            .faults(|faults| faults.add(requests, answer, times));
    }

    /// Takes back all faults that [`fail`](Cluster::fail) set.
    pub fn heal(&self) {
        self.server.faults(super::fault::Faults::clear);
    }

    /// Ends all open watches, as a server does that restarts.
    pub fn close_watches(&self) {
        self.server.close_watches();
    }

    /// Forgets the history: a watch from a version that was read before is answered with 410.
    /// Open watches meet it too, since they have not seen the newest version.
    pub fn expire_versions(&self) {
        self.server.change(|world| world.store.compact());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.clock.abort();
    }
}
