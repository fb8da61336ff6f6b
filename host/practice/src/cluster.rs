//! The practice cluster as its users hold it: started from seeds, addressed by a URL, looked at,
//! and meddled with.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::task::AbortHandle;

use crate::failure::Failure;
use crate::fault::{Answer, Requests, Times};
use crate::http::Listening;
use crate::kind::Kind;
use crate::object::Key;
use crate::pace::Pace;
use crate::seed;
use crate::server::{Server, Write};
use crate::workload::Workload;

/// A running stand-in for a Kubernetes cluster. Dropping it ends it, with all its connections.
pub struct Cluster {
    pub(crate) server: Arc<Server>,
    listening: Listening,
    clock: AbortHandle,
}

impl Cluster {
    /// Starts a cluster with these workloads, each of them healthy, on a free loopback port. An
    /// image that none of them has fails as chosen, once it is deployed.
    ///
    /// Takes [`Seed`](crate::Seed)s or [`Workload`]s. Fails where no port can be had, and with
    /// [`io::ErrorKind::InvalidInput`] where a seed is not a workload.
    pub async fn start<W: Into<Workload>>(
        workloads: Vec<W>,
        failure: Option<Failure>,
        pace: Pace,
    ) -> io::Result<Cluster> {
        let workloads: Vec<Workload> = workloads.into_iter().map(Into::into).collect();
        if let Some(objection) = workloads.iter().find_map(Workload::objection) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, objection));
        }
        let server = Arc::new(Server::new(seed::plant(
            &workloads,
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

    /// Moves the cluster's clock on; what is due in that time happens, each at its own moment.
    pub fn pass_time(&self, time: Duration) {
        self.server.pass_time(time);
    }

    /// From now on, new images fail in another way, or no longer. Pods that fail already do not
    /// notice before their next attempt.
    pub fn set_failure(&self, failure: Option<Failure>) {
        self.server.change(|world| {
            world.failure = failure;
            world.limit_lifts = None;
        });
    }

    /// How long the registry's rate limit lasts, counted from the first pull that meets it
    /// ([`Failure::ImagePullPassing`]). Without a word it is shorter than the kubelet's first back-off.
    pub fn set_rate_limit(&self, time: Duration) {
        let time = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
        self.server.change(|world| world.rate_limit = time);
    }

    /// What a container of that name prints, in any pod of the namespace. A container that failed
    /// prints a line of a database that it cannot reach where nobody says otherwise, and others nothing.
    pub fn set_log(&self, namespace: &str, container: &str, text: &str) {
        self.server
            .change(|world| world.logs.set(namespace, container, text));
    }

    /// Lets the cluster's clock be so much ahead of the truth, or behind it where the time is
    /// negative: in the dates of answers and in what is written from now on.
    pub fn set_clock_skew(&self, ahead: SignedDuration) {
        self.server.set_clock_skew(ahead);
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

    /// Restarts the API server with another history, as after a backup was restored: all watches
    /// end, versions start anew, and lower, and those that were read before are answered with 410.
    pub fn restart(&self) {
        self.server.restart();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.clock.abort();
    }
}
