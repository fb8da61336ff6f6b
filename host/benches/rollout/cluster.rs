//! The control plane: `kubectl`, the Deployment that is rolled out, what the cluster shows of it
//! and when, and the requests that it was asked.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    path::{Path, PathBuf},
    pin::pin,
    process::{Command, Stdio},
    sync::mpsc::{Receiver, Sender, channel},
    time::Instant,
};

use futures::StreamExt as _;
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Pod};
use kube::{
    Api, Client,
    config::{KubeConfigOptions, Kubeconfig},
    runtime::{WatchStreamExt as _, watcher},
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

pub(crate) const REPLICAS: i32 = 3;

/// A control plane and the folder that it runs in.
pub(crate) struct Cluster {
    folder: PathBuf,
    runtime: Runtime,
}

/// What the cluster showed, and when this process saw it.
pub(crate) struct Shown {
    seen: Receiver<(Instant, Fact)>,
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fact {
    /// All pods have that image, and none is left of another.
    Complete(String),
    /// A pod with that image crashes.
    Crashing(String),
}

impl Cluster {
    pub(crate) fn at(folder: PathBuf) -> Self {
        Self {
            folder,
            runtime: Runtime::new().expect("a runtime can be made"),
        }
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.join("kubeconfig")
    }

    pub(crate) fn kubectl(&self, namespace: &str, args: &[&str]) -> Command {
        let mut command = Command::new(self.folder.join("kubekit"));
        command
            .args(["kubectl", "--namespace", namespace, "--kubeconfig"])
            .arg(self.kubeconfig())
            .arg("--cache-dir")
            .arg(self.folder.join("cache"))
            .args(args);
        command
    }

    pub(crate) fn run(&self, namespace: &str, args: &[&str], input: &str) {
        let mut child = self
            .kubectl(namespace, args)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("kubectl starts");
        let mut stdin = child.stdin.take().expect("it is piped");
        stdin.write_all(input.as_bytes()).expect("it reads");
        drop(stdin);
        assert!(child.wait().expect("it was started").success(), "{args:?}");
    }

    /// A namespace with the Deployment `web` in it, rolled out with that image.
    pub(crate) fn stage(&self, namespace: &str, image: &str, deadline: u32) {
        self.run(namespace, &["create", "namespace", namespace], "");
        let labels = json!({ "app": "web" });
        let web = json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": { "name": "web" },
            "spec": {
                "replicas": REPLICAS,
                "progressDeadlineSeconds": deadline,
                "selector": { "matchLabels": labels },
                "template": {
                    "metadata": { "labels": labels },
                    "spec": { "containers": [{ "name": "app", "image": image }] },
                },
            },
        });
        self.run(namespace, &["create", "--filename", "-"], &web.to_string());
        self.run(namespace, &["rollout", "status", "deployment/web"], "");
    }

    pub(crate) fn remove(&self, namespace: &str) {
        self.run(
            namespace,
            &["delete", "namespace", namespace, "--wait=false"],
            "",
        );
    }

    /// Begins to look at the namespace's Deployment and pods.
    pub(crate) fn look(&self, namespace: &str) -> Shown {
        let (sender, seen) = channel();
        let client = self.runtime.block_on(client(&self.kubeconfig()));
        let namespace = namespace.to_owned();
        self.runtime.spawn(async move {
            let deployments = Api::<Deployment>::namespaced(client.clone(), &namespace);
            let pods = Api::<Pod>::namespaced(client, &namespace);
            let config = watcher::Config::default();
            let deployments = watcher(deployments, config.clone()).applied_objects();
            let pods = watcher(pods, config).applied_objects();
            tokio::join!(
                tell(deployments, complete, sender.clone()),
                tell(pods, crashing, sender)
            );
        });
        Shown { seen }
    }

    /// The requests in the namespace so far of the client of that name, by verb and resource;
    /// a watch is one request.
    pub(crate) fn requests(&self, namespace: &str, agent: &str) -> BTreeMap<String, usize> {
        let log = std::fs::read_to_string(self.folder.join("audit.log"));
        let log = log.expect("the control plane keeps it");
        let entries = log
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut ids = BTreeSet::new();
        let mut counts = BTreeMap::new();
        for entry in entries {
            let by = entry["userAgent"].as_str().unwrap_or_default();
            let here = entry["objectRef"]["namespace"] == namespace;
            if here && by == agent && ids.insert(entry["auditID"].to_string()) {
                let [verb, resource] = [&entry["verb"], &entry["objectRef"]["resource"]]
                    .map(|word| word.as_str().unwrap_or_default());
                *counts.entry(format!("{verb} {resource}")).or_default() += 1;
            }
        }
        counts
    }
}

async fn client(kubeconfig: &Path) -> Client {
    let config = Kubeconfig::read_from(kubeconfig).expect("it can be read");
    let options = KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(config, &options).await;
    Client::try_from(config.expect("it is complete")).expect("a client can be made")
}

async fn tell<K>(
    objects: impl futures::Stream<Item = watcher::Result<K>>,
    fact: fn(&K) -> Option<Fact>,
    sender: Sender<(Instant, Fact)>,
) {
    let mut objects = pin!(objects);
    while let Some(object) = objects.next().await {
        if let Some(fact) = object.ok().as_ref().and_then(fact) {
            let _ = sender.send((Instant::now(), fact));
        }
    }
}

/// As `kubectl rollout status` has it.
fn complete(web: &Deployment) -> Option<Fact> {
    let (status, spec) = (web.status.as_ref()?, web.spec.as_ref()?);
    let all = [
        status.updated_replicas,
        status.replicas,
        status.available_replicas,
    ];
    let seen = status.observed_generation >= web.metadata.generation;
    let image = spec
        .template
        .spec
        .as_ref()?
        .containers
        .first()?
        .image
        .clone();
    (seen && all.iter().all(|count| *count == Some(REPLICAS))).then_some(Fact::Complete(image?))
}

fn crashing(pod: &Pod) -> Option<Fact> {
    let image = pod.spec.as_ref()?.containers.first()?.image.clone()?;
    let statuses = pod.status.as_ref()?.container_statuses.as_ref()?;
    let waiting = statuses.first()?.state.as_ref()?.waiting.as_ref()?;
    (waiting.reason.as_deref() == Some("CrashLoopBackOff")).then_some(Fact::Crashing(image))
}

impl Shown {
    /// When that was seen first.
    pub(crate) fn when(&self, wanted: &Fact) -> Instant {
        loop {
            let (at, fact) = self.seen.recv().expect("the cluster is looked at");
            if fact == *wanted {
                return at;
            }
        }
    }
}
