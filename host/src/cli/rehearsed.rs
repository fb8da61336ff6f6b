//! What the stand-ins of a rehearsal received: what a real cluster and real services
//! would have.

use serde_json::Value;
use sluice_practice::Received;

use super::render::{self, clean};
use crate::practice::Practice;

/// Prints the changes and the requests.
pub(super) fn tell(practice: &Practice) {
    render::line("\nwhat the stand-ins received:");
    let writes = practice.cluster().writes();
    let requests = practice.requests();
    if writes.is_empty() && requests.is_empty() {
        render::line("  nothing");
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
