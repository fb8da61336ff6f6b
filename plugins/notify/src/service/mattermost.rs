//! Mattermost: Markdown, through an incoming webhook, or as a bot, whose message can be
//! updated. Mattermost looks for mentions and more in any text that is not code, so a
//! character of no width comes between what it looks for.
//!
//! <https://developers.mattermost.com/integrate/webhooks/incoming/>,
//! <https://developers.mattermost.com/api-documentation/#/operations/CreatePost>

use serde_json::{Value, json};
use sluice_plugin_with::Keys;

use super::{Method, Request, Service, Verdict, address, id, needed, url};
use crate::answer::Answer;
use crate::handle;
use crate::message::Message;
use crate::text::{LOOK, Link, Markup, Span};
use crate::url::Url;

/// Of a post, in characters (`PostMessageMaxRunesV2`, since Mattermost 5.0).
const POST: usize = 16_383;

pub(super) enum Mattermost {
    /// The address of an incoming webhook.
    Webhook(Url),
    /// The server's address, a bot's token and the id of a channel.
    Bot {
        url: Url,
        token: String,
        channel: String,
    },
}

impl Mattermost {
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        if value.is_string() {
            return Ok(Self::Webhook(address("mattermost", value)?));
        }
        let keys = Keys::of("with.mattermost", value)?;
        Ok(Self::Bot {
            url: url("mattermost", &keys, None)?,
            token: needed("mattermost", &keys, "token")?.to_owned(),
            channel: needed("mattermost", &keys, "channel")?.to_owned(),
        })
    }
}

impl Service for Mattermost {
    fn name(&self) -> &'static str {
        "mattermost"
    }

    fn url(&self) -> &Url {
        match self {
            Self::Webhook(url) | Self::Bot { url, .. } => url,
        }
    }

    fn post(&self, message: &Message) -> Request {
        let text = text(message);
        match self {
            Self::Webhook(url) => {
                Request::json(Method::Post, url.clone(), None, &json!({ "text": text }))
            }
            Self::Bot {
                url,
                token,
                channel,
            } => {
                let body = json!({ "channel_id": channel, "message": text });
                let url = url.below("/api/v4/posts", "");
                Request::json(Method::Post, url, Some(token), &body)
            }
        }
    }

    fn edit(&self, message: &Message, handle: &str) -> Result<Option<Request>, String> {
        let Self::Bot { url, token, .. } = self else {
            return Ok(None);
        };
        let ids = handle::read("mattermost", 1, handle)?;
        let url = url.below(&format!("/api/v4/posts/{}/patch", ids[0]), "");
        let body = json!({ "message": text(message) });
        Ok(Some(Request::json(Method::Put, url, Some(token), &body)))
    }

    fn judge(&self, answer: &Answer) -> Verdict {
        let json = answer.json();
        // A post that was deleted is not found; one that is too old may not be edited.
        let gone = ["post.get.app_error", "permissions_time_limit"];
        let error = json["id"].as_str().unwrap_or_default();
        if !answer.is_success() && gone.iter().any(|gone| error.contains(gone)) {
            return Verdict::Gone;
        }
        Verdict::by_status(answer, id(&json["id"]).into_iter().collect())
    }
}

fn text(message: &Message) -> String {
    let mut lines = vec![vec![
        Span::text(&format!("{} ", message.mark.emoji())),
        Span::Bold(message.headline.clone()),
    ]];
    lines.extend(message.lines());
    Markdown.lines(lines, POST)
}

/// Mattermost's Markdown.
struct Markdown;

impl Markup for Markdown {
    fn text(&self, data: &str) -> String {
        let mut text = String::new();
        // Alone on a line it would make a heading of the line above.
        if data.starts_with('=') {
            text.push('\u{200b}');
        }
        for c in data.chars() {
            match c {
                '&' => text.push_str("&amp;"),
                '<' => text.push_str("&lt;"),
                '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '+' | '-'
                | '.' | '!' | '>' | '~' | '|' => text.extend(['\\', c]),
                c => text.push(c),
            }
            // Names, hashtags, channels, formulas, emoji and addresses.
            if matches!(c, '@' | '#' | '~' | '$' | ':') {
                text.push('\u{200b}');
            }
        }
        text
    }

    fn bold(&self, data: &str) -> String {
        format!("**{}**", self.text(data))
    }

    fn code(&self, data: &str) -> String {
        // A table's cells end at `|` in code too.
        format!("`{}`", data.replace('`', "'").replace('|', "∣"))
    }

    fn block(&self, data: &str) -> String {
        format!("```\n{}\n```", data.replace('`', "'"))
    }

    fn link(&self, link: &Link) -> String {
        format!("[{LOOK}]({})", link.address())
    }

    fn length(&self, text: &str) -> usize {
        text.chars().count()
    }
}
