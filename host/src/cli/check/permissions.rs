//! `sluice check --permissions`: what steps may do, and what a change of the file makes of it.

use std::path::Path;

use serde_json::json;
use sluice_pipeline::{
    pipeline::Pipeline,
    policy::Policy,
    review::{Changed, Line, Listing},
};

use crate::cli::{
    load::Loaded,
    render::{self, Format, clean},
};

/// The width of what a line is about.
const ABOUT: usize = "kube-apply".len();

/// What the steps may do; `None`, after it has been said, where that cannot be told.
pub(super) fn listing(
    loaded: &Loaded,
    pipeline: &Pipeline,
    policy: Option<&Policy>,
) -> Option<Listing> {
    let limits = policy.map(|policy| policy.limits(&pipeline.name));
    let listing = Listing::of(pipeline, &limits.unwrap_or_default());
    listing.map_err(|problems| loaded.say(&problems)).ok()
}

/// Prints what the steps may do.
pub(super) fn show(file: &Path, listing: &Listing, format: Format) {
    if format == Format::Json {
        let mut object = listing.to_json();
        object["file"] = json!(file.display().to_string());
        render::line(&object.to_string());
        return;
    }
    head(file, listing);
    for step in &listing.steps {
        render::line(&format!("  {}", step.id));
        for line in &step.lines {
            render::line(&format!("    {}", words(line)));
        }
    }
}

/// Prints what the new listing adds to the old one and takes away; nothing for nothing.
pub(super) fn show_changes(file: &Path, new: &Listing, old: &Listing, format: Format) {
    let changed = new.since(old);
    if changed.is_empty() {
        return;
    }
    if format == Format::Json {
        let steps = changed.iter().map(Changed::to_json);
        let object = json!({
            "pipeline": new.pipeline,
            "file": file.display().to_string(),
            "steps": steps.collect::<Vec<_>>(),
        });
        render::line(&object.to_string());
        return;
    }
    head(file, new);
    for step in &changed {
        render::line(&format!("  {}", step.step));
        for change in &step.changes {
            render::line(&format!(
                "    {} {}",
                change.sign.mark(),
                words(&change.line)
            ));
        }
    }
}

fn head(file: &Path, listing: &Listing) {
    render::line(&clean(&format!(
        "{} ({})",
        listing.pipeline,
        file.display()
    )));
}

fn words(line: &Line) -> String {
    clean(&format!("{:ABOUT$}  {}", line.about, line.text))
}
