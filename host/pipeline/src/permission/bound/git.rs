//! Which remotes a policy lets steps reach, by their addresses, and which refs change there.

use url::Url;

use super::{Bound, RemotePattern, outside, word};
use crate::permission::{GitRule, Segments};

/// An entry of a policy that bounds `git` permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitBound {
    /// The remotes' addresses.
    pub url: RemotePattern,
    /// What is allowed there; its remote has no name yet.
    pub refs: GitRule,
}

/// A `git` permission together with the address that its remote has in the pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteRule {
    /// The permission.
    pub rule: GitRule,
    /// Where its remote is.
    pub url: Url,
}

impl GitBound {
    /// What this entry allows on a remote of a pipeline, if its address is meant.
    pub fn on(&self, remote: &str, url: &Url) -> Option<GitRule> {
        self.url.matches(url).then(|| GitRule {
            remote: remote.to_owned(),
            ..self.refs.clone()
        })
    }
}

impl Bound<RemoteRule> for GitBound {
    fn beyond(&self, RemoteRule { rule, url }: &RemoteRule) -> Vec<String> {
        let mut beyond = Vec::new();
        beyond.extend((!self.url.matches(url)).then(|| format!("the address `{url}`")));
        beyond.extend(word("read", self.refs.read, rule.read));
        // What may be moved anywhere may be moved forward.
        let forward = [self.refs.update.as_slice(), &self.refs.force].concat();
        for (key, wide, narrow) in [
            ("create", &self.refs.create, &rule.create),
            ("update", &forward, &rule.update),
            ("force", &self.refs.force, &rule.force),
            ("delete", &self.refs.delete, &rule.delete),
        ] {
            let refs = outside(wide, narrow, Segments::contains);
            beyond.extend(refs.map(|name| format!("`{key}: {name}`")));
        }
        beyond
    }

    fn is_about(&self, RemoteRule { url, .. }: &RemoteRule) -> bool {
        self.url.matches(url)
    }
}

#[cfg(test)]
mod tests {
    use super::{Bound, GitBound, RemoteRule};
    use crate::permission::{GitRule, RefChange, Segments};

    fn patterns(pattern: &str) -> Vec<Segments> {
        vec![pattern.parse().unwrap()]
    }

    fn bound() -> GitBound {
        GitBound {
            url: "https://forge.example/acme/*".parse().unwrap(),
            refs: GitRule {
                read: true,
                create: patterns("refs/tags/**"),
                force: patterns("refs/heads/*"),
                ..GitRule::default()
            },
        }
    }

    fn rule(url: &str) -> RemoteRule {
        RemoteRule {
            rule: GitRule {
                remote: "origin".into(),
                read: true,
                create: patterns("refs/tags/v*"),
                update: patterns("refs/heads/main"),
                ..GitRule::default()
            },
            url: url.parse().unwrap(),
        }
    }

    #[test]
    fn a_permission_is_bounded_by_its_remotes_address_and_its_refs() {
        let here = rule("https://forge.example/acme/web.git");
        assert_eq!(bound().beyond(&here), Vec::<String>::new());
        let elsewhere = rule("https://evil.example/acme/web.git");
        assert_eq!(
            bound().beyond(&elsewhere),
            ["the address `https://evil.example/acme/web.git`"]
        );
        let wide = RemoteRule {
            rule: GitRule {
                create: patterns("refs/**"),
                delete: patterns("refs/tags/v1"),
                ..here.rule.clone()
            },
            ..here
        };
        assert_eq!(
            bound().beyond(&wide),
            ["`create: refs/**`", "`delete: refs/tags/v1`"]
        );
    }

    #[test]
    fn an_entry_becomes_a_rule_for_the_remotes_whose_address_it_means() {
        let here = "https://forge.example/acme/web.git".parse().unwrap();
        let elsewhere = "https://evil.example/acme/web.git".parse().unwrap();
        let rule = bound().on("origin", &here).unwrap();
        assert!(rule.permits(RefChange::Create, "refs/tags/v1/x"));
        assert_eq!(rule.remote, "origin");
        assert_eq!(bound().on("origin", &elsewhere), None);
    }
}
