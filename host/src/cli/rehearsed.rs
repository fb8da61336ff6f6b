//! What the stand-ins of a rehearsal received: what a real cluster and real services
//! would have.

use serde_json::Value;
use sluice_practice::{Moved, Received};

use super::render::{self, clean};
use crate::practice::Practice;

/// Prints the changes and the requests. `moved` are the refs of remotes that have changed.
pub(super) fn tell(practice: &Practice, moved: &[Moved]) {
    render::line("\nwhat the stand-ins received:");
    let writes = practice.cluster().writes();
    let requests = practice.requests();
    if writes.is_empty() && requests.is_empty() && moved.is_empty() {
        render::line("  nothing");
    }
    for ref_change in moved {
        render::line(&format!("  {}", clean(&refs(ref_change))));
    }
    for write in writes {
        render::line(&format!("  the cluster: {} {}", write.method, write.path));
        for operation in write.body.as_array().into_iter().flatten() {
            if operation["op"] == "replace" && operation["path"] != "/metadata/resourceVersion" {
                render::line(&format!(
                    "    {} = {}",
                    text(&operation["path"]),
                    text(&operation["value"])
                ));
            }
        }
    }
    for request in requests {
        let host = header(&request, "host");
        let head = format!("  {host}: {} {}", request.method, request.path);
        render::line(&clean(&head));
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let body = serde_json::from_str::<Value>(&body)
            .and_then(|body| serde_json::to_string_pretty(&body))
            .unwrap_or(body);
        for line in body.lines() {
            render::line(&format!("    {}", clean(line)));
        }
    }
}

fn refs(
    Moved {
        remote,
        name,
        old,
        new,
    }: &Moved,
) -> String {
    let [old, new] = [old, new].map(|id| id.as_deref().map(|id| &id[..id.len().min(7)]));
    match (old, new) {
        (None, Some(new)) => format!("remote {remote}: {name} created at {new}"),
        (Some(old), None) => format!("remote {remote}: {name} deleted, was {old}"),
        (old, new) => {
            let [old, new] = [old, new].map(Option::unwrap_or_default);
            format!("remote {remote}: {name} {old} → {new}")
        }
    }
}

fn header<'a>(request: &'a Received, name: &str) -> &'a str {
    request
        .headers
        .iter()
        .find(|(known, _)| known == name)
        .map_or("", |(_, value)| value)
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
