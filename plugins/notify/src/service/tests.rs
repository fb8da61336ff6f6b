//! What the answers of each service mean. The bodies are those of its documentation.

use super::Verdict;
use super::golden::place;
use crate::answer::Answer;
use crate::testing::config;

fn judged(name: &str, place: &serde_json::Value, status: u16, body: &str) -> Verdict {
    let with = serde_json::json!({ name: place });
    let answer = Answer {
        status,
        retry_after: None,
        body: body.to_owned(),
    };
    config(&with.to_string()).service.judge(&answer)
}

fn taken(ids: &[&str]) -> Verdict {
    Verdict::Taken(ids.iter().map(|&id| id.to_owned()).collect())
}

#[test]
fn what_each_service_takes_and_the_ids_that_it_gives() {
    let cases = [
        (
            "slack",
            200,
            r#"{"ok":true,"channel":"C1","ts":"1503435956.000247","message":{}}"#,
            taken(&["C1", "1503435956.000247"]),
        ),
        ("slack", 200, "", taken(&[])),
        (
            "slack",
            200,
            r#"{"ok":false,"error":"message_not_found"}"#,
            Verdict::Gone,
        ),
        (
            "slack",
            200,
            r#"{"ok":false,"error":"ratelimited"}"#,
            Verdict::Busy,
        ),
        (
            "discord",
            200,
            r#"{"id":"1155","type":0}"#,
            taken(&["1155"]),
        ),
        ("discord", 204, "", taken(&[])),
        (
            "discord",
            404,
            r#"{"message":"Unknown Message","code":10008}"#,
            Verdict::Gone,
        ),
        (
            "telegram",
            200,
            r#"{"ok":true,"result":{"message_id":4711}}"#,
            taken(&["4711"]),
        ),
        (
            "telegram",
            400,
            r#"{"ok":false,"error_code":400,"description":"Bad Request: message to edit not found"}"#,
            Verdict::Gone,
        ),
        (
            "telegram",
            400,
            r#"{"ok":false,"error_code":400,"description":"Bad Request: message is not modified"}"#,
            taken(&[]),
        ),
        (
            "mattermost",
            201,
            r#"{"id":"4q7mpuk3nf","message":"x"}"#,
            taken(&["4q7mpuk3nf"]),
        ),
        (
            "mattermost",
            404,
            r#"{"id":"app.post.get.app_error","message":"Unable to get the post.","status_code":404}"#,
            Verdict::Gone,
        ),
        (
            "ntfy",
            200,
            r#"{"id":"xE73Iyuabi","event":"message"}"#,
            taken(&["xE73Iyuabi"]),
        ),
        ("teams", 202, "", taken(&[])),
        ("webhook", 204, "", taken(&[])),
    ];
    for (name, status, body, expected) in cases {
        assert_eq!(
            judged(name, &place(name).0, status, body),
            expected,
            "{name}: {body}"
        );
    }
}

#[test]
fn what_a_refusal_is_and_its_way_out() {
    let refused = |denied, way_out| Verdict::Refused { denied, way_out };
    let cases = [
        (
            "slack",
            200,
            r#"{"ok":false,"error":"not_in_channel"}"#,
            refused(false, "invite the app to the channel"),
        ),
        (
            "slack",
            200,
            r#"{"ok":false,"error":"invalid_auth"}"#,
            refused(true, "Slack does not know the token; look at the secret"),
        ),
        (
            "slack",
            200,
            r#"{"ok":false,"error":"odd"}"#,
            refused(
                false,
                "the word is explained at https://docs.slack.dev/reference/methods/chat.postMessage",
            ),
        ),
        (
            "slack",
            200,
            "<html>",
            refused(
                false,
                "the word is explained at https://docs.slack.dev/reference/methods/chat.postMessage",
            ),
        ),
        (
            "telegram",
            400,
            r#"{"ok":false,"description":"Bad Request: chat not found"}"#,
            refused(
                false,
                "write the chat's id, and make the bot a member of it",
            ),
        ),
        (
            "telegram",
            401,
            r#"{"ok":false,"description":"Unauthorized"}"#,
            refused(true, "look at the address and at the token"),
        ),
        (
            "discord",
            404,
            r#"{"message":"Unknown Webhook","code":10015}"#,
            refused(false, "look at the address and at what the service accepts"),
        ),
        (
            "ntfy",
            403,
            r#"{"code":40301,"http":403,"error":"forbidden"}"#,
            refused(true, "look at the address and at the token"),
        ),
        ("webhook", 500, "", refused(false, "look at the service")),
        (
            "webhook",
            302,
            "",
            refused(
                false,
                "redirects are not followed; write the address that it leads to",
            ),
        ),
    ];
    for (name, status, body, expected) in cases {
        assert_eq!(
            judged(name, &place(name).0, status, body),
            expected,
            "{name}: {body}"
        );
    }
}

#[test]
fn a_slack_webhook_speaks_in_plain_words() {
    let place = serde_json::json!("https://hooks.slack.com/services/x");
    assert_eq!(judged("slack", &place, 200, "ok"), taken(&[]));
    let gone = Verdict::Refused {
        denied: true,
        way_out: "the webhook is gone; make a new one",
    };
    assert_eq!(judged("slack", &place, 404, "no_service"), gone);
}
