//! What became of each ref: the step's outputs, and the words of its failure.

use serde_json::{Value, json};

use crate::bindings::exports::sluice::plugin::step::{Failure, FailureKind};
use crate::bindings::sluice::git::remote::{Effect, Error, RefChange, Relayed};
use crate::compare::Change;
use crate::config::Config;
use crate::failure;

/// How many refs the outputs name.
const LISTED: usize = 500;
/// How many a text for people names.
const SHOWN: usize = 20;

/// What became of all refs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    told: Vec<Told>,
    pub(crate) unchanged: usize,
    /// Refs that the target alone has.
    pub(crate) extra: usize,
}

/// What became of one ref.
#[derive(Clone, Debug)]
struct Told {
    change: Change,
    end: Result<Relayed, Error>,
}

impl Report {
    pub(crate) fn note(&mut self, change: Change, end: Result<Relayed, Error>) {
        self.told.push(Told { change, end });
    }

    /// Whether it is known what became of that ref.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.told.iter().any(|told| told.change.name == name)
    }

    /// The outputs, or the failure where a ref is not what it should be.
    pub(crate) fn end(&self, config: &Config) -> Result<String, Failure> {
        let outputs = serde_json::to_string(&self.outputs()).unwrap_or_default();
        match self.failure(config) {
            None => Ok(outputs),
            Some(failure) => Err(Failure {
                details: outputs,
                ..failure
            }),
        }
    }

    fn failure(&self, config: &Config) -> Option<Failure> {
        let failed = self.told.iter().filter_map(|told| told.end.as_ref().err());
        let kind = failed.map(failure::kind).max_by_key(weight)?;
        let failed = self.told.iter().filter(|told| told.end.is_err());
        let count = failed.clone().count();
        let message = format!(
            "{count} of {} of `{}` could not be made those of `{}`\n{}",
            refs(self.told.len() + self.unchanged),
            config.to,
            config.from,
            first(SHOWN, failed.map(Told::line)).join("\n")
        );
        Some(failure::of(kind, message))
    }

    fn outputs(&self) -> Value {
        let count = |change: RefChange| {
            let ends = self.told.iter().filter_map(|told| told.end.as_ref().ok());
            ends.filter(|relayed| relayed.change == change).count()
        };
        let failed = self.told.iter().filter(|told| told.end.is_err()).count();
        // What went wrong is what is looked for.
        let (wrong, right): (Vec<_>, Vec<_>) = self.told.iter().partition(|told| told.end.is_err());
        let listed = wrong.into_iter().chain(right).take(LISTED);
        json!({
            "created": count(RefChange::Create),
            "updated": count(RefChange::Update),
            "forced": count(RefChange::Force),
            "deleted": count(RefChange::Delete),
            "failed": failed,
            "unchanged": self.unchanged,
            "extra": self.extra,
            "refs": listed.map(Told::output).collect::<Vec<_>>(),
            "summary": self.summary(),
        })
    }

    /// In Markdown.
    fn summary(&self) -> String {
        if self.told.is_empty() {
            return format!("{}, all as they should be", refs(self.unchanged));
        }
        let items = self.lines().into_iter().map(|line| format!("- {line}\n"));
        items.collect()
    }

    /// A line for each ref that was, or would be, changed; beyond some their number.
    pub(crate) fn lines(&self) -> Vec<String> {
        first(SHOWN, self.told.iter().map(Told::line))
    }
}

/// The first lines, and how many more there are.
pub(crate) fn first(most: usize, lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<_> = lines.collect();
    let more = lines.len().saturating_sub(most);
    lines.truncate(most);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}

impl Told {
    fn line(&self) -> String {
        let Change { name, old, new } = &self.change;
        let relayed = match &self.end {
            Ok(relayed) => relayed,
            Err(error) => return format!("`{name}`: {}", failure::words(error)),
        };
        let commits = match relayed.commits {
            None => String::new(),
            Some(1) => ", 1 commit".to_owned(),
            Some(count) => format!(", {count} commits"),
        };
        let [old, new] = [old, new].map(|id| id.as_deref().map_or("", short));
        match &relayed.change {
            RefChange::Create => format!("`{name}`: created at {new}{commits}"),
            RefChange::Update => format!("`{name}`: {old} → {new}{commits}"),
            RefChange::Force => format!("`{name}`: {old} → {new}, forced{commits}"),
            RefChange::Delete => format!("`{name}`: deleted, was {old}"),
            RefChange::Other(other) => format!("`{name}`: {other}, {old} → {new}{commits}"),
        }
    }

    fn output(&self) -> Value {
        let Change { name, old, new } = &self.change;
        let mut output = json!({ "ref": name, "old": old, "new": new });
        match &self.end {
            Ok(relayed) => {
                output["change"] = word(&relayed.change).into();
                output["state"] = match &relayed.effect {
                    Effect::Done(_) => "done",
                    Effect::Planned => "planned",
                    Effect::Other(other) => other.as_str(),
                }
                .into();
                if let Some(commits) = relayed.commits {
                    output["commits"] = commits.into();
                }
            }
            Err(error) => {
                output["state"] = "failed".into();
                output["why"] = failure::words(error).into();
            }
        }
        output
    }
}

fn word(change: &RefChange) -> &str {
    match change {
        RefChange::Create => "create",
        RefChange::Update => "update",
        RefChange::Force => "force",
        RefChange::Delete => "delete",
        RefChange::Other(other) => other,
    }
}

/// Which of several failures is the step's: what nobody knows comes before what is to be
/// permitted, and that before what is to be tried again.
fn weight(kind: &FailureKind) -> u8 {
    match kind {
        FailureKind::Unknown => 5,
        FailureKind::Cancelled => 4,
        FailureKind::Denied => 3,
        FailureKind::Configuration => 2,
        FailureKind::Failed | FailureKind::Other(_) => 1,
        FailureKind::Unavailable => 0,
    }
}

fn refs(count: usize) -> String {
    match count {
        1 => "1 ref".to_owned(),
        count => format!("{count} refs"),
    }
}

/// An id as people write it.
fn short(id: &str) -> &str {
    id.get(..7).unwrap_or(id)
}
