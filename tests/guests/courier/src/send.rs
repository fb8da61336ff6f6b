//! One request over `wasi:http`, and its answer as one text.

use wasip2::http::{
    outgoing_handler,
    types::{Fields, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme},
};

/// The answer to a POST: its headers, an empty line, its body. An error in words.
pub(crate) fn post(url: &str, headers: &[(String, String)], body: &str) -> Result<String, String> {
    let (scheme, rest) = url.split_once("://").ok_or("no scheme")?;
    let slash = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(slash);
    let headers = headers
        .iter()
        .map(|(name, value)| (name.clone(), value.as_bytes().to_vec()))
        .collect::<Vec<_>>();
    let headers = Fields::from_list(&headers).map_err(|error| error.to_string())?;
    let scheme = match scheme {
        "http" => Scheme::Http,
        _ => Scheme::Https,
    };
    let request = OutgoingRequest::new(headers);
    request
        .set_method(&Method::Post)
        .and_then(|()| request.set_scheme(Some(&scheme)))
        .and_then(|()| request.set_authority(Some(authority)))
        .and_then(|()| request.set_path_with_query(Some(path)))
        .map_err(|()| "the address is not accepted")?;
    let outgoing = request.body().map_err(|()| "the request has no body")?;
    let response = outgoing_handler::handle(request, None).map_err(|code| code.to_string())?;
    let stream = outgoing.write().map_err(|()| "the body takes no text")?;
    for chunk in body.as_bytes().chunks(4096) {
        let written = stream.blocking_write_and_flush(chunk);
        written.map_err(|error| error.to_string())?;
    }
    // A stream is a child of its body and has to go first.
    drop(stream);
    OutgoingBody::finish(outgoing, None).map_err(|code| code.to_string())?;
    response.subscribe().block();
    match response.get() {
        Some(Ok(Ok(response))) => answer(&response),
        Some(Ok(Err(code))) => Err(code.to_string()),
        Some(Err(())) | None => Err("the host has no answer".to_owned()),
    }
}

fn answer(response: &IncomingResponse) -> Result<String, String> {
    let mut text = Vec::new();
    for (name, value) in response.headers().entries() {
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b": ");
        text.extend(value);
        text.push(b'\n');
    }
    text.push(b'\n');
    let body = response.consume().map_err(|()| "the answer has no body")?;
    let stream = body.stream().map_err(|()| "the body gives nothing")?;
    while let Ok(more) = stream.blocking_read(65_536) {
        text.extend(more);
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}
