//! What a change of a file does to what its steps may do.

use serde_json::{Value, json};

use super::{Line, Listing, StepListing};

/// A step whose authority changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The step's identifier.
    pub step: String,
    /// What is added and taken away: at least one thing.
    pub changes: Vec<Change>,
}

/// One thing that a step may do or use only after the change, or only before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Whether it is added.
    pub sign: Sign,
    /// The thing.
    pub line: Line,
}

/// Which way a change goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It was so before, and is no more.
    Removed,
    /// It is new.
    Added,
}

impl Sign {
    /// As it stands before a line.
    pub const fn mark(self) -> char {
        match self {
            Self::Removed => '-',
            Self::Added => '+',
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Added => "added",
        }
    }
}

impl Listing {
    /// What this listing adds to an older one and takes away, step by step: those of this one
    /// in their order, then those that are no more. A step with another identifier is another.
    pub fn since(&self, old: &Listing) -> Vec<Changed> {
        let gone = old
            .steps
            .iter()
            .filter(|step| self.step(&step.id).is_none());
        let changed = self.steps.iter().map(|new| {
            let old = old.step(&new.id).map_or(&[][..], |old| &old.lines);
            (&new.id, changes(old, &new.lines))
        });
        let gone = gone.map(|old| (&old.id, changes(&old.lines, &[])));
        let all = changed.chain(gone);
        all.filter(|(_, changes)| !changes.is_empty())
            .map(|(step, changes)| Changed {
                step: step.clone(),
                changes,
            })
            .collect()
    }

    fn step(&self, id: &str) -> Option<&StepListing> {
        self.steps.iter().find(|step| step.id == id)
    }
}

impl Changed {
    /// As an object with `step` and `changes`: of each `change`, `about` and `text`.
    pub fn to_json(&self) -> Value {
        let changes = self.changes.iter().map(|change| {
            json!({
                "change": change.sign.name(),
                "about": change.line.about,
                "text": change.line.text,
            })
        });
        json!({ "step": self.step, "changes": changes.collect::<Vec<_>>() })
    }
}

/// What is in one list and not in the other: of each thing first what goes, then what comes.
fn changes(old: &[Line], new: &[Line]) -> Vec<Change> {
    let only = |sign, these: &[Line], those: &[Line]| -> Vec<Change> {
        let lines = these.iter().filter(|line| !those.contains(line));
        lines
            .map(|line| Change {
                sign,
                line: line.clone(),
            })
            .collect()
    };
    let mut all = only(Sign::Removed, old, new);
    all.extend(only(Sign::Added, new, old));
    // Stable, so that what goes still comes first.
    let order = [
        "uses",
        "kube-apply",
        "http",
        "git",
        "fs",
        "secrets",
        "limits",
    ];
    all.sort_by_key(|change| order.iter().position(|about| *about == change.line.about));
    all
}
