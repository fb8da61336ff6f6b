//! The documents by which clients find out what the API has: small, and true of this cluster.

use serde_json::{Value, json};

use crate::kind::Kind;

/// The document of that name, as [`Place::Document`](crate::request::Place::Document) has it.
pub(crate) fn document(name: &str) -> Value {
    match name {
        "version" => json!({
            "major": "1",
            "minor": "36",
            "gitVersion": "v1.36.3+practice",
            "gitCommit": "",
            "gitTreeState": "clean",
            "buildDate": "1970-01-01T00:00:00Z",
            "goVersion": "",
            "compiler": "",
            "platform": "linux/amd64",
        }),
        "core versions" => {
            json!({ "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [] })
        }
        "groups" => {
            let version = json!({ "groupVersion": "apps/v1", "version": "v1" });
            let apps =
                json!({ "name": "apps", "versions": [version], "preferredVersion": version });
            json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": [apps] })
        }
        "core resources" => resources(""),
        "apps resources" => resources("apps"),
        _ => json!("ok"),
    }
}

fn resources(group: &str) -> Value {
    let kinds: Vec<Kind> = Kind::ALL
        .into_iter()
        .filter(|kind| kind.group() == group)
        .collect();
    let version = kinds.first().map_or("v1", |kind| kind.api_version());
    let resources: Vec<Value> = kinds
        .iter()
        .map(|kind| {
            let verbs: &[&str] = if kind.is_workload() {
                &["get", "list", "patch", "watch"]
            } else {
                &["get", "list", "watch"]
            };
            json!({
                "name": kind.resource(),
                "singularName": kind.to_string().to_lowercase(),
                "namespaced": true,
                "kind": kind.to_string(),
                "verbs": verbs,
                "shortNames": [kind.short_name()],
            })
        })
        .collect();
    json!({ "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources })
}
