//! The account, its Roles and their bindings as YAML.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::rights::{self, Right};
use super::text::{comment, flow, scalar};
use super::{Account, Authority, Logs, Workload};
use crate::permission::WorkloadKind;

const API: &str = "rbac.authorization.k8s.io";

pub(super) fn service_account(account: &Account) -> String {
    format!(
        "apiVersion: v1
kind: ServiceAccount
metadata:
  name: {}
  namespace: {}
",
        scalar(&account.name),
        scalar(&account.namespace)
    )
}

/// The Role of a namespace: a rule for each kind of workload, by their names, and one for
/// each group of what can only be permitted for the whole of it.
pub(super) fn role(
    authority: &Authority,
    account: &Account,
    namespace: &str,
    logs: Logs,
) -> String {
    let mut text = format!(
        "apiVersion: {API}/v1
kind: Role
metadata:
  name: {}
  namespace: {}
rules:
",
        account.object(),
        scalar(namespace)
    );
    let mut kinds: BTreeMap<WorkloadKind, Vec<&Workload>> = BTreeMap::new();
    let mut whole: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for workload in authority.of(namespace) {
        kinds.entry(workload.kind).or_default().push(workload);
        for right in rights::of_namespace(workload, logs) {
            let Right {
                group,
                verbs,
                resource,
                ..
            } = right;
            whole.entry((group, verbs)).or_default().insert(resource);
        }
    }
    for (kind, workloads) in kinds {
        for workload in &workloads {
            let steps = workload.steps.iter().map(|step| comment(step));
            let steps = steps.collect::<Vec<_>>().join(", ");
            let _ = writeln!(text, "  # {kind} {}: {steps}", workload.name);
        }
        let names = workloads.iter().map(|workload| workload.name.as_str());
        let names = flow(names);
        let verbs = rights::verbs(kind);
        text.push_str(&rule(kind.group(), [kind.resource()], Some(&names), verbs));
    }
    if !whole.is_empty() {
        text.push_str("  # To follow a rollout, and to delete the pods of one: RBAC permits these for a whole\n  # namespace only. The policy narrows deletions to pods of the permitted workloads.\n");
    }
    for ((group, verbs), resources) in whole {
        text.push_str(&rule(group, resources, None, verbs));
    }
    text
}

fn rule<'a>(
    group: &str,
    resources: impl IntoIterator<Item = &'a str>,
    names: Option<&str>,
    verbs: &[&str],
) -> String {
    let mut text = format!(
        "  - apiGroups: {}\n    resources: {}\n",
        flow([group]),
        flow(resources)
    );
    if let Some(names) = names {
        let _ = writeln!(text, "    resourceNames: {names}");
    }
    let _ = writeln!(text, "    verbs: {}", flow(verbs.iter().copied()));
    text
}

/// A right as the rule of a Role that gives it.
impl Right {
    /// The lines of the rule, as a Role's `rules` hold them.
    pub fn rule(&self) -> String {
        let names = self.name.as_deref().map(|name| flow([name]));
        rule(self.group, [self.resource], names.as_deref(), self.verbs)
    }
}

pub(super) fn binding(account: &Account, namespace: &str) -> String {
    let role = account.object();
    format!(
        "apiVersion: {API}/v1
kind: RoleBinding
metadata:
  name: {role}
  namespace: {}
roleRef:
  apiGroup: {API}
  kind: Role
  name: {role}
subjects:
  - kind: ServiceAccount
    name: {}
    namespace: {}
",
        scalar(namespace),
        scalar(&account.name),
        scalar(&account.namespace)
    )
}
