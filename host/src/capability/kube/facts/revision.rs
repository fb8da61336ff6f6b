//! The templates that a workload has had, and which pods are of which: a Deployment's
//! ReplicaSets, the ControllerRevisions of a StatefulSet or DaemonSet. Pure; only what the
//! workload itself owns counts.

use k8s_openapi::api::{apps::v1::ReplicaSet, core::v1};
use serde::Deserialize;
use serde_json::Value;

use super::{super::known::Known, millis, owner, pod::pod, unsigned};
use crate::bindings::sluice::kube::apply as wit;

/// The label that tells a pod's revision: a StatefulSet writes the revision's name, a
/// DaemonSet the hash that the name ends with.
const REVISION_HASH: &str = "controller-revision-hash";

/// The revisions of a Deployment, the current one first.
pub(super) fn of_replica_sets(known: &Known, live: &Value, uid: &str) -> Vec<wit::Revision> {
    let template = live_template(live).map(without_hash);
    let owned = known.replica_sets.objects.values();
    let revisions = owned
        .filter(|set| owner(&set.metadata).is_some_and(|owner| owner == uid))
        .map(|set| {
            let uid = set.metadata.uid.as_ref();
            let status = set.status.as_ref();
            let mut pods = known.pods.objects.values().collect::<Vec<_>>();
            pods.retain(|pod| owner(&pod.metadata) == uid);
            pods.sort_by_key(|pod| &pod.metadata.name);
            let conditions = status.and_then(|status| status.conditions.as_ref());
            wit::Revision {
                name: set.metadata.name.clone().unwrap_or_default(),
                current: template.is_some() && own_template(set) == template,
                images: images(set.spec.as_ref().and_then(|spec| spec.template.as_ref())),
                replicas: set
                    .spec
                    .as_ref()
                    .and_then(|spec| spec.replicas)
                    .map_or(0, unsigned),
                conditions: conditions
                    .into_iter()
                    .flatten()
                    .map(|condition| wit::Condition {
                        kind: condition.type_.clone(),
                        status: condition.status.clone(),
                        reason: condition.reason.clone().unwrap_or_default(),
                        message: condition.message.clone().unwrap_or_default(),
                        since: millis(condition.last_transition_time.as_ref()),
                    })
                    .collect(),
                pods: pods.into_iter().map(pod).collect(),
            }
        })
        .collect();
    current_first(revisions)
}

/// The revisions of a StatefulSet or DaemonSet, the current one first.
pub(super) fn of_controller_revisions(
    known: &Known,
    live: &Value,
    uid: &str,
) -> Vec<wit::Revision> {
    let template = live_template(live);
    let owned = known.controller_revisions.objects.values();
    let revisions = owned
        .filter(|revision| owner(&revision.metadata).is_some_and(|owner| owner == uid))
        .map(|revision| {
            let name = revision.metadata.name.clone().unwrap_or_default();
            let own = revision.data.as_ref();
            let own = own.and_then(|data| live_template(&data.0));
            let mut pods = known.pods.objects.values().collect::<Vec<_>>();
            pods.retain(|pod| {
                let labels = pod.metadata.labels.as_ref();
                let hash = labels.and_then(|labels| labels.get(REVISION_HASH));
                owner(&pod.metadata).is_some_and(|owner| owner == uid)
                    && hash.is_some_and(|hash| is_of(&name, hash))
            });
            pods.sort_by_key(|pod| &pod.metadata.name);
            wit::Revision {
                current: template.is_some() && own == template,
                images: images(own.as_ref()),
                replicas: u32::try_from(pods.len()).unwrap_or(u32::MAX),
                conditions: Vec::new(),
                pods: pods.into_iter().map(pod).collect(),
                name,
            }
        })
        .collect();
    current_first(revisions)
}

/// Whether a pod's hash is that of the revision with this name.
fn is_of(name: &str, hash: &str) -> bool {
    name == hash
        || name
            .strip_suffix(hash)
            .is_some_and(|front| front.ends_with('-'))
}

/// The pod template at `/spec/template`. Templates that are compared all go through this one
/// type: what servers write as null or absent, and what the type does not know, is the same
/// on both sides then.
fn live_template(object: &Value) -> Option<v1::PodTemplateSpec> {
    let template = object.pointer("/spec/template")?;
    v1::PodTemplateSpec::deserialize(template).ok()
}

fn current_first(mut revisions: Vec<wit::Revision>) -> Vec<wit::Revision> {
    revisions.sort_by(|a, b| b.current.cmp(&a.current).then_with(|| a.name.cmp(&b.name)));
    revisions
}

/// The ReplicaSet's template as the Deployment has it. Equality of the two is how
/// Kubernetes itself finds the current one.
fn own_template(set: &ReplicaSet) -> Option<v1::PodTemplateSpec> {
    let template = set.spec.as_ref()?.template.as_ref()?;
    Some(without_hash(template.clone()))
}

/// The template without the label that tells ReplicaSets apart.
fn without_hash(mut template: v1::PodTemplateSpec) -> v1::PodTemplateSpec {
    let labels = template
        .metadata
        .as_mut()
        .and_then(|metadata| metadata.labels.as_mut());
    if let Some(labels) = labels {
        labels.remove("pod-template-hash");
    }
    template
}

fn images(template: Option<&v1::PodTemplateSpec>) -> Vec<wit::ContainerImage> {
    let spec = template.and_then(|template| template.spec.as_ref());
    let init = spec.and_then(|spec| spec.init_containers.as_ref());
    let containers = spec.into_iter().flat_map(|spec| &spec.containers);
    containers
        .chain(init.into_iter().flatten())
        .map(|container| wit::ContainerImage {
            container: container.name.clone(),
            image: container.image.clone().unwrap_or_default(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A ReplicaSet with that image and hash, as a server gives it.
    fn set(hash: &str, image: &str) -> ReplicaSet {
        let labels = json!({ "app": "web", "pod-template-hash": hash });
        let mut template = template(image);
        template["metadata"]["labels"] = labels.clone();
        let owner = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "u1",
            "controller": true,
        });
        let set = json!({
            "metadata": { "name": format!("web-{hash}"), "ownerReferences": [owner] },
            "spec": { "selector": { "matchLabels": labels }, "template": template },
        });
        serde_json::from_value(set).expect("it is a ReplicaSet")
    }

    /// A template as servers before 1.34 write it, with a field that is newer than the types.
    fn template(image: &str) -> Value {
        json!({
            "metadata": { "creationTimestamp": null, "labels": { "app": "web" } },
            "spec": {
                "containers": [{ "name": "app", "image": image, "resources": {}, "newer": 1 }],
                "securityContext": {},
            },
        })
    }

    #[test]
    fn replica_set_of_the_live_template_is_current_whatever_the_server_version() {
        let live = json!({ "spec": { "template": template("web:2") } });
        let (old, new) = (set("a", "web:1"), set("b", "web:2"));
        let mut known = Known::default();
        for set in [old, new] {
            let name = set.metadata.name.clone().expect("it has a name");
            known.replica_sets.objects.insert(name, set);
        }
        let revisions = of_replica_sets(&known, &live, "u1");
        let current = revisions.iter().map(|found| (&*found.name, found.current));
        assert_eq!(
            current.collect::<Vec<_>>(),
            [("web-b", true), ("web-a", false)]
        );
    }
}
