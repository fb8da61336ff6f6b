//! Puts values where their placeholders stand, in the parsed parts of one request and
//! only in the place that each secret is declared for. A placeholder anywhere else is
//! sent as it is, and told.

mod body;
mod header;
mod left;
mod url;

use bytes::Bytes;
use http::request::Parts;
use sluice_pipeline::pipeline::Placement;

use crate::secret::{Held, StepSecrets};

/// The request with its secrets in, and what is to be told about those that stayed out.
pub(super) fn request(
    parts: &mut Parts,
    mut body: Bytes,
    host: &str,
    secure: bool,
    secrets: &StepSecrets,
) -> (Bytes, Vec<String>) {
    let mut told = Vec::new();
    for held in secrets.iter() {
        let put = if !secure {
            Err("a secret is sent over https only".to_owned())
        } else if !held.hosts.iter().any(|pattern| pattern.matches(host)) {
            Err(format!("`{host}` is none of its `hosts`"))
        } else {
            put(parts, &mut body, &held)
        };
        let places = left::places(parts, &body, &held.token);
        if !places.is_empty() {
            told.push(format!(
                "the placeholder of secret `{}` was sent as it is in {}: {}",
                held.name,
                places.join(" and "),
                put.err().unwrap_or_else(|| declared(&held))
            ));
        }
    }
    (body, told)
}

/// Puts the value where it is declared for. An error is why a placeholder in the right
/// place keeps standing there.
fn put(parts: &mut Parts, body: &mut Bytes, held: &Held) -> Result<(), String> {
    let Some(value) = &held.value else {
        return Ok(());
    };
    let value = value.expose();
    match (&held.at, held.placement) {
        (Some(pointer), _) => {
            if let Some(changed) = body::with(&parts.headers, body, pointer, held, value)? {
                *body = changed;
            }
            Ok(())
        }
        (None, Placement::Header) => header::put(&mut parts.headers, held, value),
        (None, Placement::Url) => url::put(&mut parts.uri, held, value),
    }
}

/// Which place the secret is declared for.
fn declared(held: &Held) -> String {
    match (&held.at, held.placement) {
        (Some(pointer), _) => {
            format!("it is declared for `{pointer}` of a JSON or form body (`at`)")
        }
        (None, Placement::Header) => {
            "it is declared for headers; a place in a body is declared by `at`, an address by `as: url`"
                .to_owned()
        }
        (None, Placement::Url) => {
            "it is declared for the address (`as: url`), of which it is the beginning".to_owned()
        }
    }
}

#[cfg(test)]
mod tests;
