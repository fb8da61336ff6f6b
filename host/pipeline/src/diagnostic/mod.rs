//! What is wrong with a pipeline, where, and the way out.
//!
//! Problems are data; how they look is `render`'s business. Nothing here decides whether
//! something is a problem.

mod render;
mod suggest;

use std::sync::Arc;

use serde_json::{Value, json};

pub use suggest::nearest;
pub(crate) use suggest::{did_you_mean, listed};

/// A text with the name under which its author knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// A path as it was typed, or another name to show in messages.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// A text under a name.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
        }
    }

    /// Line and column of a byte, both counted from 1, the column in characters.
    pub fn position(&self, byte: usize) -> (usize, usize) {
        let byte = self.text.floor_char_boundary(byte);
        let before = &self.text[..byte];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.matches('\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }
}

/// A range of bytes in a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` up to `end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

/// Something together with the place where it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed<T> {
    /// What is written.
    pub value: T,
    /// Where.
    pub span: Span,
}

/// Whether a problem keeps a pipeline from running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It does.
    Error,
    /// It is worth saying, and no more.
    Warning,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Whether it keeps the pipeline from running.
    pub severity: Severity,
    /// What is wrong, in lower case and without a full stop.
    pub message: String,
    /// Where, if it has a place in the source.
    pub span: Option<Span>,
    /// What stands beside the caret.
    pub label: Option<String>,
    /// Another place that belongs to it, and what to say there.
    pub related: Option<Box<(Span, String)>>,
    /// A place in another source that belongs to it.
    pub elsewhere: Option<Box<Elsewhere>>,
    /// The way out; may have several lines.
    pub help: Option<String>,
}

/// A place in another source than the problem's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// What this place is, in words.
    pub title: String,
    /// The text that it is in.
    pub source: Arc<Source>,
    /// Where in it.
    pub span: Span,
    /// What stands beside the mark.
    pub label: String,
}

impl Problem {
    /// An error without a place.
    pub fn error(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            span: None,
            label: None,
            related: None,
            elsewhere: None,
            help: None,
        }
    }

    /// A warning without a place.
    pub fn warning(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(message)
        }
    }

    /// The same problem at a place.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// The same problem with words beside the caret; `None` changes nothing.
    #[must_use]
    pub fn label(mut self, label: impl Into<Option<String>>) -> Self {
        self.label = label.into().or(self.label);
        self
    }

    /// The same problem with a second place.
    #[must_use]
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related = Some(Box::new((span, label.into())));
        self
    }

    /// The same problem with a place in another source.
    #[must_use]
    pub fn elsewhere(mut self, elsewhere: Elsewhere) -> Self {
        self.elsewhere = Some(Box::new(elsewhere));
        self
    }

    /// The same problem with a way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The problems of one source: in the order of their places, each one once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    list: Vec<Problem>,
}

impl Problems {
    /// No problems.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a problem, unless the same one is known at the same place.
    pub fn push(&mut self, problem: Problem) {
        let place = |problem: &Problem| problem.span.map(|span| (span.start, span.end));
        let first = self
            .list
            .partition_point(|known| place(known) < place(&problem));
        let same_place = self.list[first..]
            .iter()
            .take_while(|known| place(known) == place(&problem));
        if same_place
            .clone()
            .any(|known| known.message == problem.message)
        {
            return;
        }
        let after = first + same_place.count();
        self.list.insert(after, problem);
    }

    /// Adds the problems of another list.
    pub fn extend(&mut self, other: Problems) {
        for problem in other.list {
            self.push(problem);
        }
    }

    /// The problems in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.list.iter()
    }

    /// Whether there are none, not even warnings.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are, warnings among them.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether one of them keeps the pipeline from running.
    pub fn has_errors(&self) -> bool {
        self.list
            .iter()
            .any(|problem| problem.severity == Severity::Error)
    }

    /// The list of its errors: `Err` with all problems if there is one, else `Ok` with the
    /// warnings.
    pub fn into_result(self) -> Result<Problems, Problems> {
        if self.has_errors() {
            Err(self)
        } else {
            Ok(self)
        }
    }

    /// The problems as text for people: message, place, excerpt with caret, way out.
    pub fn render(&self, source: &Source, colour: bool) -> String {
        render::render(self, source, colour)
    }

    /// The problems as an array of objects with `severity`, `message`, `file`, `line`,
    /// `column` and `help`; line and column count from 1 and are `null` without a place. A
    /// place in another source is an object `elsewhere` with `file`, `line`, `column` and
    /// `label`.
    pub fn to_json(&self, source: &Source) -> Value {
        self.list
            .iter()
            .map(|problem| {
                let (line, column) = problem.span.map(|span| source.position(span.start)).unzip();
                let mut object = json!({
                    "severity": match problem.severity {
                        Severity::Error => "error",
                        Severity::Warning => "warning",
                    },
                    "message": problem.message,
                    "file": source.name,
                    "line": line,
                    "column": column,
                    "label": problem.label,
                    "help": problem.help,
                });
                if let Some(elsewhere) = &problem.elsewhere {
                    let (line, column) = elsewhere.source.position(elsewhere.span.start);
                    object["elsewhere"] = json!({
                        "file": elsewhere.source.name,
                        "line": line,
                        "column": column,
                        "label": elsewhere.label,
                    });
                }
                object
            })
            .collect()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self {
            list: vec![problem],
        }
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
