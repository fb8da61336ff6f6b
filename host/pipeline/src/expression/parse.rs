//! A text becomes CEL's syntax tree, within bounds that the parser itself does not hold.

use std::ops::Range;
use std::thread;

use cel::IdedExpr;
use cel::common::ast::{Expr, SelectExpr, SourceInfo};
use cel::parser::{ParseErrors, Parser};

use super::split::measure;

/// The longest expression, in bytes.
const MAX_BYTES: usize = 2048;

/// The most brackets in an expression. Not how deeply they are nested: where they do not
/// match, the parser tries to go on without some, and nests the others.
const MAX_BRACKETS: usize = 64;
/// With more than these the parser gets a thread, and so a stack, of its own: for each level
/// it takes more than a hundred kilobytes of it when it is not optimised.
const FEW_BRACKETS: usize = 3;
/// The size of that stack, in bytes; what is not used of it costs nothing.
const STACK: usize = 64 << 20;

/// The most operators and dots in an expression: each may make its syntax tree deeper by one.
const MAX_OPERATORS: usize = 128;

/// Why a text is no expression, and the bytes that show it.
#[derive(Debug)]
pub(super) struct SyntaxError {
    pub(super) message: String,
    pub(super) range: Range<usize>,
}

pub(super) fn parse(text: &str) -> Result<(IdedExpr, SourceInfo), SyntaxError> {
    let refused = |message| SyntaxError {
        message,
        range: 0..text.len(),
    };
    let brackets = bounded(text).map_err(refused)?;
    if let Some(names) = dotted(text) {
        return Ok(names);
    }
    let parse = || Parser::new().parse_with_source_info(text);
    let parsed = if brackets > FEW_BRACKETS {
        let parsed = thread::scope(|scope| {
            let thread = thread::Builder::new().stack_size(STACK);
            let parsing = thread.spawn_scoped(scope, parse).ok()?;
            parsing.join().ok()
        });
        parsed.ok_or_else(|| {
            refused("the system grants no thread to read this expression with".to_owned())
        })?
    } else {
        parse()
    };
    parsed.map_err(|errors| first_complaint(text, &errors))
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

/// The number of its brackets, if the expression can be given to the parser.
fn bounded(text: &str) -> Result<usize, String> {
    if text.is_empty() {
        return Err("this expression is empty".to_owned());
    }
    if text.len() > MAX_BYTES {
        let length = text.len();
        return Err(format!(
            "this expression has {length} bytes; at most {MAX_BYTES} are read"
        ));
    }
    let (brackets, operators) = measure(text).ok_or_else(|| {
        "a text in this expression has no end, or an escape that is not known".to_owned()
    })?;
    if brackets > MAX_BRACKETS {
        return Err(format!(
            "this expression has more than {MAX_BRACKETS} brackets"
        ));
    }
    if operators > MAX_OPERATORS {
        return Err(format!(
            "this expression has more than {MAX_OPERATORS} operators"
        ));
    }
    Ok(brackets)
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
