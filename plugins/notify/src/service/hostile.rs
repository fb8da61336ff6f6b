//! What somebody else chose, in every place where it can stand: it mentions nobody,
//! formats nothing and leads nowhere.

use serde_json::{Value, json};

use super::Request;
use super::golden::place;
use crate::testing::{HOSTILE, config, hostile, message};

/// Every name that a text may have, so that each way into a message is tried.
const EVERYTHING: &str = "{pipeline} {run} {title} {link} {failed} {failed|bold} {failed|code} \
    {error} {error|block} {details} {images} {steps} {deployed} {event} {ref} {sha} {sender} \
    {values.a} {steps.build.title} {steps.build.reason} {steps.deploy.outputs.word}";

/// The same message in our words and in the author's, as every service is sent it.
pub(super) fn requests(name: &str, text: &str) -> Vec<Request> {
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

pub(super) fn body(request: &Request) -> Value {
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

pub(super) fn all_texts(value: &Value, key: &str) -> Vec<String> {
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
        for tag in &mut tags {
            *tag = tag.split('>').next().unwrap_or_default();
        }
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
fn a_block_in_a_quote_or_a_list_does_not_let_its_lines_out() {
    let failed = "refused\n\n@everyone [x](http://evil.example)\n- # <!channel>";
    for name in ["mattermost", "discord"] {
        let mut with = json!({ "text": "why: {error|block} so\n> {error|block}\n- {error|block}" });
        with[name] = place(name).0;
        let config = config(&with.to_string());
        let body = body(&config.service.post(&message(&hostile(failed), &config)));
        let key = if name == "discord" {
            "description"
        } else {
            "message"
        };
        let text = &all_texts(&body, key)[0];
        let block = format!("\n```\n{failed}\n```\n");
        assert_eq!(text.matches(&block).count(), 3, "{name}: {text}");
        assert_none(&outside_of_code(text), &["@everyone", "](http", "<!"]);
    }
}
