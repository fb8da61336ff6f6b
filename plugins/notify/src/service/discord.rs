//! Discord: a webhook, and one embed. Mentions are off for the whole message
//! (`allowed_mentions`), data is escaped, and the message can be updated.
//!
//! <https://docs.discord.com/developers/resources/webhook#execute-webhook>, limits:
//! <https://docs.discord.com/developers/resources/message#embed-object-embed-limits>

use serde_json::{Value, json};

use super::{Method, Request, Service, Verdict, id};
use crate::answer::Answer;
use crate::handle;
use crate::message::{Mark, Message};
use crate::summary::Outcome;
use crate::text::{LOOK, Link, Markup, Span, fit, utf16};
use crate::url::Url;

/// Of an embed's title, in UTF-16 code units.
const TITLE: usize = 256;
/// Of an embed's description; with the title well below the 6000 of a whole embed.
const DESCRIPTION: usize = 4_096;
/// The error code of a message that is not there.
const UNKNOWN_MESSAGE: u64 = 10_008;

pub(super) struct Discord(pub(super) Url);

impl Service for Discord {
    fn name(&self) -> &'static str {
        "discord"
    }

    fn url(&self) -> &Url {
        &self.0
    }

    fn post(&self, message: &Message) -> Request {
        // Only a webhook that waits for the message tells its id.
        let url = self.0.below("", "wait=true");
        Request::json(Method::Post, url, None, &body(message))
    }

    fn edit(&self, message: &Message, handle: &str) -> Result<Option<Request>, String> {
        let ids = handle::read("discord", 1, handle)?;
        let url = self.0.below(&format!("/messages/{}", ids[0]), "");
        Ok(Some(Request::json(
            Method::Patch,
            url,
            None,
            &body(message),
        )))
    }

    fn judge(&self, answer: &Answer) -> Verdict {
        let json = answer.json();
        if answer.status == 404 && json["code"] == UNKNOWN_MESSAGE {
            return Verdict::Gone;
        }
        Verdict::by_status(answer, id(&json["id"]).into_iter().collect())
    }
}

fn body(message: &Message) -> Value {
    let headline = format!("{} {}", message.mark.emoji(), message.headline);
    let mut embed = json!({
        "title": title(&headline),
        "description": Markdown.lines(message.lines(), DESCRIPTION),
        "color": colour(message.mark),
    });
    if let Some(link) = &message.link {
        embed["url"] = link.address().into();
    }
    json!({ "allowed_mentions": { "parse": [] }, "embeds": [embed] })
}

fn title(headline: &str) -> String {
    let length = |span: &Span| utf16(&Markdown.span(span));
    let lines = fit(vec![vec![Span::text(headline)]], TITLE, 0, &length);
    let spans = lines.iter().flatten().map(|span| Markdown.span(span));
    spans.collect()
}

/// Red, green and blue in one number.
fn colour(mark: Mark) -> u32 {
    match mark {
        Mark::Started => 0x34_98_DB,
        Mark::Ended(Outcome::Success) => 0x2E_CC_71,
        Mark::Ended(Outcome::Failure) => 0xE7_4C_3C,
        Mark::Ended(_) => 0x95_A5_A6,
    }
}

/// Discord's Markdown, in which a backslash takes any punctuation's meaning.
struct Markdown;

impl Markup for Markdown {
    fn text(&self, data: &str) -> String {
        let mut text = String::new();
        for c in data.chars() {
            if c.is_ascii_punctuation() {
                text.push('\\');
            }
            text.push(c);
            if c == '@' {
                // `allowed_mentions` keeps it from being heard, this from being shown.
                text.push('\u{200b}');
            }
        }
        text
    }

    fn bold(&self, data: &str) -> String {
        format!("**{}**", self.text(data))
    }

    fn code(&self, data: &str) -> String {
        format!("`{}`", data.replace('`', "'"))
    }

    fn block(&self, data: &str) -> String {
        format!("```\n{}\n```", data.replace('`', "'"))
    }

    fn link(&self, link: &Link) -> String {
        format!("[{LOOK}]({})", link.address())
    }

    fn length(&self, text: &str) -> usize {
        utf16(text)
    }
}
