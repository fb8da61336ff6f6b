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
            let groups = ["apps", "authorization.k8s.io", "batch"].map(group);
            json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups })
        }
        "core resources" => {
            let mut core = resources("");
            core.push(subresource("pods/log", "Pod", "get"));
            core.push(subresource("pods/status", "Pod", "patch"));
            list("v1", core)
        }
        "apps resources" => list("apps/v1", resources("apps")),
        "batch resources" => list("batch/v1", resources("batch")),
        "authorization resources" => {
            let mut review = subresource(
                "selfsubjectaccessreviews",
                "SelfSubjectAccessReview",
                "create",
            );
            review["namespaced"] = json!(false);
            review["singularName"] = json!("selfsubjectaccessreview");
            list("authorization.k8s.io/v1", vec![review])
        }
        _ => json!("ok"),
    }
}

fn group(name: &str) -> Value {
    let version = json!({ "groupVersion": format!("{name}/v1"), "version": "v1" });
    json!({ "name": name, "versions": [version], "preferredVersion": version })
}

fn list(version: &str, mut resources: Vec<Value>) -> Value {
    resources.sort_by_key(|resource| resource["name"].to_string());
    json!({ "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources })
}

fn resources(group: &str) -> Vec<Value> {
    let kinds = Kind::ALL.into_iter().filter(|kind| kind.group() == group);
    kinds
        .map(|kind| {
            let mut resource = json!({
                "name": kind.resource(),
                "singularName": kind.to_string().to_lowercase(),
                "namespaced": true,
                "kind": kind.to_string(),
                "verbs": kind.verbs(),
            });
            if !kind.short_names().is_empty() {
                resource["shortNames"] = json!(kind.short_names());
            }
            resource
        })
        .collect()
}

fn subresource(name: &str, kind: &str, verb: &str) -> Value {
    json!({ "name": name, "singularName": "", "namespaced": true, "kind": kind, "verbs": [verb] })
}
