//! What is decided before anything is changed: whether this object may be deployed to at
//! all, and which images have to be set. Pure; the host checks permissions once more.

use crate::bindings::exports::sluice::plugin::step::{Failure, FailureKind};
use crate::bindings::sluice::kube::apply::{ContainerImage, ImageChange, Marker, Object};
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
    /// Nothing is to be set, and new pods are wanted all the same.
    pub(crate) restart: bool,
    /// From whom images are taken over, and who else keeps the object.
    pub(crate) notices: Vec<Notice>,
}

/// Decides on the object as it stands, or refuses it.
pub(crate) fn prepare(object: &Object, config: &Config) -> Result<Prepared, Failure> {
    refuse_object(object, config)?;
    let mut prepared = Prepared {
        changes: Vec::new(),
        previous: Vec::new(),
        restart: false,
        notices: Vec::new(),
    };
    for wanted in &config.images {
        let (position, live) = find(object, wanted, config)?;
        prepared.previous.push(live.clone());
        if live.image == wanted.image {
            prepared.restart |= restarts(wanted, config)?;
            continue;
        }
        let manager = object
            .image_managers
            .get(position)
            .map_or("", String::as_str);
        prepared
            .notices
            .extend(take_over(object, wanted, manager, config)?);
        prepared.changes.push(ImageChange {
            container: wanted.container.clone(),
            old: live.image.clone(),
            new: wanted.image.clone(),
        });
    }
    if !prepared.changes.is_empty() {
        prepared.restart = false;
        let others = object.markers.iter().filter(|marker| !marker.reverts);
        prepared.notices.extend(others.map(keeps_too));
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
/// could say which image runs. New pods would ask the registry anew.
fn restarts(wanted: &ContainerImage, config: &Config) -> Result<bool, Failure> {
    if !image::is_mutable(&wanted.image) {
        return Ok(false);
    }
    if config.restart {
        return Ok(true);
    }
    let ContainerImage { container, image } = wanted;
    Err(failure::of(
        FailureKind::Configuration,
        format!(
            "container `{container}` has `{image}` already, and its tag may name another image \
             by now; deploy a tag that does not move, pin a digest (`{image}@sha256:…`), or say \
             `restart: true`"
        ),
    ))
}

/// Who set the image last: an `Update` (kubectl, Terraform) is taken over, and said; who
/// applies it, or compares it with a source of its own, would put the old image back.
fn take_over(
    object: &Object,
    wanted: &ContainerImage,
    manager: &str,
    config: &Config,
) -> Result<Option<Notice>, Failure> {
    let container = &wanted.container;
    let (operation, name) = manager.split_once(':').unwrap_or_default();
    let marker = object.markers.iter().find(|marker| marker.reverts);
    let keeper = match marker {
        Some(marker) if marker.name.is_empty() => Some(format!("`{}`", marker.tool)),
        Some(marker) => Some(format!("`{}` (`{}`)", marker.tool, marker.name)),
        None if operation == "Apply" && name != OURS => {
            Some(format!("`{name}` (server-side apply)"))
        }
        None => None,
    };
    let Some(keeper) = keeper else {
        let taken = name != OURS && !name.is_empty();
        return Ok(taken.then(|| Notice {
            level: Level::Info,
            message: format!("takes over the image of container `{container}` from `{name}`"),
            fields: vec![
                ("container".to_owned(), container.clone()),
                ("manager".to_owned(), name.to_owned()),
            ],
        }));
    };
    if config.take_over {
        return Ok(Some(Notice {
            level: Level::Warn,
            message: format!(
                "takes over the image of container `{container}` from {keeper}, which may put \
                 the old one back"
            ),
            fields: vec![
                ("container".to_owned(), container.clone()),
                ("manager".to_owned(), keeper),
            ],
        }));
    }
    Err(failure::of(
        FailureKind::Configuration,
        format!(
            "the image of container `{container}` belongs to {keeper}, which would put the old \
             one back; set the image there, or say `take-over: true`"
        ),
    ))
}

/// A tool that keeps the object and changes it only when it is asked to.
fn keeps_too(marker: &Marker) -> Notice {
    let Marker { tool, name, .. } = marker;
    let named = if name.is_empty() {
        format!("`{tool}`")
    } else {
        format!("`{tool}` (`{name}`)")
    };
    Notice {
        level: Level::Warn,
        message: format!("{named} keeps this object too: its next change may set another image"),
        fields: vec![("manager".to_owned(), tool.clone())],
    }
}

#[cfg(test)]
mod tests;
