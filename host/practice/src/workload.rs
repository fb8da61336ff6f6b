//! A workload to start with, in full: a seed with all that others did to it before. For tests of
//! what a deployment meets on clusters that have a history.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::actor::merge;
use crate::kind::Kind;
use crate::managed::Manager;
use crate::seed::Seed;

/// A workload to start with, and who looks after it.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    pub(crate) seed: Seed,
    pub(crate) init_containers: Vec<(String, String)>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) owners: Vec<Value>,
    /// Laid over the spec of its kind.
    pub(crate) spec: Value,
    /// Who made it.
    pub(crate) manager: Manager,
}

impl From<Seed> for Workload {
    fn from(seed: Seed) -> Workload {
        Workload {
            seed,
            init_containers: Vec::new(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            owners: Vec::new(),
            spec: json!({}),
            manager: Manager::update("kubectl-create"),
        }
    }
}

impl Workload {
    /// A workload of so many pods, without containers so far.
    pub fn new(kind: Kind, namespace: &str, name: &str, replicas: u32) -> Workload {
        Workload::from(Seed {
            kind,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            containers: Vec::new(),
            replicas,
        })
    }

    /// Has one more container.
    #[must_use]
    pub fn container(mut self, name: &str, image: &str) -> Workload {
        self.seed
            .containers
            .push((name.to_owned(), image.to_owned()));
        self
    }

    /// Has one more init container; they run in the order in which they are given.
    #[must_use]
    pub fn init_container(mut self, name: &str, image: &str) -> Workload {
        self.init_containers
            .push((name.to_owned(), image.to_owned()));
        self
    }

    /// Has a label. Its pods do not.
    #[must_use]
    pub fn label(mut self, key: &str, value: &str) -> Workload {
        self.labels.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Has an annotation. Its pods do not.
    #[must_use]
    pub fn annotation(mut self, key: &str, value: &str) -> Workload {
        self.annotations.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Has one more of `metadata.ownerReferences`.
    #[must_use]
    pub fn owner(mut self, reference: Value) -> Workload {
        self.owners.push(reference);
        self
    }

    /// Was made by this field manager; without a word, by `kubectl-create`.
    #[must_use]
    pub fn made_by(mut self, manager: Manager) -> Workload {
        self.manager = manager;
        self
    }

    /// Lays this over the spec, as [`Cluster::patch`](crate::Cluster::patch) would: for
    /// `minReadySeconds`, strategies, `progressDeadlineSeconds` and their like.
    #[must_use]
    pub fn spec(mut self, change: &Value) -> Workload {
        merge(&mut self.spec, change, "");
        self
    }

    /// Its pods count as available after so many seconds of readiness.
    #[must_use]
    pub fn min_ready_seconds(self, seconds: u32) -> Workload {
        self.spec(&json!({ "minReadySeconds": seconds }))
    }

    /// A Deployment that ends all old pods before it makes a new one.
    #[must_use]
    pub fn recreate(self) -> Workload {
        self.spec(&json!({ "strategy": { "type": "Recreate", "rollingUpdate": null } }))
    }

    /// A Deployment that is paused.
    #[must_use]
    pub fn paused(self) -> Workload {
        self.spec(&json!({ "paused": true }))
    }

    /// A `StatefulSet` or `DaemonSet` whose pods are replaced only when somebody deletes them.
    #[must_use]
    pub fn on_delete(self) -> Workload {
        self.spec(&json!({ "updateStrategy": { "type": "OnDelete", "rollingUpdate": null } }))
    }

    /// A `StatefulSet` that leaves the pods below this ordinal as they are.
    #[must_use]
    pub fn partition(self, ordinal: u32) -> Workload {
        self.spec(&json!({ "updateStrategy": { "rollingUpdate": { "partition": ordinal } } }))
    }

    /// Belongs to a Helm release: <https://helm.sh/docs/howto/charts_tips_and_tricks>
    #[must_use]
    pub fn helm(self, release: &str) -> Workload {
        let namespace = self.seed.namespace.clone();
        self.label("app.kubernetes.io/managed-by", "Helm")
            .annotation("meta.helm.sh/release-name", release)
            .annotation("meta.helm.sh/release-namespace", &namespace)
    }

    /// Belongs to an Argo CD application that tracks by annotation, as it does by default since
    /// 3.0: <https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/>
    #[must_use]
    pub fn argo_cd(self, application: &str) -> Workload {
        let Seed {
            kind,
            namespace,
            name,
            ..
        } = &self.seed;
        let id = format!("{application}:{}/{kind}:{namespace}/{name}", kind.group());
        self.annotation("argocd.argoproj.io/tracking-id", &id)
    }

    /// Belongs to an Argo CD application that tracks by a label of its own. The same page.
    #[must_use]
    pub fn argo_cd_by_label(self, application: &str) -> Workload {
        self.label("argocd.argoproj.io/instance", application)
    }

    /// Belongs to a Flux Kustomization:
    /// <https://fluxcd.io/flux/components/kustomize/kustomizations/>
    #[must_use]
    pub fn flux_kustomization(self, name: &str, namespace: &str) -> Workload {
        self.label("kustomize.toolkit.fluxcd.io/name", name)
            .label("kustomize.toolkit.fluxcd.io/namespace", namespace)
    }

    /// Belongs to a Flux Helm release: <https://fluxcd.io/flux/components/helm/helmreleases/>
    #[must_use]
    pub fn flux_helm(self, name: &str, namespace: &str) -> Workload {
        self.label("helm.toolkit.fluxcd.io/name", name)
            .label("helm.toolkit.fluxcd.io/namespace", namespace)
    }

    /// The images of all its containers.
    pub(crate) fn images(&self) -> impl Iterator<Item = &str> {
        let named = self.seed.containers.iter().chain(&self.init_containers);
        named.map(|(_, image)| image.as_str())
    }

    /// Why a cluster cannot start with it, if it cannot.
    pub(crate) fn objection(&self) -> Option<String> {
        let kind = self.seed.kind;
        if !kind.is_workload() {
            return Some(format!(
                "the practice cluster cannot start with a {kind}; seed a Deployment, StatefulSet, DaemonSet or CronJob"
            ));
        }
        // A spec without these could not hold its pods, and every controller would stumble on it.
        for part in ["selector", "template", "jobTemplate"] {
            if self.spec.get(part).is_some() {
                return Some(format!(
                    "the practice cluster makes the `{part}` of {kind} `{}` itself; leave it out of the spec",
                    self.seed.name
                ));
            }
        }
        None
    }
}
