//! A plain webhook: the summary as JSON, for programs. Nothing is cut but what the
//! summary cuts, and nothing needs escaping but what JSON does.

use serde_json::{Map, Value, json};
use sluice_plugin_with::Keys;

use super::{Method, Request, Service, address, url};
use crate::message::{Body, Message};
use crate::summary::{Deployed, Step};
use crate::text::{LOOK, Link, Markup};
use crate::url::Url;

pub(super) struct Webhook {
    url: Url,
    token: Option<String>,
}

impl Webhook {
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        if value.is_string() {
            let url = address("webhook", value)?;
            return Ok(Self { url, token: None });
        }
        let keys = Keys::of("with.webhook", value)?;
        Ok(Self {
            url: url("webhook", &keys, None)?,
            token: keys.text("token")?.map(str::to_owned),
        })
    }
}

impl Service for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn url(&self) -> &Url {
        &self.url
    }

    fn post(&self, message: &Message) -> Request {
        let body = body(message);
        Request::json(Method::Post, self.url.clone(), self.token.as_deref(), &body)
    }
}

/// Times in milliseconds.
fn body(message: &Message) -> Value {
    let summary = &message.summary;
    let mut body = json!({
        "pipeline": summary.pipeline,
        "run": summary.run,
        "title": summary.title,
        "outcome": message.mark.word(),
        "elapsed": summary.elapsed,
        "steps": summary.steps.iter().map(step).collect::<Vec<_>>(),
        "deployed": summary.deployed.iter().map(deployed).collect::<Vec<_>>(),
    });
    let trigger = &summary.trigger;
    let trigger = [
        ("event", &trigger.event),
        ("ref", &trigger.r#ref),
        ("sha", &trigger.sha),
        ("sender", &trigger.sender),
    ];
    for (key, text) in trigger.into_iter().filter(|(_, text)| !text.is_empty()) {
        body["trigger"][key] = text.as_str().into();
    }
    if let Some(error) = &summary.error {
        body["error"] = json!({ "step": error.step, "reason": error.reason });
    }
    for (key, text) in [("details", &summary.details), ("link", &summary.link)] {
        if let Some(text) = text {
            body[key] = text.as_str().into();
        }
    }
    if let Body::Written(lines) = &message.body {
        body["text"] = Plain.lines(lines.clone(), usize::MAX).into();
    }
    body
}

fn step(step: &Step) -> Value {
    let mut value = json!({
        "id": step.id,
        "title": step.title,
        "outcome": step.outcome.word(),
        "duration": step.duration,
    });
    if let Some(reason) = &step.reason {
        value["reason"] = reason.as_str().into();
    }
    value
}

fn deployed(deployed: &Deployed) -> Value {
    let images = deployed.images.iter();
    let images: Map<_, _> = images
        .map(|(container, image)| (container.clone(), image.as_str().into()))
        .collect();
    json!({
        "workload": deployed.workload,
        "images": images,
        "verified": deployed.verified,
    })
}

/// Text without any markup, in bytes.
pub(super) struct Plain;

impl Markup for Plain {
    fn text(&self, data: &str) -> String {
        data.to_owned()
    }

    fn bold(&self, data: &str) -> String {
        data.to_owned()
    }

    fn code(&self, data: &str) -> String {
        data.to_owned()
    }

    fn block(&self, data: &str) -> String {
        data.to_owned()
    }

    fn link(&self, link: &Link) -> String {
        format!("{LOOK}: {}", link.address())
    }

    fn length(&self, text: &str) -> usize {
        text.len()
    }
}
