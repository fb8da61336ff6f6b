//! A text into what stands literally and what stands between `${{` and `}}`.

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Text as it will stand.
    Text(String),
    /// The text between the braces.
    Code {
        /// Without the blanks around it.
        text: &'t str,
        /// The byte at which `text` begins.
        start: usize,
        /// The byte at which its `${{` begins.
        mark: usize,
    },
}

/// An expression that has no end begins at this byte.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unclosed(pub(super) usize);

/// Splits a text. `$${{` stands for a literal `${{`.
pub(super) fn split(text: &str) -> Result<Vec<Piece<'_>>, Unclosed> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("${{") {
        let mark = at + found;
        if text[at..mark].ends_with('$') {
            literal.push_str(&text[at..mark - 1]);
            literal.push_str("${{");
            at = mark + 3;
            continue;
        }
        literal.push_str(&text[at..mark]);
        let inside = &text[mark + 3..];
        let length = end_of_code(inside).ok_or(Unclosed(mark))?;
        if !literal.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut literal)));
        }
        let code = &inside[..length];
        let start = mark + 3 + (code.len() - code.trim_start().len());
        pieces.push(Piece::Code {
            text: code.trim(),
            start,
            mark,
        });
        at = mark + 3 + length + 2;
    }
    literal.push_str(&text[at..]);
    if !literal.is_empty() {
        pieces.push(Piece::Text(literal));
    }
    Ok(pieces)
}

/// The length up to the `}}` that closes, which stands outside of strings and maps.
fn end_of_code(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut quote = None;
    let mut at = 0;
    while at < bytes.len() {
        match (quote, bytes[at]) {
            (Some(_), b'\\') => at += 1,
            (Some(open), byte) if open == byte => quote = None,
            (None, byte @ (b'"' | b'\'')) => quote = Some(byte),
            (None, b'{') => depth += 1,
            (None, b'}') if depth > 0 => depth -= 1,
            (None, b'}') if bytes.get(at + 1) == Some(&b'}') => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// The number of opening brackets, and of operators and dots. Asked before the
/// parser is, whose own recursion is not bounded in every rule. Texts and comments are read
/// by the grammar's own rules, or brackets could hide in what only looks like one; `None`
/// where a text has no end, or what the grammar does not know in it.
pub(super) fn measure(code: &str) -> Option<(usize, usize)> {
    let bytes = code.as_bytes();
    let (mut brackets, mut operators) = (0, 0);
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' | b'\'' => {
                at += text_length(&bytes[at..], is_raw(&bytes[..at])?)?;
                continue;
            }
            b'/' if bytes[at..].starts_with(b"//") => {
                let line = bytes[at..].iter().position(|byte| *byte == b'\n');
                at += line.unwrap_or(bytes.len() - at);
                continue;
            }
            b'(' | b'[' | b'{' => brackets += 1,
            b'+' | b'-' | b'*' | b'/' | b'%' | b'!' | b'?' | b'<' | b'>' | b'=' | b'&' | b'|'
            | b'.' => operators += 1,
            _ => {}
        }
        at += 1;
    }
    Some((brackets, operators))
}

/// Whether the text that begins after these bytes is one in which a backslash is nothing but
/// itself. `None` after a word that is no such mark: the grammar has nothing of the kind.
fn is_raw(before: &[u8]) -> Option<bool> {
    let of_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let start = before.iter().rposition(|byte| !of_word(byte));
    match &before[start.map_or(0, |at| at + 1)..] {
        b"" | b"b" | b"B" => Some(false),
        b"r" | b"R" | b"br" | b"bR" | b"Br" | b"BR" => Some(true),
        _ => None,
    }
}

/// The length of the text that begins with a quote, up to its end.
fn text_length(bytes: &[u8], raw: bool) -> Option<usize> {
    let quote = *bytes.first()?;
    let end = [quote; 3];
    let end = if bytes.starts_with(&end) {
        &end[..]
    } else {
        &end[..1]
    };
    let mut at = end.len();
    loop {
        let rest = bytes.get(at..)?;
        if rest.starts_with(end) {
            return Some(at + end.len());
        }
        at += match *rest.first()? {
            b'\n' | b'\r' if end.len() == 1 => return None,
            b'\\' if !raw => escape_length(rest)?,
            _ => 1,
        };
    }
}

/// The length of an escape that the grammar knows.
fn escape_length(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize, count: usize, radix: u32| {
        let digits = bytes.get(from..from + count)?;
        let all = digits.iter().all(|byte| char::from(*byte).is_digit(radix));
        all.then_some(from + count)
    };
    match *bytes.get(1)? {
        b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'"' | b'\'' | b'\\' | b'?' | b'`' => {
            Some(2)
        }
        b'x' | b'X' => digits(2, 2, 16),
        b'u' => digits(2, 4, 16),
        b'U' => digits(2, 8, 16),
        b'0'..=b'3' => digits(1, 3, 8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Piece, Unclosed, measure, split};

    fn show(text: &str) -> Vec<String> {
        let pieces = split(text).unwrap();
        pieces
            .into_iter()
            .map(|piece| match piece {
                Piece::Text(text) => format!("'{text}'"),
                Piece::Code { text, start, .. } => format!("{text}@{start}"),
            })
            .collect()
    }

    #[test]
    fn a_text_is_split_into_literals_and_code() {
        let cases: [(&str, &[&str]); 7] = [
            ("plain $x {{y}}", &["'plain $x {{y}}'"]),
            ("${{ a }}", &["a@4"]),
            ("x:${{a}}-${{ b }}.", &["'x:'", "a@5", "'-'", "b@13", "'.'"]),
            ("$${{ a }}", &["'${{ a }}'"]),
            ("${{ '}}' }}", &["'}}'@4"]),
            ("${{ {'a': {'b': 1}}.a }}", &["{'a': {'b': 1}}.a@4"]),
            ("", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(show(text), expected, "{text}");
        }
        assert_eq!(split("a ${{ b }"), Err(Unclosed(2)));
    }

    #[test]
    fn brackets_in_texts_and_comments_are_none_and_hide_none() {
        let cases = [
            ("a.b + (c)", Some((1, 2))),
            ("'((('", Some((0, 0))),
            (r"'\'(((' + (1)", Some((1, 1))),
            (r"r'\' + ((1))", Some((2, 1))),
            ("'''a'((('''", Some((0, 0))),
            ("''((('')))", Some((3, 0))),
            (r#""\u00e4\x41\101\n" + (1)"#, Some((1, 1))),
            ("( // )\n( // ' )\n))", Some((2, 0))),
            ("'((", None),
            (r"'\q((('", None),
            (r"'\u12((('", None),
            ("'a\n(('", None),
            ("'''a''", None),
            (r"xr'\'((", None),
            (r"1r'\'((", None),
        ];
        for (text, expected) in cases {
            assert_eq!(measure(text), expected, "{text}");
        }
    }
}
