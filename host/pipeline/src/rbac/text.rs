//! Texts of a pipeline inside the documents that are printed: as a YAML scalar, a CEL
//! literal, a comment. None of them can end the place that it stands in.

use std::fmt::Write;

/// A scalar in the YAML that Kubernetes' tools read, where `on` and `no` are booleans.
pub(super) fn scalar(text: &str) -> String {
    const WORDS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let plain = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
    };
    let first = text
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_lowercase());
    if first && text.bytes().all(plain) && !WORDS.contains(&text) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

/// Scalars as a list in YAML's flow form.
pub(super) fn flow<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts = texts.into_iter().map(scalar).collect::<Vec<_>>();
    format!("[{}]", texts.join(", "))
}

/// A CEL string literal on one line, in ASCII.
pub(super) fn literal(text: &str) -> String {
    let mut literal = String::from("'");
    for character in text.chars() {
        match character {
            '\'' | '\\' => {
                literal.push('\\');
                literal.push(character);
            }
            ' '..='~' => literal.push(character),
            other => {
                let _ = write!(literal, "\\U{:08x}", u32::from(other));
            }
        }
    }
    literal.push('\'');
    literal
}

/// A text for a comment: on one line, and nothing in it that YAML does not print.
pub(super) fn comment(text: &str) -> String {
    let harmless = |c: char| c.is_alphanumeric() || c.is_ascii_graphic() || c == ' ';
    text.chars()
        .map(|c| if harmless(c) { c } else { '?' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{comment, literal, scalar};

    #[test]
    fn no_text_ends_the_place_that_it_stands_in() {
        let cases = [
            ("web", "web", "'web'", "web"),
            ("no", "'no'", "'no'", "no"),
            ("1e3", "'1e3'", "'1e3'", "1e3"),
            ("a: b", "'a: b'", "'a: b'", "a: b"),
            ("it's", "'it''s'", r"'it\'s'", "it's"),
            ("a\\'", "'a\\'''", r"'a\\\''", "a\\'"),
            ("a\nb: c", "'a\nb: c'", r"'a\U0000000ab: c'", "a?b: c"),
            ("é\u{2028}", "'é\u{2028}'", r"'\U000000e9\U00002028'", "é?"),
        ];
        for (text, in_yaml, in_cel, in_comment) in cases {
            assert_eq!(scalar(text), in_yaml);
            assert_eq!(literal(text), in_cel);
            assert_eq!(comment(text), in_comment);
        }
    }
}
