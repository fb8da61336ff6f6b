//! A text becomes CEL's syntax tree, within bounds that the parser itself does not hold.

use std::ops::Range;

use cel::IdedExpr;
use cel::common::ast::{Expr, SelectExpr, SourceInfo};
use cel::parser::{ParseErrors, Parser};

use super::split::measure;

/// The longest expression, in bytes.
const MAX_BYTES: usize = 2048;

/// The deepest nesting of brackets within an expression.
const MAX_DEPTH: usize = 32;

/// The most operators and dots in an expression: each may make its syntax tree deeper by one.
const MAX_OPERATORS: usize = 128;

/// Why a text is no expression, and the bytes that show it.
#[derive(Debug)]
pub(super) struct SyntaxError {
    pub(super) message: String,
    pub(super) range: Range<usize>,
}

pub(super) fn parse(text: &str) -> Result<(IdedExpr, SourceInfo), SyntaxError> {
    if let Some(message) = refused(text) {
        return Err(SyntaxError {
            message,
            range: 0..text.len(),
        });
    }
    if let Some(names) = dotted(text) {
        return Ok(names);
    }
    Parser::new()
        .parse_with_source_info(text)
        .map_err(|errors| first_complaint(text, &errors))
}

/// The tree of `a.b.c`. Most expressions are no more than that, and the parser takes fifty
/// times as long for one.
fn dotted(text: &str) -> Option<(IdedExpr, SourceInfo)> {
    // A root that is no keyword of CEL; as fields these words may need the parser's judgement too.
    const WORDS: [&str; 4] = ["true", "false", "null", "in"];
    let mut info = SourceInfo::default();
    text.clone_into(&mut info.source);
    let mut tree: Option<IdedExpr> = None;
    let mut start = 0;
    for (index, name) in text.split('.').enumerate() {
        let first = name.bytes().next()?;
        let identifier = (first.is_ascii_alphabetic() || first == b'_')
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !identifier || WORDS.contains(&name) {
            return None;
        }
        let id = index as u64 + 1;
        let (from, to) = match index {
            0 => (start, start + name.len() - 1),
            // The place of a selection is its dot.
            _ => (start - 1, start - 1),
        };
        info.add_offset(id, u32::try_from(from).ok()?, u32::try_from(to).ok()?);
        let expr = match tree.take() {
            None => Expr::Ident(name.to_owned()),
            Some(operand) => Expr::Select(SelectExpr {
                operand: Box::new(operand),
                field: name.to_owned(),
                test: false,
            }),
        };
        tree = Some(IdedExpr { id, expr });
        start += name.len() + 1;
    }
    Some((tree?, info))
}

/// Why an expression is not even given to the parser.
fn refused(text: &str) -> Option<String> {
    let (depth, operators) = measure(text);
    if text.is_empty() {
        Some("this expression is empty".to_owned())
    } else if text.len() > MAX_BYTES {
        let length = text.len();
        Some(format!(
            "this expression has {length} bytes; at most {MAX_BYTES} are read"
        ))
    } else if depth > MAX_DEPTH {
        Some(format!(
            "this expression is nested more than {MAX_DEPTH} levels deep"
        ))
    } else if operators > MAX_OPERATORS {
        Some(format!(
            "this expression has more than {MAX_OPERATORS} operators"
        ))
    } else {
        None
    }
}

/// The parser's first complaint: those after it are mostly its consequences.
fn first_complaint(text: &str, errors: &ParseErrors) -> SyntaxError {
    let Some(error) = errors.errors.first() else {
        return SyntaxError {
            message: "this is not an expression".to_owned(),
            range: 0..text.len(),
        };
    };
    let (line, column) = error.pos;
    let line_start: usize = text
        .split_inclusive('\n')
        .take(usize::try_from(line - 1).unwrap_or(0))
        .map(str::len)
        .sum();
    let start = text[line_start.min(text.len())..]
        .char_indices()
        .nth(usize::try_from(column - 1).unwrap_or(0))
        .map_or(text.len(), |(at, _)| line_start + at);
    let length = text[start..].chars().next().map_or(0, char::len_utf8);
    let quoted = error.msg.split('\'').nth(1).unwrap_or_default();
    let message = match error.msg.as_str() {
        _ if quoted == "<EOF>" || length == 0 => "this expression ends too early".to_owned(),
        message if message.starts_with("unsupported syntax") => {
            format!("`{quoted}` is not supported")
        }
        _ => format!(
            "`{}` is not expected here",
            text[start..].split_whitespace().next().unwrap_or("")
        ),
    };
    SyntaxError {
        message,
        range: start..start + length,
    }
}

#[cfg(test)]
mod tests {
    use cel::parser::Parser;

    use super::dotted;

    #[test]
    fn names_are_read_as_the_parser_reads_them() {
        for text in ["a", "inputs.tag", "steps.deploy.outputs._x1"] {
            let (tree, info) = dotted(text).unwrap();
            let (expected, expected_info) = Parser::new().parse_with_source_info(text).unwrap();
            assert_eq!(tree, expected, "{text}");
            for id in 0..6 {
                assert_eq!(
                    info.offset_for(id),
                    expected_info.offset_for(id),
                    "{text} {id}"
                );
            }
        }
        for text in [
            "", "1", "a.", ".a", "a.1", "a b", "a()", "true", "a.in", "a-b", "é",
        ] {
            assert!(dotted(text).is_none(), "{text}");
        }
    }
}
