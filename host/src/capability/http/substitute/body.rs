//! A value at one place of a whole JSON or form body. Everything around it stays byte for
//! byte as the plugin wrote it: reading numbers and writing them again could change them.

use std::{borrow::Cow, collections::BTreeMap, ops::Range};

use bytes::Bytes;
use http::{HeaderMap, header};
use serde_json::value::RawValue;
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::secret::Held;

/// The longest body that is searched for a place, in bytes.
const BODY: usize = 1 << 20;

/// The body with the value at a JSON pointer, or in a form's fields of that name; `None`
/// where the placeholder does not stand there.
pub(super) fn with(
    headers: &HeaderMap,
    body: &Bytes,
    pointer: &str,
    held: &Held,
    value: &str,
) -> Result<Option<Bytes>, String> {
    if body.len() > BODY {
        return Err(format!(
            "a body longer than {} MiB is not searched for `{pointer}`",
            BODY >> 20
        ));
    }
    let coding = headers.get_all(header::CONTENT_ENCODING).into_iter();
    if coding.into_iter().any(|coding| coding != "identity") {
        return Err(format!(
            "a body with a `content-encoding` is not searched for `{pointer}`"
        ));
    }
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next());
    let kind = kind.unwrap_or_default().trim().to_ascii_lowercase();
    let text = std::str::from_utf8(body).map_err(|_| "the body is not UTF-8".to_owned())?;
    let replaced = if kind == "application/json" || kind.ends_with("+json") {
        in_json(text, pointer, &held.token, value)
            .map_err(|error| format!("the body is not the JSON that it says to be: {error}"))?
    } else if kind == "application/x-www-form-urlencoded" {
        in_form(text, pointer, &held.token, value)
    } else {
        return Err(format!(
            "only a body whose `content-type` says JSON or a form has a place `{pointer}`"
        ));
    };
    Ok(replaced.map(|replaced| Bytes::copy_from_slice(replaced.as_bytes())))
}

fn in_json(
    text: &str,
    pointer: &str,
    token: &str,
    value: &str,
) -> Result<Option<Zeroizing<String>>, serde_json::Error> {
    let mut part: &RawValue = serde_json::from_str(text)?;
    for step in pointer.split('/').skip(1).map(unescaped) {
        let inner = match part.get().as_bytes().first() {
            Some(b'{') => {
                let members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(part.get())?;
                members.get(step.as_str()).copied()
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(part.get())?;
                let index = step.parse::<usize>().ok();
                index.and_then(|index| items.get(index).copied())
            }
            _ => None,
        };
        match inner {
            Some(inner) => part = inner,
            None => return Ok(None),
        }
    }
    if !part.get().starts_with('"') {
        return Ok(None);
    }
    let written: String = serde_json::from_str(part.get())?;
    if !written.contains(token) {
        return Ok(None);
    }
    let whole = Zeroizing::new(written.replace(token, value));
    let encoded = Zeroizing::new(serde_json::to_string(&*whole)?);
    // The part was borrowed from the text, so its address says where it stands.
    let start = part.get().as_ptr().addr() - text.as_ptr().addr();
    Ok(Some(spliced(
        text,
        start..start + part.get().len(),
        &encoded,
    )))
}

/// Each field of that name, decoded, changed and encoded again.
fn in_form(text: &str, pointer: &str, token: &str, value: &str) -> Option<Zeroizing<String>> {
    let field = unescaped(pointer.strip_prefix('/')?);
    let mut form = Zeroizing::new(text.to_owned());
    let mut changed = false;
    let mut at = 0;
    for pair in text.split('&') {
        let (name, _) = pair.split_once('=').unwrap_or((pair, ""));
        let mut decoded = form_urlencoded::parse(pair.as_bytes());
        let decoded = decoded.next().filter(|(name, _)| *name == *field);
        let length = match decoded.filter(|(_, text)| text.contains(token)) {
            None => pair.len(),
            Some((_, text)) => {
                let whole = Zeroizing::new(text.replace(token, value));
                let pieces = form_urlencoded::byte_serialize(whole.as_bytes());
                let encoded = Zeroizing::new(pieces.collect::<String>());
                let start = at + name.len() + 1;
                form = spliced(&form, start..at + pair.len(), &encoded);
                changed = true;
                name.len() + 1 + encoded.len()
            }
        };
        at += length + 1;
    }
    changed.then_some(form)
}

fn spliced(text: &str, place: Range<usize>, with: &str) -> Zeroizing<String> {
    let mut whole = Zeroizing::new(String::with_capacity(text.len() + with.len()));
    whole.push_str(&text[..place.start]);
    whole.push_str(with);
    whole.push_str(&text[place.end..]);
    whole
}

/// A step of a JSON pointer (RFC 6901).
fn unescaped(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}
