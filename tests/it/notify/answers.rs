//! What a service answers other than that it has the message.

use std::time::Duration;

use serde_json::json;

use super::chats::{Chats, lines, reply};

const TELL: &str = "  NAME:
    uses: notify
    needs: []
    with: { NAME: WITH }
    permissions: PERMISSIONS
";

#[test]
fn a_service_that_asks_to_wait_in_its_own_form_is_told_once_that_is_over() {
    let chats = Chats::open();
    for (service, sink) in chats.each() {
        let (status, header, body) = match service.name {
            "discord" => (
                429,
                None,
                r#"{"message":"You are being rate limited.","retry_after":1.2,"global":false}"#,
            ),
            "telegram" => (
                429,
                None,
                r#"{"ok":false,"error_code":429,"parameters":{"retry_after":1}}"#,
            ),
            "slack" => (
                429,
                Some(("retry-after", "1")),
                r#"{"ok":false,"error":"ratelimited"}"#,
            ),
            "teams" => (503, Some(("retry-after", "1")), ""),
            _ => (429, Some(("retry-after", "1")), ""),
        };
        sink.reply_once(reply(status, header, body));
    }
    let said = chats.pipeline(TELL).events(&[]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    let second = Duration::from_secs(1).try_into().expect("it is small");
    for (service, sink) in chats.each() {
        assert_eq!(lines(sink), [service.post, service.post]);
        let mut effects = said.all("effect");
        effects.retain(|effect| effect["step"] == service.name);
        let at = |index: usize| {
            let text = effects[index]["at"].as_str().unwrap_or_default();
            text.parse::<jiff::Timestamp>().expect("it is a timestamp")
        };
        // The first answer came, the second request was made.
        let pause: jiff::SignedDuration = at(2).duration_since(at(1));
        assert!(pause >= second, "{}: {pause:?}", service.name);
    }
}

#[test]
fn a_refusal_fails_the_step_with_the_services_own_words_and_a_way_out() {
    let chats = Chats::open();
    let refusal = |name: &str| match name {
        "slack" => (
            200,
            r#"{"ok":false,"error":"missing_scope","needed":"chat:write","provided":"identify"}"#,
            "denied",
            "200: missing_scope (needed: chat:write)\nadd the scope to the app, `chat:write` as a rule, and install it again",
        ),
        "mattermost" => (
            403,
            r#"{"id":"api.context.permissions.app_error","message":"You do not have the appropriate permissions."}"#,
            "denied",
            "403: You do not have the appropriate permissions.\nlook at the address and at the token",
        ),
        "discord" => (
            400,
            r#"{"message":"Invalid Form Body","code":50035,"errors":{}}"#,
            "failed",
            "400: Invalid Form Body\nlook at the address and at what the service accepts",
        ),
        "teams" => (
            400,
            r#"{"error":{"code":"TriggerInputSchemaMismatch","message":"The input body is not of type object."}}"#,
            "failed",
            "400: The input body is not of type object.\nlook at the address and at what the service accepts",
        ),
        "ntfy" => (
            403,
            r#"{"code":40301,"http":403,"error":"forbidden","link":"https://ntfy.sh/docs/publish/#authentication"}"#,
            "denied",
            "403: forbidden\nlook at the address and at the token",
        ),
        "telegram" => (
            400,
            r#"{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}"#,
            "failed",
            "400: Bad Request: chat not found\nwrite the chat's id, and make the bot a member of it",
        ),
        _ => (
            500,
            "it broke",
            "failed",
            "500: it broke\nlook at the service",
        ),
    };
    for (service, sink) in chats.each() {
        let (status, body, ..) = refusal(service.name);
        sink.reply(reply(status, None, body));
    }
    let said = chats.pipeline(TELL).events(&[]);
    assert_eq!(said.code, Some(1));
    for (service, sink) in chats.each() {
        let (_, _, kind, words) = refusal(service.name);
        let at = sink.url().replace("http://", "");
        let error = &said.of_step("step.finished", service.name)["error"];
        let expected = format!("`{}` at `{at}` answered {words}", service.name);
        assert_eq!(
            (&error["kind"], &error["message"]),
            (&json!(kind), &json!(expected))
        );
        assert_eq!(lines(sink), [service.post]);
    }
}

#[test]
fn a_wait_beyond_the_steps_timeout_is_not_waited_for() {
    let chats = Chats::open();
    for (_, sink) in chats.each() {
        sink.reply(reply(
            429,
            None,
            r#"{"retry_after":7,"parameters":{"retry_after":7}}"#,
        ));
    }
    let said = chats
        .pipeline(&format!("{TELL}    timeout: 6s\n"))
        .events(&[]);
    assert_eq!(said.code, Some(1));
    for (service, sink) in chats.each() {
        let end = said.of_step("step.finished", service.name);
        assert_eq!(end["error"]["kind"], "unavailable", "{end}");
        assert_eq!(lines(sink), [service.post]);
    }
}
