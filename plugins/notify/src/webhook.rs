//! The summary as plain JSON, for programs.

use serde_json::{Map, Value, json};

use crate::summary::{Deployed, Step, Summary};

/// The body of the request. Times in milliseconds.
pub(crate) fn render(summary: &Summary) -> Value {
    let mut body = json!({
        "pipeline": summary.pipeline,
        "run": summary.run,
        "title": summary.title,
        "outcome": summary.outcome.word(),
        "elapsed": summary.elapsed,
        "steps": summary.steps.iter().map(step).collect::<Vec<_>>(),
        "deployed": summary.deployed.iter().map(deployed).collect::<Vec<_>>(),
    });
    if let Some(error) = &summary.error {
        body["error"] = json!({ "step": error.step, "reason": error.reason });
    }
    for (key, text) in [("details", &summary.details), ("link", &summary.link)] {
        if let Some(text) = text {
            body[key] = text.as_str().into();
        }
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

#[cfg(test)]
mod tests;
