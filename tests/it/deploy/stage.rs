//! Where a scenario plays: a cluster with one Deployment `web`, the image that is to be
//! deployed to it, and the pipeline that does so.

use std::path::Path;

use serde_json::Value;

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
    NeverReady,
}

impl Fate {
    /// The new image. Its tag tells the simulated kubelet what to do with it.
    pub(crate) fn image(self) -> &'static str {
        match self {
            Self::Ready | Self::Held | Self::Unschedulable | Self::Quota => "ghcr.io/acme/web:2",
            Self::ImagePull => "ghcr.io/acme/web:2-missing",
            Self::CrashLoop => "ghcr.io/acme/web:2-crash",
            Self::NeverReady => "ghcr.io/acme/web:2-unready",
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
        }
    }
}

/// A cluster, with hands of somebody else in it.
pub(crate) trait Stage {
    /// The Deployment `web`, rolled out with [`OLD`], and the fate of the next image.
    fn set(fate: Fate) -> Self;
    /// The namespace of all.
    fn namespace(&self) -> &str;
    /// The file that leads there.
    fn kubeconfig(&self) -> &Path;
    /// The image that the Deployment asks for now.
    fn image(&self) -> String;
    /// All writes of sluice so far.
    fn writes(&self) -> Vec<Write>;
    /// `kubectl set image`.
    fn set_image(&self, image: &str);
    /// `kubectl rollout pause`.
    fn pause(&self);
    /// Gives it to a controller: the `ConfigMap` `operator`.
    fn hand_over(&self);
    /// `kubectl delete deployment`.
    fn delete(&self);
    /// Deletes it and makes another one of the same name; the uid of that.
    fn recreate(&self) -> String;
    /// Lets held pods become available.
    fn release(&self);
}

/// What the pipeline deploys, and what it may.
pub(crate) struct Deploy<'a> {
    pub(crate) deployment: &'a str,
    pub(crate) container: &'a str,
    pub(crate) image: &'a str,
    /// The pattern of images that its permission names.
    pub(crate) permitted: &'a str,
    /// How long the rollout is followed.
    pub(crate) wait: &'a str,
    /// Further lines of the step, and steps after it.
    pub(crate) more: &'a str,
}

impl<'a> Deploy<'a> {
    /// A deploy that is as it should be.
    pub(crate) fn of(image: &'a str) -> Self {
        Self {
            deployment: "web",
            container: "app",
            image,
            permitted: "ghcr.io/acme/web:*",
            wait: "60s",
            more: "",
        }
    }

    /// The pipeline, in a folder with the way to that cluster.
    pub(crate) fn on(&self, namespace: &str, kubeconfig: &Path) -> Sluice {
        let Self {
            deployment,
            container,
            image,
            permitted,
            wait,
            more,
        } = self;
        let text = format!(
            "name: deploy-web
on: [manual]
steps:
  deploy:
    uses: deploy
    with:
      namespace: {namespace}
      deployment: {deployment}
      container: {container}
      image: {image}
      wait: {wait}
      settle: 0s
      grace: {{ image-pull: 0s, crash-loop: 0s, unschedulable: 0s, quota: 0s, probe: 0s }}
    permissions:
      kube-apply:
        - {{ kind: Deployment, namespace: {namespace}, name: {deployment}, containers: [{container}], images: ['{permitted}'] }}
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
    let expected = expected.iter().map(|(dry_run, image)| Write {
        dry_run: *dry_run,
        images: vec![(*image).to_owned()],
    });
    assert_eq!(stage.writes(), expected.collect::<Vec<_>>());
}
