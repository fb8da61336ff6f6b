//! Puts the last healthy images back when the new pods do not come up: which these are, and
//! the way there. Only while the live images are ours.

use crate::bindings::exports::sluice::plugin::step::Failure;
use crate::bindings::sluice::kube::apply::{
    ContainerImage, Effect, Error, Facts, ImageChange, Object, Revision,
};
use crate::config::Config;
use crate::deploy::{self, World};
use crate::explain;
use crate::failure;
use crate::judge::{self, Aim};

/// The images that pods of this workload run well now, for the containers that the step
/// speaks of: those of the live template where its rollout is complete, else those of the
/// revision with most ready pods. None where no pod with other images than ours is ready.
pub(crate) fn healthy(facts: &Facts, config: &Config) -> Option<Vec<ContainerImage>> {
    let ready = |revision: &Revision| {
        let pods = explain::live_pods(revision);
        pods.filter(|pod| pod.ready).count()
    };
    let images_of = |revision: &Revision| {
        let image_of = |wanted: &ContainerImage| {
            let mut images = revision.images.iter();
            images
                .find(|entry| entry.container == wanted.container)
                .cloned()
        };
        let images = config.images.iter().map(image_of);
        images.collect::<Option<Vec<_>>>()
    };
    let current = explain::current(facts).filter(|revision| judge::complete(facts, revision));
    if let Some(images) = current.and_then(images_of) {
        return Some(images);
    }
    let candidates = facts
        .revisions
        .iter()
        .filter(|revision| ready(revision) > 0);
    let candidates =
        candidates.filter_map(|revision| Some((ready(revision), images_of(revision)?)));
    let others = candidates.filter(|(_, images)| *images != config.images);
    others
        .max_by_key(|(ready, _)| *ready)
        .map(|(_, images)| images)
}

/// Rolls back and adds to the failure what came of it.
pub(crate) fn roll_back<W: World>(
    world: &mut W,
    config: &Config,
    object: &Object,
    healthy: Option<&[ContainerImage]>,
    broken: &Facts,
    failed: Failure,
) -> Failure {
    let (done, said) = match attempt(world, config, object, healthy, broken) {
        Ok(said) => (true, said),
        Err(said) => (false, format!("not rolled back: {said}")),
    };
    let mut details = serde_json::from_str::<serde_json::Value>(&failed.details)
        .unwrap_or_else(|_| serde_json::json!({}));
    details["rolled-back"] = done.into();
    Failure {
        message: format!("{}\n{said}", failed.message),
        details: details.to_string(),
        ..failed
    }
}

fn attempt<W: World>(
    world: &mut W,
    config: &Config,
    object: &Object,
    healthy: Option<&[ContainerImage]>,
    broken: &Facts,
) -> Result<String, String> {
    let Some(healthy) = healthy else {
        return Err("no pod was healthy before, so there is no image to put back".to_owned());
    };
    let changes = changes(&config.images, healthy);
    let images = failure::list(healthy);
    if changes.is_empty() {
        return Err(format!("{images} is what ran before, too"));
    }
    world.progress(&format!("rolling back to {images}"));
    let workload = &config.workload;
    let set = world.set_images(workload, &object.uid, &changes, config.take_over);
    let generation = match set {
        Ok(Effect::Done(generation)) => generation,
        Ok(Effect::Planned | Effect::Other(_)) => {
            return Err("the host did not set the images".to_owned());
        }
        Err(Error::Conflict(why)) => return Err(format!("somebody else deploys it now: {why}")),
        Err(error) => return Err(failure::of_error(error, "setting the old images").message),
    };
    if workload.kind == "StatefulSet" {
        delete_broken(world, config, &object.uid, broken)?;
    }
    let aim = Aim {
        workload: workload.clone(),
        uid: object.uid.clone(),
        generation,
        images: healthy.to_vec(),
        digests: Vec::new(),
    };
    match deploy::follow(world, config, aim, None) {
        Ok(success) => {
            let pods = if success.pods == 1 {
                "pod is"
            } else {
                "pods are"
            };
            Ok(format!(
                "rolled back to {images}: {} {pods} up",
                success.pods
            ))
        }
        Err(ended) => Ok(format!(
            "rolled back to {images}, which did not come up either: {}",
            ended.failure.message
        )),
    }
}

/// From what the step set to what ran before.
fn changes(ours: &[ContainerImage], healthy: &[ContainerImage]) -> Vec<ImageChange> {
    let pairs = ours.iter().zip(healthy);
    let different = pairs.filter(|(ours, healthy)| ours.image != healthy.image);
    different
        .map(|(ours, healthy)| ImageChange {
            container: ours.container.clone(),
            old: ours.image.clone(),
            new: healthy.image.clone(),
        })
        .collect()
}

/// A StatefulSet waits for a pod that never became ready, also with the old template: the
/// broken pods have to go (kubernetes/kubernetes#67250, *Forced rollback* in its manual).
fn delete_broken<W: World>(
    world: &mut W,
    config: &Config,
    uid: &str,
    broken: &Facts,
) -> Result<(), String> {
    let pods = explain::current(broken)
        .into_iter()
        .flat_map(explain::live_pods);
    for pod in pods.filter(|pod| !pod.ready) {
        if let Err(error) = world.delete_pod(&config.workload, uid, &pod.name) {
            let doing = format!(
                "the old images are set again, but deleting pod `{}`",
                pod.name
            );
            return Err(failure::of_error(error, &doing).message);
        }
    }
    Ok(())
}
