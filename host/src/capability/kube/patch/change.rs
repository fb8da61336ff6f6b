//! What is asked of a workload, and the JSON Patch that does it: it tests the object's uid,
//! each container's name and image, and changes that very version of the object. So a
//! plugin cannot reach any other field, and nobody's change in between is overwritten. Pure.

use serde_json::{Value, json};
use sluice_pipeline::permission::WorkloadKind;

use super::super::{check::Target, workload};
use crate::bindings::sluice::kube::apply::{ContainerImage, Error, ImageChange};

/// The annotation that `kubectl rollout restart` sets on the template.
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

/// A change of one workload.
#[derive(Clone)]
pub(in super::super) enum Change {
    /// Containers get other images.
    Images(Vec<ImageChange>),
    /// New pods of the same images: the annotation gets this time.
    Restart {
        images: Vec<ContainerImage>,
        at: String,
    },
}

impl Change {
    /// The word of the effect.
    pub(super) fn action(&self) -> &'static str {
        match self {
            Self::Images(_) => "set-images",
            Self::Restart { .. } => "restart",
        }
    }

    /// The changes of images; none in a restart.
    pub(super) fn images(&self) -> &[ImageChange] {
        match self {
            Self::Images(changes) => changes,
            Self::Restart { .. } => &[],
        }
    }

    /// What the effect says of it.
    pub(super) fn detail(&self) -> Value {
        match self {
            Self::Images(changes) => changes
                .iter()
                .map(|change| {
                    let ImageChange {
                        container,
                        old,
                        new,
                    } = change;
                    json!({ "container": container, "old": old, "new": new })
                })
                .collect(),
            Self::Restart { images, .. } => images
                .iter()
                .map(|entry| {
                    let ContainerImage { container, image } = entry;
                    json!({ "container": container, "old": image, "new": image })
                })
                .collect(),
        }
    }

    /// What it comes to where no object is there to look at.
    pub(super) fn unseen(&self, kind: WorkloadKind) -> Value {
        let spec = workload::pod_spec(kind);
        match self {
            Self::Images(changes) => changes
                .iter()
                .map(|change| {
                    let path = format!("{spec}/containers[{}]/image", change.container);
                    json!({ "path": path, "old": null, "new": change.new })
                })
                .collect(),
            Self::Restart { at, .. } => {
                let path = format!("{}/{RESTARTED_AT}", annotations(kind));
                json!([{ "path": path, "old": null, "new": at }])
            }
        }
    }

    /// The patch for the object as it was just read.
    pub(super) fn patch(&self, target: &Target, live: &Value, uid: &str) -> Result<Value, Error> {
        let live_uid = live
            .pointer("/metadata/uid")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if live_uid != uid {
            return Err(Error::Conflict(format!(
                "{target} is another object now: its uid was `{uid}` and is `{live_uid}`"
            )));
        }
        let mut operations = vec![
            json!({ "op": "test", "path": "/metadata/uid", "value": uid }),
            json!({
                "op": "replace",
                "path": "/metadata/resourceVersion",
                "value": live.pointer("/metadata/resourceVersion"),
            }),
        ];
        let tested = |container: &str, old: &str| {
            let (path, image) = find(target, live, container)?;
            if image != old {
                return Err(Error::Conflict(format!(
                    "container `{container}` of {target} has the image `{image}` now, not `{old}`"
                )));
            }
            let tests = [
                json!({ "op": "test", "path": format!("{path}/name"), "value": container }),
                json!({ "op": "test", "path": format!("{path}/image"), "value": old }),
            ];
            Ok((path, tests))
        };
        match self {
            Self::Images(changes) => {
                for change in changes {
                    let (path, tests) = tested(&change.container, &change.old)?;
                    operations.extend(tests);
                    let path = format!("{path}/image");
                    operations.push(json!({ "op": "replace", "path": path, "value": change.new }));
                }
            }
            Self::Restart { images, at } => {
                for entry in images {
                    operations.extend(tested(&entry.container, &entry.image)?.1);
                }
                let path = annotations(target.kind);
                if live.pointer(&path).is_none() {
                    operations.push(json!({ "op": "add", "path": path, "value": {} }));
                }
                let path = format!("{path}/{}", RESTARTED_AT.replace('/', "~1"));
                operations.push(json!({ "op": "add", "path": path, "value": at }));
            }
        }
        Ok(Value::Array(operations))
    }

    /// Whether the object stands as this change would leave it.
    pub(super) fn took_place(&self, target: &Target, seen: &Value) -> bool {
        match self {
            Self::Images(changes) => changes.iter().all(|change| {
                find(target, seen, &change.container).is_ok_and(|(_, image)| image == change.new)
            }),
            Self::Restart { at, .. } => {
                let annotations = seen.pointer(&annotations(target.kind));
                annotations.is_some_and(|annotations| annotations[RESTARTED_AT] == at.as_str())
            }
        }
    }

    /// Whether a difference of the object is what was asked for.
    pub(super) fn asked_for(&self, entry: &Value) -> bool {
        match self {
            Self::Images(changes) => {
                let new = |change: &ImageChange| entry["new"] == change.new.as_str();
                changes.iter().any(new)
            }
            Self::Restart { .. } => {
                let path = entry["path"].as_str().unwrap_or_default();
                path.ends_with(RESTARTED_AT) || path.ends_with("/template/metadata/annotations")
            }
        }
    }
}

/// The JSON pointer of the template's annotations.
fn annotations(kind: WorkloadKind) -> String {
    let spec = workload::pod_spec(kind);
    let template = spec.strip_suffix("/spec").unwrap_or(spec);
    format!("{template}/metadata/annotations")
}

/// The JSON pointer of a container and the image that it has.
fn find(target: &Target, live: &Value, container: &str) -> Result<(String, String), Error> {
    let spec = workload::pod_spec(target.kind);
    for list in ["containers", "initContainers"] {
        let path = format!("{spec}/{list}");
        let found = workload::images(live, &path);
        if let Some(index) = found.iter().position(|known| known.container == container) {
            return Ok((format!("{path}/{index}"), found[index].image.clone()));
        }
    }
    Err(Error::NotFound(format!(
        "{target} has no container `{container}`"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(kind: WorkloadKind) -> Target {
        Target {
            kind,
            namespace: "web".to_owned(),
            name: "web".to_owned(),
        }
    }

    #[test]
    fn containers_and_init_containers_are_set_in_one_patch_each_tested_by_name_and_old_image() {
        let live = json!({
            "metadata": { "uid": "u1", "resourceVersion": "7" },
            "spec": { "jobTemplate": { "spec": { "template": { "spec": {
                "containers": [{ "name": "log", "image": "log:1" }, { "name": "app", "image": "web:1" }],
                "initContainers": [{ "name": "migrate", "image": "web:1" }],
            } } } } },
        });
        let change = |container: &str| ImageChange {
            container: container.to_owned(),
            old: "web:1".to_owned(),
            new: "web:2".to_owned(),
        };
        let change = Change::Images(vec![change("app"), change("migrate")]);
        let patch = change.patch(&target(WorkloadKind::CronJob), &live, "u1");
        let spec = "/spec/jobTemplate/spec/template/spec";
        let expected = json!([
            { "op": "test", "path": "/metadata/uid", "value": "u1" },
            { "op": "replace", "path": "/metadata/resourceVersion", "value": "7" },
            { "op": "test", "path": format!("{spec}/containers/1/name"), "value": "app" },
            { "op": "test", "path": format!("{spec}/containers/1/image"), "value": "web:1" },
            { "op": "replace", "path": format!("{spec}/containers/1/image"), "value": "web:2" },
            { "op": "test", "path": format!("{spec}/initContainers/0/name"), "value": "migrate" },
            { "op": "test", "path": format!("{spec}/initContainers/0/image"), "value": "web:1" },
            { "op": "replace", "path": format!("{spec}/initContainers/0/image"), "value": "web:2" },
        ]);
        assert_eq!(patch, Ok(expected));
    }

    #[test]
    fn restart_sets_the_annotation_of_the_template_and_nothing_else() {
        let live = json!({
            "metadata": { "uid": "u1", "resourceVersion": "7" },
            "spec": { "template": { "metadata": {}, "spec": {
                "containers": [{ "name": "app", "image": "web:latest" }],
            } } },
        });
        let change = Change::Restart {
            images: vec![ContainerImage {
                container: "app".to_owned(),
                image: "web:latest".to_owned(),
            }],
            at: "2026-11-21T10:00:00Z".to_owned(),
        };
        let patch = change.patch(&target(WorkloadKind::Deployment), &live, "u1");
        let annotations = "/spec/template/metadata/annotations";
        let expected = json!([
            { "op": "test", "path": "/metadata/uid", "value": "u1" },
            { "op": "replace", "path": "/metadata/resourceVersion", "value": "7" },
            { "op": "test", "path": "/spec/template/spec/containers/0/name", "value": "app" },
            { "op": "test", "path": "/spec/template/spec/containers/0/image", "value": "web:latest" },
            { "op": "add", "path": annotations, "value": {} },
            { "op": "add", "path": format!("{annotations}/kubectl.kubernetes.io~1restartedAt"), "value": "2026-11-21T10:00:00Z" },
        ]);
        assert_eq!(patch, Ok(expected));
    }
}
