//! What is decided before anything is changed: whether this object may be deployed to at
//! all, and which images have to be set. Pure; the host checks permissions once more.

use crate::bindings::exports::sluice::plugin::step::{Failure, FailureKind};
use crate::bindings::sluice::kube::apply::{ContainerImage, ImageChange, Object};
use crate::bindings::sluice::plugin::log::Level;
use crate::config::Config;
use crate::failure;
use crate::image;
use crate::wording::Notice;

/// The field manager under which the host sets images.
const OURS: &str = "sluice";

/// What a deploy to this object comes to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Prepared {
    /// The images to set; empty where all are set already.
    pub(crate) changes: Vec<ImageChange>,
    /// What the containers have now, in the order of the config.
    pub(crate) previous: Vec<ContainerImage>,
    /// From whom images are taken over.
    pub(crate) notices: Vec<Notice>,
}

/// Decides on the object as it stands, or refuses it.
pub(crate) fn prepare(object: &Object, config: &Config) -> Result<Prepared, Failure> {
    refuse_object(object, config)?;
    let mut prepared = Prepared {
        changes: Vec::new(),
        previous: Vec::new(),
        notices: Vec::new(),
    };
    for wanted in &config.images {
        let (position, live) = find(object, wanted, config)?;
        prepared.previous.push(live.clone());
        if live.image == wanted.image {
            refuse_mutable(wanted)?;
            continue;
        }
        let manager = object
            .image_managers
            .get(position)
            .map_or("", String::as_str);
        prepared.notices.extend(take_over(wanted, manager)?);
        prepared.changes.push(ImageChange {
            container: wanted.container.clone(),
            old: live.image.clone(),
            new: wanted.image.clone(),
        });
    }
    Ok(prepared)
}

fn refuse_object(object: &Object, config: &Config) -> Result<(), Failure> {
    let title = failure::title(&config.workload);
    if let Some(controller) = &object.controller {
        return Err(failure::of(
            FailureKind::Configuration,
            format!(
                "`{title}` is controlled by `{controller}`, which would put its own template \
                 back; set the image there"
            ),
        ));
    }
    if object.paused {
        return Err(failure::of(
            FailureKind::Failed,
            format!(
                "`{title}` is paused: a new image would not be rolled out; \
                 resume it first (`kubectl rollout resume`)"
            ),
        ));
    }
    if object.strategy == "OnDelete" {
        return Err(failure::of(
            FailureKind::Configuration,
            format!(
                "`{title}` has the update strategy `OnDelete`: a new image would reach a pod \
                 only when that is deleted; change it to `RollingUpdate`"
            ),
        ));
    }
    Ok(())
}

/// The container's position among the template's, init containers last, and its image.
fn find<'o>(
    object: &'o Object,
    wanted: &ContainerImage,
    config: &Config,
) -> Result<(usize, &'o ContainerImage), Failure> {
    let template = || object.containers.iter().chain(&object.init_containers);
    template()
        .enumerate()
        .find(|(_, live)| live.container == wanted.container)
        .ok_or_else(|| {
            let names: Vec<_> = template()
                .map(|live| format!("`{}`", live.container))
                .collect();
            failure::of(
                FailureKind::Configuration,
                format!(
                    "`{}` has no container `{}`; it has {}",
                    failure::title(&config.workload),
                    wanted.container,
                    names.join(", ")
                ),
            )
        })
}

/// A tag that moves and is set already: setting it again changes nothing, and nobody
/// could say which image runs.
fn refuse_mutable(wanted: &ContainerImage) -> Result<(), Failure> {
    if !image::is_mutable(&wanted.image) {
        return Ok(());
    }
    let ContainerImage { container, image } = wanted;
    Err(failure::of(
        FailureKind::Configuration,
        format!(
            "container `{container}` has `{image}` already, and its tag may name another image \
             by now; deploy a tag that does not move, or pin a digest: `{image}@sha256:…`"
        ),
    ))
}

/// Who set the image last: an `Update` (kubectl, Terraform) is taken over, and said; who
/// applies it will apply it again, and would put the old image back.
fn take_over(wanted: &ContainerImage, manager: &str) -> Result<Option<Notice>, Failure> {
    let container = &wanted.container;
    match manager.split_once(':') {
        Some(("Apply", name)) if name != OURS => Err(failure::of(
            FailureKind::Configuration,
            format!(
                "the image of container `{container}` belongs to `{name}` (server-side apply), \
                 which would put the old one back at its next apply; set the image there"
            ),
        )),
        Some((_, name)) if name != OURS && !name.is_empty() => Ok(Some(Notice {
            level: Level::Info,
            message: format!("takes over the image of container `{container}` from `{name}`"),
            fields: vec![
                ("container".to_owned(), container.clone()),
                ("manager".to_owned(), name.to_owned()),
            ],
        })),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests;
