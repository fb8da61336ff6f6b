//! At run time both are asked: permissions that no check has held against the policy, and
//! plugins that use them.

use std::{path::Path, sync::Arc};

use ::sluice::{
    capability::{
        git::{Reach, Remotes},
        http::{Dialer, Egress, Route},
        kube::Cluster,
    },
    plugin::{Cache, Compiler, Library, PluginWorker, World},
    practice::Practice,
    run::{
        Cancel, Reporter, Run,
        clock::Clock,
        event::{Event, Mode},
        execute,
    },
    secret::{Mask, Sources, Vault},
};
use serde_json::{Value, json};
use sluice_pipeline::{
    diagnostic::Source,
    document::Document,
    inputs::Inputs,
    pipeline::{Pipeline, uses_of},
    policy::Policy,
    schedule::{Schedule, Trigger},
};
use sluice_practice::Sink;
use tokio::{runtime::Runtime, sync::mpsc};

use crate::guests::guest;

/// A schedule that nobody has held against the policy that it is under.
async fn unchecked(library: &Library, pipeline: &str, policy: &str) -> Arc<Schedule> {
    let policy = Policy::read(&Source::new("policy.yaml", policy)).expect("it is a policy");
    let document = Document::read(&Source::new("pipeline.yaml", pipeline)).expect("it is YAML");
    let catalog = library.catalog(&uses_of(&document)).await;
    let pipeline = Pipeline::read(&document, &catalog).expect("it is a pipeline");
    assert!(
        policy.judge(&pipeline).is_err(),
        "a check would let it pass"
    );
    let inputs = Inputs::from_pairs(&pipeline, &[]).expect("it has none");
    let schedule = Schedule::resolve(pipeline, inputs, Trigger::default());
    Arc::new(schedule.expect("it resolves").under(&policy))
}

/// The events of its run in that world.
async fn run(library: &Library, schedule: Arc<Schedule>, world: World) -> Vec<Value> {
    let worker = PluginWorker::prepare(library, &schedule, world)
        .unwrap_or_else(|(uses, error)| panic!("{uses}: {error}"));
    let (events, mut received) = mpsc::unbounded_channel::<Event>();
    let run = Run {
        worker: Arc::new(worker),
        vault: Vault::new(Vec::new(), Sources::None),
        reporter: Reporter::new("run", Clock::system(), Mask::default(), events),
        cancel: Cancel::default(),
        mode: Mode::Real,
        previous: None,
        plan: None,
    };
    execute(schedule, run).await;
    let mut all = Vec::new();
    while let Ok(event) = received.try_recv() {
        all.push(json!(event));
    }
    all
}

fn library() -> Library {
    Library::new(Path::new(""), Cache::none(), Compiler::Here)
}

/// A world with the network in it, and no cluster.
fn network() -> World {
    World {
        cluster: Cluster::Offline,
        egress: Egress::Send(Dialer::new(Route::Named)),
        remotes: Remotes::without(Reach::Live),
    }
}

/// State and reason of each effect.
fn effects(events: &[Value]) -> Vec<String> {
    let effects = events.iter().filter(|event| event["event"] == "effect");
    let word = |event: &Value, key: &str| event[key].as_str().unwrap_or_default().to_owned();
    effects
        .map(|event| {
            let reason = word(&event["detail"], "reason");
            let words = ["action", "state"].map(|key| word(event, key));
            format!("{} {}: {reason}", words[0], words[1])
        })
        .collect()
}

fn logged(events: &[Value], text: &str) -> bool {
    let mut logs = events.iter().filter(|event| event["event"] == "step.log");
    logs.any(|event| {
        event["message"]
            .as_str()
            .is_some_and(|line| line.contains(text))
    })
}

const WHY: &str = "the policy `policy.yaml` does not allow it, whatever step `x` is permitted";

#[test]
fn request_beyond_the_policy_is_denied_in_its_name_and_not_sent() {
    let runtime = Runtime::new().expect("a runtime can be made");
    runtime.block_on(async {
        let sink = Sink::start().await.expect("a loopback port is free");
        let port = sink.url().rsplit(':').next().unwrap_or_default().to_owned();
        let entry = |path: &str| {
            format!("{{ scheme: http, host: 127.0.0.1, port: {port}, paths: [{path}], addresses: [127.0.0.0/8] }}")
        };
        let pipeline = format!(
            "name: p\nsteps:\n  x:\n    uses: notify\n    with: {{ webhook: 'http://127.0.0.1:{port}/hook' }}\n    permissions: {{ http: [{}] }}\n",
            entry("/**")
        );
        let policy = format!(
            "pipelines: {{ p: {{ uses: [notify], permissions: {{ http: [{}] }} }} }}",
            entry("/other")
        );
        let library = library();
        let schedule = unchecked(&library, &pipeline, &policy).await;
        let events = run(&library, schedule, network()).await;
        assert_eq!(effects(&events), [format!("POST refused: {WHY}")]);
        assert!(logged(&events, "the policy `policy.yaml` does not allow it, and whoever keeps that can"));
        assert_eq!(sink.requests(), []);
    });
}

#[test]
fn address_that_the_policy_does_not_name_is_not_dialled() {
    let runtime = Runtime::new().expect("a runtime can be made");
    runtime.block_on(async {
        let sink = Sink::start().await.expect("a loopback port is free");
        let port = sink.url().rsplit(':').next().unwrap_or_default().to_owned();
        let pipeline = format!(
            "name: p\nsteps:\n  x:\n    uses: notify\n    with: {{ webhook: 'http://127.0.0.1:{port}/hook' }}\n    permissions: {{ http: [{{ scheme: http, host: 127.0.0.1, port: {port}, addresses: [127.0.0.0/8] }}] }}\n",
        );
        let policy = format!(
            "pipelines: {{ p: {{ uses: [notify], permissions: {{ http: [{{ scheme: http, host: 127.0.0.1, port: {port} }}] }} }} }}",
        );
        let library = library();
        let schedule = unchecked(&library, &pipeline, &policy).await;
        let events = run(&library, schedule, network()).await;
        assert!(logged(
            &events,
            "need `addresses` in the step's `permissions.http`, and in the policy `policy.yaml`"
        ));
        assert_eq!(sink.requests(), []);
    });
}

#[test]
fn ref_beyond_the_policy_is_denied_in_its_name() {
    let runtime = Runtime::new().expect("a runtime can be made");
    let guest = guest("git");
    let pipeline = |call: &str, url: &str| {
        format!(
            "name: p
remotes: {{ origin: {{ url: '{url}' }} }}
steps:
  x:
    uses: {guest}
    with: {{ remote: origin, {call} }}
    permissions: {{ git: [{{ remote: origin, read: true, create: ['refs/**'] }}] }}
"
        )
    };
    let policy = format!(
        "pipelines: {{ p: {{ uses: ['{guest}'], permissions: {{ git: [{{ url: 'https://forge.invalid/acme/*', read: true, create: ['refs/tags/v*'] }}] }} }} }}"
    );
    let denied = |pipeline: &str| {
        runtime.block_on(async {
            let library = library();
            let schedule = unchecked(&library, pipeline, &policy).await;
            effects(&run(&library, schedule, network()).await)
        })
    };
    let create = format!(
        "call: create-ref, name: refs/heads/x, target: '{}'",
        "1".repeat(40)
    );
    assert_eq!(
        denied(&pipeline(&create, "https://forge.invalid/acme/web.git")),
        [format!("create-ref refused: {WHY}")]
    );
    // The same name, and another address under it.
    assert_eq!(
        denied(&pipeline(
            "call: list-refs",
            "https://evil.invalid/acme/web.git"
        )),
        [format!("read refused: {WHY}")]
    );
}

#[test]
fn image_beyond_the_policy_is_denied_in_its_name_and_nothing_is_patched() {
    let runtime = Runtime::new().expect("a runtime can be made");
    runtime.block_on(async {
        let pipeline = "name: p
steps:
  x:
    uses: deploy
    with: { namespace: web, deployment: web, container: app, image: 'ghcr.io/acme/web:x' }
    permissions:
      kube-apply:
        - { kind: Deployment, namespace: web, name: web, containers: [app], images: ['ghcr.io/acme/web:*'] }
";
        let policy = "pipelines:
  p:
    uses: [deploy]
    permissions:
      kube-apply:
        - { namespace: web, name: '*', containers: ['*'], images: ['ghcr.io/acme/*:v*'] }
";
        let library = library();
        let schedule = unchecked(&library, pipeline, policy).await;
        let practice = Practice::start(&schedule, None).await.expect("it starts");
        let world = practice.world().expect("it has addresses");
        let events = run(&library, schedule, world).await;
        assert_eq!(effects(&events), [format!("set-images refused: {WHY}")]);
        assert_eq!(practice.cluster().writes().len(), 0);
    });
}
