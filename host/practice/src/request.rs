//! What a request to the API asks for, read from its method, path and query.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, Method};
use serde_json::{Value, json};

use crate::kind::Kind;
use crate::object::Key;
use crate::status::Target;

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// `/version`, `/apis` and their like.
    Document(&'static str),
    Object(Key),
    /// Of one namespace, or of all.
    Collection(Kind, Option<String>),
    /// `…/log`, `…/scale`.
    Subresource(Key, String),
    /// Where clients ask what they may do.
    AccessReviews,
    Nowhere,
}

/// A request without its body.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) place: Place,
    query: BTreeMap<String, String>,
}

impl Asked {
    pub(crate) fn read(method: &Method, path: &str, query: &str) -> Asked {
        let query = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        Asked {
            method: method.clone(),
            place: place(path),
            query,
        }
    }

    /// A parameter of the query, empty where it is missing.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    /// Whether a parameter is given and true.
    pub(crate) fn flag(&self, name: &str) -> bool {
        matches!(self.parameter(name), "true" | "1")
    }

    /// The verb by which the API's permissions name the request.
    pub(crate) fn verb(&self) -> &'static str {
        match (self.method.as_str(), &self.place) {
            ("GET", Place::Collection(..)) if self.flag("watch") => "watch",
            ("GET", Place::Collection(..)) => "list",
            ("GET" | "HEAD" | "OPTIONS", _) => "get",
            ("POST", _) => "create",
            ("PUT", _) => "update",
            ("PATCH", _) => "patch",
            ("DELETE", Place::Collection(..)) => "deletecollection",
            ("DELETE", _) => "delete",
            _ => "proxy",
        }
    }

    /// Whether it may change something. To ask what one may do changes nothing.
    pub(crate) fn is_write(&self) -> bool {
        let asks = matches!(self.place, Place::AccessReviews);
        !asks && !matches!(self.verb(), "get" | "list" | "watch")
    }

    /// Whether it asks for no effect: by its query or, for a deletion, by the options in its body.
    pub(crate) fn is_dry(&self, body: &Value) -> bool {
        let options = self.verb() == "delete" && body["dryRun"] == json!(["All"]);
        options || self.parameter("dryRun") == "All"
    }

    /// Empty for an object itself, such as `log` for what belongs to it.
    pub(crate) fn subresource(&self) -> &str {
        match &self.place {
            Place::Subresource(_, name) => name,
            _ => "",
        }
    }

    pub(crate) fn kind(&self) -> Option<Kind> {
        match &self.place {
            Place::Object(key) | Place::Subresource(key, _) => Some(key.kind),
            Place::Collection(kind, _) => Some(*kind),
            Place::Document(_) | Place::AccessReviews | Place::Nowhere => None,
        }
    }

    pub(crate) fn target(&self) -> Target<'_> {
        let (namespace, name) = match &self.place {
            Place::Object(key) | Place::Subresource(key, _) => {
                (key.namespace.as_str(), key.name.as_str())
            }
            Place::Collection(_, namespace) => (namespace.as_deref().unwrap_or_default(), ""),
            _ => ("", ""),
        };
        Target {
            verb: self.verb(),
            kind: self.kind(),
            subresource: self.subresource(),
            namespace,
            name,
        }
    }
}

fn place(path: &str) -> Place {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (group, rest) = match segments[..] {
        ["version"] => return Place::Document("version"),
        ["healthz" | "livez" | "readyz", ..] => return Place::Document("health"),
        ["api"] => return Place::Document("core versions"),
        ["apis"] => return Place::Document("groups"),
        ["api", "v1"] => return Place::Document("core resources"),
        ["apis", "apps", "v1"] => return Place::Document("apps resources"),
        ["apis", "batch", "v1"] => return Place::Document("batch resources"),
        ["apis", "authorization.k8s.io", "v1"] => {
            return Place::Document("authorization resources");
        }
        [
            "apis",
            "authorization.k8s.io",
            "v1",
            "selfsubjectaccessreviews",
        ] => return Place::AccessReviews,
        ["api", "v1", ref rest @ ..] => ("", rest),
        ["apis", "apps", "v1", ref rest @ ..] => ("apps", rest),
        ["apis", "batch", "v1", ref rest @ ..] => ("batch", rest),
        _ => return Place::Nowhere,
    };
    let (namespace, rest) = match rest {
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => {
            (Some((*namespace).to_owned()), rest)
        }
        rest => (None, rest),
    };
    let Some(kind) = rest
        .first()
        .and_then(|resource| Kind::of_resource(group, resource))
    else {
        return Place::Nowhere;
    };
    match (namespace, &rest[1..]) {
        (namespace, []) => Place::Collection(kind, namespace),
        (Some(namespace), [name]) => Place::Object(Key::new(kind, &namespace, name)),
        (Some(namespace), [name, subresource]) => {
            let key = Key::new(kind, &namespace, name);
            Place::Subresource(key, (*subresource).to_owned())
        }
        (Some(_), [_, _, _, ..]) | (None, _) => Place::Nowhere,
    }
}

/// A header's text, empty where it is missing or no text.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}
