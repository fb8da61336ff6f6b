use serde_json::json;

use super::{At, Config, On};
use crate::bindings::sluice::plugin::needs::{Outcome as StepOutcome, StepSummary};
use crate::summary::{Outcome, Summary};
use crate::testing::{config, step, told};

#[test]
fn all_keys_are_read() {
    let read = config(
        r#"{"webhook":"http://127.0.0.1:9/h","title":"web","link":"https://ci.example/1",
            "details":"by hand","values":{"a":"x","n":3,"none":null},"on":"change",
            "update":"","patience":"2m"}"#,
    );
    assert_eq!(read.service.name(), "webhook");
    assert_eq!(read.service.url().authority, "127.0.0.1:9");
    assert_eq!(read.title.as_deref(), Some("web"));
    assert_eq!(read.link.as_deref(), Some("https://ci.example/1"));
    assert_eq!(read.details.as_deref(), Some("by hand"));
    let values = [("a", "x"), ("n", "3"), ("none", "")];
    let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(read.values, values);
    assert_eq!((read.at, read.on), (At::End, On::Change));
    assert_eq!(read.update, None, "an empty handle is none");
    assert_eq!(read.patience, 120_000);
}

#[test]
fn what_cannot_be_told_is_refused_with_a_reason() {
    let cases = [
        (
            "{}",
            "nobody is to be told; write one of `slack`, `mattermost`, `discord`, `teams`, `ntfy`, `telegram`, `webhook`",
        ),
        (
            r#"{"slack":"https://a.example","ntfy":"https://b.example"}"#,
            "`slack` and `ntfy` are both given; write a step for each",
        ),
        (
            r#"{"slack":"hooks.slack.com"}"#,
            "`with.slack`: it is not an address; write it like `https://host/path`",
        ),
        (
            r#"{"slack":{"token":"x"}}"#,
            "`with.slack` has no `channel`",
        ),
        (
            r#"{"telegram":{"url":"https://a.example"}}"#,
            "`with.telegram` has no `chat`",
        ),
        (
            r#"{"ntfy":{"url":"ntfy.sh/x"}}"#,
            "`with.ntfy.url`: it is not an address; write it like `https://host/path`",
        ),
        (
            r#"{"slack":"https://a.example","patience":"soon"}"#,
            "`with.patience`: `soon` is not a duration; write it like `90s`, `5m` or `1h30m`",
        ),
        (
            r#"{"slack":"https://a.example","at":"start","on":"failure"}"#,
            "`with.on` speaks of an end; take it out where `at` is `start`",
        ),
        (
            r#"{"slack":"https://a.example","text":{"failure":"{"}}"#,
            "`with.text.failure`: `{` is not closed; write `{{` for a brace",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(Config::read(text).err().as_deref(), Some(expected));
    }
}

#[test]
fn an_end_is_told_as_on_says_and_an_announced_one_always() {
    use Outcome::{Cancelled, Failure, Success, Unknown};
    let on = |on: &str| config(&format!(r#"{{"discord":"https://a.example","on":"{on}"}}"#));
    let cases = [
        ("always", None, Success, Some(Success), true),
        ("failure", None, Success, None, false),
        ("failure", None, Cancelled, None, false),
        ("failure", None, Failure, None, true),
        ("failure", None, Unknown, None, true),
        ("change", None, Success, Some(Success), false),
        ("change", None, Success, Some(Failure), true),
        ("change", None, Failure, Some(Success), true),
        ("change", None, Success, None, true),
        ("change", Some("discord:1"), Success, Some(Success), true),
        ("failure", Some("discord:1"), Success, None, true),
    ];
    for (word, update, outcome, previous, told) in cases {
        let silence = on(word).silence(update, outcome, || previous);
        assert_eq!(
            silence.is_none(),
            told,
            "{word} {update:?} {outcome:?} {previous:?} {silence:?}"
        );
    }
    assert_eq!(
        on("change")
            .silence(None, Success, || Some(Success))
            .as_deref(),
        Some("nobody is told: `on` is `change`, and the last run's outcome was success too")
    );
}

#[test]
fn the_message_to_update_is_a_handle_or_what_a_step_posted() {
    let posted = |handle: &str| StepSummary {
        outputs: json!({ "sent": true, "message": handle }).to_string(),
        ..step("announce", StepOutcome::Success, None)
    };
    let failed = || step("announce", StepOutcome::Failure, Some("down"));
    let handle = |update: &str, announce: StepSummary| {
        let with = json!({ "discord": "https://a.example", "update": update });
        let config = config(&with.to_string());
        let summary = Summary::of(&told(vec![announce]), &config);
        let handle = config.handle(&summary)?;
        Ok(handle.map(str::to_owned))
    };
    let found = |handle: &str| Ok(Some(handle.to_owned()));
    assert_eq!(handle("discord:7", failed()), found("discord:7"));
    assert_eq!(
        handle("announce", posted("discord:1155")),
        found("discord:1155")
    );
    assert_eq!(handle("announce", posted("")), Ok(None));
    assert_eq!(handle("announce", failed()), Ok(None));
    assert_eq!(handle("", failed()), Ok(None));
    assert_eq!(
        handle("begin", failed()),
        Err(
            "`update` wants step `begin`, which this step does not need; it needs `announce`"
                .to_owned()
        )
    );
}
