//! A step's authority: what its permissions and the operator's policy both allow. Each
//! question of a capability is put here to both, and the answer says which of them denied it.

mod request;
mod workload;

use std::sync::Arc;

pub use request::PermittedRequest;
pub use workload::PermittedWorkload;

use super::{
    FsRule, GitRule, HttpRequest, HttpRule, KubeBound, Permissions, RefChange, WorkloadKind,
};

/// What a policy allows the steps of one pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// The policy's name, as its keeper knows it.
    pub policy: Arc<str>,
    /// Workloads.
    pub kube_apply: Vec<KubeBound>,
    /// Requests.
    pub http: Vec<HttpRule>,
    /// The pipeline's remotes, by the name that it gives them.
    pub git: Vec<GitRule>,
    /// Directories.
    pub fs: Vec<FsRule>,
}

/// What a step may do: its permissions, and the bounds of a policy if there is one. The
/// default is nothing. A clone shares both.
#[derive(Debug, Clone, Default)]
pub struct Authority {
    permissions: Arc<Permissions>,
    bounds: Option<Arc<Bounds>>,
}

/// Who denies what a step asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// No permission of the step gives it.
    ByPermissions,
    /// A permission gives it, and the policy of this name does not allow it.
    ByPolicy(Arc<str>),
}

impl Denied {
    /// Why it is denied, as the sentence of an event.
    pub fn why(&self, step: &str) -> String {
        match self {
            Self::ByPermissions => format!("step `{step}` has no permission for it"),
            Self::ByPolicy(policy) => {
                format!(
                    "the policy `{policy}` does not allow it, whatever step `{step}` is permitted"
                )
            }
        }
    }

    /// What follows *refused …* in a log: the lines of YAML that would permit it, which
    /// change nothing where the policy denies it.
    pub fn way_out(&self, yaml: &str) -> String {
        match self {
            Self::ByPermissions => format!("to permit it:\n{yaml}"),
            Self::ByPolicy(policy) => {
                format!("the policy `{policy}` does not allow it, and whoever keeps that can")
            }
        }
    }
}

impl Authority {
    /// What the permissions give, within the bounds.
    pub fn new(permissions: Arc<Permissions>, bounds: Option<Arc<Bounds>>) -> Self {
        Self {
            permissions,
            bounds,
        }
    }

    /// The permissions by themselves.
    pub fn permissions(&self) -> &Permissions {
        &self.permissions
    }

    /// A workload may be read and followed; the rest is asked of the answer.
    pub fn workload(
        &self,
        kind: WorkloadKind,
        namespace: &str,
        name: &str,
    ) -> Result<PermittedWorkload<'_>, Denied> {
        PermittedWorkload::of(
            &self.permissions,
            self.bounds.as_deref(),
            (kind, namespace, name),
        )
    }

    /// A request may be sent.
    pub fn request(&self, asked: &HttpRequest) -> Result<PermittedRequest, Denied> {
        PermittedRequest::of(&self.permissions, self.bounds.as_deref(), asked)
    }

    /// A remote may be read.
    pub fn read(&self, remote: &str) -> Result<(), Denied> {
        self.of_remote(remote, |rule| rule.read)
    }

    /// The ref of that full name may be changed so.
    pub fn change(&self, remote: &str, change: RefChange, name: &str) -> Result<(), Denied> {
        self.of_remote(remote, |rule| rule.permits(change, name))
    }

    fn of_remote(&self, remote: &str, allows: impl Fn(&GitRule) -> bool) -> Result<(), Denied> {
        let any = |rules: &[GitRule]| {
            let mut rules = rules.iter().filter(|rule| rule.remote == remote);
            rules.any(&allows)
        };
        both(
            any(&self.permissions.git),
            self.bounds.as_deref(),
            |bounds| any(&bounds.git),
        )
    }
}

/// The one place where permissions and policy meet: permitted, and allowed if there is a policy.
fn both(
    permitted: bool,
    bounds: Option<&Bounds>,
    allows: impl FnOnce(&Bounds) -> bool,
) -> Result<(), Denied> {
    if !permitted {
        return Err(Denied::ByPermissions);
    }
    match bounds {
        Some(bounds) if !allows(bounds) => Err(Denied::ByPolicy(bounds.policy.clone())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
