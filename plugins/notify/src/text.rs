//! Text in pieces that each service writes in its own way, and the one place where
//! messages are cut. A piece is either data, which is escaped and may be cut, or the
//! author's own markup, which is neither.

use std::fmt::Write as _;

use serde_json::Value;

/// A piece of a line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Span {
    /// Data as it reads; one line.
    Text(String),
    /// Data that stands out; one line.
    Bold(String),
    /// Data in a fixed width; one line.
    Code(String),
    /// Data in a fixed width and lines of its own.
    Block(String),
    /// An address under words of ours.
    Link(Link),
    /// What the pipeline's author wrote, in the service's own markup.
    Markup(String),
}

/// The pieces of a line.
pub(crate) type Line = Vec<Span>;

/// An address that leads to a page and can stand in every service's form of a link.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Link(String);

/// The words that a link is shown under.
pub(crate) const LOOK: &str = "look at it";

impl Link {
    /// Reads an `http` or `https` address; `None` for what no service should open.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let rest = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"))?;
        let odd = |c: char| !c.is_ascii_graphic() || r#"<>"\^`{|}[]"#.contains(c);
        if rest.is_empty() || text.contains(odd) {
            return None;
        }
        // What would end or format a link in some service is written as RFC 3986 lets it.
        let mut address = String::new();
        for c in text.chars() {
            match c {
                '(' | ')' | '*' | '\'' | '~' => {
                    let _ = write!(address, "%{:02X}", u32::from(c));
                }
                _ => address.push(c),
            }
        }
        Some(Self(address))
    }

    pub(crate) fn address(&self) -> &str {
        &self.0
    }
}

impl Span {
    /// Data on one line.
    pub(crate) fn text(data: &str) -> Self {
        Self::Text(one_line(data))
    }

    /// Data on one line, as code.
    pub(crate) fn code(data: &str) -> Self {
        Self::Code(one_line(data))
    }

    /// The same with other data; `None` where there is none.
    fn with(&self, data: String) -> Option<Self> {
        Some(match self {
            Self::Text(_) => Self::Text(data),
            Self::Bold(_) => Self::Bold(data),
            Self::Code(_) => Self::Code(data),
            Self::Block(_) => Self::Block(data),
            Self::Link(_) | Self::Markup(_) => return None,
        })
    }

    fn data(&self) -> &str {
        match self {
            Self::Text(data) | Self::Bold(data) | Self::Code(data) | Self::Block(data) => data,
            Self::Link(_) | Self::Markup(_) => "",
        }
    }
}

/// A value as JSON. Its `Display` would bring a second serialiser into the component.
pub(crate) fn as_json(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

pub(crate) fn one_line(data: &str) -> String {
    data.replace('\n', " ")
}

/// The lines as far as there is room for them. `length` is that of a span as it will be
/// written, `line_end` that of what stands between two lines, all in the service's unit.
///
/// The author's markup is kept whole, or it might end within a tag; data is cut between
/// two characters and ends with `…`, and what follows is left out.
pub(crate) fn fit(
    lines: Vec<Line>,
    room: usize,
    line_end: usize,
    length: &dyn Fn(&Span) -> usize,
) -> Vec<Line> {
    let is_markup = |span: &&Span| matches!(span, Span::Markup(_));
    let fixed = |line: &Line| {
        let markup = line.iter().filter(is_markup).map(length).sum::<usize>();
        let has_markup = line.iter().any(|span| is_markup(&span));
        if has_markup { markup + line_end } else { 0 }
    };
    let mut left = room.saturating_sub(lines.iter().map(fixed).sum());
    let mut full = false;
    let mut kept = Vec::new();
    for line in lines {
        if fixed(&line) == 0 {
            full |= left < line_end;
            if full {
                continue;
            }
            left -= line_end;
        }
        let empty = line.is_empty();
        let mut shorter = Vec::new();
        for span in line {
            if is_markup(&&span) {
                shorter.push(span);
            } else if !full {
                let needed = length(&span);
                if needed <= left {
                    left -= needed;
                    shorter.push(span);
                } else {
                    full = true;
                    shorter.extend(cut(&span, left, length));
                }
            }
        }
        if empty || !shorter.is_empty() {
            kept.push(shorter);
        }
    }
    kept
}

/// As much of the data as fits with a `…` after it.
fn cut(span: &Span, room: usize, length: &dyn Fn(&Span) -> usize) -> Option<Span> {
    let data = span.data();
    let ends: Vec<usize> = data.char_indices().map(|(at, _)| at).collect();
    let shortened = |end: usize| span.with(format!("{}…", &data[..end]));
    // More characters are never shorter: the last end that fits is found by halving.
    let fitting = ends.partition_point(|&end| shortened(end).is_some_and(|s| length(&s) <= room));
    shortened(ends[fitting.checked_sub(1)?])
}

/// One line of data cut to so many of a unit that `length` counts.
pub(crate) fn cut_data(data: &str, room: usize, length: &dyn Fn(&str) -> usize) -> String {
    let span = Span::text(data);
    let whole = |span: &Span| length(span.data());
    if whole(&span) <= room {
        return span.data().to_owned();
    }
    cut(&span, room, &whole).map_or_else(String::new, |span| span.data().to_owned())
}

/// UTF-16 code units, in which several services count.
pub(crate) fn utf16(text: &str) -> usize {
    text.encode_utf16().count()
}

/// A markup that is written as text.
pub(crate) trait Markup {
    /// Data that reads as it is and does nothing.
    fn text(&self, data: &str) -> String;
    fn bold(&self, data: &str) -> String;
    fn code(&self, data: &str) -> String;
    fn block(&self, data: &str) -> String;
    fn link(&self, link: &Link) -> String;
    /// In the unit of the service's limit.
    fn length(&self, text: &str) -> usize;

    fn span(&self, span: &Span) -> String {
        match span {
            Span::Text(data) => self.text(data),
            Span::Bold(data) => self.bold(data),
            Span::Code(data) => self.code(data),
            Span::Block(data) => self.block(data),
            Span::Link(link) => self.link(link),
            Span::Markup(markup) => markup.clone(),
        }
    }

    /// All lines, as far as there is room for them.
    fn lines(&self, lines: Vec<Line>, room: usize) -> String {
        let length = |span: &Span| self.length(&self.span(span));
        let lines = fit(lines, room, 1, &length);
        let lines = lines.iter().map(|line| {
            let spans = line.iter().map(|span| self.span(span));
            spans.collect::<String>()
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests;
