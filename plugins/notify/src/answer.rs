//! A service's answer, and what can be read of any of them: what it says, and how long it
//! asks to be left alone, in whichever form it has for that.

use serde_json::Value;

use crate::retry;
use crate::summary;

/// What is shown of what a service says, in characters.
const SAID: usize = 200;

/// A service's answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The header `Retry-After`, as it came.
    pub(crate) retry_after: Option<String>,
    /// The body, as far as it is kept.
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The service's own words for what went wrong, on one line; its body where it has
    /// none of the usual forms.
    pub(crate) fn said(&self) -> String {
        let json = self.json();
        let words = ["/description", "/message", "/error/message", "/error"];
        let words = words.iter().find_map(|place| json.pointer(place)?.as_str());
        let mut said = words.unwrap_or(&self.body).to_owned();
        // Slack's name for the scope that a token lacks.
        if let Some(needed) = json["needed"].as_str() {
            said = format!("{said} (needed: {needed})");
        }
        summary::clean(&said, SAID).replace('\n', " ")
    }

    /// How many milliseconds from `now` (since the epoch) the service asks to wait: the
    /// header, Discord's `retry_after` or Telegram's `parameters.retry_after`, both in
    /// seconds.
    pub(crate) fn wait(&self, now: u64) -> Option<u64> {
        let json = self.json();
        // The bodies know parts of a second, which Discord's header rounds up.
        let body = ["/retry_after", "/parameters/retry_after"]
            .iter()
            .find_map(|place| json.pointer(place)?.as_f64())
            .and_then(retry::seconds);
        let header = self.retry_after.as_deref();
        body.or_else(|| header.and_then(|header| retry::after(header, now)))
    }
}

#[cfg(test)]
mod tests {
    use super::Answer;

    fn answer(retry_after: Option<&str>, body: &str) -> Answer {
        Answer {
            status: 429,
            retry_after: retry_after.map(str::to_owned),
            body: body.to_owned(),
        }
    }

    #[test]
    fn the_wait_is_read_in_the_form_of_each_service() {
        let cases = [
            (answer(Some("12"), ""), Some(12_000)),
            // https://docs.discord.com/developers/topics/rate-limits
            (
                answer(
                    Some("65"),
                    r#"{"message":"You are being rate limited.","retry_after":64.57,"global":false}"#,
                ),
                Some(64_570),
            ),
            // https://core.telegram.org/bots/api#responseparameters
            (
                answer(
                    None,
                    r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 5","parameters":{"retry_after":5}}"#,
                ),
                Some(5_000),
            ),
            (answer(None, r#"{"retry_after":0}"#), Some(1_000)),
            (answer(None, r#"{"retry_after":"soon"}"#), None),
            (answer(None, r#"{"retry_after":1e300}"#), None),
            (answer(None, r#"{"retry_after":-3}"#), None),
            (answer(None, "slow down"), None),
        ];
        for (answer, expected) in cases {
            assert_eq!(answer.wait(0), expected, "{answer:?}");
        }
    }

    #[test]
    fn what_a_service_says_is_found_in_its_form() {
        let cases = [
            ("no_service\n", "no_service"),
            (
                r#"{"ok":false,"error":"missing_scope","needed":"chat:write"}"#,
                "missing_scope (needed: chat:write)",
            ),
            (
                r#"{"message":"Unknown Webhook","code":10015}"#,
                "Unknown Webhook",
            ),
            (
                r#"{"ok":false,"description":"Bad Request: chat not found"}"#,
                "Bad Request: chat not found",
            ),
            (
                r#"{"code":40301,"http":403,"error":"forbidden"}"#,
                "forbidden",
            ),
            (
                r#"{"error":{"code":"x","message":"bad\u001b[0m"}}"#,
                "bad[0m",
            ),
            (r#"{"odd":1}"#, r#"{"odd":1}"#),
        ];
        for (body, expected) in cases {
            assert_eq!(answer(None, body).said(), expected);
        }
        assert_eq!(answer(None, &"é".repeat(999)).said().chars().count(), 201);
    }
}
