//! The parser's events become a tree, by hand and without recursion, so that every place is
//! kept and a hostile file costs no stack. Refused: what makes a reader guess (tags, merge
//! keys, anchors, several documents) and what costs too much (size, depth).

use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError};

use super::{Content, Document, Entry, MAX_BYTES, MAX_DEPTH, Node, Scalar};
use crate::diagnostic::{Problem, Problems, Span};

pub(super) fn read(text: &str) -> Result<Document, Problems> {
    if text.len() > MAX_BYTES {
        let message = format!(
            "the file has {} bytes; at most {MAX_BYTES} are read",
            text.len()
        );
        return Err(Problem::error(message).into());
    }
    let options = granit_parser::options! {
        emit_comments: false,
        emit_anchor_events: true,
        emit_unresolved_aliases: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut builder = Builder::new(text);
    for event in Parser::new_from_str_with_options(text, options) {
        let step = event
            .map_err(|error| syntax_problem(&error, text))
            .and_then(|(event, span)| {
                let bytes = span.byte_range().unwrap_or(0..0);
                let tag = span.tag_span().and_then(|tag| tag.byte_range());
                let tag = tag.map(|tag| Span::new(tag.start, tag.end));
                builder.take(event, Span::new(bytes.start, bytes.end), tag)
            });
        if let Err(problem) = step {
            let mut problems = builder.problems;
            problems.push(problem);
            return Err(problems);
        }
    }
    let root = builder.root.unwrap_or_else(|| null(Span::new(0, 0)));
    Ok(Document {
        root,
        problems: builder.problems,
    })
}

/// A collection whose end has not been seen.
enum Open {
    List(Span, Vec<Node>),
    Map(Span, OpenMap),
}

#[derive(Default)]
struct OpenMap {
    entries: Vec<Entry>,
    /// Each key's place, to refuse its second occurrence.
    seen: HashMap<String, Span>,
    key: Awaited,
}

/// What comes next in a map.
#[derive(Default)]
enum Awaited {
    /// A key.
    #[default]
    Key,
    /// The value of this key.
    Value(String, Span),
    /// The value of a key that was refused.
    Refused,
}

struct Builder<'t> {
    text: &'t str,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    problems: Problems,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            open: Vec::new(),
            root: None,
            documents: 0,
            problems: Problems::new(),
        }
    }

    /// Takes one event; `Err` where there is no point in going on.
    fn take(&mut self, event: Event<'_>, span: Span, tag: Option<Span>) -> Result<(), Problem> {
        if let Some(tag) = tag {
            self.problems.push(
                Problem::error("tags are not supported")
                    .at(tag)
                    .help("a text that begins with `!` must be in quotes"),
            );
        }
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(Problem::error(
                        "a file holds one document, and this one has several",
                    )
                    .at(span)
                    .help("put what follows `---` into a file of its own"));
                }
            }
            Event::Scalar(..) if tag.is_some() => self.leave_out(),
            Event::Scalar(text, style, ..) => {
                let node = self.scalar(text.into_owned(), style, span);
                self.close(node);
            }
            Event::SequenceStart(..) => self.push(Open::List(span, Vec::new()), span)?,
            Event::MappingStart(..) => self.push(Open::Map(span, OpenMap::default()), span)?,
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    self.close(open.finish(span));
                }
            }
            Event::Anchor(..) => self.problems.push(
                Problem::error("anchors are not supported")
                    .at(span)
                    .help("write the value out where it is used"),
            ),
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.problems.push(
                    Problem::error("aliases are not supported")
                        .at(span)
                        .help("write the value out; a text that begins with `*` must be in quotes"),
                );
                self.leave_out();
            }
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, open: Open, span: Span) -> Result<(), Problem> {
        if self.open.len() == MAX_DEPTH {
            return Err(too_deep(span));
        }
        self.open.push(open);
        Ok(())
    }

    /// Puts a finished node where it belongs.
    fn close(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Map(_, map)) => match std::mem::take(&mut map.key) {
                Awaited::Key => map.key = key(node, &mut map.seen, &mut self.problems),
                Awaited::Value(key, key_span) => map.entries.push(Entry {
                    key,
                    key_span,
                    value: node,
                }),
                Awaited::Refused => {}
            },
        }
    }

    /// Leaves a refused value out, its key with it: whatever stood for it would be reported
    /// a second time.
    fn leave_out(&mut self) {
        if let Some(Open::Map(_, map)) = self.open.last_mut() {
            map.key = match map.key {
                // It was the key, so that the value goes too.
                Awaited::Key => Awaited::Refused,
                Awaited::Value(..) | Awaited::Refused => Awaited::Key,
            };
        }
    }

    fn scalar(&self, text: String, style: ScalarStyle, span: Span) -> Node {
        let raw = &self.text[span.start..span.end];
        // A value that is not there is reported by the parser as `~`.
        let text = if raw.is_empty() { String::new() } else { text };
        let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
        let inner = span.start + usize::from(quoted);
        let verbatim = self.text[inner..].starts_with(&text).then_some(inner);
        let marks = if verbatim.is_some() {
            Vec::new()
        } else {
            let found = raw.match_indices("${{");
            found.map(|(at, _)| span.start + at).collect()
        };
        // A block scalar's place would end in the blank lines after it.
        let end = span.start + raw.trim_end().len();
        Node {
            span: Span::new(span.start, end),
            content: Content::Scalar(Scalar {
                text,
                plain: style == ScalarStyle::Plain,
                verbatim,
                marks,
            }),
        }
    }
}

impl Open {
    fn finish(self, end: Span) -> Node {
        let place = |start: Span, first: Option<Span>| {
            // Flow collections start with a bracket, block collections with nothing.
            if start.start < start.end {
                Span::new(start.start, end.end)
            } else {
                first.unwrap_or(start)
            }
        };
        match self {
            Open::List(start, items) => Node {
                span: place(start, items.first().map(|item| item.span)),
                content: Content::List(items),
            },
            Open::Map(start, map) => Node {
                span: place(start, map.entries.first().map(|entry| entry.key_span)),
                content: Content::Map(map.entries),
            },
        }
    }
}

/// The key that a node is, unless it cannot be one or is not new.
fn key(node: Node, seen: &mut HashMap<String, Span>, problems: &mut Problems) -> Awaited {
    let Content::Scalar(scalar) = node.content else {
        problems.push(Problem::error("a key must be a text, not a list or a map").at(node.span));
        return Awaited::Refused;
    };
    if scalar.plain && scalar.text == "<<" {
        problems.push(
            Problem::error("merge keys are not supported")
                .at(node.span)
                .help("write the keys out"),
        );
        return Awaited::Refused;
    }
    if let Some(first) = seen.get(&scalar.text) {
        problems.push(
            Problem::error(format!("key `{}` occurs twice", scalar.text))
                .at(node.span)
                .related(*first, "first here")
                .help("keep one of them"),
        );
        return Awaited::Refused;
    }
    seen.insert(scalar.text.clone(), node.span);
    Awaited::Value(scalar.text, node.span)
}

fn null(span: Span) -> Node {
    Node {
        span,
        content: Content::Scalar(Scalar {
            text: String::new(),
            plain: true,
            verbatim: None,
            marks: Vec::new(),
        }),
    }
}

fn too_deep(span: Span) -> Problem {
    Problem::error(format!("nested more than {MAX_DEPTH} levels deep"))
        .at(span)
        .help("nothing in such a file needs that many levels")
}

fn syntax_problem(error: &ScanError, text: &str) -> Problem {
    let start = error.marker().byte_offset().unwrap_or(0).min(text.len());
    let length = text[text.floor_char_boundary(start)..]
        .chars()
        .next()
        .map_or(0, char::len_utf8);
    let span = Span::new(start, start + length);
    if *error.kind() == ErrorKind::RecursionLimitExceeded {
        return too_deep(span);
    }
    let problem = Problem::error(format!("this is not YAML: {}", error.info())).at(span);
    // The parser stops before a tab or behind it.
    if text[start..].starts_with('\t') || text[..start].ends_with('\t') {
        return problem.help("indent with spaces");
    }
    match error.kind() {
        ErrorKind::MappingValueNotAllowed => {
            problem.help("a text with `: ` in it must be in quotes")
        }
        _ => problem,
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::{Problem, Source};
    use crate::document::{Content, Document, Node};

    fn read(text: &str) -> Result<Document, String> {
        let source = Source::new("p.yaml", text);
        let document =
            Document::read(&source).map_err(|problems| problems.render(&source, false))?;
        if document.problems().is_empty() {
            Ok(document)
        } else {
            Err(document.problems().render(&source, false))
        }
    }

    /// The tree as one line, each scalar with the place it was read from.
    fn show(node: &Node) -> String {
        match &node.content {
            Content::Scalar(scalar) => {
                let quote = if scalar.plain { "" } else { "'" };
                format!(
                    "{quote}{}{quote}@{}-{}",
                    scalar.text, node.span.start, node.span.end
                )
            }
            Content::List(items) => {
                let items: Vec<_> = items.iter().map(show).collect();
                format!("[{}]", items.join(" "))
            }
            Content::Map(entries) => {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|entry| {
                        format!(
                            "{}@{}={}",
                            entry.key,
                            entry.key_span.start,
                            show(&entry.value)
                        )
                    })
                    .collect();
                format!("{{{}}}", entries.join(" "))
            }
        }
    }

    #[test]
    fn scalars_keep_the_text_and_the_place_they_were_read_from() {
        let cases = [
            ("a: 1.10\n", "{a@0=1.10@3-7}"),
            ("a: 'x''y'\n", "{a@0='x'y'@3-9}"),
            ("a: [b, {c: d}]\n", "{a@0=[b@4-5 {c@8=d@11-12}]}"),
            ("a:\n- b\n-\n", "{a@0=[b@5-6 @8-8]}"),
            ("a: |\n  b ${{ c }}\n\n", "{a@0='b ${{ c }}\n'@7-17}"),
            ("ü: b # c\n", "{ü@0=b@4-5}"),
        ];
        for (text, expected) in cases {
            assert_eq!(show(read(text).unwrap().root()), expected, "{text}");
        }
    }

    #[test]
    fn what_makes_a_reader_guess_is_refused() {
        let cases = [
            ("a: 1\na: 2\n", "key `a` occurs twice"),
            ("a: !b c\n", "tags are not supported"),
            ("a: &b c\n", "anchors are not supported"),
            ("a: *b\n", "aliases are not supported"),
            ("<<: {a: b}\n", "merge keys are not supported"),
            ("a: b\n---\nc: d\n", "a file holds one document"),
            ("? [a]\n: b\n", "a key must be a text"),
            ("a:\n\tb: c\n", "this is not YAML"),
            ("a: b: c\n", "this is not YAML"),
        ];
        for (text, expected) in cases {
            let error = read(text)
                .map(|document| show(document.root()))
                .unwrap_err();
            assert!(
                error.starts_with(&format!("error: {expected}")),
                "{text}: {error}"
            );
            assert!(error.contains("p.yaml:"), "{text}: {error}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_at_its_place_without_reading_on() {
        let blocks: Vec<_> = (0..800)
            .map(|depth| format!("{}a:", " ".repeat(depth)))
            .collect();
        for text in [
            "[".repeat(400_000),
            "{a: ".repeat(100_000),
            "- ".repeat(200_000),
            blocks.join("\n"),
        ] {
            let problems = Document::read(&Source::new("p.yaml", text)).unwrap_err();
            let messages: Vec<_> = problems
                .iter()
                .map(|Problem { message, .. }| message)
                .collect();
            assert_eq!(messages, ["nested more than 64 levels deep"]);
        }
    }

    #[test]
    fn a_file_beyond_the_size_limit_is_refused() {
        let text = "a".repeat(super::MAX_BYTES + 1);
        let error = read(&text)
            .map(|document| show(document.root()))
            .unwrap_err();
        assert!(
            error.starts_with("error: the file has 1048577 bytes; at most 1048576 are read"),
            "{error}"
        );
    }
}
