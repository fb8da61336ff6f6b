//! `sluice:kube/apply`: each call of a plugin is checked on its values against the step's
//! `kube-apply` permission, then done by a client that holds no more than the run's mode
//! allows. What the cluster shows is handed over as dated facts; judging them is the
//! plugin's.

mod check;
mod cluster;
mod facts;
mod failure;
mod known;
mod owner;
mod patch;
mod pods;
mod review;
mod watch;
mod workload;

use std::{sync::Arc, time::Duration};

use sluice_pipeline::permission::Authority;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use wasmtime::component::{HasData, Resource, ResourceTable};

pub use cluster::{Cluster, Connection};
pub use review::{Asked, Hold, Reviews};
pub use watch::Rollout;

use self::{
    check::{Permitted, check_lengths},
    patch::Change,
};
use crate::{
    bindings::sluice::kube::apply::{
        ContainerImage, Effect as Outcome, Error, Host, HostRollout, ImageChange, News, Object,
        Workload,
    },
    run::{Effects, Reporter},
};

/// The longest that one `next` waits, whatever the plugin asks for.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// How many workloads one attempt follows at a time: each has four watches on the API server.
const FOLLOWED: usize = 16;

/// The room for workloads that are followed.
#[derive(Clone)]
pub struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(FOLLOWED)))
    }
}

/// What the calls of one plugin need.
pub struct KubeCalls {
    /// The step's identifier, for what a refusal says.
    pub step: String,
    /// What the step may do.
    pub authority: Authority,
    /// Keeps the changes.
    pub effects: Effects,
    /// Says what a person should know of them.
    pub reporter: Reporter,
    /// Ends waits.
    pub cancel: CancellationToken,
    /// The cluster, as far as the run's mode lets it be reached.
    pub cluster: Cluster,
    /// What is left of what may be followed at a time.
    pub room: Room,
}

/// Marks the capability among what a store holds.
pub struct Kube;

impl HasData for Kube {
    type Data<'a> = KubeView<'a>;
}

/// The calls together with the store's resources.
pub struct KubeView<'a> {
    /// The calls.
    pub calls: &'a KubeCalls,
    /// Where follows are kept.
    pub table: &'a mut ResourceTable,
}

impl Host for KubeView<'_> {
    async fn get(&mut self, workload: Workload) -> wasmtime::Result<Result<Object, Error>> {
        Ok(self.calls.get(&workload).await)
    }

    async fn set_images(
        &mut self,
        workload: Workload,
        uid: String,
        changes: Vec<ImageChange>,
        take_over: bool,
    ) -> wasmtime::Result<Result<Outcome, Error>> {
        let calls = self.calls;
        Ok(calls.set_images(&workload, &uid, changes, take_over).await)
    }

    async fn restart(
        &mut self,
        workload: Workload,
        uid: String,
        images: Vec<ContainerImage>,
    ) -> wasmtime::Result<Result<Outcome, Error>> {
        Ok(self.calls.restart(&workload, &uid, images).await)
    }

    async fn delete_pod(
        &mut self,
        workload: Workload,
        uid: String,
        pod: String,
    ) -> wasmtime::Result<Result<Outcome, Error>> {
        Ok(self.calls.delete_pod(&workload, &uid, &pod).await)
    }

    async fn last_log_line(
        &mut self,
        workload: Workload,
        uid: String,
        pod: String,
        container: String,
    ) -> wasmtime::Result<Result<String, Error>> {
        let calls = self.calls;
        Ok(calls.last_log_line(&workload, &uid, &pod, &container).await)
    }

    async fn follow(
        &mut self,
        workload: Workload,
        uid: String,
    ) -> wasmtime::Result<Result<Resource<Rollout>, Error>> {
        match self.calls.follow(&workload, uid).await {
            Ok(rollout) => Ok(Ok(self.table.push(rollout)?)),
            Err(error) => Ok(Err(error)),
        }
    }
}

impl KubeCalls {
    async fn get(&self, workload: &Workload) -> Result<Object, Error> {
        let Permitted { target, may } = self.permitted(workload)?;
        let Some(reader) = self.cluster.reader().await? else {
            return Ok(workload::unseen(may.rules()));
        };
        let live = reader
            .get(target.kind, &target.namespace, &target.name)
            .await?;
        workload::object(target.kind, &live)
    }

    async fn set_images(
        &self,
        workload: &Workload,
        uid: &str,
        changes: Vec<ImageChange>,
        take_over: bool,
    ) -> Result<Outcome, Error> {
        let permitted = self.permitted(workload)?;
        self.check_images(&permitted, &changes)?;
        patch::apply(self, &permitted, uid, Change::Images(changes), take_over).await
    }

    async fn restart(
        &self,
        workload: &Workload,
        uid: &str,
        images: Vec<ContainerImage>,
    ) -> Result<Outcome, Error> {
        let permitted = self.permitted(workload)?;
        self.check_restart(&permitted, &images)?;
        let at = self.reporter.clock().now().to_string();
        patch::apply(self, &permitted, uid, Change::Restart { images, at }, false).await
    }

    async fn delete_pod(
        &self,
        workload: &Workload,
        uid: &str,
        pod: &str,
    ) -> Result<Outcome, Error> {
        let permitted = self.permitted(workload)?;
        self.check_delete_pods(&permitted, pod)?;
        pods::delete(self, &permitted, uid, pod).await
    }

    async fn last_log_line(
        &self,
        workload: &Workload,
        uid: &str,
        pod: &str,
        container: &str,
    ) -> Result<String, Error> {
        let target = self.permitted(workload)?.target;
        check_lengths([pod, container])?;
        match self.cluster.reader().await? {
            Some(reader) => pods::last_log_line(&reader, &target, uid, pod, container).await,
            None => Ok(String::new()),
        }
    }

    async fn follow(&self, workload: &Workload, uid: String) -> Result<Rollout, Error> {
        let target = self.permitted(workload)?.target;
        let Some(reader) = self.cluster.reader().await? else {
            return Err(Error::Unavailable(
                "there is no cluster to follow anything on".into(),
            ));
        };
        let place = self.room.0.clone().try_acquire_owned().map_err(|_| {
            Error::Invalid(format!(
                "a step follows {FOLLOWED} workloads at a time, no more: drop one first"
            ))
        })?;
        let clock = self.reporter.clock().clone();
        watch::follow(&reader, &target, uid, clock, place).await
    }
}

impl HostRollout for KubeView<'_> {
    async fn next(
        &mut self,
        rollout: Resource<Rollout>,
        max_wait: u64,
    ) -> wasmtime::Result<Result<News, Error>> {
        let rollout = self.table.get_mut(&rollout)?;
        let wait = Duration::from_millis(max_wait).min(LONGEST_WAIT);
        tokio::select! {
            biased;
            () = self.calls.cancel.cancelled() => Ok(Ok(News::Cancelled)),
            seen = rollout.changed() => Ok(seen.map(News::Change)),
            () = tokio::time::sleep(wait) => Ok(Ok(News::Quiet)),
        }
    }

    async fn drop(&mut self, rollout: Resource<Rollout>) -> wasmtime::Result<()> {
        self.table.delete(rollout)?;
        Ok(())
    }
}
