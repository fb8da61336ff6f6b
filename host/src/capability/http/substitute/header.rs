//! A value in a header, as it is or inside basic credentials.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use memchr::memmem;
use zeroize::Zeroizing;

use crate::secret::Held;

/// Puts the value where the placeholder stands in a header's value.
pub(super) fn put(headers: &mut HeaderMap, held: &Held, value: &str) -> Result<(), String> {
    for (name, header) in headers.iter_mut() {
        let replaced = in_basic(name, header, held, value)
            .or_else(|| replace(header.as_bytes(), &held.token, value));
        if let Some(text) = replaced {
            let mut text = HeaderValue::from_bytes(&text).map_err(|_| {
                "its value has a line break or another sign that no header can hold".to_owned()
            })?;
            text.set_sensitive(true);
            *header = text;
        }
    }
    Ok(())
}

/// The decoded text of basic credentials, if this header holds some.
pub(super) fn basic(name: &HeaderName, header: &HeaderValue) -> Option<Vec<u8>> {
    if name != header::AUTHORIZATION && name != header::PROXY_AUTHORIZATION {
        return None;
    }
    let (scheme, credentials) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    STANDARD.decode(credentials.trim()).ok()
}

/// Basic credentials carry the placeholder in base64.
fn in_basic(
    name: &HeaderName,
    header: &HeaderValue,
    held: &Held,
    value: &str,
) -> Option<Zeroizing<Vec<u8>>> {
    let replaced = replace(&basic(name, header)?, &held.token, value)?;
    let text = Zeroizing::new(STANDARD.encode(&*replaced));
    let mut header = Zeroizing::new(Vec::with_capacity(text.len() + 6));
    header.extend_from_slice(b"Basic ");
    header.extend_from_slice(text.as_bytes());
    Some(header)
}

/// The bytes with the value for each token; `None` where there is none.
fn replace(bytes: &[u8], token: &str, value: &str) -> Option<Zeroizing<Vec<u8>>> {
    let count = memmem::find_iter(bytes, token).count();
    if count == 0 {
        return None;
    }
    // Room for all of it: what has to grow leaves a copy behind.
    let room = bytes.len() + count * value.len();
    let mut replaced = Zeroizing::new(Vec::with_capacity(room));
    let mut from = 0;
    for at in memmem::find_iter(bytes, token) {
        replaced.extend_from_slice(&bytes[from..at]);
        replaced.extend_from_slice(value.as_bytes());
        from = at + token.len();
    }
    replaced.extend_from_slice(&bytes[from..]);
    Some(replaced)
}
