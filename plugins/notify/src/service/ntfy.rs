//! ntfy: a notification in plain text, its title and the rest in headers, so that the
//! whole address of the topic can be a secret. A message of the same sequence replaces
//! the one before (from ntfy 2.16 on; older servers show two).
//!
//! <https://docs.ntfy.sh/publish/>, limits: <https://docs.ntfy.sh/publish/#limitations>

use serde_json::Value;
use sluice_plugin_with::Keys;

use super::webhook::Plain;
use super::{Method, Request, Service, Verdict, address, id, url};
use crate::answer::Answer;
use crate::handle;
use crate::message::{Mark, Message};
use crate::summary::Outcome;
use crate::text::{Line, Markup, Span, cut_data};
use crate::url::Url;

/// Of a message, in bytes; a longer one becomes an attachment.
const MESSAGE: usize = 4_096;
/// Of a title, in bytes. ntfy names no limit; a header has one.
const TITLE: usize = 250;

pub(super) struct Ntfy {
    url: Url,
    token: Option<String>,
    /// 1 to 5, in place of the outcome's own.
    priority: Option<u64>,
}

impl Ntfy {
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        if value.is_string() {
            return Ok(Self {
                url: address("ntfy", value)?,
                token: None,
                priority: None,
            });
        }
        let keys = Keys::of("with.ntfy", value)?;
        Ok(Self {
            url: url("ntfy", &keys, None)?,
            token: keys.text("token")?.map(str::to_owned),
            priority: keys.get("priority").and_then(Value::as_u64),
        })
    }
}

impl Service for Ntfy {
    fn name(&self) -> &'static str {
        "ntfy"
    }

    fn url(&self) -> &Url {
        &self.url
    }

    fn post(&self, message: &Message) -> Request {
        let (tag, priority) = match message.mark {
            Mark::Started => ("hourglass_flowing_sand", 2),
            Mark::Ended(Outcome::Success) => ("white_check_mark", 3),
            Mark::Ended(Outcome::Failure) => ("x", 4),
            Mark::Ended(Outcome::Skipped) => ("fast_forward", 3),
            Mark::Ended(Outcome::Cancelled) => ("no_entry_sign", 3),
            Mark::Ended(Outcome::Unknown) => ("grey_question", 4),
        };
        let title = cut_data(&message.headline, TITLE, &str::len);
        let mut headers = vec![
            ("content-type", "text/plain; charset=utf-8".to_owned()),
            ("title", encoded(&title)),
            ("tags", tag.to_owned()),
            ("priority", self.priority.unwrap_or(priority).to_string()),
        ];
        if let Some(link) = &message.link {
            headers.push(("click", link.address().to_owned()));
        }
        if let Some(token) = &self.token {
            headers.push(("authorization", format!("Bearer {token}")));
        }
        Request {
            method: Method::Post,
            url: self.url.clone(),
            headers,
            body: Plain.lines(plain(message.lines()), MESSAGE),
        }
    }

    fn edit(&self, message: &Message, handle: &str) -> Result<Option<Request>, String> {
        let mut ids = handle::read("ntfy", 1, handle)?;
        let mut request = self.post(message);
        request.headers.push(("x-sequence-id", ids.remove(0)));
        Ok(Some(request))
    }

    fn judge(&self, answer: &Answer) -> Verdict {
        Verdict::by_status(answer, id(&answer.json()["id"]).into_iter().collect())
    }
}

/// The author's text too is no markup here, and may be cut.
fn plain(mut lines: Vec<Line>) -> Vec<Line> {
    for span in lines.iter_mut().flatten() {
        if let Span::Markup(text) = span {
            *span = Span::text(text);
        }
    }
    lines
}

/// A header's text in ASCII: an encoded word of RFC 2047 where it is not, which ntfy
/// decodes, and also where it would be taken for one.
fn encoded(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if text.is_ascii() && !text.contains("=?") {
        return text.to_owned();
    }
    let mut word = String::from("=?UTF-8?B?");
    for three in text.as_bytes().chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let digit = (bits >> (18 - 6 * at) & 63) as usize;
            word.push(if at <= three.len() {
                DIGITS[digit].into()
            } else {
                '='
            });
        }
    }
    word.push_str("?=");
    word
}
