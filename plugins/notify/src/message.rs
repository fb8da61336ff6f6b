//! What a message says, in words and pieces that no service's form has touched yet.

use sluice_plugin_with::duration;

use crate::config::{At, Config};
use crate::summary::{Deployed, Outcome, Step, Summary};
use crate::text::{Line, Link, Span};

/// How many steps and workloads are listed before the rest is only counted.
const LISTED: usize = 20;

/// One message, to be written by any service.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message {
    pub(crate) mark: Mark,
    /// One line of data: what it is about and how it went.
    pub(crate) headline: String,
    pub(crate) body: Body,
    /// The pipeline and the run.
    pub(crate) footer: Line,
    /// Where a person can read on.
    pub(crate) link: Option<Link>,
    /// The same for programs.
    pub(crate) summary: Summary,
}

/// What stands below the headline.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    /// Our own words; none of its lines holds markup.
    Plain(Vec<Line>),
    /// The author's text, in the service's markup.
    Written(Vec<Line>),
}

/// How the run stands, as a service shows it at a glance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mark {
    Started,
    Ended(Outcome),
}

impl Mark {
    /// A name for programs.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Ended(outcome) => outcome.word(),
        }
    }

    pub(crate) fn emoji(self) -> &'static str {
        match self {
            Self::Started => "⏳",
            Self::Ended(Outcome::Success) => "✅",
            Self::Ended(Outcome::Failure) => "❌",
            Self::Ended(Outcome::Skipped) => "⏭️",
            Self::Ended(Outcome::Cancelled) => "🚫",
            Self::Ended(Outcome::Unknown) => "❔",
        }
    }
}

impl Message {
    /// What a step of this `with` has to say. The error is a sentence for the pipeline's
    /// author.
    pub(crate) fn of(summary: &Summary, config: &Config) -> Result<Self, String> {
        let mark = match config.at {
            At::Start => Mark::Started,
            At::End => Mark::Ended(summary.outcome),
        };
        let body = match config.text.of(mark) {
            Some(template) => Body::Written(template.fill(summary, mark, &config.values)?),
            None => Body::Plain(body(summary, mark)),
        };
        let link = summary.link.as_deref();
        Ok(Self {
            mark,
            headline: headline(summary, mark),
            body,
            footer: vec![
                Span::text("pipeline "),
                Span::code(&summary.pipeline),
                Span::text(", run "),
                Span::code(&summary.run),
            ],
            link: link.and_then(Link::read),
            summary: summary.clone(),
        })
    }

    /// The body and the footer, for services that write both in one text.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let (Body::Plain(lines) | Body::Written(lines)) = &self.body;
        let mut lines = lines.clone();
        let mut footer = self.footer.clone();
        if let Some(link) = &self.link {
            footer.extend([Span::text(" · "), Span::Link(link.clone())]);
        }
        lines.push(footer);
        lines
    }
}

fn headline(summary: &Summary, mark: Mark) -> String {
    let title = summary.title.replace('\n', " ");
    let ended = match mark {
        Mark::Started => return format!("{title} started"),
        Mark::Ended(Outcome::Success | Outcome::Skipped) => "succeeded",
        Mark::Ended(Outcome::Failure) => "failed",
        Mark::Ended(Outcome::Cancelled) => "was cancelled",
        Mark::Ended(Outcome::Unknown) => "has an unknown outcome",
    };
    let elapsed = duration::format(summary.elapsed);
    format!("{title} {ended} after {elapsed}")
}

fn body(summary: &Summary, mark: Mark) -> Vec<Line> {
    let mut lines = Vec::new();
    if mark != Mark::Started {
        lines.extend(steps(summary));
        lines.extend(deploys(summary));
        if let Some(error) = &summary.error {
            lines.push(vec![Span::code(&error.step), Span::text(":")]);
            lines.push(vec![Span::Block(error.reason.clone())]);
        }
    }
    if let Some(details) = &summary.details {
        lines.extend(details.lines().map(|line| vec![Span::text(line)]));
    }
    lines
}

/// Each step on a line, the rest counted.
pub(crate) fn steps(summary: &Summary) -> Vec<Line> {
    let news = summary.steps.iter().filter(|step| !step.is_notice);
    listed(news.map(step).collect())
}

/// Each workload on a line, the rest counted.
pub(crate) fn deploys(summary: &Summary) -> Vec<Line> {
    listed(summary.deployed.iter().map(deployed).collect())
}

fn listed(mut lines: Vec<Line>) -> Vec<Line> {
    if let Some(more @ 1..) = lines.len().checked_sub(LISTED) {
        lines.truncate(LISTED);
        let more = format!("and {more} more");
        lines.push(vec![Span::text(&more)]);
    }
    lines
}

fn step(step: &Step) -> Line {
    let mark = Mark::Ended(step.outcome);
    let ended = match step.outcome {
        Outcome::Skipped => " skipped".to_owned(),
        outcome => format!(" {}, {}", outcome.word(), duration::format(step.duration)),
    };
    vec![
        Span::text(&format!("{} ", mark.emoji())),
        Span::code(&step.title),
        Span::text(&ended),
    ]
}

fn deployed(deployed: &Deployed) -> Line {
    let mut line = vec![Span::code(&deployed.workload), Span::text(" runs ")];
    line.extend(images(deployed));
    if !deployed.verified {
        line.push(Span::text(" (not verified)"));
    }
    line
}

/// A workload's images, with commas between.
pub(crate) fn images(deployed: &Deployed) -> Line {
    let mut line = Vec::new();
    for (_, image) in &deployed.images {
        if !line.is_empty() {
            line.push(Span::text(", "));
        }
        line.push(Span::code(image));
    }
    line
}

#[cfg(test)]
mod tests;
