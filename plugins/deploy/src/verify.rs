//! Whether pods that are up run the images that were asked for, as far as it can be
//! known. Digests are compared and nothing else: `status.image` may be any alias. What
//! an index or a registry would say is left out; without it some answers stay open.

use crate::bindings::sluice::kube::apply::{ContainerImage, Pod};
use crate::config::Digests;
use crate::image;

/// What can be said of the images that pods run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Finding {
    /// They are those that were asked for.
    Right,
    /// It cannot be decided, for this reason.
    Open(String),
    /// A pod runs another image.
    Wrong(String),
}

/// What these pods run, beside these images. The worst finding of all containers.
pub(crate) fn verify(
    images: &[ContainerImage],
    pods: &[&Pod],
    known: &[(String, Digests)],
) -> Finding {
    let mut open = None;
    for wanted in images {
        let digests = known.iter().find(|(name, _)| *name == wanted.container);
        match of_container(wanted, pods, digests.map(|(_, digests)| digests)) {
            Finding::Right => {}
            Finding::Open(why) => open = open.or(Some(why)),
            wrong @ Finding::Wrong(_) => return wrong,
        }
    }
    open.map_or(Finding::Right, Finding::Open)
}

fn of_container(wanted: &ContainerImage, pods: &[&Pod], known: Option<&Digests>) -> Finding {
    let ContainerImage {
        container,
        image: asked,
    } = wanted;
    let pinned = image::digest(asked);
    let mut digests = Vec::new();
    for pod in pods {
        let place = format!("container `{container}` of pod `{}`", pod.name);
        let status = pod
            .containers
            .iter()
            .find(|status| status.name == *container);
        let Some(status) = status else {
            return Finding::Open(format!("{place} is not reported"));
        };
        let Some(runs) = image::reported(&status.image_id) else {
            return Finding::Open(format!(
                "the runtime does not say by digest what {place} runs"
            ));
        };
        let part = known.is_some_and(|known| known.known.contains(&runs));
        if part || pinned.as_ref() == Some(&runs) {
            continue;
        }
        if known.is_some_and(|known| known.complete) {
            return Finding::Wrong(format!(
                "{place} runs `{runs}`, which is no part of `{asked}`"
            ));
        }
        // Runtimes that report a platform's manifest or the config are right, too.
        if pinned.is_some() || known.is_some_and(|known| !known.known.is_empty()) {
            return Finding::Open(format!(
                "{place} is reported to run `{runs}`, which may or may not be a part of `{asked}`"
            ));
        }
        if status.image != *asked {
            return Finding::Open(format!("{place} was given the image `{}`", status.image));
        }
        if !digests.contains(&runs) {
            digests.push(runs);
        }
    }
    if digests.len() > 1 {
        let all: Vec<_> = digests.iter().map(|digest| format!("`{digest}`")).collect();
        return Finding::Open(format!(
            "the pods run different images by the name `{asked}`: {}",
            all.join(", ")
        ));
    }
    Finding::Right
}

#[cfg(test)]
mod tests;
