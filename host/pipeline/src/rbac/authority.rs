//! What some pipelines may do in a cluster, all together: each workload once, with the
//! images of each container and the steps that ask for it.

use std::collections::{BTreeMap, BTreeSet};

use crate::permission::{ImagePattern, KubeRule, WorkloadKind};

/// The workloads that some pipelines may change.
#[derive(Debug, Clone, Default)]
pub struct Authority {
    /// By namespace, kind and name.
    workloads: BTreeMap<(String, WorkloadKind, String), Workload>,
}

/// A workload that pipelines may change.
#[derive(Debug, Clone)]
pub struct Workload {
    /// Its kind.
    pub kind: WorkloadKind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The images of each container, each with the steps that permit it.
    pub(super) images: BTreeMap<String, BTreeMap<ImagePattern, Steps>>,
    /// Whether it may be restarted with the image that it has.
    pub(super) restart: bool,
    /// Whether its pods may be deleted.
    pub(super) delete_pods: bool,
    /// All steps that name it.
    pub(super) steps: Steps,
}

/// Steps, each as `pipeline/step`.
pub(super) type Steps = BTreeSet<String>;

impl Authority {
    /// Adds what a step of a pipeline is permitted.
    pub fn add(&mut self, pipeline: &str, step: &str, rule: &KubeRule) {
        let step = format!("{pipeline}/{step}");
        let key = (rule.namespace.clone(), rule.kind, rule.name.clone());
        let workload = self.workloads.entry(key).or_insert_with(|| Workload {
            kind: rule.kind,
            namespace: rule.namespace.clone(),
            name: rule.name.clone(),
            images: BTreeMap::new(),
            restart: false,
            delete_pods: false,
            steps: Steps::new(),
        });
        for container in &rule.containers {
            let images = workload.images.entry(container.clone()).or_default();
            for pattern in &rule.images {
                images
                    .entry(pattern.clone())
                    .or_default()
                    .insert(step.clone());
            }
        }
        workload.restart |= rule.restart;
        workload.delete_pods |= rule.delete_pods;
        workload.steps.insert(step);
    }

    /// Whether nothing is permitted.
    pub fn is_empty(&self) -> bool {
        self.workloads.is_empty()
    }

    /// The workloads by namespace, kind and name.
    pub fn workloads(&self) -> impl Iterator<Item = &Workload> {
        self.workloads.values()
    }

    /// The namespaces in their order, each once.
    pub fn namespaces(&self) -> impl Iterator<Item = &str> {
        let namespaces = self
            .workloads
            .keys()
            .map(|(namespace, ..)| namespace.as_str());
        namespaces.collect::<BTreeSet<_>>().into_iter()
    }

    /// The workloads of a namespace.
    pub(super) fn of<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Workload> {
        self.workloads()
            .filter(move |workload| workload.namespace == namespace)
    }
}
