//! Which remotes a step may read, and which refs it may create, update, force and delete.

use std::fmt;

use super::{Segments, flow};

/// A permission on one remote. What is not named is not permitted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GitRule {
    /// The remote's name in the pipeline.
    pub remote: String,
    /// Whether refs and commits may be read.
    pub read: bool,
    /// Refs that may be created.
    pub create: Vec<Segments>,
    /// Refs that may be moved forward.
    pub update: Vec<Segments>,
    /// Refs that may be moved anywhere.
    pub force: Vec<Segments>,
    /// Refs that may be deleted.
    pub delete: Vec<Segments>,
}

/// A kind of change of a ref, each permitted by a word of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefChange {
    /// There was no such ref.
    Create,
    /// To a commit of which the old one is an ancestor.
    Update,
    /// To anywhere.
    Force,
    /// The ref is no more.
    Delete,
}

impl RefChange {
    /// Its key in a `git` permission.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Force => "force",
            Self::Delete => "delete",
        }
    }
}

impl fmt::Display for RefChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

impl GitRule {
    /// Whether the ref of that full name may be changed so. What may be moved anywhere may
    /// be moved forward.
    pub fn permits(&self, change: RefChange, name: &str) -> bool {
        let any = |patterns: &[Segments]| patterns.iter().any(|pattern| pattern.matches(name));
        match change {
            RefChange::Create => any(&self.create),
            RefChange::Update => any(&self.update) || any(&self.force),
            RefChange::Force => any(&self.force),
            RefChange::Delete => any(&self.delete),
        }
    }
}

impl fmt::Display for GitRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{ remote: {}", self.remote)?;
        if self.read {
            f.write_str(", read: true")?;
        }
        let refs = [
            ("create", &self.create),
            ("update", &self.update),
            ("force", &self.force),
            ("delete", &self.delete),
        ];
        for (key, patterns) in refs
            .into_iter()
            .filter(|(_, patterns)| !patterns.is_empty())
        {
            write!(f, ", {key}: {}", flow(patterns))?;
        }
        f.write_str(" }")
    }
}

#[cfg(test)]
mod tests {
    use super::{
        GitRule,
        RefChange::{Create, Delete, Force, Update},
    };

    #[test]
    fn each_kind_of_change_wants_its_own_word() {
        let patterns = |pattern: &str| vec![pattern.parse().unwrap()];
        let rule = GitRule {
            remote: "origin".into(),
            read: false,
            create: patterns("refs/tags/v*"),
            update: patterns("refs/heads/*"),
            force: patterns("refs/heads/wip/**"),
            delete: patterns("refs/heads/gone"),
        };
        let cases = [
            ("refs/tags/v1.2.3", vec![Create]),
            ("refs/tags/v1/x", vec![]),
            ("refs/tags/1.2.3", vec![]),
            ("refs/heads/main", vec![Update]),
            ("refs/heads/wip/a/b", vec![Update, Force]),
            ("refs/heads/gone", vec![Update, Delete]),
            ("HEAD", vec![]),
            ("", vec![]),
        ];
        for (name, expected) in cases {
            let permitted = [Create, Update, Force, Delete].into_iter();
            let permitted = permitted.filter(|change| rule.permits(*change, name));
            assert_eq!(permitted.collect::<Vec<_>>(), expected, "{name}");
        }
    }

    #[test]
    fn a_rule_is_shown_as_it_is_written() {
        let rule = GitRule {
            remote: "origin".into(),
            read: true,
            create: vec!["refs/tags/v*".parse().unwrap()],
            ..GitRule::default()
        };
        assert_eq!(
            rule.to_string(),
            "{ remote: origin, read: true, create: ['refs/tags/v*'] }"
        );
    }
}
