//! What pipelines' `kube-apply` permissions come to in a cluster, as documents for it: an
//! account with one Role a namespace, and the admission policy that allows it to change
//! nothing but the permitted images.
//!
//! Pure: nothing here asks a cluster.

mod account;
mod authority;
mod excess;
mod image;
mod policy;
mod rights;
mod role;
mod text;

pub use account::Account;
pub use authority::{Authority, Workload};
pub use excess::{Excess, Rule, excess};
pub use rights::{Logs, Right};

/// The documents for an account, as YAML: the account, the policy and its binding, and for
/// each namespace a Role and its binding. The policy comes first, so that the account has no
/// right before there is something that holds it.
///
/// Nothing at all, but for a comment, where the pipelines ask nothing of a cluster.
pub fn documents(authority: &Authority, account: &Account, logs: Logs) -> String {
    if authority.is_empty() {
        return "# These pipelines ask nothing of a cluster, and need no account in it.\n"
            .to_owned();
    }
    let mut documents = vec![
        role::service_account(account),
        policy::policy(authority, account),
    ];
    for namespace in authority.namespaces() {
        documents.push(role::role(authority, account, namespace, logs));
        documents.push(role::binding(account, namespace));
    }
    format!("{HEAD}{}", documents.join("---\n"))
}

const HEAD: &str = "\
# What pipelines need of a cluster, and the policy that holds their account to it: printed by
# `sluice rbac`. Apply it with `kubectl apply`, and print it anew when their permissions change.
";
