//! The texts by which a value can be known: itself, the parts of it that are secret by
//! themselves, and what base64 and hexadecimal digits make of these.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use percent_encoding::percent_decode_str;
use url::{Position, Url};
use zeroize::Zeroizing;

/// The shortest text that is looked for, in bytes; a shorter one may be any word.
pub(super) const SHORTEST: usize = 8;
/// A part of a secret URL that is as long as this is a secret by itself, in bytes.
const TOKEN: usize = 16;

/// A text to be hidden.
pub(super) struct Form {
    pub(super) text: Zeroizing<String>,
    pub(super) kind: Kind,
}

/// What a form is of its value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The value or a part of it.
    Plain,
    /// A value whose parts are known by themselves; what else is in it is no secret.
    Parted,
    /// The base64 digits of a value that do not depend on what stands around it. The digit
    /// on either side holds some bits of the value too.
    Base64,
    /// Hexadecimal digits.
    Hex,
}

impl Form {
    /// All forms of a value that are long enough.
    pub(super) fn all(value: &str) -> Vec<Self> {
        let mut forms = Vec::new();
        let parts = parts(value);
        let several = parts.len() > 1;
        for part in parts {
            for shift in 0..3 {
                for url_safe in [false, true] {
                    let digits = base64_core(part.as_bytes(), shift, url_safe);
                    forms.push(Self::new(digits, Kind::Base64));
                }
            }
            let digits = part.bytes().map(|byte| format!("{byte:02x}"));
            let digits = Zeroizing::new(digits.collect::<String>());
            forms.push(Self::new(digits.to_uppercase(), Kind::Hex));
            forms.push(Self {
                text: digits,
                kind: Kind::Hex,
            });
            let whole = several && *part == *value;
            forms.push(Self {
                text: part,
                kind: if whole { Kind::Parted } else { Kind::Plain },
            });
        }
        forms.retain(|form| form.text.len() >= SHORTEST);
        forms
    }

    fn new(text: String, kind: Kind) -> Self {
        Self {
            text: Zeroizing::new(text),
            kind,
        }
    }
}

/// The value, what follows the origin of a URL (the origin is no secret), the long tokens
/// in that, and the lines of a value that has several: a log shows them one by one.
fn parts(value: &str) -> Vec<Zeroizing<String>> {
    let mut parts = vec![value.to_owned()];
    if let Ok(url) = Url::parse(value)
        && url.has_host()
        && url[Position::BeforePath..].len() > 1
    {
        parts.push(url[Position::BeforePath..].trim_matches('/').to_owned());
        // Servers like to echo a token without the path before it.
        let segments = url.path_segments().into_iter().flatten();
        let segments = segments.map(|part| percent_decode_str(part).decode_utf8_lossy().into());
        let values = url.query_pairs().map(|(_, value)| value.into_owned());
        parts.extend(
            segments
                .chain(values)
                .filter(|part: &String| part.len() >= TOKEN),
        );
    }
    if value.contains('\n') {
        let lines = value.lines().map(str::trim);
        // The first and last line of a key in PEM are the same for everybody.
        let lines = lines.filter(|line| line.len() >= SHORTEST && !line.starts_with("-----"));
        parts.extend(lines.map(str::to_owned));
    }
    parts.into_iter().map(Zeroizing::new).collect()
}

/// The base64 digits of `bytes` that do not depend on what stands before (`shift` bytes)
/// or after them: base64 of a value inside a longer text depends on where it stands, and
/// these are what all such texts share.
fn base64_core(bytes: &[u8], shift: usize, url_safe: bool) -> String {
    let mut padded = Zeroizing::new(vec![0; shift]);
    padded.extend_from_slice(bytes);
    let engine = if url_safe {
        URL_SAFE_NO_PAD
    } else {
        STANDARD_NO_PAD
    };
    let text = Zeroizing::new(engine.encode(&*padded));
    let from = (shift * 8).div_ceil(6);
    let to = padded.len() * 8 / 6;
    text[from.min(to)..to].to_owned()
}
