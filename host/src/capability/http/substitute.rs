//! Puts the values of secrets where their placeholders stand, in the parsed parts of one
//! request and only in the place that each secret is declared for. A placeholder
//! anywhere else is sent as it is, and told.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Uri, header, request::Parts};
use serde_json::Value;
use sluice_pipeline::pipeline::Placement;
use url::{Url, form_urlencoded};

use crate::secret::{Held, StepSecrets};

/// The longest body that is searched for a place, in bytes.
const BODY: usize = 1 << 20;

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
        let allowed = secure && held.hosts.iter().any(|pattern| pattern.matches(host));
        if let Some(value) = held.value.as_deref().filter(|_| allowed) {
            match (&held.at, held.placement) {
                (Some(pointer), _) => {
                    if let Some(changed) = in_body(&parts.headers, &body, pointer, held, value) {
                        body = changed;
                    }
                }
                (None, Placement::Header) => in_headers(&mut parts.headers, held, value),
                (None, Placement::Url) => in_url(&mut parts.uri, held, value),
            }
        }
        if still_there(parts, &body, &held.token) {
            told.push(format!(
                "the placeholder of secret `{}` was sent as it is: {}",
                held.name,
                if !secure {
                    "a secret is sent over https only"
                } else if allowed {
                    "it does not stand in the place that the secret is declared for"
                } else {
                    "this host is none of the secret's `hosts`"
                }
            ));
        }
    }
    (body, told)
}

fn still_there(parts: &Parts, body: &Bytes, token: &str) -> bool {
    let token = token.as_bytes();
    let holds = |text: &[u8]| text.windows(token.len()).any(|window| window == token);
    holds(parts.uri.to_string().as_bytes())
        || parts.headers.values().any(|value| holds(value.as_bytes()))
        || holds(body)
}

fn in_headers(headers: &mut HeaderMap, held: &Held, value: &str) {
    for (name, header) in headers.iter_mut() {
        let Ok(text) = header.to_str() else { continue };
        let replaced = if name == header::AUTHORIZATION
            && let Some(("Basic" | "basic", credentials)) = text.split_once(' ')
        {
            in_basic(credentials, held, value)
        } else if text.contains(&held.token) {
            Some(text.replace(&held.token, value))
        } else {
            None
        };
        if let Some(text) = replaced
            && let Ok(mut text) = HeaderValue::from_str(&text)
        {
            text.set_sensitive(true);
            *header = text;
        }
    }
}

/// Basic credentials carry the placeholder in base64.
fn in_basic(credentials: &str, held: &Held, value: &str) -> Option<String> {
    let decoded = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let replaced = decoded
        .contains(&held.token)
        .then(|| decoded.replace(&held.token, value))?;
    Some(format!("Basic {}", STANDARD.encode(replaced)))
}

/// The first segment of the path is the placeholder: the secret URL's path and query
/// take its place, what the plugin wrote after it stays. The origin must be the secret's.
fn in_url(uri: &mut Uri, held: &Held, value: &str) {
    let (Ok(secret), Some(path)) = (Url::parse(value), uri.path_and_query()) else {
        return;
    };
    let Some(rest) = path.as_str().strip_prefix(&format!("/{}", held.token)) else {
        return;
    };
    if !(rest.is_empty() || rest.starts_with(['/', '?'])) || !same_origin(uri, &secret) {
        return;
    }
    let (more, query) = rest
        .split_once('?')
        .map_or((rest, None), |(more, query)| (more, Some(query)));
    // The secret's path as it is; a slash between it and what follows stands once.
    let path = if more.is_empty() {
        secret.path()
    } else {
        secret.path().trim_end_matches('/')
    };
    let queries = [secret.query(), query]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>();
    let mut whole = format!("{path}{more}");
    if !queries.is_empty() {
        whole = format!("{whole}?{}", queries.join("&"));
    }
    let mut parts = uri.clone().into_parts();
    if let Ok(path) = whole.parse() {
        parts.path_and_query = Some(path);
        if let Ok(changed) = Uri::from_parts(parts) {
            *uri = changed;
        }
    }
}

fn same_origin(uri: &Uri, secret: &Url) -> bool {
    uri.scheme_str() == Some(secret.scheme())
        && uri
            .host()
            .is_some_and(|host| Some(host) == secret.host_str())
        && uri.port_u16().or_else(|| default_port(uri)) == secret.port_or_known_default()
}

fn default_port(uri: &Uri) -> Option<u16> {
    match uri.scheme_str() {
        Some("https") => Some(443),
        Some("http") => Some(80),
        _ => None,
    }
}

/// The value at a JSON pointer, or at a form's field.
fn in_body(
    headers: &HeaderMap,
    body: &Bytes,
    pointer: &str,
    held: &Held,
    value: &str,
) -> Option<Bytes> {
    if body.len() > BODY || headers.contains_key(header::CONTENT_ENCODING) {
        return None;
    }
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    match kind.split(';').next()?.trim() {
        "application/json" => {
            let mut document = serde_json::from_slice::<Value>(body).ok()?;
            let place = document.pointer_mut(pointer)?;
            let text = place.as_str().filter(|text| text.contains(&held.token))?;
            *place = Value::String(text.replace(&held.token, value));
            Some(Bytes::from(document.to_string()))
        }
        "application/x-www-form-urlencoded" => {
            let field = pointer.strip_prefix('/')?;
            let mut form = form_urlencoded::Serializer::new(String::new());
            for (name, text) in form_urlencoded::parse(body) {
                if name == field {
                    form.append_pair(&name, &text.replace(&held.token, value));
                } else {
                    form.append_pair(&name, &text);
                }
            }
            Some(Bytes::from(form.finish()))
        }
        _ => None,
    }
}
