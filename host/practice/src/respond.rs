//! What the API answers to each request that it knows; anything else is not implemented.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Response};
use serde_json::{Value, json};

use crate::discovery::document;
use crate::http::{Body, full};
use crate::kind::Kind;
use crate::object::Key;
use crate::page;
use crate::patch::{self, Patch};
use crate::request::{Asked, Place, header};
use crate::response::{created, respond_with, success};
use crate::server::Server;
use crate::status::Status;
use crate::watch;
use crate::write;

/// Answers one request.
pub(crate) fn respond(
    server: &Arc<Server>,
    asked: &Asked,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Response<Body>, Status> {
    let unknown = || Status::not_implemented(&format!("`{}` of this resource", asked.verb()));
    match (&asked.place, asked.verb()) {
        (Place::Nowhere, _) if asked.is_write() => Err(unknown()),
        (Place::Nowhere, _) => Err(Status::no_such_resource()),
        (Place::Document(name), "get") => Ok(success(&document(name))),
        (Place::AccessReviews, "create") => review(body),
        (Place::Object(key), "get") => Ok(success(&get(server, key)?)),
        (Place::Collection(kind, namespace), "list") => {
            let list = server.read(|store| page::list(store, asked, *kind, namespace.as_deref()));
            Ok(success(&list?))
        }
        (Place::Collection(kind, namespace), "watch") => {
            let body = watch::start(server, asked, *kind, namespace.clone())?;
            Ok(respond_with(200, body))
        }
        (Place::Object(key), "patch") if key.kind.is_workload() => {
            patch(server, asked, key, headers, body)
        }
        (Place::Object(key), "delete") if key.kind == Kind::Pod => {
            let options: Value = serde_json::from_slice(body).unwrap_or_default();
            let dry_run = asked.is_dry(&options);
            let pod = server.change(|world| write::delete_pod(world, key, &options, dry_run));
            Ok(success(&pod?))
        }
        (Place::Collection(Kind::Event, Some(namespace)), "create") => {
            let event: Value = serde_json::from_slice(body)
                .map_err(|error| Status::bad_request(format!("error decoding event: {error}")))?;
            let event = server.change(|world| write::post_event(world, namespace, &event));
            Ok(created(&event?))
        }
        (Place::Subresource(key, part), "get") if key.kind == Kind::Pod && part == "log" => {
            log(server, asked, key)
        }
        (Place::Subresource(key, part), "patch") if key.kind == Kind::Pod && part == "status" => {
            has_type(headers, "application/merge-patch+json")?;
            let pod = server.change(|world| write::patch_status(world, key, body));
            Ok(success(&pod?))
        }
        _ => Err(unknown()),
    }
}

fn get(server: &Server, key: &Key) -> Result<Value, Status> {
    let found = server.read(|store| store.get(key).cloned());
    found.ok_or_else(|| Status::not_found(key.kind, &key.name))
}

/// The one account may do all that there is to do.
fn review(body: &Bytes) -> Result<Response<Body>, Status> {
    let mut review: Value = serde_json::from_slice(body)
        .map_err(|error| Status::bad_request(format!("error decoding review: {error}")))?;
    if !review["spec"].is_object() {
        return Err(Status::bad_request("a review needs a `spec`"));
    }
    review["status"] = json!({ "allowed": true });
    Ok(created(&review))
}

fn log(server: &Server, asked: &Asked, key: &Key) -> Result<Response<Body>, Status> {
    let pod = get(server, key)?;
    let container = asked.parameter("container");
    let tail = asked.parameter("tailLines").parse().ok();
    let previous = asked.flag("previous");
    let log = server.change(|world| world.logs.of(&pod, container, previous, tail))?;
    let mut response = respond_with(200, full(log));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    Ok(response)
}

fn has_type(headers: &HeaderMap, wanted: &str) -> Result<(), Status> {
    let format = header(headers, &CONTENT_TYPE);
    if format.split(';').next() == Some(wanted) {
        return Ok(());
    }
    Err(Status::not_implemented(&format!(
        "a patch of the type `{format}`"
    )))
}

fn patch(
    server: &Server,
    asked: &Asked,
    key: &Key,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Response<Body>, Status> {
    has_type(headers, "application/json-patch+json")?;
    let dry_run = match asked.parameter("dryRun") {
        "" => false,
        "All" => true,
        other => return Err(Status::unknown_dry_run(other)),
    };
    // A client that names no manager is known by the first part of its user agent.
    let agent = header(headers, &USER_AGENT)
        .split('/')
        .next()
        .unwrap_or_default();
    let manager = match asked.parameter("fieldManager") {
        "" => agent,
        named => named,
    };
    let patch = Patch {
        key,
        body,
        manager,
        dry_run,
    };
    server
        .change(|world| patch::apply(world, &patch))
        .map(|object| success(&object))
}
