//! `with`, read into what the rest works on: a workload, its images and the patience.
//! Knows nothing of the cluster: what an image or a container means there is for
//! `prepare`.

use serde_json::Value;
use sluice_plugin_with::{Keys, duration};

use crate::bindings::exports::sluice::plugin::step::{Failure, FailureKind};
use crate::bindings::sluice::kube::apply::{ContainerImage, Workload};
use crate::failure;

/// What a step of this plugin is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Config {
    pub(crate) workload: Workload,
    /// At least one; each container once, by name.
    pub(crate) images: Vec<ContainerImage>,
    pub(crate) patience: Patience,
    /// Take images over from who would put the old ones back.
    pub(crate) take_over: bool,
    /// Make new pods where a mutable tag is set already.
    pub(crate) restart: bool,
    /// Put the last healthy images back when the new pods do not come up.
    pub(crate) rollback: bool,
    /// What a registry says of the images, by container.
    pub(crate) digests: Vec<(String, Digests)>,
}

/// The digests by which runtimes may report one image.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Digests {
    /// Of the index, the manifests of its platforms and their configs, as far as known.
    pub(crate) known: Vec<String>,
    /// Manifests and configs are all known: no other digest can be this image.
    pub(crate) complete: bool,
}

/// How long things may take, in milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Patience {
    /// For the whole rollout.
    pub(crate) wait: u64,
    /// How long the new pods must stay available, without a restart.
    pub(crate) settle: u64,
    pub(crate) grace: Graces,
}

/// How long each reason that may pass by itself is borne, in milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Graces {
    pub(crate) image_pull: u64,
    pub(crate) crash_loop: u64,
    pub(crate) unschedulable: u64,
    pub(crate) quota: u64,
    pub(crate) volume: u64,
    pub(crate) probe: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            wait: 300_000,
            settle: 10_000,
            grace: Graces {
                image_pull: 60_000,
                crash_loop: 60_000,
                unschedulable: 60_000,
                quota: 30_000,
                // Attaching a disk that another node just let go takes a minute or more.
                volume: 120_000,
                // A program that is still starting fails its readiness probe by design.
                probe: 120_000,
            },
        }
    }
}

impl Config {
    /// Reads `with`. What the schema cannot say (keys that exclude each other, `settle`
    /// within `wait`) is a failure of kind `configuration` here.
    pub(crate) fn read(text: &str) -> Result<Self, Failure> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| refused(format!("`with`: {error}")))?;
        let with = Keys::of("with", &value).map_err(refused)?;
        Ok(Self {
            workload: workload(&with).map_err(refused)?,
            images: images(&with).map_err(refused)?,
            patience: patience(&with).map_err(refused)?,
            take_over: with.flag("take-over").map_err(refused)?,
            restart: with.flag("restart").map_err(refused)?,
            rollback: rollback(&with).map_err(refused)?,
            digests: digests(&with).map_err(refused)?,
        })
    }
}

/// The kinds of workload whose images are set.
const KINDS: [&str; 4] = ["Deployment", "StatefulSet", "DaemonSet", "CronJob"];

fn workload(with: &Keys<'_>) -> Result<Workload, String> {
    let (kind, name) = match (
        with.text("deployment")?,
        with.text("kind")?,
        with.text("name")?,
    ) {
        (Some(name), None, None) => ("Deployment", name),
        (None, kind, Some(name)) => (kind.unwrap_or("Deployment"), name),
        (Some(_), _, _) => {
            return Err(
                "`deployment` is short for `kind: Deployment` and `name`; write one or the other"
                    .to_owned(),
            );
        }
        (None, _, None) => {
            return Err(
                "which workload is meant is missing; write `deployment`, or `kind` and `name`"
                    .to_owned(),
            );
        }
    };
    if !KINDS.contains(&kind) {
        return Err(format!(
            "workloads of kind `{kind}` are not deployed; `{}` are",
            KINDS.join("`, `")
        ));
    }
    let Some(namespace) = with.text("namespace")? else {
        return Err("`namespace` is missing".to_owned());
    };
    Ok(Workload {
        kind: kind.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    })
}

fn images(with: &Keys<'_>) -> Result<Vec<ContainerImage>, String> {
    let entry = |(container, image): (&str, &str)| ContainerImage {
        container: container.to_owned(),
        image: image.to_owned(),
    };
    match (
        with.text("container")?,
        with.text("image")?,
        with.has("images"),
    ) {
        (Some(container), Some(image), false) => Ok(vec![entry((container, image))]),
        (None, None, true) => {
            let images = with.keys("images")?.texts()?;
            if images.is_empty() {
                return Err("`images` is empty; name a container and its image".to_owned());
            }
            Ok(images.into_iter().map(entry).collect())
        }
        (None, None, false) => {
            Err("the image is missing; write `container` and `image`, or `images`".to_owned())
        }
        (_, _, true) => Err(
            "`container` and `image` are short for `images` with one entry; write one or the other"
                .to_owned(),
        ),
        (_, _, false) => Err("`container` and `image` belong together; write both".to_owned()),
    }
}

fn rollback(with: &Keys<'_>) -> Result<bool, String> {
    match with.text("on-failure")? {
        None | Some("keep") => Ok(false),
        Some("rollback") => Ok(true),
        Some(other) => Err(format!(
            "`on-failure` is `keep` or `rollback`, not `{other}`"
        )),
    }
}

fn digests(with: &Keys<'_>) -> Result<Vec<(String, Digests)>, String> {
    let mut digests = Vec::new();
    for (container, known) in with.keys("digests")?.nested()? {
        let (manifests, configs) = (known.list("manifests")?, known.list("configs")?);
        let complete = !manifests.is_empty() && !configs.is_empty();
        let known = known.text("index")?.into_iter();
        let known = known.chain(manifests).chain(configs).map(str::to_owned);
        let known = known.collect();
        digests.push((container.to_owned(), Digests { known, complete }));
    }
    Ok(digests)
}

fn patience(with: &Keys<'_>) -> Result<Patience, String> {
    let default = Patience::default();
    let grace = with.keys("grace")?;
    let patience = Patience {
        wait: with.millis("wait", default.wait)?,
        settle: with.millis("settle", default.settle)?,
        grace: Graces {
            image_pull: grace.millis("image-pull", default.grace.image_pull)?,
            crash_loop: grace.millis("crash-loop", default.grace.crash_loop)?,
            unschedulable: grace.millis("unschedulable", default.grace.unschedulable)?,
            quota: grace.millis("quota", default.grace.quota)?,
            volume: grace.millis("volume", default.grace.volume)?,
            probe: grace.millis("probe", default.grace.probe)?,
        },
    };
    if patience.settle >= patience.wait {
        return Err(format!(
            "`settle` ({}) must be shorter than `wait` ({}), or no rollout can succeed",
            duration::format(patience.settle),
            duration::format(patience.wait),
        ));
    }
    Ok(patience)
}

fn refused(message: String) -> Failure {
    failure::of(FailureKind::Configuration, message)
}

#[cfg(test)]
mod tests;
