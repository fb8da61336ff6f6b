//! Answers of the API: JSON with its HTTP status.

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde_json::Value;

use crate::http::{Body, full};
use crate::status::Status;

/// 200 with an object.
pub(crate) fn success(body: &Value) -> Response<Body> {
    respond_with(200, full(body.to_string()))
}

/// 201 with a new object.
pub(crate) fn created(body: &Value) -> Response<Body> {
    respond_with(201, full(body.to_string()))
}

/// An error with its `Status` object.
pub(crate) fn refuse(status: &Status) -> Response<Body> {
    let mut response = respond_with(status.code, full(status.body().to_string()));
    if let Some(seconds) = status.retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

pub(crate) fn respond_with(code: u16, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
