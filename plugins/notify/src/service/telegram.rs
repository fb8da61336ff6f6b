//! Telegram: a bot's message in HTML, the form with the fewest characters to escape. The
//! bot's token is part of every address, so `url` is as a rule a secret: the address up
//! to and with `/bot<token>`. The message can be updated.
//!
//! <https://core.telegram.org/bots/api#sendmessage>, and `#html-style`, `#editmessagetext`

use serde_json::{Value, json};
use sluice_plugin_with::Keys;

use super::{Method, Request, Service, Verdict, id, url};
use crate::answer::Answer;
use crate::handle;
use crate::message::Message;
use crate::text::{LOOK, Link, Markup, Span, utf16};
use crate::url::Url;

/// Of a message. Telegram counts what is left when the markup is taken off, so counting
/// the markup too stays below it.
const MESSAGE: usize = 4_096;

pub(super) struct Telegram {
    url: Url,
    /// A number, or `@` with a channel's name.
    chat: Value,
    /// A topic of the chat.
    thread: Option<u64>,
}

impl Telegram {
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        let keys = Keys::of("with.telegram", value)?;
        let chat = keys.get("chat").ok_or("`with.telegram` has no `chat`")?;
        if !(chat.is_i64() || chat.is_string()) {
            return Err("`with.telegram.chat` is neither a number nor a name".to_owned());
        }
        Ok(Self {
            url: url("telegram", &keys, None)?,
            chat: chat.clone(),
            thread: keys.get("thread").and_then(Value::as_u64),
        })
    }

    fn call(&self, method: &str, message: &Message) -> (Url, Value) {
        let headline = format!("{} ", message.mark.emoji());
        let mut lines = vec![vec![
            Span::text(&headline),
            Span::Bold(message.headline.clone()),
        ]];
        lines.extend(message.lines());
        let body = json!({
            "chat_id": self.chat,
            "parse_mode": "HTML",
            "link_preview_options": { "is_disabled": true },
            "text": Html.lines(lines, MESSAGE),
        });
        (self.url.below(&format!("/{method}"), ""), body)
    }
}

impl Service for Telegram {
    fn name(&self) -> &'static str {
        "telegram"
    }

    fn url(&self) -> &Url {
        &self.url
    }

    fn post(&self, message: &Message) -> Request {
        let (url, mut body) = self.call("sendMessage", message);
        if let Some(thread) = self.thread {
            body["message_thread_id"] = thread.into();
        }
        Request::json(Method::Post, url, None, &body)
    }

    fn edit(&self, message: &Message, handle: &str) -> Result<Option<Request>, String> {
        let ids = handle::read("telegram", 1, handle)?;
        let (url, mut body) = self.call("editMessageText", message);
        body["message_id"] = ids[0].parse::<i64>().map_or(Value::Null, Value::from);
        Ok(Some(Request::json(Method::Post, url, None, &body)))
    }

    fn judge(&self, answer: &Answer) -> Verdict {
        let said = answer.said();
        let refused = |way_out| Verdict::Refused {
            denied: false,
            way_out,
        };
        if answer.status != 400 {
            let ids = id(&answer.json()["result"]["message_id"]);
            return Verdict::by_status(answer, ids.into_iter().collect());
        }
        if said.contains("message is not modified") {
            return Verdict::Taken(Vec::new());
        }
        if said.contains("message to edit not found") || said.contains("message can't be edited") {
            return Verdict::Gone;
        }
        if said.contains("chat not found") {
            return refused("write the chat's id, and make the bot a member of it");
        }
        if said.contains("can't parse entities") {
            return refused("`text` is Telegram's HTML: close each tag, and write `&lt;` for `<`");
        }
        Verdict::by_status(answer, Vec::new())
    }
}

/// Telegram's HTML. Outside of code Telegram itself looks for names, tags, commands and
/// addresses, so a character of no width comes between what it looks for.
struct Html;

impl Markup for Html {
    fn text(&self, data: &str) -> String {
        let mut text = String::new();
        let mut before = ' ';
        let mut rest = data.chars().peekable();
        while let Some(c) = rest.next() {
            escape(c, &mut text);
            let next = rest.peek().copied().unwrap_or(' ');
            let found = match c {
                '@' | '#' | '$' => true,
                ':' => next == '/',
                '/' => !before.is_ascii_alphanumeric(),
                '.' => !next.is_ascii() || next.is_ascii_alphanumeric(),
                _ => false,
            };
            if found {
                text.push('\u{200b}');
            }
            before = c;
        }
        text
    }

    fn bold(&self, data: &str) -> String {
        format!("<b>{}</b>", self.text(data))
    }

    fn code(&self, data: &str) -> String {
        format!("<code>{}</code>", escaped(data))
    }

    fn block(&self, data: &str) -> String {
        format!("<pre>{}</pre>", escaped(data))
    }

    fn link(&self, link: &Link) -> String {
        format!("<a href=\"{}\">{LOOK}</a>", escaped(link.address()))
    }

    fn length(&self, text: &str) -> usize {
        utf16(text)
    }
}

fn escaped(data: &str) -> String {
    let mut text = String::new();
    for c in data.chars() {
        escape(c, &mut text);
    }
    text
}

fn escape(c: char, text: &mut String) {
    match c {
        '&' => text.push_str("&amp;"),
        '<' => text.push_str("&lt;"),
        '>' => text.push_str("&gt;"),
        '"' => text.push_str("&quot;"),
        c => text.push(c),
    }
}
