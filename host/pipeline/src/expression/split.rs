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

/// The deepest nesting of brackets, and the number of operators and dots. Asked before the
/// parser is, whose own recursion is not bounded in every rule.
pub(super) fn measure(code: &str) -> (usize, usize) {
    let (mut depth, mut deepest, mut operators) = (0_usize, 0, 0);
    let mut quote = None;
    let mut bytes = code.bytes();
    while let Some(byte) = bytes.next() {
        match (quote, byte) {
            (Some(_), b'\\') => drop(bytes.next()),
            (Some(open), byte) if open == byte => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'(' | b'[' | b'{') => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            (None, b')' | b']' | b'}') => depth = depth.saturating_sub(1),
            (
                None,
                b'+' | b'-' | b'*' | b'/' | b'%' | b'!' | b'?' | b'<' | b'>' | b'=' | b'&' | b'|'
                | b'.',
            ) => {
                operators += 1;
            }
            _ => {}
        }
    }
    (deepest, operators)
}

#[cfg(test)]
mod tests {
    use super::{Piece, Unclosed, split};

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
}
