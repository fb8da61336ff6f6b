//! What somebody else chose, in every place where it can stand: it mentions nobody,
//! formats nothing, leads nowhere, and is cut to what the service takes.

use serde_json::{Value, json};

use super::golden::place;
use super::{NAMES, Request};
use crate::testing::{HOSTILE, config, hostile, message};
use crate::text::utf16;

/// Every name that a text may have, so that each way into a message is tried.
const EVERYTHING: &str = "{pipeline} {run} {title} {link} {failed} {failed|bold} {failed|code} \
    {error} {error|block} {details} {images} {steps} {deployed} {event} {ref} {sha} {sender} \
    {values.a} {steps.build.title} {steps.build.reason} {steps.deploy.outputs.word}";

/// The same message in our words and in the author's, as every service is sent it.
fn requests(name: &str, text: &str) -> Vec<Request> {
    let requests = [json!(null), json!(EVERYTHING)].map(|template| {
        let mut with = json!({ "title": text, "details": text, "link": text });
        with["values"] = json!({ "a": text });
        with[name] = place(name).0;
        if !template.is_null() {
            with["text"] = template;
        }
        let config = config(&with.to_string());
        config.service.post(&message(&hostile(text), &config))
    });
    requests.to_vec()
}

fn body(request: &Request) -> Value {
    serde_json::from_str(&request.body).expect("the body is JSON")
}

/// Every text under that key, wherever it stands.
fn texts<'v>(value: &'v Value, key: &str, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                match value {
                    Value::String(text) if name == key => found.push(text),
                    value => texts(value, key, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, key, found)),
        _ => {}
    }
}

fn all_texts(value: &Value, key: &str) -> Vec<String> {
    let mut found = Vec::new();
    texts(value, key, &mut found);
    found.into_iter().map(str::to_owned).collect()
}

/// A text without its code spans and fences, in which nothing is looked for.
fn outside_of_code(text: &str) -> String {
    let parts = text.split("```").step_by(2);
    parts
        .map(|part| part.split('`').step_by(2).collect::<String>())
        .collect()
}

/// A text without what a backslash takes the meaning of.
fn unescaped_by_backslash(text: &str) -> String {
    let mut rest = text.chars();
    let mut left = String::new();
    while let Some(c) = rest.next() {
        if c == '\\' {
            rest.next();
        } else {
            left.push(c);
        }
    }
    left
}

fn assert_none(text: &str, unwanted: &[&str]) {
    for part in unwanted {
        assert!(!text.contains(part), "`{part}` in {text}");
    }
}

#[test]
fn slack_reads_nothing_in_data() {
    for request in requests("slack", HOSTILE) {
        let body = body(&request);
        assert_eq!(body["mrkdwn"], false);
        assert_none(&body["text"].to_string(), &["<!", "<@", "<#", "<http"]);
        for block in body["blocks"].as_array().expect("blocks") {
            if block["type"] == "rich_text" {
                // Not parsed; nothing but text may stand in it.
                let kinds = all_texts(block, "type");
                let plain = [
                    "rich_text",
                    "rich_text_section",
                    "rich_text_preformatted",
                    "text",
                ];
                assert!(kinds.iter().all(|kind| plain.contains(&kind.as_str())));
                continue;
            }
            for text in all_texts(block, "text") {
                assert_none(&text, &["<!", "<@", "<#", "<http", "<b>"]);
                let outside = outside_of_code(&text);
                assert_none(&outside, &["~", ":tada:", "_i_", "\n&gt;"]);
                // What is left is the bold that the author's text asks for.
                assert!(outside.matches('*').count() <= 2, "{outside}");
            }
        }
    }
}

#[test]
fn discord_reads_nothing_in_data() {
    for request in requests("discord", HOSTILE) {
        let body = body(&request);
        assert_eq!(body["allowed_mentions"], json!({ "parse": [] }));
        let embed = &body["embeds"][0];
        for text in [&embed["title"], &embed["description"]] {
            let outside = outside_of_code(text.as_str().expect("a text"));
            assert_none(&outside, &["@everyone", "@here", "://", "www."]);
            let left = unescaped_by_backslash(&outside);
            assert_none(&left, &["<", "@", "_", "~", "#", "[", "|", "> "]);
            assert!(left.matches("**").count() <= 2, "{left}");
        }
        assert_eq!(embed["url"], Value::Null);
    }
}

#[test]
fn mattermost_reads_nothing_in_data() {
    for request in requests("mattermost", HOSTILE) {
        let body = body(&request);
        let outside = outside_of_code(body["message"].as_str().expect("a text"));
        assert_none(
            &outside,
            &["@everyone", "@here", "#general", ":tada", "<", "://", "$1"],
        );
        let left = unescaped_by_backslash(&outside);
        assert_none(&left, &["_", "~", "#", "[", "](", "|", ">", "www."]);
        assert!(left.matches("**").count() <= 4, "{left}");
    }
}

#[test]
fn teams_reads_nothing_in_data() {
    for request in requests("teams", HOSTILE) {
        let body = body(&request);
        assert_none(&request.body, &["entities", "{{DATE"]);
        for block in body["attachments"][0]["content"]["body"]
            .as_array()
            .expect("a body")
        {
            if block["type"] == "RichTextBlock" {
                assert!(
                    all_texts(block, "type")
                        .iter()
                        .all(|kind| kind != "TextBlock")
                );
                continue;
            }
            let left = unescaped_by_backslash(block["text"].as_str().expect("a text"));
            assert_none(
                &left,
                &["<", "_", "~", "#", "[", "](", "|", ">", "`", "://"],
            );
            assert!(left.matches("**").count() <= 2, "{left}");
        }
    }
}

#[test]
fn ntfy_has_plain_text_and_headers_of_one_line() {
    for request in requests("ntfy", HOSTILE) {
        for (name, value) in &request.headers {
            let fits = value.chars().all(|c| c.is_ascii_graphic() || c == ' ');
            assert!(fits, "{name}: {value}");
            assert!(!["markdown", "click", "actions"].contains(name), "{name}");
        }
        assert_none(&request.body, &["\u{202e}", "\u{1b}"]);
    }
}

#[test]
fn telegram_reads_nothing_in_data() {
    for request in requests("telegram", HOSTILE) {
        let body = body(&request);
        let text = body["text"].as_str().expect("a text");
        let mut tags: Vec<&str> = text.split('<').skip(1).collect();
        tags.iter_mut()
            .for_each(|tag| *tag = tag.split('>').next().unwrap_or_default());
        let own = ["b", "/b", "code", "/code", "pre", "/pre"];
        assert!(tags.iter().all(|tag| own.contains(tag)), "{tags:?}");
        assert_eq!(tags.len() % 2, 0, "{tags:?}");
        let outside = ["code", "pre"].iter().fold(text.to_owned(), |text, tag| {
            let (begin, end) = (format!("<{tag}>"), format!("</{tag}>"));
            let parts = text.split(&begin).map(|part| {
                part.split_once(&end)
                    .map_or(part, |(_, after)| after)
                    .to_owned()
            });
            parts.collect()
        });
        assert_none(
            &outside,
            &[
                "@everyone",
                "@here",
                "#general",
                "://",
                "evil.example",
                "$1",
            ],
        );
        assert_eq!(body["link_preview_options"]["is_disabled"], true);
    }
}

#[test]
fn no_message_is_longer_than_its_service_takes() {
    let huge = "a".repeat(100_000);
    // One character of each width, and those that are longest when they are escaped.
    let units = ["&", "\"", "é", "漢", "🎉", "`", "*", "\\", "{"];
    let texts = units.iter().map(|unit| unit.repeat(2_000));
    for text in texts.chain([huge]) {
        for name in NAMES {
            for request in requests(name, &text) {
                within_limits(name, &request);
            }
        }
    }
}

fn within_limits(name: &str, request: &Request) {
    let at_most = |text: &str, length: usize, limit: usize| {
        let beginning: String = text.chars().take(80).collect();
        assert!(length <= limit, "{name}: {length} > {limit}: {beginning}");
    };
    match name {
        "slack" => {
            let body = body(request);
            assert!(body["blocks"].as_array().map_or(0, Vec::len) <= 50);
            for text in all_texts(&body, "text") {
                at_most(&text, text.chars().count(), 3_000);
                let entity = text
                    .rsplit_once('&')
                    .is_some_and(|(_, end)| !end.contains(';') && text.contains("&amp;"));
                assert!(!entity, "it ends within an entity");
            }
        }
        "mattermost" => {
            let body = body(request);
            let text = body["message"].as_str().expect("a text");
            at_most(text, text.chars().count(), 16_383);
        }
        "discord" => {
            let body = body(request);
            let embed = &body["embeds"][0];
            let length = |key: &str, limit| {
                let text = embed[key].as_str().expect("a text");
                at_most(text, utf16(text), limit);
                utf16(text)
            };
            assert!(length("title", 256) + length("description", 4_096) <= 6_000);
        }
        "teams" => {
            at_most(&request.body, request.body.len(), 28_000);
            at_most(&request.body, 2 * utf16(&request.body), 28_000);
        }
        "ntfy" => {
            at_most(&request.body, request.body.len(), 4_096);
            let headers = request.headers.iter().map(|(_, value)| value.len());
            assert!(headers.sum::<usize>() < 1_000);
        }
        "telegram" => {
            let body = body(request);
            let text = body["text"].as_str().expect("a text");
            at_most(text, utf16(text), 4_096);
        }
        _ => at_most(&request.body, request.body.len(), 1 << 20),
    }
}
