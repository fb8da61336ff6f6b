//! Slack: through an incoming webhook, or as an app, whose message can be updated. Data
//! stands in `rich_text`, which is not parsed at all; only the author's own text and the
//! footer are `mrkdwn`, where data is made inert.
//!
//! <https://docs.slack.dev/reference/block-kit/blocks/rich-text-block>,
//! <https://docs.slack.dev/messaging/formatting-message-text>,
//! <https://docs.slack.dev/reference/methods/chat.postMessage>

use serde_json::{Value, json};
use sluice_plugin_with::Keys;

use super::{Method, Request, Service, Verdict, address, id, needed, url};
use crate::answer::Answer;
use crate::handle;
use crate::message::{Body, Message};
use crate::text::{Line, Markup, Span, fit};
use crate::url::Url;

mod mrkdwn;

use mrkdwn::Mrkdwn;

/// Of a section's text, in characters; kept for the rest of the message too.
const SECTION: usize = 3_000;
/// Where Slack's API is, unless `url` says otherwise (as for `GovSlack`).
const API: &str = "https://slack.com/api";

pub(super) enum Slack {
    /// The address of an incoming webhook.
    Webhook(Url),
    /// The API's address, an app's token and a channel.
    App {
        url: Url,
        token: String,
        channel: String,
    },
}

impl Slack {
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        if value.is_string() {
            return Ok(Self::Webhook(address("slack", value)?));
        }
        let keys = Keys::of("with.slack", value)?;
        Ok(Self::App {
            url: url("slack", &keys, Some(API))?,
            token: needed("slack", &keys, "token")?.to_owned(),
            channel: needed("slack", &keys, "channel")?.to_owned(),
        })
    }
}

impl Service for Slack {
    fn name(&self) -> &'static str {
        "slack"
    }

    fn url(&self) -> &Url {
        match self {
            Self::Webhook(url) | Self::App { url, .. } => url,
        }
    }

    fn post(&self, message: &Message) -> Request {
        let mut body = body(message);
        body["unfurl_links"] = false.into();
        body["unfurl_media"] = false.into();
        match self {
            Self::Webhook(url) => Request::json(Method::Post, url.clone(), None, &body),
            Self::App {
                url,
                token,
                channel,
            } => {
                body["channel"] = channel.as_str().into();
                let url = url.below("/chat.postMessage", "");
                Request::json(Method::Post, url, Some(token), &body)
            }
        }
    }

    fn edit(&self, message: &Message, handle: &str) -> Result<Option<Request>, String> {
        let Self::App { url, token, .. } = self else {
            return Ok(None);
        };
        let ids = handle::read("slack", 2, handle)?;
        let mut body = body(message);
        body["channel"] = ids[0].as_str().into();
        body["ts"] = ids[1].as_str().into();
        let url = url.below("/chat.update", "");
        Ok(Some(Request::json(Method::Post, url, Some(token), &body)))
    }

    fn judge(&self, answer: &Answer) -> Verdict {
        let json = answer.json();
        let word = json["error"].as_str().unwrap_or(answer.body.trim());
        // The API says 200 to everything. Rehearsals answer with nothing, or `ok`.
        let taken = match self {
            Self::Webhook(_) => answer.is_success(),
            Self::App { .. } => {
                answer.is_success() && (json["ok"] == true || matches!(word, "" | "ok"))
            }
        };
        if taken {
            let ids = [id(&json["channel"]), id(&json["ts"])];
            let ids: Option<Vec<_>> = ids.into_iter().collect();
            return Verdict::Taken(ids.unwrap_or_default());
        }
        refusal(word).unwrap_or_else(|| match Verdict::by_status(answer, Vec::new()) {
            Verdict::Taken(_) => Verdict::Refused {
                denied: false,
                way_out: "the word is explained at https://docs.slack.dev/reference/methods/chat.postMessage",
            },
            verdict => verdict,
        })
    }
}

/// What Slack's words for an error mean, of the API and of webhooks.
fn refusal(word: &str) -> Option<Verdict> {
    let (denied, way_out) = match word {
        "ratelimited" | "rate_limited" => return Some(Verdict::Busy),
        "message_not_found" | "cant_update_message" | "edit_window_closed" => {
            return Some(Verdict::Gone);
        }
        "not_in_channel" => (false, "invite the app to the channel"),
        "channel_not_found" => (
            false,
            "write the channel's id, and invite the app to it where it is private",
        ),
        "is_archived" | "channel_is_archived" => {
            (false, "the channel is archived; write another one")
        }
        "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive" => {
            (true, "Slack does not know the token; look at the secret")
        }
        "missing_scope" => (
            true,
            "add the scope to the app, `chat:write` as a rule, and install it again",
        ),
        "no_service" | "no_active_hooks" | "no_team" | "invalid_token" => {
            (true, "the webhook is gone; make a new one")
        }
        "action_prohibited" | "restricted_action" | "posting_to_general_channel_denied" => {
            (true, "the workspace does not let the app post there")
        }
        _ => return None,
    };
    Some(Verdict::Refused { denied, way_out })
}

fn body(message: &Message) -> Value {
    let headline = format!("{} {}", message.mark.emoji(), message.headline);
    let mut blocks = vec![rich_text(&[vec![Span::Bold(headline.clone())]])];
    match &message.body {
        Body::Plain(lines) => {
            let length = |span: &Span| Mrkdwn.length(&raw(span));
            let lines = fit(lines.clone(), SECTION, 1, &length);
            if !lines.is_empty() {
                blocks.push(rich_text(&lines));
            }
        }
        Body::Written(lines) => {
            let text = Mrkdwn.lines(lines.clone(), SECTION);
            if !text.trim().is_empty() {
                let text = json!({ "type": "mrkdwn", "verbatim": true, "text": text });
                blocks.push(json!({ "type": "section", "text": text }));
            }
        }
    }
    let mut footer = message.footer.clone();
    if let Some(link) = &message.link {
        footer.extend([Span::text(" · "), Span::Link(link.clone())]);
    }
    let footer = Mrkdwn.lines(vec![footer], SECTION);
    blocks.push(json!({
        "type": "context",
        "elements": [{ "type": "mrkdwn", "verbatim": true, "text": footer }],
    }));
    // What phones show; with `mrkdwn: false` only entities are read in it.
    json!({ "text": mrkdwn::escaped(&headline), "mrkdwn": false, "blocks": blocks })
}

fn rich_text(lines: &[Line]) -> Value {
    json!({ "type": "rich_text", "elements": sections(lines) })
}

/// Lines in one section, but for blocks, which stand between sections. Slack refuses texts
/// without a character.
fn sections(lines: &[Line]) -> Vec<Value> {
    let is_block = |line: &Line| matches!(line[..], [Span::Block(_)]);
    let together = lines.chunk_by(|one, next| !is_block(one) && !is_block(next));
    let section = |lines: &[Line]| {
        let is_some = |span: &&Span| !raw(span).is_empty();
        let (kind, between) = match lines {
            [line] if is_block(line) => ("rich_text_preformatted", None),
            _ => ("rich_text_section", Some(Span::Text("\n".to_owned()))),
        };
        let mut elements = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            let between = between.iter().filter(|_| at > 0);
            let spans = between.chain(line).filter(is_some);
            elements.extend(spans.map(element));
        }
        if elements.is_empty() {
            elements.push(element(&Span::Text(" ".to_owned())));
        }
        json!({ "type": kind, "elements": elements })
    };
    together.map(section).collect()
}

fn element(span: &Span) -> Value {
    let text = raw(span);
    match span {
        Span::Link(link) => json!({ "type": "link", "url": link.address(), "text": text }),
        Span::Bold(_) => json!({ "type": "text", "text": text, "style": { "bold": true } }),
        Span::Code(_) => json!({ "type": "text", "text": text, "style": { "code": true } }),
        Span::Text(_) | Span::Block(_) | Span::Markup(_) => json!({ "type": "text", "text": text }),
    }
}

/// A span's text as it reads.
fn raw(span: &Span) -> String {
    match span {
        Span::Link(_) => crate::text::LOOK.to_owned(),
        Span::Text(data)
        | Span::Bold(data)
        | Span::Code(data)
        | Span::Block(data)
        | Span::Markup(data) => data.clone(),
    }
}
