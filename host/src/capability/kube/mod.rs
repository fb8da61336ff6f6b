//! `sluice:kube/apply`: each call of a plugin is checked on its values against the step's
//! `kube-apply` permission, then done by a client that holds no more than the run's mode
//! allows. What the cluster shows is handed over as dated facts; judging them is the
//! plugin's.

mod cluster;
mod facts;
mod failure;
mod patch;
mod review;
mod watch;
mod workload;

use std::{sync::Arc, time::Duration};

use serde_json::json;
use sluice_pipeline::permission::{
    ImageRef, KubeRule, Permissions, WorkloadKind, permit_image, permit_workload,
};
use tokio_util::sync::CancellationToken;
use wasmtime::component::{HasData, Resource, ResourceTable};

pub use cluster::{Cluster, Connection};
pub use review::{Asked, Hold, Reviews};
pub use watch::Rollout;

use crate::{
    bindings::sluice::kube::apply::{
        Effect as Outcome, Error, Host, HostRollout, ImageChange, News, Object, Workload,
    },
    run::{
        Effects, Reporter,
        event::{Effect, EffectState, Level},
    },
};

/// The longest that one `next` waits, whatever the plugin asks for.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// What the calls of one plugin need.
pub struct KubeCalls {
    /// The step's identifier, for what a refusal says.
    pub step: String,
    /// What the step may do.
    pub permissions: Arc<Permissions>,
    /// Keeps the changes.
    pub effects: Effects,
    /// Says what a person should know of them.
    pub reporter: Reporter,
    /// Ends waits.
    pub cancel: CancellationToken,
    /// The cluster, as far as the run's mode lets it be reached.
    pub cluster: Cluster,
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

/// A workload that the step may touch, and the permissions that say so.
struct Permitted<'a> {
    target: Target,
    rules: Vec<&'a KubeRule>,
}

/// What names a workload.
#[derive(Clone)]
struct Target {
    kind: WorkloadKind,
    namespace: String,
    name: String,
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}

impl KubeCalls {
    /// The workload, if some permission names it.
    fn permitted(&self, workload: &Workload) -> Result<Permitted<'_>, Error> {
        let kind = workload.kind.parse::<WorkloadKind>().map_err(|_| {
            Error::Invalid(format!(
                "`{}` is not a kind of workload that sluice knows",
                workload.kind
            ))
        })?;
        let (namespace, name) = (workload.namespace.clone(), workload.name.clone());
        let rules = self.permissions.kube_apply.iter();
        let rules = rules
            .filter(|rule| rule.matches_object(kind, &namespace, &name))
            .collect::<Vec<_>>();
        if rules.is_empty() {
            let asked = format!("{kind} {namespace}/{name}");
            let yaml = permit_workload(&self.step, kind, &namespace, &name);
            return Err(self.refuse("get", &asked, &yaml, &json!({})));
        }
        let target = Target {
            kind,
            namespace,
            name,
        };
        Ok(Permitted { target, rules })
    }

    /// Every change is within one permission, and the images that it asks for.
    fn check_changes(
        &self,
        Permitted { target, rules }: &Permitted<'_>,
        changes: &[ImageChange],
    ) -> Result<(), Error> {
        for change in changes {
            let image = change.new.parse::<ImageRef>().map_err(|why| {
                Error::Invalid(format!("`{}` is not an image reference: {why}", change.new))
            })?;
            if !rules
                .iter()
                .any(|rule| rule.permits_image(&change.container, &image))
            {
                let (namespace, name) = (&target.namespace, &target.name);
                let container = &change.container;
                let yaml =
                    permit_image(&self.step, target.kind, namespace, name, container, &image);
                let detail = json!({ "container": change.container, "image": change.new });
                return Err(self.refuse("set-images", &target.to_string(), &yaml, &detail));
            }
        }
        Ok(())
    }

    fn refuse(&self, action: &str, target: &str, yaml: &str, detail: &serde_json::Value) -> Error {
        let effect = Effect {
            capability: "kube-apply",
            action: action.to_owned(),
            target: target.to_owned(),
            state: EffectState::Refused,
            detail: detail.clone(),
        };
        let why = format!("step `{}` has no permission for it", self.step);
        self.effects.refuse(&effect, &why);
        self.reporter.log(
            Level::Error,
            &format!("refused `{action}` on {target}; to permit it:\n{yaml}"),
            Vec::new(),
        );
        Error::Denied(format!("step `{}` may not {action} {target}", self.step))
    }

    /// An object that another one manages is not ours to change.
    fn check_owner(target: &Target, object: &Object) -> Result<(), Error> {
        match &object.controller {
            Some(owner) => Err(Error::Invalid(format!(
                "{target} is managed by {owner}, which would undo the change; deploy through that instead"
            ))),
            None => Ok(()),
        }
    }
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
    ) -> wasmtime::Result<Result<Outcome, Error>> {
        Ok(self.calls.set_images(&workload, &uid, &changes).await)
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
        let Permitted { target, rules } = self.permitted(workload)?;
        let Some(reader) = self.cluster.reader().await? else {
            return Ok(workload::unseen(&rules));
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
        changes: &[ImageChange],
    ) -> Result<Outcome, Error> {
        let permitted = self.permitted(workload)?;
        self.check_changes(&permitted, changes)?;
        patch::set_images(self, &permitted.target, uid, changes).await
    }

    async fn follow(&self, workload: &Workload, uid: String) -> Result<Rollout, Error> {
        let target = self.permitted(workload)?.target;
        let Some(reader) = self.cluster.reader().await? else {
            return Err(Error::Unavailable(
                "there is no cluster to follow anything on".into(),
            ));
        };
        let clock = self.reporter.clock().clone();
        watch::follow(
            &reader,
            target.kind,
            &target.namespace,
            &target.name,
            uid,
            clock,
        )
        .await
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
