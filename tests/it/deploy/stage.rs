//! Where a scenario plays: a cluster with one workload `web`, the image that is to be
//! deployed to it, and the pipeline that does so.

use std::path::Path;

use serde_json::{Value, json};

use super::{running::Running, story::story};
use crate::sluice::{Said, Sluice};

/// What the Deployment's container `app` runs at first, in each of two pods.
pub(crate) const OLD: &str = "ghcr.io/acme/web:1";

/// What becomes of pods with the new image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// They come up.
    Ready,
    /// They do not become available before [`Stage::release`].
    Held,
    ImagePull,
    CrashLoop,
    Unschedulable,
    Quota,
    /// An admission policy denies them.
    Denied,
    NeverReady,
    /// No kubelet looks after them: their status is what [`Stage::set_pod_status`] says.
    Stuck,
}

impl Fate {
    /// The new image. Its tag tells the simulated kubelet what to do with it.
    pub(crate) fn image(self) -> &'static str {
        match self {
            Self::Ready | Self::Held | Self::Unschedulable | Self::Quota => "ghcr.io/acme/web:2",
            Self::ImagePull => "ghcr.io/acme/web:2-missing",
            Self::CrashLoop => "ghcr.io/acme/web:2-crash",
            Self::Denied => "ghcr.io/acme/web:2-denied",
            Self::NeverReady => "ghcr.io/acme/web:2-unready",
            Self::Stuck => "ghcr.io/acme/web:2-stuck",
        }
    }
}

/// A write of sluice that reached the API server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Write {
    /// Whether it carried `dryRun=All`.
    pub(crate) dry_run: bool,
    /// The images that it set.
    pub(crate) images: Vec<String>,
    /// All of it.
    pub(crate) body: Value,
}

impl Write {
    /// A write with that JSON patch as its body.
    pub(crate) fn new(dry_run: bool, patch: &Value) -> Self {
        let operations = patch.as_array().into_iter().flatten();
        let images = operations.filter_map(|operation| {
            let pointer = operation["path"].as_str().unwrap_or_default();
            let sets = operation["op"] == "replace" && pointer.ends_with("/image");
            sets.then(|| operation["value"].as_str().unwrap_or_default().to_owned())
        });
        Self {
            dry_run,
            images: images.collect(),
            body: patch.clone(),
        }
    }
}

/// The workload `web` of a stage, as somebody's manifest has it.
#[derive(Clone, Debug)]
pub(crate) struct Workload {
    pub(crate) kind: &'static str,
    /// The wanted number of pods; a `DaemonSet` has one, since there is one node.
    pub(crate) replicas: u32,
    /// Laid over its spec.
    pub(crate) spec: Value,
    /// Containers beside `app`, and init containers: names and images.
    pub(crate) containers: Vec<(&'static str, String)>,
    pub(crate) init_containers: Vec<(&'static str, String)>,
    pub(crate) labels: &'static [(&'static str, &'static str)],
    pub(crate) annotations: &'static [(&'static str, &'static str)],
    /// Who applied it by server-side apply; else `kubectl create` made it.
    pub(crate) applied_by: Option<&'static str>,
}

impl Workload {
    /// A workload whose pods have the container `app` and no other.
    pub(crate) fn of(kind: &'static str) -> Self {
        Self {
            kind,
            replicas: if kind == "DaemonSet" { 1 } else { 2 },
            spec: json!({}),
            containers: Vec::new(),
            init_containers: Vec::new(),
            labels: &[],
            annotations: &[],
            applied_by: None,
        }
    }
}

/// A cluster, with hands of somebody else in it.
pub(crate) trait Stage: Sized {
    /// The workload, rolled out with [`OLD`], and the fate of the next image.
    fn of(workload: &Workload, fate: Fate) -> Self;
    /// A Deployment.
    fn set(fate: Fate) -> Self {
        Self::of(&Workload::of("Deployment"), fate)
    }
    /// The kind of the workload.
    fn kind(&self) -> &'static str;
    /// The namespace of all.
    fn namespace(&self) -> &str;
    /// The file that leads there.
    fn kubeconfig(&self) -> &Path;
    /// The workload as the API server has it.
    fn object(&self) -> Value;
    /// The image that its container `app` asks for now.
    fn image(&self) -> String {
        let template = match self.kind() {
            "CronJob" => "/spec/jobTemplate/spec/template",
            _ => "/spec/template",
        };
        let image = format!("{template}/spec/containers/0/image");
        let object = self.object();
        let image = object.pointer(&image).and_then(Value::as_str);
        image.expect("its container has an image").to_owned()
    }
    /// All objects of a kind in the namespace.
    fn objects(&self, kind: &str) -> Vec<Value>;
    /// All writes of sluice so far.
    fn writes(&self) -> Vec<Write>;
    /// `kubectl set image`.
    fn set_image(&self, image: &str);
    /// `kubectl patch` of the workload, by a strategic merge patch.
    fn change(&self, change: &Value);
    /// Replaces a pod's status, as its kubelet does.
    fn set_pod_status(&self, pod: &str, status: &Value);
    /// Stores an event.
    fn post_event(&self, event: &Value);
    /// Lifts the quota of [`Fate::Quota`].
    fn lift_quota(&self);
    /// `kubectl rollout pause`.
    fn pause(&self);
    /// Gives it to a controller: the `ConfigMap` `operator`.
    fn hand_over(&self);
    /// `kubectl delete`.
    fn delete(&self);
    /// `kubectl replace --force` with the same manifest: another object of the same name. Its
    /// uid.
    fn recreate(&self) -> String;
    /// Lets a second pass, enough for an old pod to end.
    fn pass_step(&self);
    /// Lets held pods become available.
    fn release(&self);
}

/// What the pipeline deploys, and what it may.
pub(crate) struct Deploy<'a> {
    pub(crate) kind: &'a str,
    pub(crate) name: &'a str,
    /// The images of its containers, as the YAML has them.
    pub(crate) images: String,
    /// The pattern of images that its permission names.
    pub(crate) permitted: &'a str,
    /// Further words of its permission.
    pub(crate) may: &'a str,
    /// How long the rollout is followed.
    pub(crate) wait: &'a str,
    /// How long its pods must stay up.
    pub(crate) settle: &'a str,
    /// Further lines of its `with`.
    pub(crate) with: &'a str,
    /// Further lines of the step, and steps after it.
    pub(crate) more: &'a str,
}

impl Deploy<'_> {
    /// A deploy that is as it should be.
    pub(crate) fn of(image: &str) -> Self {
        Self {
            kind: "Deployment",
            name: "web",
            images: format!("app: '{image}'"),
            permitted: "ghcr.io/acme/web:*",
            may: "",
            wait: "60s",
            settle: "0s",
            with: "",
            more: "",
        }
    }

    /// The pipeline, in a folder with the way to that cluster.
    pub(crate) fn on(&self, namespace: &str, kubeconfig: &Path) -> Sluice {
        let Self {
            kind,
            name,
            images,
            permitted,
            may,
            wait,
            settle,
            with,
            more,
        } = self;
        // A later line of the step wins, so that it may have a grace of its own.
        let grace = "grace: { image-pull: 0s, crash-loop: 0s, unschedulable: 0s, quota: 0s, volume: 0s, probe: 0s }";
        let grace = if with.contains("grace:") { "" } else { grace };
        let text = format!(
            "name: deploy-web
on: [manual]
steps:
  deploy:
    uses: deploy
    with:
      kind: {kind}
      namespace: {namespace}
      name: {name}
      images: {{ {images} }}
      wait: {wait}
      settle: {settle}
      {grace}
      {with}
    permissions:
      kube-apply:
        - {{ kind: {kind}, namespace: {namespace}, name: {name}, containers: [app, proxy, migrate], images: ['{permitted}']{may} }}
{more}"
        );
        Sluice::pipeline(&text).env("KUBECONFIG", kubeconfig)
    }

    /// Starts it on a stage.
    pub(crate) fn start(&self, stage: &impl Stage) -> Running {
        let sluice = self.on(stage.namespace(), stage.kubeconfig());
        Running::start(sluice, &[])
    }

    /// Runs it on a stage to its end.
    pub(crate) fn run(&self, stage: &impl Stage, args: &[&str]) -> Said {
        self.on(stage.namespace(), stage.kubeconfig()).events(args)
    }
}

/// Asserts how a run ended and all that it told.
#[track_caller]
pub(crate) fn assert_told(
    stage: &impl Stage,
    said: &Said,
    code: i32,
    expected: &[impl AsRef<str>],
) {
    let expected = expected.iter().map(AsRef::as_ref).collect::<Vec<_>>();
    let told = story(said, stage.namespace());
    assert_eq!(
        told.join("\n"),
        expected.join("\n"),
        "\nall of it:\n{}\n{}",
        said.out,
        said.err
    );
    assert_eq!(said.code, Some(code));
}

/// Asserts what sluice wrote: each time one image, whether as a question (`dryRun=All`).
#[track_caller]
pub(crate) fn assert_wrote(stage: &impl Stage, expected: &[(bool, &str)]) {
    let wrote = stage.writes().into_iter();
    let wrote = wrote.map(|write| (write.dry_run, write.images));
    let expected = expected
        .iter()
        .map(|(dry_run, image)| (*dry_run, vec![(*image).to_owned()]));
    assert_eq!(wrote.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

/// Asserts how a run ended and all that it told, which `tests/cases/deploy` has in a file of
/// that name. `BLESS=1` writes it; every stage has to tell the same.
#[track_caller]
pub(crate) fn assert_story(stage: &impl Stage, said: &Said, code: i32, name: &str) {
    let folder = Path::new("../tests/cases/deploy");
    let file = folder.join(format!("{name}.txt"));
    let mut told = story(said, stage.namespace()).join("\n");
    told.push('\n');
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&file, &told).expect("the tree is ours");
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(told, expected, "\nall of it:\n{}\n{}", said.out, said.err);
    assert_eq!(said.code, Some(code));
}
