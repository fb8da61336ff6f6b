//! `sluice rbac --check`: what the cluster answers about the present account.

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use sluice_pipeline::rbac::{Authority, Excess, Logs, Right, Workload, excess};

use crate::{
    capability::kube::{Asked, Connection, Hold, Reviews},
    cli::{
        Exit,
        render::{self, Format},
    },
};

/// How many questions are on their way at a time.
const AT_ONCE: usize = 8;

/// What nobody who deploys should have, in a namespace that is deployed to: a cluster does
/// not list the rules of all its authorizers, but answers for each of these.
const DANGEROUS: &[(&str, &str, &[&str])] = &[
    ("", "pods", &["create", "patch", "update", "delete"]),
    ("", "pods/ephemeralcontainers", &["patch", "update"]),
    ("", "pods/exec", &["create", "get"]),
    (
        "",
        "secrets",
        &[
            "get", "list", "watch", "create", "patch", "update", "delete",
        ],
    ),
    ("", "serviceaccounts", &["impersonate"]),
    ("", "serviceaccounts/token", &["create"]),
    (
        "apps",
        "daemonsets",
        &["create", "patch", "update", "delete"],
    ),
    (
        "apps",
        "deployments",
        &["create", "patch", "update", "delete"],
    ),
    ("apps", "replicasets", &["create", "patch", "update"]),
    (
        "apps",
        "statefulsets",
        &["create", "patch", "update", "delete"],
    ),
    (
        "batch",
        "cronjobs",
        &["create", "patch", "update", "delete"],
    ),
    ("batch", "jobs", &["create"]),
    (
        "rbac.authorization.k8s.io",
        "rolebindings",
        &["create", "patch", "update"],
    ),
    (
        "rbac.authorization.k8s.io",
        "roles",
        &["create", "bind", "escalate", "patch", "update"],
    ),
];

/// The same for the cluster as a whole.
const DANGEROUS_ANYWHERE: &[(&str, &str, &[&str])] = &[
    ("*", "*", &["*"]),
    ("", "groups", &["impersonate"]),
    ("", "nodes/proxy", &["create", "get"]),
    ("", "pods", &["create"]),
    ("", "secrets", &["get", "list"]),
    ("", "users", &["impersonate"]),
    (
        "admissionregistration.k8s.io",
        "validatingadmissionpolicies",
        &["delete", "patch", "update"],
    ),
    (
        "admissionregistration.k8s.io",
        "validatingadmissionpolicybindings",
        &["delete", "patch", "update"],
    ),
    (
        "rbac.authorization.k8s.io",
        "clusterrolebindings",
        &["create", "patch", "update"],
    ),
    (
        "rbac.authorization.k8s.io",
        "clusterroles",
        &["bind", "escalate", "patch", "update"],
    ),
];

/// The answers.
pub(super) struct Found {
    account: String,
    /// Each right, and the verbs of it that the account does not have.
    needed: Vec<(Right, Vec<&'static str>)>,
    /// What it may do besides, by namespace; an empty one is the whole cluster.
    more: Vec<(String, Excess)>,
    /// Whether something holds it to images, for each workload.
    holds: Vec<(String, Hold)>,
}

/// Asks about the account that a run would have.
pub(super) async fn ask(authority: &Authority, logs: Logs) -> Result<Found, String> {
    let reviews = Reviews::of(&Connection::inferred()).await?;
    let account = reviews.username().await?;
    let rights = authority.rights(logs);
    let needed = stream::iter(rights.clone())
        .map(|right| missing(&reviews, right))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let mut more = Vec::new();
    for namespace in authority.namespaces() {
        let rules = reviews.rules(namespace).await?;
        let mut found = excess(namespace, &rules, &rights);
        add(&reviews, namespace, DANGEROUS, &mut found).await?;
        more.extend(found.into_iter().map(|it| (namespace.to_owned(), it)));
    }
    let mut anywhere = Vec::new();
    add(&reviews, "", DANGEROUS_ANYWHERE, &mut anywhere).await?;
    more.extend(anywhere.into_iter().map(|it| (String::new(), it)));
    let holds = stream::iter(authority.workloads())
        .map(|workload| hold(&reviews, workload))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(Found {
        account,
        needed,
        more,
        holds,
    })
}

/// The verbs of a right that the account does not have.
async fn missing(reviews: &Reviews, right: Right) -> Result<(Right, Vec<&'static str>), String> {
    let mut missing = Vec::new();
    for verb in right.verbs {
        let asked = Asked {
            namespace: &right.namespace,
            group: right.group,
            resource: right.resource,
            name: right.name.as_deref(),
            verb,
        };
        if !reviews.may(asked).await? {
            missing.push(*verb);
        }
    }
    Ok((right, missing))
}

/// Adds what of a list the account may do and what was found does not say already.
async fn add(
    reviews: &Reviews,
    namespace: &str,
    dangerous: &[(&str, &str, &[&str])],
    found: &mut Vec<Excess>,
) -> Result<(), String> {
    for (group, resource, verbs) in dangerous {
        let unsaid = verbs
            .iter()
            .filter(|verb| !found.iter().any(|known| known.says(group, resource, verb)));
        let unsaid = unsaid.copied().collect::<Vec<_>>();
        let may = stream::iter(unsaid).map(async |verb| {
            let asked = Asked {
                namespace,
                group,
                resource,
                name: None,
                verb,
            };
            Ok::<_, String>(reviews.may(asked).await?.then(|| verb.to_owned()))
        });
        let may = may.buffered(AT_ONCE).try_collect::<Vec<_>>().await?;
        let verbs = may.into_iter().flatten().collect::<Vec<_>>();
        if !verbs.is_empty() {
            found.push(Excess {
                group: (*group).to_owned(),
                resource: (*resource).to_owned(),
                name: None,
                verbs,
            });
        }
    }
    Ok(())
}

async fn hold(reviews: &Reviews, workload: &Workload) -> Result<(String, Hold), String> {
    let Workload {
        kind,
        namespace,
        name,
        ..
    } = workload;
    let hold = reviews.held(*kind, namespace, name).await?;
    Ok((format!("{kind} {namespace}/{name}"), hold))
}

impl Found {
    /// Says it, and how the process ends.
    pub(super) fn say(&self, format: Format, strict: bool) -> Exit {
        let lacks = self.needed.iter().any(|(_, missing)| !missing.is_empty());
        let open = self.holds.iter().any(|(_, hold)| *hold == Hold::Open);
        let more = open || !self.more.is_empty();
        match format {
            Format::Json => render::line(&self.json(!lacks, more).to_string()),
            Format::Text => self.text(),
        }
        self.warn(more);
        if lacks || (strict && more) {
            Exit::Failed
        } else {
            Exit::Success
        }
    }

    fn text(&self) {
        render::line(&render::clean(&self.account));
        let line = |state: &str, what: &str| {
            render::line(&format!("  {state:<8} {}", render::clean(what)));
        };
        for (right, missing) in &self.needed {
            let what = |verbs: &[&str]| {
                let name = right.name.as_deref();
                describe(&right.namespace, right.group, right.resource, name, verbs)
            };
            let had = right.verbs.iter().filter(|verb| !missing.contains(verb));
            let had = had.copied().collect::<Vec<_>>();
            if !had.is_empty() {
                line("has", &what(&had));
            }
            if !missing.is_empty() {
                line("lacks", &what(missing));
            }
        }
        for (namespace, it) in &self.more {
            let verbs = it.verbs.iter().map(String::as_str).collect::<Vec<_>>();
            let name = it.name.as_deref();
            line(
                "exceeds",
                &describe(namespace, &it.group, &it.resource, name, &verbs),
            );
        }
        for (workload, hold) in &self.holds {
            match hold {
                Hold::Held(_) => line("held", &format!("{workload}: only images may change")),
                Hold::Open => line(
                    "exceeds",
                    &format!("{workload}: more than images may change"),
                ),
                Hold::Unknown(why) => line("unknown", &format!("{workload}: {why}")),
            }
        }
    }

    /// What is wrong, and the way out.
    fn warn(&self, more: bool) {
        for (right, missing) in &self.needed {
            if !missing.is_empty() {
                let verbs = missing.join(", ");
                let name = right.name.as_deref();
                render::error(&format!(
                    "the account lacks {}; this rule in a Role of that namespace gives it:\n{}",
                    describe(
                        &right.namespace,
                        right.group,
                        right.resource,
                        name,
                        &[&verbs]
                    ),
                    right.rule().trim_end()
                ));
            }
        }
        if more {
            render::warn(
                "the account may do more than these pipelines need; `sluice rbac` prints a Role \
                 and a policy that hold it to that",
            );
        }
    }

    fn json(&self, suffices: bool, more: bool) -> Value {
        let needed = self.needed.iter().map(|(right, missing)| {
            json!({
                "namespace": right.namespace, "group": right.group, "resource": right.resource,
                "name": right.name, "verbs": right.verbs, "missing": missing,
            })
        });
        let excess = self.more.iter().map(|(namespace, it)| {
            json!({
                "namespace": namespace, "group": it.group, "resource": it.resource,
                "name": it.name, "verbs": it.verbs,
            })
        });
        let workloads = self.holds.iter().map(|(workload, hold)| {
            let (state, why) = match hold {
                Hold::Held(why) => ("held", Some(why)),
                Hold::Open => ("open", None),
                Hold::Unknown(why) => ("unknown", Some(why)),
            };
            json!({ "workload": workload, "state": state, "why": why })
        });
        let mut said = json!({
            "account": self.account,
            "suffices": suffices,
            "exceeds": more,
            "needed": needed.collect::<Value>(),
            "excess": excess.collect::<Value>(),
            "workloads": workloads.collect::<Value>(),
        });
        if !suffices {
            said["blame"] = json!("world");
        }
        said
    }
}

/// `web: deployments.apps web: get, patch`.
fn describe(
    namespace: &str,
    group: &str,
    resource: &str,
    name: Option<&str>,
    verbs: &[&str],
) -> String {
    let place = if namespace.is_empty() {
        "everywhere"
    } else {
        namespace
    };
    let resource = if group.is_empty() {
        resource.to_owned()
    } else {
        format!("{resource}.{group}")
    };
    let name = name.map(|name| format!(" `{name}`")).unwrap_or_default();
    format!("{place}: {resource}{name}: {}", verbs.join(", "))
}
