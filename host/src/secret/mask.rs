//! Hides the values of secrets in whatever is shown, in the forms in which a server or a
//! plugin may echo them.

use std::sync::{Arc, RwLock};

use serde_json::Value;

/// What stands where a secret was.
const STAR: &str = "***";
/// A part of a secret URL that is as long as this is a secret by itself, in bytes; a
/// shorter one may be any word.
const TOKEN: usize = 16;

/// Knows the values that must not be shown; clones share what they know.
#[derive(Clone, Default)]
pub struct Mask(Arc<RwLock<Vec<String>>>);

impl Mask {
    /// From now on hides `value`, as it is and as URLs, JSON, base64 and hexadecimal digits
    /// write it.
    pub fn add(&self, value: &str) {
        let mut forms = forms_of(value);
        let mut known = self.0.write().expect("no holder of the lock panics");
        forms.retain(|form| !known.contains(form));
        known.extend(forms);
        // The longest first, so that a value inside another leaves nothing of it behind.
        known.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    /// The text without any known value.
    pub fn text(&self, text: &str) -> String {
        let known = self.0.read().expect("no holder of the lock panics");
        let mut text = text.to_owned();
        for form in known.iter() {
            if text.contains(form.as_str()) {
                text = text.replace(form.as_str(), STAR);
            }
        }
        text
    }

    /// The bytes without any known value, also where they are no text.
    pub fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let known = self.0.read().expect("no holder of the lock panics");
        let mut bytes = bytes.to_vec();
        for form in known.iter() {
            let mut kept = Vec::new();
            let mut from = 0;
            for at in memchr::memmem::find_iter(&bytes, form) {
                kept.extend_from_slice(&bytes[from..at]);
                kept.extend_from_slice(STAR.as_bytes());
                from = at + form.len();
            }
            if from > 0 {
                kept.extend_from_slice(&bytes[from..]);
                bytes = kept;
            }
        }
        bytes
    }

    /// The value with every key and text in it without any known value.
    pub fn value(&self, value: Value) -> Value {
        if self
            .0
            .read()
            .expect("no holder of the lock panics")
            .is_empty()
        {
            return value;
        }
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.value(item)).collect(),
            Value::Object(map) => map
                .into_iter()
                .map(|(key, item)| (self.text(&key), self.value(item)))
                .collect(),
            other => other,
        }
    }
}

/// The value as texts may carry it. A URL's origin is no secret; what follows it is.
fn forms_of(value: &str) -> Vec<String> {
    let mut forms = vec![value.to_owned()];
    if let Ok(url) = url::Url::parse(value)
        && url.has_host()
        && url.path().len() > 1
    {
        let rest = url[url::Position::BeforePath..].trim_matches('/');
        forms.push(rest.to_owned());
        // Servers like to echo a token without the path before it.
        let segments = url.path_segments().into_iter().flatten().map(str::to_owned);
        let values = url.query_pairs().map(|(_, value)| value.into_owned());
        forms.extend(segments.chain(values).filter(|part| part.len() >= TOKEN));
    }
    for form in forms.clone() {
        let encoded = url::form_urlencoded::byte_serialize(form.as_bytes()).collect::<String>();
        forms.push(in_lower_case(&encoded));
        forms.push(encoded.replace('+', "%20"));
        forms.push(encoded);
        let json = Value::String(form.clone()).to_string();
        forms.push(json[1..json.len() - 1].to_owned());
        // Base64 of a value inside a longer text depends on where it stands; these are
        // the three cores that all such texts share.
        for shift in 0..3 {
            let core = base64_core(form.as_bytes(), shift);
            forms.push(core.replace('+', "-").replace('/', "_"));
            forms.push(core);
        }
        let digits = form.bytes().map(|byte| format!("{byte:02x}"));
        let digits = digits.collect::<String>();
        forms.push(digits.to_ascii_uppercase());
        forms.push(digits);
    }
    forms.retain(|form| form.len() >= 8);
    forms.sort();
    forms.dedup();
    forms
}

/// Percent-encoded text with the digits of its escapes in lower case.
fn in_lower_case(encoded: &str) -> String {
    let mut escape = 0;
    let lower = |c: char| {
        escape = if c == '%' { 2 } else { escape };
        if c != '%' && escape > 0 {
            escape -= 1;
            return c.to_ascii_lowercase();
        }
        c
    };
    encoded.chars().map(lower).collect()
}

/// The base64 digits of `bytes` that do not depend on what stands before (`shift` bytes)
/// or after them.
fn base64_core(bytes: &[u8], shift: usize) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
    let mut padded = vec![0; shift];
    padded.extend_from_slice(bytes);
    let text = STANDARD_NO_PAD.encode(&padded);
    let from = (shift * 8).div_ceil(6);
    let to = padded.len() * 8 / 6;
    text[from.min(to)..to].to_owned()
}

#[cfg(test)]
mod tests {
    use base64::{
        Engine,
        engine::general_purpose::{STANDARD, URL_SAFE},
    };
    use serde_json::json;

    use super::*;

    fn mask() -> Mask {
        let mask = Mask::default();
        mask.add("hunter2\"hunter2");
        mask.add("https://hooks.example/services/T0/B0/abcdef");
        mask
    }

    #[test]
    fn values_are_hidden_as_they_are_and_as_json_and_urls_write_them() {
        assert_eq!(mask().text("a hunter2\"hunter2 b"), "a *** b");
        assert_eq!(mask().text(r#"a hunter2\"hunter2 b"#), "a *** b");
        assert_eq!(mask().text("x=hunter2%22hunter2&y"), "x=***&y");
        let mask_of = |value: &str| {
            let mask = Mask::default();
            mask.add(value);
            mask
        };
        let spaced = mask_of("Nice/To Meet");
        for text in ["Nice%2FTo+Meet", "Nice%2fTo+Meet", "Nice%2FTo%20Meet"] {
            assert_eq!(spaced.text(text), STAR, "{text}");
        }
        assert_eq!(spaced.text("4e6963652f546f204d656574"), STAR);
        assert_eq!(spaced.text("4E6963652F546F204D656574"), STAR);
        assert_eq!(
            mask().text("GET /services/T0/B0/abcdef HTTP/1.1"),
            "GET /*** HTTP/1.1"
        );
    }

    #[test]
    fn values_are_hidden_in_base64_wherever_they_stand() {
        for before in ["", "u", "us", "user:"] {
            let text = STANDARD.encode(format!("{before}hunter2\"hunter2!"));
            let masked = mask().text(&text);
            assert!(masked.contains(STAR), "{text} became {masked}");
        }
        let mask = Mask::default();
        mask.add("??>>??>>??>>");
        let text = URL_SAFE.encode("??>>??>>??>>");
        assert!(text.contains(['-', '_']), "{text}");
        assert_eq!(mask.text(&text), STAR);
    }

    #[test]
    fn parts_of_a_secret_address_are_hidden_by_themselves_and_in_what_is_no_text() {
        let mask = Mask::default();
        mask.add("https://hooks.example/services/0123456789abcdef0123/?key=fedcba98765432100");
        assert_eq!(mask.text("no 0123456789abcdef0123 here"), "no *** here");
        assert_eq!(mask.text("key fedcba98765432100"), "key ***");
        assert_eq!(mask.text("the services are up"), "the services are up");
        assert_eq!(
            mask.bytes(b"\xff 0123456789abcdef0123 \xfe"),
            b"\xff *** \xfe"
        );
    }

    #[test]
    fn keys_and_texts_of_values_are_hidden() {
        let value = json!({"hunter2\"hunter2": ["hunter2\"hunter2", 1]});
        assert_eq!(mask().value(value), json!({"***": ["***", 1]}));
    }
}
