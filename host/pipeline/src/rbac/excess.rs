//! What an account may do beyond what pipelines need, of the rules that a cluster says it has.

use std::collections::{BTreeMap, BTreeSet};

use super::Right;

/// A rule that an account has in a namespace, as a `SelfSubjectRulesReview` lists it. `*` in
/// a list stands for everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// The API groups; empty text for the core one.
    pub groups: Vec<String>,
    /// The resources.
    pub resources: Vec<String>,
    /// The objects; empty for all.
    pub names: Vec<String>,
    /// The verbs.
    pub verbs: Vec<String>,
}

/// Verbs that no pipeline needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excess {
    /// The API group.
    pub group: String,
    /// The resource.
    pub resource: String,
    /// The one object; `None` for all.
    pub name: Option<String>,
    /// The verbs, in their order.
    pub verbs: Vec<String>,
}

impl Excess {
    /// Whether it says this too: a verb on any object of a resource.
    pub fn says(&self, group: &str, resource: &str, verb: &str) -> bool {
        let is = |text: &str, wanted: &str| text == "*" || text == wanted;
        self.name.is_none()
            && is(&self.group, group)
            && is(&self.resource, resource)
            && self.verbs.iter().any(|known| is(known, verb))
    }
}

/// What of the rules in a namespace no right there asks for. What everybody may ask about
/// themselves is of no account.
pub fn excess(namespace: &str, rules: &[Rule], rights: &[Right]) -> Vec<Excess> {
    let mut found: BTreeMap<(String, String, Option<String>), BTreeSet<String>> = BTreeMap::new();
    for rule in rules {
        let names: Vec<Option<&String>> = match rule.names.as_slice() {
            [] => vec![None],
            names => names.iter().map(Some).collect(),
        };
        for group in &rule.groups {
            for resource in rule.resources.iter().filter(|it| !about_oneself(group, it)) {
                for name in &names {
                    let needed = |verb: &String| {
                        rights.iter().any(|right| {
                            right.namespace == namespace
                                && right.group == group
                                && right.resource == resource
                                && (right.name.is_none() || right.name.as_ref() == *name)
                                && right.verbs.contains(&verb.as_str())
                        })
                    };
                    let more = rule.verbs.iter().filter(|verb| !needed(verb));
                    let key = (group.clone(), resource.clone(), name.cloned());
                    found.entry(key).or_default().extend(more.cloned());
                }
            }
        }
    }
    let found = found.into_iter().filter(|(_, verbs)| !verbs.is_empty());
    let found = found.map(|((group, resource, name), verbs)| Excess {
        group,
        resource,
        name,
        verbs: verbs.into_iter().collect(),
    });
    found.collect()
}

fn about_oneself(group: &str, resource: &str) -> bool {
    matches!(group, "authentication.k8s.io" | "authorization.k8s.io")
        && resource.starts_with("selfsubject")
}

#[cfg(test)]
mod tests {
    use super::{Excess, Rule, excess};
    use crate::rbac::{Authority, Logs};

    fn rule(group: &str, resource: &str, names: &[&str], verbs: &[&str]) -> Rule {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Rule {
            groups: owned(&[group]),
            resources: owned(&[resource]),
            names: owned(names),
            verbs: owned(verbs),
        }
    }

    /// What a deploy of `web/web` does not need, each as `group/resource name: verbs`.
    fn beyond(rules: &[Rule]) -> Vec<String> {
        let mut authority = Authority::default();
        let web = crate::permission::KubeRule {
            kind: crate::permission::WorkloadKind::Deployment,
            namespace: "web".into(),
            name: "web".into(),
            containers: vec!["app".into()],
            images: vec!["ghcr.io/acme/web:*".parse().unwrap()],
            take_over: false,
            restart: false,
            delete_pods: false,
        };
        authority.add("deploy-web", "deploy", &web);
        let found = excess("web", rules, &authority.rights(Logs::Unread));
        let text = |it: Excess| {
            let name = it.name.unwrap_or_else(|| "any".to_owned());
            format!(
                "{}/{} {name}: {}",
                it.group,
                it.resource,
                it.verbs.join(", ")
            )
        };
        found.into_iter().map(text).collect()
    }

    #[test]
    fn what_is_needed_is_no_excess() {
        let rules = [
            rule(
                "apps",
                "deployments",
                &["web"],
                &["get", "list", "patch", "watch"],
            ),
            rule("", "pods", &[], &["list", "watch"]),
            rule("", "pods", &["web-1"], &["watch"]),
            rule(
                "authorization.k8s.io",
                "selfsubjectaccessreviews",
                &[],
                &["create"],
            ),
        ];
        assert_eq!(beyond(&rules), Vec::<String>::new());
    }

    #[test]
    fn what_goes_further_in_any_part_is_excess() {
        let cases = [
            (
                rule("apps", "deployments", &[], &["get", "patch"]),
                "apps/deployments any: get, patch",
            ),
            (
                rule("apps", "deployments", &["web", "db"], &["patch"]),
                "apps/deployments db: patch",
            ),
            (
                rule("apps", "deployments", &["web"], &["get", "delete"]),
                "apps/deployments web: delete",
            ),
            (
                rule("", "secrets", &[], &["list", "get"]),
                "/secrets any: get, list",
            ),
            (rule("*", "*", &[], &["*"]), "*/* any: *"),
            (
                rule(
                    "authorization.k8s.io",
                    "subjectaccessreviews",
                    &[],
                    &["create"],
                ),
                "authorization.k8s.io/subjectaccessreviews any: create",
            ),
        ];
        for (rule, expected) in cases {
            assert_eq!(beyond(&[rule]), [expected]);
        }
    }
}
