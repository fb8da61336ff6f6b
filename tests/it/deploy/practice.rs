//! The scenarios on practice's cluster, reached as any cluster is: by a kubeconfig.

use std::{path::Path, time::Duration};

use serde_json::{Value, json};
use sluice_practice::{Answer, Cluster, Failure, Kind, Manager, Pace, Requests, Times};
use tokio::runtime::Runtime;

use super::{
    scenario::{
        again, each_scenario, kinds, meanwhile, outcome, owner, patch, quota, refusal, rollback,
    },
    stage::{Deploy, Fate, OLD, Stage, Workload, Write},
};
use crate::sluice::Said;

const NAMESPACE: &str = "shop";

/// A cluster in this process.
pub(crate) struct Practice {
    pub(crate) cluster: Cluster,
    workload: Workload,
    kubeconfig: tempfile::NamedTempFile,
    // Last, since the cluster lives on it.
    _runtime: Runtime,
}

impl Practice {
    /// A cluster with the Deployment `web` that moves at this pace and fails in this way.
    pub(crate) fn at(pace: Pace, failure: Option<Failure>) -> Self {
        Self::with(Workload::of("Deployment"), pace, failure)
    }

    /// The same with that workload.
    pub(crate) fn with(workload: Workload, pace: Pace, failure: Option<Failure>) -> Self {
        let runtime = Runtime::new().expect("a runtime can be made");
        let cluster = runtime
            .block_on(Cluster::start(vec![seed(&workload)], failure, pace))
            .expect("a loopback port is free");
        let kubeconfig = tempfile::NamedTempFile::new().expect("a file can be made");
        std::fs::write(&kubeconfig, config(&cluster.url())).expect("the file is ours");
        Self {
            cluster,
            workload,
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

    /// The kind of its workload, as the cluster has it.
    pub(super) fn of_kind(&self) -> Kind {
        let kind = self.workload.kind.parse::<Kind>();
        kind.expect("the cluster knows it")
    }

    /// Changes the workload as `kubectl` does.
    fn change_as(&self, manager: &str, change: &Value) {
        let (kind, manager) = (self.of_kind(), Manager::update(manager));
        let found = self.cluster.patch(kind, NAMESPACE, "web", &manager, change);
        found.expect("the stage has it");
    }
}

/// The workload as the cluster is seeded with it.
fn seed(workload: &Workload) -> sluice_practice::Workload {
    let kind = workload.kind.parse().expect("the cluster knows it");
    let mut seed = sluice_practice::Workload::new(kind, NAMESPACE, "web", workload.replicas)
        .container("app", OLD)
        .spec(&workload.spec);
    for (name, image) in &workload.containers {
        seed = seed.container(name, image);
    }
    for (name, image) in &workload.init_containers {
        seed = seed.init_container(name, image);
    }
    for (key, value) in workload.labels {
        seed = seed.label(key, value);
    }
    for (key, value) in workload.annotations {
        seed = seed.annotation(key, value);
    }
    match workload.applied_by {
        Some(manager) => seed.made_by(Manager::apply(manager)),
        None => seed,
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
    fn of(workload: &Workload, fate: Fate) -> Self {
        let failure = match fate {
            Fate::Held | Fate::Stuck => {
                let pace = Pace::stopped(Duration::from_secs(1));
                return Self::with(workload.clone(), pace, None);
            }
            Fate::Ready => None,
            Fate::ImagePull => Some(Failure::ImagePull),
            Fate::CrashLoop => Some(Failure::CrashLoop),
            Fate::Unschedulable => Some(Failure::Unschedulable),
            Fate::Quota => Some(Failure::Quota),
            Fate::Denied => Some(Failure::Admission),
            Fate::NeverReady => Some(Failure::NeverReady),
        };
        Self::with(workload.clone(), Pace::instant(), failure)
    }

    fn kind(&self) -> &'static str {
        self.workload.kind
    }

    fn namespace(&self) -> &str {
        NAMESPACE
    }

    fn kubeconfig(&self) -> &Path {
        self.kubeconfig.path()
    }

    fn object(&self) -> Value {
        let web = self.cluster.object(self.of_kind(), NAMESPACE, "web");
        web.expect("the stage has it")
    }

    fn objects(&self, kind: &str) -> Vec<Value> {
        let kind = kind.parse().expect("the cluster knows it");
        self.cluster.objects(kind, NAMESPACE)
    }

    fn writes(&self) -> Vec<Write> {
        let writes = self.cluster.writes().into_iter();
        let writes = writes.map(|write| Write::new(write.dry_run, &write.body));
        writes.collect()
    }

    fn set_image(&self, image: &str) {
        let (kind, manager) = (self.of_kind(), Manager::update("kubectl-set"));
        let set = self
            .cluster
            .set_image(kind, NAMESPACE, "web", &manager, "app", image);
        set.expect("the stage has it");
    }

    fn change(&self, change: &Value) {
        self.change_as("kubectl-patch", change);
    }

    fn set_pod_status(&self, pod: &str, status: &Value) {
        let set = self.cluster.set_pod_status(NAMESPACE, pod, status);
        set.expect("the stage has it");
    }

    fn post_event(&self, event: &Value) {
        let posted = self.cluster.post_event(NAMESPACE, event);
        posted.expect("it is about something in the namespace");
    }

    fn lift_quota(&self) {
        self.cluster.set_failure(None);
        // The controller asks again by itself, after a while.
        self.cluster.pass_time(Duration::from_mins(1));
    }

    fn pause(&self) {
        self.change_as("kubectl-rollout", &json!({ "spec": { "paused": true } }));
    }

    fn hand_over(&self) {
        let owner = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": "operator",
            "uid": "c0ffee00-0000-4000-8000-000000000000",
            "controller": true,
        });
        self.change(&json!({ "metadata": { "ownerReferences": [owner] } }));
    }

    fn delete(&self) {
        self.cluster.delete(self.of_kind(), NAMESPACE, "web");
    }

    fn recreate(&self) -> String {
        let (kind, manager) = (self.of_kind(), Manager::update("kubectl-replace"));
        let made = self.cluster.recreate(kind, NAMESPACE, "web", &manager);
        let uid = made.expect("the stage has it")["metadata"]["uid"].take();
        uid.as_str().expect("every object has one").to_owned()
    }

    fn pass_step(&self) {
        self.cluster.pass_time(Duration::from_secs(1));
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

#[test]
fn recorded_reasons_of_pods_are_told() {
    super::scenario::recordings::recorded_reasons_are_told::<Practice>(false);
}

fn told(said: &Said) -> String {
    let end = said.of_step("step.finished", "deploy");
    let message = end["error"]["message"].as_str();
    message.unwrap_or_default().to_owned()
}

#[test]
fn crash_is_told_with_its_exit_code_and_the_last_line_of_the_log() {
    let stage = Practice::set(Fate::CrashLoop);
    let last = "panic: DATABASE_URL is not set";
    stage
        .cluster
        .set_log(NAMESPACE, "app", &format!("starting up\n{last}"));
    let said = Deploy::of(Fate::CrashLoop.image()).run(&stage, &[]);
    let told = told(&said);
    for words in ["exit code 1", last] {
        assert!(told.contains(words), "{told}");
    }
    assert!(!told.contains("starting up"), "{told}");
}

#[test]
fn api_server_is_told_who_asks() {
    let stage = Practice::set(Fate::Ready);
    assert_eq!(
        Deploy::of(Fate::Ready.image()).run(&stage, &[]).code,
        Some(0)
    );
    let agents = stage.cluster.writes().into_iter();
    let agents = agents.map(|write| write.user_agent).collect::<Vec<_>>();
    assert_eq!(agents, [concat!("sluice/", env!("CARGO_PKG_VERSION"))]);
}

#[test]
fn log_that_may_not_be_read_is_left_out() {
    let stage = Practice::set(Fate::CrashLoop);
    stage.always(Requests::Logs, Answer::Status(403));
    let told = told(&Deploy::of(Fate::CrashLoop.image()).run(&stage, &[]));
    assert!(told.contains("exit code 1"), "{told}");
    assert!(!told.contains("connection refused"), "{told}");
}

#[test]
fn server_whose_clock_is_wrong_is_followed_to_the_end() {
    for hours in [-25, 25] {
        let stage = Practice::set(Fate::Ready);
        let skew = jiff::SignedDuration::from_hours(hours);
        stage.cluster.set_clock_skew(skew);
        let said = Deploy::of(Fate::Ready.image()).run(&stage, &[]);
        assert_eq!(said.code, Some(0), "{hours}: {}", said.out);
        let stage = Practice::of(&Workload::of("StatefulSet"), Fate::Quota);
        stage.cluster.set_clock_skew(skew);
        let deploy = Deploy {
            kind: "StatefulSet",
            ..Deploy::of(Fate::Quota.image())
        };
        let told = told(&deploy.run(&stage, &[]));
        assert!(told.contains("the namespace's quota"), "{hours}: {told}");
    }
}

#[test]
fn five_hundred_pods_are_followed() {
    let many = Workload {
        replicas: 500,
        ..Workload::of("Deployment")
    };
    let stage = Practice::of(&many, Fate::Ready);
    let said = Deploy::of(Fate::Ready.image()).run(&stage, &[]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    let outputs = &said.of_step("step.finished", "deploy")["outputs"];
    assert_eq!(outputs["pods"], 500);
    assert_eq!(outputs["verified"], true);
}

#[test]
fn server_that_comes_back_with_another_history_of_versions_is_followed_to_the_end() {
    let stage = Practice::set(Fate::Held);
    let mut running = Deploy::of(Fate::Held.image()).start(&stage);
    running.until_following();
    stage.cluster.restart();
    stage.release();
    let said = running.finish();
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    assert_eq!(stage.writes().len(), 1);
}

#[test]
fn write_that_a_webhook_holds_for_31_seconds_is_waited_for() {
    let stage = Practice::set(Fate::Ready);
    let late = Answer::Late(Duration::from_secs(31));
    stage.once(Requests::Writes, late);
    let said = Deploy::of(Fate::Ready.image()).run(&stage, &[]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    assert_eq!(stage.writes().len(), 1);
}
