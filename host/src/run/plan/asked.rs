//! An effect as it is asked for, in the terms of a plan's entries, and whether an entry
//! holds it.

use serde_json::Value;
use sluice_pipeline::permission::is_plain_path;

use super::{Entry, ImageSet, Object, Reference};
use crate::run::event::Effect;

/// What stands in a plan for the name of the run.
const RUN: &str = "${{ run.id }}";

/// What identifies an effect that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked {
    pub(super) capability: &'static str,
    pub(super) action: String,
    pub(super) target: String,
    pub(super) object: Option<Object>,
    pub(super) reference: Option<Reference>,
    /// How many pods the object is to have; not part of what a plan holds.
    pub(super) replicas: Option<u32>,
}

/// How an entry stands to what is asked for.
#[derive(Debug, PartialEq)]
pub(super) enum Fit {
    /// It holds it.
    Holds,
    /// It wants the same of a world that has moved since: the state that it takes for
    /// granted, and the live one.
    Moved { planned: String, live: String },
    /// It is about something else.
    Other,
}

impl Asked {
    /// What the effect, asked for in that run, comes to.
    pub(super) fn of(run: &str, effect: &Effect) -> Self {
        // A request's URL has its secrets by name, where the target hides them.
        let target = effect.detail["url"].as_str().unwrap_or(&effect.target);
        Self {
            capability: effect.capability,
            action: effect.action.clone(),
            target: target.replace(run, RUN),
            object: Object::of(&effect.detail),
            reference: Reference::of(&effect.detail),
            replicas: effect.detail["replicas"]
                .as_u64()
                .and_then(|replicas| u32::try_from(replicas).ok()),
        }
    }

    /// How the entry, of the same step, stands to it.
    pub(super) fn fit(&self, entry: &Entry) -> Fit {
        let target = if entry.open {
            self.target.starts_with(&entry.target) && is_plain_path(path(&self.target))
        } else {
            self.target == entry.target
        };
        if self.capability != entry.capability || self.action != entry.action || !target {
            return Fit::Other;
        }
        match (&self.object, &entry.object) {
            (None, None) => self.fit_reference(entry),
            (Some(asked), Some(planned)) => asked.fit(planned),
            _ => Fit::Other,
        }
    }

    fn fit_reference(&self, entry: &Entry) -> Fit {
        match (&self.reference, &entry.reference) {
            // A ref of which the plan does not say what it points to.
            (_, None) => Fit::Holds,
            (asked, planned) if asked == planned => Fit::Holds,
            (Some(asked), Some(planned)) => Fit::Moved {
                planned: planned.words(),
                live: asked.words(),
            },
            (None, Some(_)) => Fit::Other,
        }
    }
}

impl Reference {
    /// What an effect's detail says of a ref, if it is about one.
    fn of(detail: &Value) -> Option<Self> {
        serde_json::from_value(detail.get("ref")?.clone()).ok()
    }
}

/// The path of an address, whose origin may be a secret's. One that climbs (`..`) may lead
/// elsewhere than its beginning says.
fn path(target: &str) -> &str {
    let place = target.split(['?', '#']).next().unwrap_or_default();
    let path = match place.strip_prefix("${{ secrets.") {
        Some(secret) => secret.split_once("}}").map(|(_, path)| path),
        None => place
            .split_once("://")
            .and_then(|(_, place)| Some(&place[place.find('/')?..])),
    };
    match path {
        None | Some("") => "/",
        Some(path) => path,
    }
}

impl Object {
    /// What an effect's detail says of an object, if it is about one.
    fn of(detail: &Value) -> Option<Self> {
        let text = |value: &Value| {
            value
                .as_str()
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let (uid, pod) = (text(&detail["uid"]), text(&detail["pod"]));
        let images = detail["images"].as_array();
        if uid.is_none() && images.is_none() && pod.is_none() {
            return None;
        }
        let image = |change: &Value| ImageSet {
            container: text(&change["container"]).unwrap_or_default(),
            old: text(&change["old"]),
            new: text(&change["new"]).unwrap_or_default(),
        };
        let images = images.into_iter().flatten().map(image).collect();
        Some(Self { uid, images, pod })
    }

    /// How a planned change stands to this one, which is asked for. A container that has
    /// its planned image already is not asked for, and need not be.
    fn fit(&self, planned: &Self) -> Fit {
        let entry = |image: &ImageSet| {
            planned
                .images
                .iter()
                .find(|known| known.container == image.container && known.new == image.new)
        };
        let pairs = self.images.iter().map(|image| Some((image, entry(image)?)));
        let Some(pairs) = pairs.collect::<Option<Vec<_>>>() else {
            return Fit::Other;
        };
        let another = planned.pod.is_some() && planned.pod != self.pod;
        if another || (pairs.is_empty() && !planned.images.is_empty()) {
            return Fit::Other;
        }
        if planned.uid.is_some() && planned.uid != self.uid {
            let uid = |object: &Self| format!("uid {}", object.uid.as_deref().unwrap_or("unknown"));
            return Fit::Moved {
                planned: uid(planned),
                live: format!(
                    "uid {}, another object of that name",
                    self.uid.as_deref().unwrap_or("unknown")
                ),
            };
        }
        let moved = |(image, known): &&(&ImageSet, &ImageSet)| {
            known.old.is_some() && known.old != image.old
        };
        match pairs.iter().find(moved) {
            None => Fit::Holds,
            Some((image, known)) => Fit::Moved {
                planned: format!(
                    "container `{}` {} → {}",
                    known.container,
                    known.old.as_deref().unwrap_or_default(),
                    known.new
                ),
                live: image.old.clone().unwrap_or_else(|| "no image".to_owned()),
            },
        }
    }
}
