//! A scalar: the source's text, and what YAML 1.2's core schema makes of it when a field asks.

use serde_json::{Number, Value};

use crate::diagnostic::Span;

/// A scalar as it was written.
#[derive(Debug, Clone)]
pub struct Scalar {
    /// The text after quotes and escapes; `12345e78` and `1.10` are still text.
    pub text: String,
    /// Written without quotes and not as a block, so that it may mean a number.
    pub plain: bool,
    /// The byte of the source at which `text` stands letter for letter.
    pub(super) verbatim: Option<usize>,
    /// The bytes of the source at which `${{` stands, where `text` is not verbatim.
    pub(super) marks: Vec<usize>,
}

impl Scalar {
    /// What the core schema of YAML 1.2 makes of it: null, a boolean, an integer, a
    /// number, or else its text.
    pub fn core(&self) -> Value {
        if !self.plain {
            return Value::String(self.text.clone());
        }
        match self.text.as_str() {
            "" | "~" | "null" | "Null" | "NULL" => Value::Null,
            "true" | "True" | "TRUE" => Value::Bool(true),
            "false" | "False" | "FALSE" => Value::Bool(false),
            text => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
        }
    }

    /// Whether it is nothing at all: a key without a value, `~` or `null`.
    pub fn is_null(&self) -> bool {
        self.core().is_null()
    }

    /// The same scalar with another text.
    pub(crate) fn with_text(&self, text: String) -> Self {
        Self {
            text,
            ..self.clone()
        }
    }

    /// Where the part `start..end` of the text stands in the source. `mark` counts the
    /// `${{` that begins the part's expression; `whole` is the scalar's own place.
    pub(crate) fn locate(
        &self,
        start: usize,
        end: usize,
        mark: (usize, usize),
        whole: Span,
    ) -> Span {
        let (index, mark_start) = mark;
        if let Some(offset) = self.verbatim {
            return Span::new(offset + start, offset + end);
        }
        // Line ends and escapes shift what follows them: within one expression that is
        // rare, and the caret is then a little off but stays inside of the scalar.
        self.marks.get(index).map_or(whole, |offset| {
            let at = |byte: usize| (offset + byte - mark_start).min(whole.end);
            Span::new(at(start), at(end))
        })
    }
}

/// An integer that fits into 64 bits, or a decimal number; not `.inf` and `.nan`, which
/// JSON cannot say.
fn number(text: &str) -> Option<Number> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let signed = digits.len() != text.len();
    if let (false, Some(octal)) = (signed, digits.strip_prefix("0o")) {
        return radix(octal, 8);
    }
    if let (false, Some(hex)) = (signed, digits.strip_prefix("0x")) {
        return radix(hex, 16);
    }
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let text = if negative { text } else { digits };
        return text.parse::<i64>().ok().map(Number::from);
    }
    if !is_float(digits) {
        return None;
    }
    text.parse::<f64>().ok().and_then(Number::from_f64)
}

fn radix(digits: &str, radix: u32) -> Option<Number> {
    if digits.starts_with('+') {
        return None;
    }
    i64::from_str_radix(digits, radix).ok().map(Number::from)
}

fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = all_digits(whole) && all_digits(fraction);
    let some = !whole.is_empty() || !fraction.is_empty();
    let exponent = exponent.is_none_or(|text| {
        let text = text.strip_prefix(['+', '-']).unwrap_or(text);
        !text.is_empty() && all_digits(text)
    });
    digits && some && exponent
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Scalar;

    fn core(text: &str, plain: bool) -> Value {
        Scalar {
            text: text.to_owned(),
            plain,
            verbatim: None,
            marks: Vec::new(),
        }
        .core()
    }

    #[test]
    fn plain_scalars_mean_what_the_core_schema_says() {
        let cases = [
            ("", json!(null)),
            ("~", json!(null)),
            ("null", json!(null)),
            ("true", json!(true)),
            ("yes", json!("yes")),
            ("on", json!("on")),
            ("0", json!(0)),
            ("-17", json!(-17)),
            ("+3", json!(3)),
            ("0o17", json!(15)),
            ("0xff", json!(255)),
            ("-0xff", json!("-0xff")),
            ("1.10", json!(1.1)),
            (".5", json!(0.5)),
            ("1.", json!(1.0)),
            ("12e3", json!(12000.0)),
            (".", json!(".")),
            ("1e", json!("1e")),
            ("-", json!("-")),
            (".inf", json!(".inf")),
            ("1_000", json!("1_000")),
            ("12345e789", json!("12345e789")),
            ("99999999999999999999", json!("99999999999999999999")),
        ];
        for (text, expected) in cases {
            assert_eq!(core(text, true), expected, "{text}");
        }
    }

    #[test]
    fn quoted_scalars_are_text() {
        assert_eq!(core("12", false), json!("12"));
        assert_eq!(core("", false), json!(""));
    }
}
