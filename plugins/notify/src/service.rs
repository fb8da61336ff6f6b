//! The services that can be told. Each knows how a message is written there, how it is
//! posted and updated, and what an answer means; none of them sends anything.

use serde_json::Value;
use sluice_plugin_with::Keys;

use crate::answer::Answer;
use crate::message::Message;
use crate::text;
use crate::url::Url;

mod discord;
mod mattermost;
mod ntfy;
mod slack;
mod teams;
mod telegram;
mod webhook;

/// The keys of `with` that name a service.
pub(crate) const NAMES: [&str; 7] = [
    "slack",
    "mattermost",
    "discord",
    "teams",
    "ntfy",
    "telegram",
    "webhook",
];

/// A service with the place in it that a step tells.
pub(crate) trait Service {
    /// Its key in `with`, and its name in outputs and messages.
    fn name(&self) -> &'static str;

    /// Where it is.
    fn url(&self) -> &Url;

    /// The request that posts a message.
    fn post(&self, message: &Message) -> Request;

    /// The request that updates the message of that handle; `None` where the service
    /// cannot. The error is a sentence for the pipeline's author.
    fn edit(&self, message: &Message, handle: &str) -> Result<Option<Request>, String> {
        let _ = (message, handle);
        Ok(None)
    }

    /// What an answer other than *come back later* means.
    fn judge(&self, answer: &Answer) -> Verdict {
        Verdict::by_status(answer, Vec::new())
    }
}

/// What is to be sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// Names in lower case; values in ASCII.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Method {
    Post,
    Put,
    Patch,
}

impl Request {
    /// A request with a JSON body, and a bearer token where there is one.
    fn json(method: Method, url: Url, token: Option<&str>, body: &Value) -> Self {
        let mut headers = vec![("content-type", "application/json".to_owned())];
        headers.extend(token.map(|token| ("authorization", format!("Bearer {token}"))));
        Self {
            method,
            url,
            headers,
            body: text::as_json(body),
        }
    }
}

/// What an answer means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// The service has the message; its ids for a handle, where it gave any.
    Taken(Vec<String>),
    /// It asks to come back later.
    Busy,
    /// The message that was to be updated is not there, or may not be changed any more.
    Gone,
    /// It does not want it.
    Refused {
        /// It does not let us, whatever we say.
        denied: bool,
        /// What could be done about it.
        way_out: &'static str,
    },
}

impl Verdict {
    /// What the HTTP status alone says.
    fn by_status(answer: &Answer, ids: Vec<String>) -> Self {
        let refused = |denied, way_out| Self::Refused { denied, way_out };
        match answer.status {
            200..=299 => Self::Taken(ids),
            300..=399 => refused(
                false,
                "redirects are not followed; write the address that it leads to",
            ),
            401 | 403 => refused(true, "look at the address and at the token"),
            400..=499 => refused(false, "look at the address and at what the service accepts"),
            _ => refused(false, "look at the service"),
        }
    }
}

/// The one service that `with` names. Errors are sentences for the pipeline's author.
pub(crate) fn read(with: &Keys<'_>) -> Result<Box<dyn Service>, String> {
    let mut named = NAMES
        .iter()
        .filter_map(|&name| Some((name, with.get(name)?)));
    let Some((name, value)) = named.next() else {
        let names = NAMES.join("`, `");
        return Err(format!("nobody is to be told; write one of `{names}`"));
    };
    if let Some((other, _)) = named.next() {
        return Err(format!(
            "`{name}` and `{other}` are both given; write a step for each"
        ));
    }
    Ok(match name {
        "slack" => Box::new(slack::Slack::read(value)?),
        "mattermost" => Box::new(mattermost::Mattermost::read(value)?),
        "discord" => Box::new(discord::Discord(address(name, value)?)),
        "teams" => Box::new(teams::Teams(address(name, value)?)),
        "ntfy" => Box::new(ntfy::Ntfy::read(value)?),
        "telegram" => Box::new(telegram::Telegram::read(value)?),
        _ => Box::new(webhook::Webhook::read(value)?),
    })
}

/// The address that a service's key holds by itself.
fn address(name: &str, value: &Value) -> Result<Url, String> {
    let text = value
        .as_str()
        .ok_or_else(|| format!("`with.{name}` is not an address"))?;
    // The rest of the address may be a secret's stand-in: only the key is named.
    Url::read(text).map_err(|problem| format!("`with.{name}`: {problem}"))
}

/// The address under `url` of a service's keys.
fn url(name: &str, keys: &Keys<'_>, default: Option<&str>) -> Result<Url, String> {
    let text = keys.text("url")?.or(default);
    let text = text.ok_or_else(|| format!("`with.{name}` has no `url`"))?;
    Url::read(text).map_err(|problem| format!("`with.{name}.url`: {problem}"))
}

/// A text that a service's keys must have.
fn needed<'v>(name: &str, keys: &Keys<'v>, key: &str) -> Result<&'v str, String> {
    let text = keys.text(key)?;
    text.ok_or_else(|| format!("`with.{name}` has no `{key}`"))
}

/// An id in a JSON answer, which may be a number there.
fn id(value: &Value) -> Option<String> {
    match value {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod golden;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod tests;
