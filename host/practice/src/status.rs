//! The server's refusals, each as the `Status` object that a real API server answers with. Those
//! of 400 (but for a malformed label selector), 401, 403, 404, 409 and 422 were seen on one of
//! 1.36.3; 410, 429, 500, 503 and 504 have the form that `k8s.io/apimachinery/pkg/api/errors` gives
//! them; the words of 501 are our own, since a real server has no use for it.

use serde_json::{Map, Value, json};

use crate::kind::Kind;

/// An error of the API: the HTTP status with the `Status` object that goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) code: u16,
    reason: &'static str,
    message: String,
    /// Boxed, since an error travels in every result.
    details: Option<Box<Value>>,
    /// Seconds, for the header of that name.
    pub(crate) retry_after: Option<u32>,
}

impl Status {
    fn new(
        code: u16,
        reason: &'static str,
        message: impl Into<String>,
        details: Option<Value>,
    ) -> Status {
        Status {
            code,
            reason,
            message: message.into(),
            details: details.map(Box::new),
            retry_after: None,
        }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Status {
        Status::new(400, "BadRequest", message, None)
    }

    pub(crate) fn not_found(kind: Kind, name: &str) -> Status {
        let message = format!("{} \"{name}\" not found", kind.qualified_resource());
        Status::new(
            404,
            "NotFound",
            message,
            Some(of(kind, kind.resource(), name)),
        )
    }

    /// For a path that leads nowhere.
    pub(crate) fn no_such_resource() -> Status {
        Status::new(
            404,
            "NotFound",
            "the server could not find the requested resource",
            Some(json!({})),
        )
    }

    /// The object changed since the resourceVersion that a write carries.
    pub(crate) fn stale(kind: Kind, name: &str) -> Status {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Status::conflict(kind, name, why)
    }

    /// The object is not as a write supposes.
    pub(crate) fn conflict(kind: Kind, name: &str, why: &str) -> Status {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": {why}",
            kind.qualified_resource()
        );
        Status::new(
            409,
            "Conflict",
            message,
            Some(of(kind, kind.resource(), name)),
        )
    }

    pub(crate) fn already_exists(kind: Kind, name: &str) -> Status {
        let message = format!("{} \"{name}\" already exists", kind.qualified_resource());
        Status::new(
            409,
            "AlreadyExists",
            message,
            Some(of(kind, kind.resource(), name)),
        )
    }

    /// The first page of a list is of a version that the server no longer has. A real server
    /// offers a token for an inconsistent rest, too.
    pub(crate) fn continue_expired() -> Status {
        let message = "The provided continue parameter is too old to display a consistent list result. \
                       You can start a new list without the continue parameter.";
        Status::new(410, "Expired", message, None)
    }

    /// A resourceVersion that the server no longer has.
    pub(crate) fn expired(version: u64, oldest: u64) -> Status {
        Status::new(
            410,
            "Expired",
            format!("too old resource version: {version} ({oldest})"),
            None,
        )
    }

    pub(crate) fn too_large(limit: usize) -> Status {
        let message = format!("Request entity too large: limit is {limit}");
        Status::new(413, "RequestEntityTooLarge", message, Some(json!({})))
    }

    /// A JSON Patch that does not apply; the server does not say which operation failed.
    pub(crate) fn unprocessable() -> Status {
        Status::new(
            422,
            "Invalid",
            "the server rejected our request due to an error in our request",
            Some(json!({})),
        )
    }

    pub(crate) fn required(kind: Kind, name: &str, field: &str) -> Status {
        let causes = json!([{ "reason": "FieldValueRequired", "message": "Required value", "field": field }]);
        let mut details = of(kind, &kind.to_string(), name);
        details["causes"] = causes;
        let message = format!(
            "{kind}.{} \"{name}\" is invalid: {field}: Required value",
            kind.group()
        );
        Status::new(422, "Invalid", message, Some(details))
    }

    pub(crate) fn unknown_dry_run(value: &str) -> Status {
        let why = format!("Unsupported value: [\"{value}\"]: supported values: \"All\"");
        let message = format!("PatchOptions.meta.k8s.io \"\" is invalid: dryRun: {why}");
        let causes =
            json!([{ "reason": "FieldValueNotSupported", "message": why, "field": "dryRun" }]);
        let details = json!({ "group": "meta.k8s.io", "kind": "PatchOptions", "causes": causes });
        Status::new(422, "Invalid", message, Some(details))
    }

    pub(crate) fn bad_version(version: &str) -> Status {
        let message = format!(
            "resourceVersion: Invalid value: \"{version}\": strconv.ParseUint: parsing \"{version}\": invalid syntax"
        );
        Status::new(500, "", message, None)
    }

    /// What the practice cluster does not know.
    pub(crate) fn not_implemented(what: &str) -> Status {
        let message = format!(
            "the practice cluster knows get, list and watch, image patches and restarts of workloads, and deletion of pods; \
             it does not know {what}"
        );
        Status::new(501, "NotImplemented", message, None)
    }

    /// The answer of that code that has nothing to do with the request: one that a test asked for.
    pub(crate) fn injected(code: u16, target: &Target<'_>) -> Status {
        let details = target
            .kind
            .map(|kind| of(kind, kind.resource(), target.name));
        let resource = target
            .kind
            .map_or_else(|| "resource".to_owned(), Kind::qualified_resource);
        match code {
            401 => Status::new(401, "Unauthorized", "Unauthorized", None),
            403 => {
                let group = target.kind.map_or("", Kind::group);
                let subresource = match target.subresource {
                    "" => String::new(),
                    name => format!("/{name}"),
                };
                let message = format!(
                    "{resource}{} is forbidden: User \"system:serviceaccount:sluice:sluice\" cannot {} resource \"{}{subresource}\" \
                     in API group \"{group}\" in the namespace \"{}\"",
                    quoted(target.name),
                    target.verb,
                    target.kind.map_or("resource", Kind::resource),
                    target.namespace,
                );
                Status::new(403, "Forbidden", message, details)
            }
            404 => match target.kind {
                Some(kind) => Status::not_found(kind, target.name),
                None => Status::no_such_resource(),
            },
            409 => match target.kind {
                Some(kind) => Status::stale(kind, target.name),
                None => Status::new(409, "Conflict", "the server reported a conflict", None),
            },
            410 => Status::expired(1, 2),
            422 => Status::unprocessable(),
            429 => {
                let message =
                    "the server has received too many requests and has asked us to try again later";
                let details = Some(json!({ "retryAfterSeconds": 1 }));
                Status {
                    retry_after: Some(1),
                    ..Status::new(429, "TooManyRequests", message, details)
                }
            }
            500 => {
                let causes = json!({ "causes": [{ "message": "etcdserver: request timed out" }] });
                Status::new(
                    500,
                    "InternalError",
                    "Internal error occurred: etcdserver: request timed out",
                    Some(causes),
                )
            }
            503 => Status::new(
                503,
                "ServiceUnavailable",
                "the server is currently unable to handle the request",
                None,
            ),
            504 => {
                let message = "Timeout: request did not complete within the allotted timeout";
                Status::new(504, "Timeout", message, Some(json!({})))
            }
            code => Status::new(code, "", format!("unknown ({resource})"), None),
        }
    }

    pub(crate) fn body(&self) -> Value {
        let mut status = Map::new();
        status.insert("kind".to_owned(), json!("Status"));
        status.insert("apiVersion".to_owned(), json!("v1"));
        status.insert("metadata".to_owned(), json!({}));
        status.insert("status".to_owned(), json!("Failure"));
        status.insert("message".to_owned(), json!(self.message));
        if !self.reason.is_empty() {
            status.insert("reason".to_owned(), json!(self.reason));
        }
        if let Some(details) = &self.details {
            status.insert("details".to_owned(), Value::clone(details));
        }
        status.insert("code".to_owned(), json!(self.code));
        Value::Object(status)
    }
}

/// What a request is about, as far as its path says.
pub(crate) struct Target<'a> {
    pub(crate) verb: &'static str,
    pub(crate) kind: Option<Kind>,
    pub(crate) subresource: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
}

fn of(kind: Kind, word: &str, name: &str) -> Value {
    let mut details = Map::new();
    if !name.is_empty() {
        details.insert("name".to_owned(), json!(name));
    }
    if !kind.group().is_empty() {
        details.insert("group".to_owned(), json!(kind.group()));
    }
    details.insert("kind".to_owned(), json!(word));
    Value::Object(details)
}

fn quoted(name: &str) -> String {
    if name.is_empty() {
        String::new()
    } else {
        format!(" \"{name}\"")
    }
}
