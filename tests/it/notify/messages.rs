//! One message a run, in every service.

use serde_json::json;

use super::chats::{Chats, SERVICES, body, header, lines, reply};

const BY_HANDLE: &str = "'${{ steps.NAME_start.outputs.message }}'";

const ANNOUNCE_AND_TELL: &str = "  NAME_start:
    uses: notify
    needs: []
    with: { NAME: WITH, at: start }
    permissions: PERMISSIONS
  NAME:
    uses: notify
    needs: [NAME_start]
    if: always()
    with: { NAME: WITH, update: '${{ steps.NAME_start.outputs.message }}' }
    permissions: PERMISSIONS
";

#[test]
fn the_message_of_the_start_is_updated_at_the_end_where_the_service_can() {
    let chats = Chats::open();
    let said = chats.pipeline(ANNOUNCE_AND_TELL).events(&[]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    for (service, sink) in chats.each() {
        assert_eq!(
            lines(sink),
            [service.post, service.edit],
            "{}",
            service.name
        );
        let outputs = |step: &str| said.of_step("step.finished", step)["outputs"].take();
        let (status, updated) = (service.answer.0, !service.handle.is_empty());
        let expected = |updated: bool| {
            json!({ "service": service.name, "sent": true, "updated": updated,
                    "status": status, "message": service.handle })
        };
        assert_eq!(outputs(&format!("{}_start", service.name)), expected(false));
        assert_eq!(outputs(service.name), expected(updated));
    }
}

#[test]
fn a_token_is_a_header_and_an_update_names_its_message() {
    let chats = Chats::open();
    let steps = ANNOUNCE_AND_TELL.replace(BY_HANDLE, "NAME_start");
    let said = chats.pipeline(&steps).events(&[]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    for (service, sink) in chats.each() {
        let [_, edit] = &sink.requests()[..] else {
            panic!("two requests to {}", service.name)
        };
        let token = header(edit, "authorization");
        match service.name {
            "slack" => {
                assert_eq!(token, Some("Bearer xoxb-1"));
                let body = body(edit);
                assert_eq!(
                    (&body["channel"], &body["ts"]),
                    (&json!("C1"), &json!("1503435956.000247"))
                );
            }
            "mattermost" => assert_eq!(token, Some("Bearer bot")),
            "ntfy" => {
                assert_eq!(token, Some("Bearer tk_1"));
                assert_eq!(header(edit, "x-sequence-id"), Some("xE73Iyuabi"));
            }
            "telegram" => assert_eq!(body(edit)["message_id"], 4711),
            _ => assert_eq!(token, None, "{}", service.name),
        }
    }
}

#[test]
fn a_message_that_is_gone_is_posted_anew_and_the_log_says_so() {
    let gone = |name: &str| match name {
        "slack" => Some((200, r#"{"ok":false,"error":"message_not_found"}"#)),
        "mattermost" => Some((
            404,
            r#"{"id":"app.post.get.app_error","message":"Unable to get the post."}"#,
        )),
        "discord" => Some((404, r#"{"message":"Unknown Message","code":10008}"#)),
        "telegram" => Some((
            400,
            r#"{"ok":false,"description":"Bad Request: message to edit not found"}"#,
        )),
        _ => None,
    };
    let chats = Chats::open();
    for (service, sink) in chats.each() {
        if let Some((status, body)) = gone(service.name) {
            sink.reply_once(reply(service.answer.0, None, service.answer.1));
            sink.reply_once(reply(status, None, body));
        }
    }
    let said = chats.pipeline(ANNOUNCE_AND_TELL).events(&[]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    for (service, sink) in chats.each() {
        if gone(service.name).is_some() {
            assert_eq!(lines(sink), [service.post, service.edit, service.post]);
            let log = said.of_step("step.log", service.name);
            let line = log["message"].as_str().unwrap_or_default();
            let expected = "the message cannot be updated, another one is posted: ";
            assert!(line.starts_with(expected), "{line}");
        }
    }
}

#[test]
fn an_end_is_told_where_the_start_could_not_be() {
    let steps = ANNOUNCE_AND_TELL.replace(BY_HANDLE, "NAME_start");
    let chats = Chats::open();
    for (_, sink) in chats.each() {
        sink.reply_once(reply(500, None, ""));
    }
    let said = chats.pipeline(&steps).events(&[]);
    for (service, sink) in chats.each() {
        assert_eq!(
            lines(sink),
            [service.post, service.post],
            "{}",
            service.name
        );
        let end = |step: &str| said.of_step("step.finished", step)["outcome"].take();
        assert_eq!(end(&format!("{}_start", service.name)), "failure");
        assert_eq!(end(service.name), "success");
    }
}

#[test]
fn dry_run_shows_both_posts_and_fails_nowhere_for_want_of_an_id() {
    let chats = Chats::open();
    let said = chats.pipeline(ANNOUNCE_AND_TELL).events(&["--dry-run"]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    let effects = said.effects();
    assert_eq!(effects.len(), 2 * SERVICES.len(), "{effects:?}");
    assert!(effects.iter().all(|effect| effect.ends_with(" planned")));
    for (service, sink) in chats.each() {
        assert_eq!(lines(sink), [""; 0]);
        let end = said.of_step("step.finished", service.name);
        assert_eq!(end["outputs"]["message"], "");
    }
}
