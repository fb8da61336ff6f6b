//! However long the texts are that somebody chose, each service gets a message that it
//! takes, counted in its own unit.

use serde_json::json;

use super::golden::place;
use super::hostile::{all_texts, body, requests};
use super::{NAMES, Request};
use crate::testing::{config, message, told};
use crate::text::utf16;

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

#[test]
fn the_longest_text_of_an_author_fits_too() {
    for unit in ["a", "漢", "🎉"] {
        for name in NAMES {
            let mut with = json!({ "text": unit.repeat(2_000) });
            with[name] = place(name).0;
            let config = config(&with.to_string());
            let request = config.service.post(&message(&told(Vec::new()), &config));
            within_limits(name, &request);
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
