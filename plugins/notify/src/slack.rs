//! The summary as a Slack message: a line for notifications (`text`) and blocks. Data can
//! neither mention anybody nor format anything: `&`, `<` and `>` are escaped, and
//! `verbatim` keeps Slack from finding links and names by itself.
//!
//! The limits are Slack's: 3000 characters in a section, 50 blocks in a message.

use serde_json::{Value, json};
use sluice_plugin_with::duration;

use crate::summary::{Deployed, Outcome, Step, StepError, Summary};

/// The longest text of one section, in characters.
const SECTION: usize = 3_000;
/// The longest reason, in characters: beside it stands the name of its step.
const REASON: usize = 2_000;
/// How many steps and workloads are listed before the rest is only counted.
const LISTED: usize = 20;

/// The body of the request.
pub(crate) fn render(summary: &Summary) -> Value {
    let headline = headline(summary);
    let mut blocks = vec![section(&format!("{} *{headline}*", icon(summary.outcome)))];
    let lists = [
        lines(&summary.steps, step),
        lines(&summary.deployed, deployed),
    ];
    blocks.extend(lists.iter().flatten().map(|text| section(text)));
    blocks.extend(summary.error.as_ref().map(|error| section(&told(error))));
    blocks.extend(
        summary
            .details
            .as_deref()
            .map(|text| section(&escape(text))),
    );
    blocks.push(json!({ "type": "context", "elements": [text(&footer(summary))] }));
    json!({ "text": headline, "blocks": blocks })
}

fn headline(summary: &Summary) -> String {
    let ended = match summary.outcome {
        Outcome::Success | Outcome::Skipped => "succeeded",
        Outcome::Failure => "failed",
        Outcome::Cancelled => "was cancelled",
        Outcome::Unknown => "has an unknown outcome",
    };
    format!(
        "{} {ended} after {}",
        escape(&one_line(&summary.title)),
        duration::format(summary.elapsed)
    )
}

fn step(step: &Step) -> String {
    let line = format!(
        "{} {} {}",
        icon(step.outcome),
        code(&step.title),
        step.outcome.word()
    );
    match step.outcome {
        Outcome::Skipped => line,
        _ => format!("{line}, {}", duration::format(step.duration)),
    }
}

fn deployed(deployed: &Deployed) -> String {
    let images: Vec<_> = deployed
        .images
        .iter()
        .map(|(_, image)| code(image))
        .collect();
    let doubt = if deployed.verified {
        ""
    } else {
        " (not verified)"
    };
    format!(
        "{} runs {}{doubt}",
        code(&deployed.workload),
        images.join(", ")
    )
}

fn told(error: &StepError) -> String {
    // Cut before it is fenced: the closing fence must not be lost.
    let reason = cut(&escape(&error.reason.replace('`', "'")), REASON);
    format!("{}:\n```{reason}```", code(&error.step))
}

fn footer(summary: &Summary) -> String {
    let run = format!(
        "pipeline {}, run {}",
        code(&summary.pipeline),
        code(&summary.run)
    );
    match &summary.link {
        Some(link) if is_link(link) => format!("{run} · <{}|look at it>", escape(link)),
        Some(link) => format!("{run} · {}", escape(link)),
        None => run,
    }
}

/// What can stand in Slack's `<address|text>`, and leads to a page.
fn is_link(link: &str) -> bool {
    (link.starts_with("https://") || link.starts_with("http://"))
        && !link.contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '|' | '"'))
}

/// Lines for a list, the rest counted; `None` for an empty one.
fn lines<T>(items: &[T], line: fn(&T) -> String) -> Option<String> {
    if items.is_empty() {
        return None;
    }
    let mut lines: Vec<_> = items.iter().take(LISTED).map(line).collect();
    if items.len() > LISTED {
        lines.push(format!("and {} more", items.len() - LISTED));
    }
    Some(lines.join("\n"))
}

fn icon(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => ":white_check_mark:",
        Outcome::Failure => ":x:",
        Outcome::Skipped => ":fast_forward:",
        Outcome::Cancelled => ":no_entry_sign:",
        Outcome::Unknown => ":grey_question:",
    }
}

fn section(content: &str) -> Value {
    json!({ "type": "section", "text": text(content) })
}

fn text(content: &str) -> Value {
    json!({ "type": "mrkdwn", "verbatim": true, "text": cut(content, SECTION) })
}

/// At most so many characters, and not ending within an escape.
fn cut(content: &str, longest: usize) -> String {
    if content.chars().count() <= longest {
        return content.to_owned();
    }
    let mut kept: String = content.chars().take(longest - 1).collect();
    if let Some(start) = kept.rfind('&')
        && !kept[start..].contains(';')
    {
        kept.truncate(start);
    }
    kept.push('…');
    kept
}

/// Data as code, on one line.
fn code(data: &str) -> String {
    format!("`{}`", escape(&one_line(data).replace('`', "'")))
}

fn one_line(data: &str) -> String {
    data.replace('\n', " ")
}

fn escape(data: &str) -> String {
    data.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests;
