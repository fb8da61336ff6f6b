//! What each service is sent, whole, held against `golden/`: `BLESS=1` writes it.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{NAMES, Request};
use crate::bindings::sluice::plugin::needs::Outcome;
use crate::summary::Told;
use crate::testing::{HOSTILE, config, deployed, hostile, message, step, told};

/// A service's `with`, and a handle of a message there, where there are any.
pub(super) fn place(name: &str) -> (Value, &'static str) {
    match name {
        "slack" => (
            json!({ "token": "TOKEN", "channel": "C024BE91L" }),
            "slack:C024BE91L:1503435956.000247",
        ),
        "mattermost" => (
            json!({ "url": "https://chat.example", "token": "TOKEN", "channel": "4xp9fdt77p" }),
            "mattermost:4q7mpuk3nf",
        ),
        "discord" => (
            json!("https://discord.com/api/webhooks/1/SECRET"),
            "discord:1155",
        ),
        "telegram" => (
            json!({ "url": "https://api.telegram.org/botSECRET", "chat": -100_123 }),
            "telegram:4711",
        ),
        "ntfy" => (json!("https://ntfy.sh/topic"), "ntfy:xE73Iyuabi"),
        "teams" => (json!("https://x.api.powerplatform.example/SECRET"), ""),
        _ => (json!("https://hooks.example/x"), ""),
    }
}

/// A sentence, the run that it is about, and what `with` says beside the service.
fn runs() -> Vec<(&'static str, Told, Value)> {
    let image = r#"{"app":"ghcr.io/acme/web_site:2"}"#;
    let pull = "image missing\npod `web-2-a`: ErrImagePull: not found & gone";
    let failed = || {
        told(vec![
            step("deploy", Outcome::Failure, Some(pull)),
            step("mirror", Outcome::Skipped, Some("step `deploy` failed")),
        ])
    };
    vec![
        (
            "a success with what was deployed, the author's words and link",
            told(vec![deployed(image, true)]),
            json!({ "title": "Web <prod>", "details": "by R&D\nsee *wiki*",
                    "link": "https://ci.example/runs/7?a=1&b=2" }),
        ),
        ("a failure with its reason", failed(), json!({})),
        ("a start", told(Vec::new()), json!({ "at": "start" })),
        (
            "a text of the author's own, in which values stay data",
            told(vec![deployed(image, false)]),
            json!({ "text": "*{outcome}* on {ref|bold} by {sender}\n{deployed}\n{values.note}",
                    "values": { "note": "a *b* <c> @d" } }),
        ),
        (
            "hostile names and words mention nobody, format nothing and lead nowhere",
            hostile(HOSTILE),
            json!({}),
        ),
        (
            "nor do they in a text of the author's own",
            hostile(HOSTILE),
            json!({ "text": "{ref} {failed|bold} {steps.deploy.outputs.word|code}" }),
        ),
    ]
}

fn shown(request: &Request) -> String {
    let mut lines = vec![format!("{:?} {}", request.method, request.url.path)];
    let headers = request.headers.iter();
    lines.extend(headers.map(|(name, value)| format!("{name}: {value}")));
    match serde_json::from_str::<Value>(&request.body) {
        Ok(body) => lines.push(format!("{body:#}")),
        Err(_) => lines.push(request.body.clone()),
    }
    // What cannot be seen should be seen in a golden file.
    lines.join("\n").replace('\u{200b}', "<ZWSP>")
}

#[test]
fn requests_are_what_they_were() {
    for name in NAMES {
        let mut all = String::new();
        let (place, handle) = place(name);
        for (sentence, told, mut with) in runs() {
            with[name] = place.clone();
            let config = config(&with.to_string());
            let request = config.service.post(&message(&told, &config));
            let _ = write!(all, "# {sentence}\n{}\n\n", shown(&request));
        }
        let config = config(&json!({ name: place }).to_string());
        let message = message(&told(Vec::new()), &config);
        let edit = config.service.edit(&message, handle);
        if let Some(request) = edit.expect("the handle is its own") {
            let _ = writeln!(all, "# an update\n{}", shown(&request));
        }
        let path = format!("src/service/golden/{name}.txt");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, &all).expect("the sources can be written");
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(all, golden, "{name}");
    }
}
