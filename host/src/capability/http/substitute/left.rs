//! Where a placeholder still stands in a request, for the line that tells it.

use http::request::Parts;
use memchr::memmem;

use super::header;

/// The places, in words.
pub(super) fn places(parts: &Parts, body: &[u8], token: &str) -> Vec<String> {
    let holds = |bytes: &[u8]| memmem::find(bytes, token.as_bytes()).is_some();
    let mut places = Vec::new();
    if holds(parts.uri.path().as_bytes()) {
        places.push("the path".to_owned());
    }
    if parts
        .uri
        .query()
        .is_some_and(|query| holds(query.as_bytes()))
    {
        places.push("the query".to_owned());
    }
    for (name, value) in &parts.headers {
        if holds(name.as_str().as_bytes()) {
            places.push("the name of a header".to_owned());
        }
        let basic = header::basic(name, value);
        if holds(value.as_bytes()) || basic.is_some_and(|basic| holds(&basic)) {
            places.push(format!("header `{name}`"));
        }
    }
    if holds(body) {
        places.push("the body".to_owned());
    }
    places
}
