//! The scenarios on practice's cluster, reached as any cluster is: by a kubeconfig.

use std::{path::Path, time::Duration};

use serde_json::{Value, json};
use sluice_practice::{Answer, Cluster, Failure, Kind, Manager, Pace, Requests, Seed, Times};
use tokio::runtime::Runtime;

use super::{
    scenario::{each_scenario, meanwhile, outcome, refusal},
    stage::{Fate, OLD, Stage, Write},
};

const NAMESPACE: &str = "shop";

/// A cluster in this process.
pub(crate) struct Practice {
    pub(crate) cluster: Cluster,
    kubeconfig: tempfile::NamedTempFile,
    // Last, since the cluster lives on it.
    _runtime: Runtime,
}

impl Practice {
    /// A cluster with the Deployment `web` that moves at this pace and fails in this way.
    pub(crate) fn at(pace: Pace, failure: Option<Failure>) -> Self {
        Self::with(Kind::Deployment, pace, failure)
    }

    /// The same with a workload of that kind.
    pub(crate) fn with(kind: Kind, pace: Pace, failure: Option<Failure>) -> Self {
        let runtime = Runtime::new().expect("a runtime can be made");
        let seed = Seed {
            kind,
            namespace: NAMESPACE.to_owned(),
            name: "web".to_owned(),
            containers: vec![("app".to_owned(), OLD.to_owned())],
            replicas: 2,
        };
        let cluster = runtime
            .block_on(Cluster::start(vec![seed], failure, pace))
            .expect("a loopback port is free");
        let kubeconfig = tempfile::NamedTempFile::new().expect("a file can be made");
        std::fs::write(&kubeconfig, config(&cluster.url())).expect("the file is ours");
        Self {
            cluster,
            kubeconfig,
            _runtime: runtime,
        }
    }

    /// Ends the cluster; the way to where it was stays.
    pub(crate) fn down(self) -> tempfile::NamedTempFile {
        self.kubeconfig
    }

    /// Gives requests a wrong answer, from now on.
    pub(crate) fn always(&self, requests: Requests, answer: Answer) {
        self.cluster.fail(requests, answer, Times::Always);
    }

    /// Gives the next of these requests a wrong answer.
    pub(crate) fn once(&self, requests: Requests, answer: Answer) {
        self.cluster.fail(requests, answer, Times::Once);
    }

    /// Changes the Deployment as `kubectl` does.
    fn change(&self, manager: &str, change: &Value) {
        let (kind, manager) = (Kind::Deployment, Manager::update(manager));
        let found = self.cluster.patch(kind, NAMESPACE, "web", &manager, change);
        found.expect("the stage has it");
    }
}

/// A kubeconfig that leads to a server without credentials.
fn config(server: &str) -> String {
    format!(
        "apiVersion: v1
kind: Config
clusters: [{{ name: practice, cluster: {{ server: '{server}' }} }}]
users: [{{ name: anybody, user: {{}} }}]
contexts: [{{ name: practice, context: {{ cluster: practice, user: anybody }} }}]
current-context: practice
"
    )
}

impl Stage for Practice {
    fn set(fate: Fate) -> Self {
        let failure = match fate {
            Fate::Ready => None,
            Fate::Held => return Self::at(Pace::stopped(Duration::from_secs(1)), None),
            Fate::ImagePull => Some(Failure::ImagePull),
            Fate::CrashLoop => Some(Failure::CrashLoop),
            Fate::Unschedulable => Some(Failure::Unschedulable),
            Fate::Quota => Some(Failure::Quota),
            Fate::NeverReady => Some(Failure::NeverReady),
        };
        Self::at(Pace::instant(), failure)
    }

    fn namespace(&self) -> &str {
        NAMESPACE
    }

    fn kubeconfig(&self) -> &Path {
        self.kubeconfig.path()
    }

    fn image(&self) -> String {
        let web = self.cluster.object(Kind::Deployment, NAMESPACE, "web");
        let image = "/spec/template/spec/containers/0/image";
        let web = web.expect("the stage has it");
        let image = web.pointer(image).and_then(Value::as_str);
        image.expect("its container has an image").to_owned()
    }

    fn writes(&self) -> Vec<Write> {
        let writes = self.cluster.writes().into_iter();
        let writes = writes.map(|write| Write::new(write.dry_run, &write.body));
        writes.collect()
    }

    fn set_image(&self, image: &str) {
        let containers = json!([{ "name": "app", "image": image }]);
        let change = json!({ "spec": { "template": { "spec": { "containers": containers } } } });
        self.change("kubectl-set", &change);
    }

    fn pause(&self) {
        self.change("kubectl-rollout", &json!({ "spec": { "paused": true } }));
    }

    fn hand_over(&self) {
        let owner = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": "operator",
            "uid": "c0ffee00-0000-4000-8000-000000000000",
            "controller": true,
        });
        self.change(
            "kubectl-patch",
            &json!({ "metadata": { "ownerReferences": [owner] } }),
        );
    }

    fn delete(&self) {
        self.cluster.delete(Kind::Deployment, NAMESPACE, "web");
    }

    fn recreate(&self) -> String {
        let (kind, manager) = (Kind::Deployment, Manager::update("kubectl-create"));
        let made = self.cluster.recreate(kind, NAMESPACE, "web", &manager);
        let uid = made.expect("the stage has it")["metadata"]["uid"].take();
        uid.as_str().expect("every object has one").to_owned()
    }

    fn release(&self) {
        self.cluster.pass_time(Duration::from_hours(1));
    }
}

macro_rules! on_practice {
    ($module:ident, $name:ident) => {
        #[test]
        fn $name() {
            $module::$name::<Practice>();
        }
    };
}

each_scenario!(on_practice);
