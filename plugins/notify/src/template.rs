//! The author's own text with names in braces: `deployed {images} by {sender}`. The text
//! is markup of the service, what the names stand for is data.
//!
//! No engine: what it fills in has to stay apart from the text around it until a service
//! writes both, and the smallest that fits (`upon`) adds 118 kB to a component.

use serde_json::Value;
use sluice_plugin_with::duration;

use crate::message::{self, Mark};
use crate::summary::{Summary, TEXT, clean};
use crate::text::{self, Line, Link, Span};

/// What a name in braces may be, but for `values.NAME` and `steps.ID.…`.
const NAMES: [&str; 16] = [
    "pipeline", "run", "title", "outcome", "duration", "link", "failed", "error", "details",
    "images", "steps", "deployed", "event", "ref", "sha", "sender",
];

/// A text that was read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Markup(String),
    Name(String, Form),
}

/// How a value is to look.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Text,
    Bold,
    Code,
    Block,
}

impl Template {
    /// Reads a text. The error is a sentence for the pipeline's author.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut markup = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            markup.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                markup.push_str(brace);
                rest = after;
                continue;
            }
            if brace == "}" {
                return Err("`}` ends nothing; write `}}` for a brace".to_owned());
            }
            let end = rest
                .find('}')
                .ok_or("`{` is not closed; write `{{` for a brace")?;
            if !markup.is_empty() {
                pieces.push(Piece::Markup(std::mem::take(&mut markup)));
            }
            pieces.push(name(&rest[..end])?);
            rest = &rest[end + 1..];
        }
        markup.push_str(rest);
        if !markup.is_empty() {
            pieces.push(Piece::Markup(markup));
        }
        Ok(Self(pieces))
    }

    /// The text's lines with all names filled in.
    pub(crate) fn fill(
        &self,
        summary: &Summary,
        mark: Mark,
        values: &[(String, String)],
    ) -> Result<Vec<Line>, String> {
        let mut lines = vec![Line::new()];
        // A block stands alone: in the middle of a line, or of a quote or a list, a service
        // may end it where its data has a line break.
        let mut alone = false;
        for piece in &self.0 {
            let more: Vec<Line> = match piece {
                Piece::Markup(markup) => {
                    let spans = markup.split('\n').map(|part| match part {
                        "" => Line::new(),
                        part => vec![Span::Markup(part.to_owned())],
                    });
                    spans.collect()
                }
                Piece::Name(name, form) => lookup(name, *form, summary, mark, values)?,
            };
            let mut more = more.into_iter();
            if let (Some(last), Some(first)) = (lines.last_mut(), more.next()) {
                let block = matches!(first[..], [Span::Block(_)]);
                if (block && !last.is_empty()) || (alone && !first.is_empty()) {
                    lines.push(first);
                } else {
                    last.extend(first);
                }
            }
            lines.extend(more);
            let last = lines.last().map(Vec::as_slice);
            alone = matches!(last, Some([Span::Block(_)]));
        }
        Ok(lines)
    }
}

fn name(text: &str) -> Result<Piece, String> {
    let (name, form) = text.split_once('|').unwrap_or((text, "text"));
    let form = match form.trim() {
        "text" => Form::Text,
        "bold" => Form::Bold,
        "code" => Form::Code,
        "block" => Form::Block,
        other => {
            return Err(format!(
                "`{other}` is no form of a value; there are `bold`, `code`, `block`"
            ));
        }
    };
    let name = name.trim();
    let parts: Vec<_> = name.split('.').collect();
    let known = match parts[..] {
        ["values", key] | ["steps", _, "outputs", key] => !key.is_empty(),
        ["steps", _, "title" | "outcome" | "duration" | "reason"] => true,
        [one] => NAMES.contains(&one),
        _ => false,
    };
    if !known {
        return Err(format!(
            "there is no `{{{name}}}`; there are `{{{}}}`, `{{values.NAME}}` and \
             `{{steps.ID.title}}`, `outcome`, `duration`, `reason`, `outputs.NAME`; write \
             `{{{{` for a brace",
            NAMES.join("}`, `{")
        ));
    }
    Ok(Piece::Name(name.to_owned(), form))
}

fn lookup(
    name: &str,
    form: Form,
    summary: &Summary,
    mark: Mark,
    values: &[(String, String)],
) -> Result<Vec<Line>, String> {
    let parts: Vec<_> = name.split('.').collect();
    let text = match parts[..] {
        ["steps"] => return Ok(message::steps(summary)),
        ["deployed"] => return Ok(message::deploys(summary)),
        ["images"] => return Ok(vec![images(summary)]),
        ["link"] => {
            let link = summary.link.as_deref();
            match link.and_then(Link::read) {
                Some(link) => return Ok(vec![vec![Span::Link(link)]]),
                None => link.unwrap_or_default().to_owned(),
            }
        }
        ["values", key] => {
            let found = values.iter().find(|(name, _)| name == key);
            let (_, value) =
                found.ok_or_else(|| format!("`values` has no `{key}`, and `text` wants it"))?;
            clean(value, TEXT)
        }
        ["steps", id, ref rest @ ..] => of_step(summary, id, rest)?,
        [one] => plain(one, summary, mark),
        _ => String::new(),
    };
    Ok(shaped(text, form))
}

/// The value of a name that stands for one text. What the run does not have is empty.
fn plain(name: &str, summary: &Summary, mark: Mark) -> String {
    let error = summary.error.as_ref();
    match name {
        "pipeline" => summary.pipeline.clone(),
        "run" => summary.run.clone(),
        "title" => summary.title.clone(),
        "outcome" => mark.word().to_owned(),
        "duration" => duration::format(summary.elapsed),
        "failed" => error.map(|error| error.step.clone()).unwrap_or_default(),
        "error" => error.map(|error| error.reason.clone()).unwrap_or_default(),
        "details" => summary.details.clone().unwrap_or_default(),
        "event" => summary.trigger.event.clone(),
        "ref" => summary.trigger.r#ref.clone(),
        "sha" => summary.trigger.sha.clone(),
        "sender" => summary.trigger.sender.clone(),
        // All others are taken care of by the caller, and held by a test.
        _ => String::new(),
    }
}

fn of_step(summary: &Summary, id: &str, rest: &[&str]) -> Result<String, String> {
    let step = summary.step("text", id)?;
    Ok(match rest {
        ["title"] => step.title.clone(),
        ["outcome"] => step.outcome.word().to_owned(),
        ["duration"] => duration::format(step.duration),
        ["reason"] => step.reason.clone().unwrap_or_default(),
        // A step that failed has no outputs, and its notice must not fail for that.
        ["outputs", key] => match &step.outputs[key] {
            Value::Null => String::new(),
            Value::String(text) => clean(text, TEXT),
            other => clean(&text::as_json(other), TEXT),
        },
        _ => String::new(),
    })
}

/// Every image once, with commas between.
fn images(summary: &Summary) -> Line {
    let mut line = Line::new();
    for deployed in &summary.deployed {
        if !line.is_empty() {
            line.push(Span::text(", "));
        }
        line.extend(message::images(deployed));
    }
    line
}

fn shaped(text: String, form: Form) -> Vec<Line> {
    if text.is_empty() {
        return vec![Line::new()];
    }
    vec![vec![match form {
        Form::Text => Span::text(&text),
        Form::Bold => Span::Bold(text::one_line(&text)),
        Form::Code => Span::code(&text),
        Form::Block => Span::Block(text),
    }]]
}

#[cfg(test)]
mod tests;
