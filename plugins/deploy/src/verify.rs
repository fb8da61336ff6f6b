//! Whether pods that are up run the images that were asked for, as far as it can be
//! known. Digests are compared and nothing else: `status.image` may be any alias. What
//! an index or a registry would say is left out; without it some answers stay open.

use crate::bindings::sluice::kube::apply::{ContainerImage, Pod};
use crate::image;

/// Why it is not known that these pods run these images; `None` when it is.
pub(crate) fn doubt(images: &[ContainerImage], pods: &[&Pod]) -> Option<String> {
    images.iter().find_map(|wanted| of_container(wanted, pods))
}

fn of_container(wanted: &ContainerImage, pods: &[&Pod]) -> Option<String> {
    let ContainerImage {
        container,
        image: asked,
    } = wanted;
    let mut digests = Vec::new();
    for pod in pods {
        let place = format!("container `{container}` of pod `{}`", pod.name);
        let status = pod
            .containers
            .iter()
            .find(|status| status.name == *container);
        let Some(status) = status else {
            return Some(format!("{place} is not reported"));
        };
        let Some(runs) = image::digest(&status.image_id) else {
            return Some(format!(
                "the runtime does not say by digest what {place} runs"
            ));
        };
        let pinned = image::digest(asked);
        // Runtimes that report a platform's manifest or the config are right, too.
        if pinned.is_some_and(|pinned| pinned != runs) {
            return Some(format!(
                "{place} is reported to run `{runs}`, which may or may not be a part of `{asked}`"
            ));
        }
        if pinned.is_none() && status.image != *asked {
            return Some(format!("{place} was given the image `{}`", status.image));
        }
        if !digests.contains(&runs) {
            digests.push(runs);
        }
    }
    (digests.len() > 1).then(|| {
        let all: Vec<_> = digests.iter().map(|digest| format!("`{digest}`")).collect();
        format!(
            "the pods run different images by the name `{asked}`: {}",
            all.join(", ")
        )
    })
}

#[cfg(test)]
mod tests;
