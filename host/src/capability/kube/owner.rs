//! Who else keeps a workload, read off its metadata: the controller that owns it, the
//! field managers of its images, and the marks of tools. Pure.

use serde_json::{Map, Value};
use sluice_pipeline::permission::WorkloadKind;

use super::{cluster::MANAGER, workload};
use crate::bindings::sluice::kube::apply::{Marker, Object};

/// A tool, by a label or an annotation that it leaves on what it keeps.
struct Mark {
    tool: &'static str,
    /// The object that holds it: `labels` or `annotations`.
    place: &'static str,
    key: &'static str,
    /// What the value has to be; anything where it says what the object belongs to.
    value: Option<&'static str>,
    /// Where the name of what the object belongs to stands, if not in the mark itself.
    name: Option<(&'static str, &'static str)>,
    reverts: bool,
}

/// The marks, from each tool's documentation: Argo CD's *Resource Tracking*, Flux's
/// kustomize- and helm-controller (*Kustomization*, *`HelmRelease`*), Helm's *Labels and
/// Annotations*, Config Sync's *annotations*, Fleet's objectset, kapp's *app label*, Keel's
/// *policies*.
const MARKS: [Mark; 9] = [
    Mark {
        tool: "Argo CD",
        place: "annotations",
        key: "argocd.argoproj.io/tracking-id",
        value: None,
        name: None,
        reverts: true,
    },
    Mark {
        tool: "Argo CD",
        place: "labels",
        key: "argocd.argoproj.io/instance",
        value: None,
        name: None,
        reverts: true,
    },
    Mark {
        tool: "Flux",
        place: "labels",
        key: "kustomize.toolkit.fluxcd.io/name",
        value: None,
        name: None,
        reverts: true,
    },
    Mark {
        tool: "Flux",
        place: "labels",
        key: "helm.toolkit.fluxcd.io/name",
        value: None,
        name: None,
        reverts: true,
    },
    Mark {
        tool: "Config Sync",
        place: "annotations",
        key: "configmanagement.gke.io/managed",
        value: Some("enabled"),
        name: None,
        reverts: true,
    },
    Mark {
        tool: "Fleet",
        place: "annotations",
        key: "objectset.rio.cattle.io/id",
        value: None,
        name: None,
        reverts: true,
    },
    Mark {
        tool: "Helm",
        place: "labels",
        key: "app.kubernetes.io/managed-by",
        value: Some("Helm"),
        name: Some(("annotations", "meta.helm.sh/release-name")),
        reverts: false,
    },
    Mark {
        tool: "kapp",
        place: "labels",
        key: "kapp.k14s.io/app",
        value: None,
        name: None,
        reverts: false,
    },
    Mark {
        tool: "Keel",
        place: "annotations",
        key: "keel.sh/policy",
        value: None,
        name: None,
        reverts: false,
    },
];

/// Managers that compare what they keep with its source again and again, though they may
/// write it by `Update`.
const REVERTING: [(&str, &str); 3] = [
    ("argocd-controller", "Argo CD"),
    ("argocd-application-controller", "Argo CD"),
    ("kustomize-controller", "Flux"),
];

/// The tools whose marks the object bears, each once.
pub(super) fn markers(live: &Value) -> Vec<Marker> {
    let at = |place: &str, key: &str| {
        let metadata = live.pointer("/metadata")?;
        metadata.get(place)?.get(key)?.as_str()
    };
    let mut found = Vec::<Marker>::new();
    for mark in &MARKS {
        let Some(value) = at(mark.place, mark.key) else {
            continue;
        };
        if mark.value.is_some_and(|wanted| wanted != value)
            || found.iter().any(|known| known.tool == mark.tool)
        {
            continue;
        }
        let name = match (mark.name, mark.value) {
            (Some((place, key)), _) => at(place, key).unwrap_or_default(),
            (None, Some(_)) => "",
            // Argo CD's tracking id begins with the application: `web:apps/Deployment:…`.
            (None, None) => value.split_once(':').map_or(value, |(name, _)| name),
        };
        found.push(Marker {
            tool: mark.tool.to_owned(),
            name: name.to_owned(),
            reverts: mark.reverts,
        });
    }
    found
}

/// Who would put the old image of a container back by itself; nobody, where it may be set.
pub(super) fn keeper(object: &Object, container: &str) -> Option<String> {
    if let Some(marker) = object.markers.iter().find(|marker| marker.reverts) {
        return Some(if marker.name.is_empty() {
            marker.tool.clone()
        } else {
            format!("{} (`{}`)", marker.tool, marker.name)
        });
    }
    let containers = object.containers.iter().chain(&object.init_containers);
    let position = containers
        .into_iter()
        .position(|entry| entry.container == container)?;
    let (operation, manager) = object.image_managers.get(position)?.split_once(':')?;
    if manager == MANAGER {
        return None;
    }
    if let Some((_, tool)) = REVERTING.iter().find(|(name, _)| *name == manager) {
        return Some((*tool).to_owned());
    }
    (operation == "Apply").then(|| format!("`{manager}` (server-side apply)"))
}

/// The controller that owns the object: `ReplicaSet web-5d`.
pub(super) fn controller(live: &Value) -> Option<String> {
    let owners = live.pointer("/metadata/ownerReferences")?.as_array()?;
    let owner = owners
        .iter()
        .find(|owner| owner["controller"] == Value::Bool(true))?;
    Some(format!(
        "{} {}",
        owner["kind"].as_str()?,
        owner["name"].as_str()?
    ))
}

/// The manager of each container's image, and then of each init container's, in the order
/// of the template: as `Operation:name`; of several the last one that changed it.
pub(super) fn image_managers(live: &Value, kind: WorkloadKind) -> Vec<String> {
    let spec = workload::pod_spec(kind);
    let mut managers = Vec::new();
    for list in ["containers", "initContainers"] {
        for image in workload::images(live, &format!("{spec}/{list}")) {
            managers.push(image_manager(live, spec, list, &image.container));
        }
    }
    managers
}

/// When sluice changed the object last, by the API server's clock: milliseconds since the
/// epoch.
pub(super) fn changed_at(live: &Value) -> Option<u64> {
    let ours = entries(live)
        .filter(|entry| entry["manager"] == MANAGER && entry.get("subresource").is_none());
    ours.filter_map(|entry| {
        let time = entry["time"].as_str()?.parse::<jiff::Timestamp>().ok()?;
        u64::try_from(time.as_millisecond()).ok()
    })
    .max()
}

fn image_manager(live: &Value, spec: &str, list: &str, container: &str) -> String {
    let field = format!("k:{}", serde_json::json!({ "name": container }));
    let path = spec.split('/').skip(1).map(|part| format!("f:{part}"));
    let path = path.chain([format!("f:{list}"), field, "f:image".to_owned()]);
    let path = path.collect::<Vec<_>>();
    let owners = entries(live).filter(|entry| {
        let fields = entry.get("fieldsV1").and_then(Value::as_object);
        fields.is_some_and(|fields| has_path(fields, &path))
    });
    let last = owners.max_by_key(|entry| entry["time"].as_str().unwrap_or_default());
    last.map(|entry| {
        let part = |key: &str| entry[key].as_str().unwrap_or_default();
        format!("{}:{}", part("operation"), part("manager"))
    })
    .unwrap_or_default()
}

fn entries(live: &Value) -> impl Iterator<Item = &Value> {
    let managers = live
        .pointer("/metadata/managedFields")
        .and_then(Value::as_array);
    managers.into_iter().flatten()
}

fn has_path(fields: &Map<String, Value>, path: &[String]) -> bool {
    match path {
        [] => true,
        [last] => fields.contains_key(last),
        [first, rest @ ..] => fields
            .get(first)
            .and_then(Value::as_object)
            .is_some_and(|inner| has_path(inner, rest)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn marked(labels: &Value, annotations: &Value) -> Vec<(String, String, bool)> {
        let live = json!({ "metadata": { "labels": labels, "annotations": annotations } });
        let markers = markers(&live).into_iter();
        let parts = |marker: Marker| (marker.tool, marker.name, marker.reverts);
        markers.map(parts).collect()
    }

    fn of(tool: &str, name: &str, reverts: bool) -> Vec<(String, String, bool)> {
        vec![(tool.to_owned(), name.to_owned(), reverts)]
    }

    #[test]
    fn each_tool_is_known_by_its_mark_and_named_with_what_the_object_belongs_to() {
        let none = json!({});
        let argo = json!({ "argocd.argoproj.io/tracking-id": "shop:apps/Deployment:web/web" });
        assert_eq!(marked(&none, &argo), of("Argo CD", "shop", true));
        let argo = json!({ "argocd.argoproj.io/instance": "shop" });
        assert_eq!(marked(&argo, &none), of("Argo CD", "shop", true));
        let flux = json!({ "kustomize.toolkit.fluxcd.io/name": "apps" });
        assert_eq!(marked(&flux, &none), of("Flux", "apps", true));
        let helm = json!({ "app.kubernetes.io/managed-by": "Helm" });
        let release = json!({ "meta.helm.sh/release-name": "shop" });
        assert_eq!(marked(&helm, &release), of("Helm", "shop", false));
        let other = json!({ "app.kubernetes.io/managed-by": "acme-operator" });
        assert_eq!(marked(&other, &none), []);
        let keel = json!({ "keel.sh/policy": "minor" });
        assert_eq!(marked(&none, &keel), of("Keel", "minor", false));
    }

    #[test]
    fn managers_of_containers_and_init_containers_are_found_in_the_order_of_the_template() {
        let owns = |list: &str, container: &str| {
            let key = format!("k:{}", json!({ "name": container }));
            json!({ "f:spec": { "f:template": { "f:spec": { list: { key: { "f:image": {} } } } } } })
        };
        let live = json!({
            "metadata": { "managedFields": [
                { "manager": "helm", "operation": "Update", "time": "2026-11-20T10:00:00Z", "fieldsV1": owns("f:containers", "app") },
                { "manager": "sluice", "operation": "Update", "time": "2026-11-21T10:00:00Z", "fieldsV1": owns("f:containers", "app") },
                { "manager": "kustomize-controller", "operation": "Apply", "time": "2026-11-20T10:00:00Z", "fieldsV1": owns("f:initContainers", "migrate") },
            ] },
            "spec": { "template": { "spec": {
                "containers": [{ "name": "app", "image": "web:1" }, { "name": "proxy", "image": "envoy:1" }],
                "initContainers": [{ "name": "migrate", "image": "web:1" }],
            } } },
        });
        assert_eq!(
            image_managers(&live, WorkloadKind::Deployment),
            ["Update:sluice", "", "Apply:kustomize-controller"]
        );
        assert_eq!(changed_at(&live), Some(1_795_255_200_000));
    }
}
