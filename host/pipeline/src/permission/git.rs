//! Which remotes a step may read, and which refs it may create, update, force and delete.

use std::fmt;

use super::{Segments, each_within, flow};

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

impl GitRule {
    /// Whether everything that `other` permits is permitted by this rule alone.
    pub fn contains(&self, other: &GitRule) -> bool {
        let within = |wide, narrow| each_within(wide, narrow, Segments::contains);
        self.remote == other.remote
            && (self.read || !other.read)
            && within(&self.create, &other.create)
            && within(&self.update, &other.update)
            && within(&self.force, &other.force)
            && within(&self.delete, &other.delete)
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
    use super::GitRule;

    #[test]
    fn a_rule_contains_what_is_narrower_in_every_field() {
        let rule = |create: &str| GitRule {
            remote: "origin".into(),
            read: true,
            create: vec![create.parse().unwrap()],
            ..GitRule::default()
        };
        assert!(rule("refs/tags/*").contains(&rule("refs/tags/v*")));
        assert!(!rule("refs/tags/v*").contains(&rule("refs/tags/*")));
        assert!(!rule("refs/tags/*").contains(&GitRule {
            force: rule("refs/tags/v1").create,
            ..rule("refs/tags/v1")
        }));
        assert_eq!(
            rule("refs/tags/v*").to_string(),
            "{ remote: origin, read: true, create: ['refs/tags/v*'] }"
        );
    }
}
