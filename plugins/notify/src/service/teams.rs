//! Teams: an Adaptive Card to a webhook of the Workflows app. Data stands in text runs,
//! which know no Markdown; only the author's own text is Markdown. Workflows cannot
//! update what they posted, and no mention can arise without an `entities` list.
//!
//! <https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using>,
//! <https://learn.microsoft.com/en-us/adaptive-cards/schema-explorer/text-run>

use serde_json::{Value, json};

use super::{Method, Request, Service};
use crate::message::{Body, Mark, Message};
use crate::summary::Outcome;
use crate::text::{LOOK, Line, Link, Markup, Span, as_json, fit};
use crate::url::Url;

/// Of a request. Where 28 KB are allowed, Microsoft counts UTF-16 in some places.
const REQUEST: usize = 28_000;
/// What the card has around its body's text, at most.
const AROUND: usize = 4_000;

pub(super) struct Teams(pub(super) Url);

impl Service for Teams {
    fn name(&self) -> &'static str {
        "teams"
    }

    fn url(&self) -> &Url {
        &self.0
    }

    fn post(&self, message: &Message) -> Request {
        let card = card(message);
        let body = json!({
            "type": "message",
            "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": null,
                "content": card,
            }],
        });
        Request::json(Method::Post, self.0.clone(), None, &body)
    }
}

fn card(message: &Message) -> Value {
    let headline = format!("{} {}", message.mark.emoji(), message.headline);
    let mut headline = run(&Span::Bold(headline));
    headline["size"] = "large".into();
    headline["color"] = colour(message.mark).into();
    let mut body = vec![paragraph(&[headline])];
    let room = REQUEST - AROUND;
    match &message.body {
        Body::Plain(lines) => {
            let length = |span: &Span| weight(&as_json(&run(span)));
            // What a paragraph has around its runs.
            let line_end = weight(&as_json(&paragraph(&[])));
            let lines = fit(lines.clone(), room, line_end, &length);
            body.extend(lines.iter().map(spans));
        }
        Body::Written(lines) => {
            let text = Markdown.lines(lines.clone(), room);
            body.push(json!({ "type": "TextBlock", "wrap": true, "text": text }));
        }
    }
    body.push(spans(&message.footer));
    let mut card = json!({
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.4",
        "msteams": { "width": "Full" },
        "body": body,
    });
    if let Some(link) = &message.link {
        let open = json!({ "type": "Action.OpenUrl", "title": LOOK, "url": link.address() });
        card["actions"] = json!([open]);
    }
    card
}

/// Bytes as they are sent, or as UTF-16 has them, whichever is more.
fn weight(json: &str) -> usize {
    json.chars()
        .map(|c| c.len_utf8().max(2 * c.len_utf16()))
        .sum()
}

fn colour(mark: Mark) -> &'static str {
    match mark {
        Mark::Started => "accent",
        Mark::Ended(Outcome::Success) => "good",
        Mark::Ended(Outcome::Failure) => "attention",
        Mark::Ended(_) => "warning",
    }
}

fn spans(line: &Line) -> Value {
    paragraph(&line.iter().map(run).collect::<Vec<_>>())
}

fn paragraph(runs: &[Value]) -> Value {
    json!({ "type": "RichTextBlock", "spacing": "small", "inlines": runs })
}

/// One run of text, which stands as it is.
fn run(span: &Span) -> Value {
    let text = |data: &str| json!({ "type": "TextRun", "text": inert(data) });
    match span {
        Span::Text(data) | Span::Markup(data) => text(data),
        Span::Bold(data) => {
            let mut run = text(data);
            run["weight"] = "bolder".into();
            run
        }
        Span::Code(data) | Span::Block(data) => {
            let mut run = text(data);
            run["fontType"] = "monospace".into();
            run
        }
        Span::Link(link) => {
            let mut run = text(LOOK);
            run["selectAction"] = json!({ "type": "Action.OpenUrl", "url": link.address() });
            run
        }
    }
}

/// `{{DATE(…)}}` is computed in any text of a card.
fn inert(data: &str) -> String {
    data.replace("{{", "{\u{200b}{")
}

/// The Markdown of a text block: a subset of `CommonMark` without code.
struct Markdown;

impl Markup for Markdown {
    fn text(&self, data: &str) -> String {
        let mut text = String::new();
        for c in data.chars() {
            match c {
                '&' => text.push_str("&amp;"),
                '<' => text.push_str("&lt;"),
                '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '+' | '-'
                | '.' | '!' | '>' | '~' | '|' => text.extend(['\\', c]),
                c => text.push(c),
            }
            if c == ':' {
                text.push('\u{200b}');
            }
        }
        text
    }

    fn bold(&self, data: &str) -> String {
        format!("**{}**", self.text(data))
    }

    fn code(&self, data: &str) -> String {
        self.text(data)
    }

    fn block(&self, data: &str) -> String {
        self.text(data)
    }

    fn link(&self, link: &Link) -> String {
        format!("[{LOOK}]({})", link.address())
    }

    fn length(&self, text: &str) -> usize {
        weight(&as_json(&Value::from(text)))
    }
}
