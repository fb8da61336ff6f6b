//! What a step may do: scopes as values, with `matches` for one thing asked and `contains`
//! for one scope within another.
//!
//! The lowest layer. It knows neither files nor plugins nor the outside world; the host asks
//! it at each call. Every pattern language here is small, so that containment is exact.

mod address;
mod fs;
mod git;
mod host;
mod http;
mod image;
mod import;
mod kube;
mod refusal;
mod segments;

use std::fmt;

pub use address::{AddressClass, classify};
pub use fs::{Access, FsRule};
pub use git::{GitRule, RefChange};
pub use host::HostPattern;
pub use http::{HttpRequest, HttpRule, Scheme, is_plain_path};
pub use image::{ImagePattern, ImageRef};
pub(crate) use image::{Version, is_registry};
pub use import::{Capability, Import, classify_import};
pub use ipnet::IpNet;
pub use kube::{KubeRule, WorkloadKind};
pub use refusal::{
    permit_capability, permit_git, permit_image, permit_kube, permit_request, permit_workload,
};
pub(crate) use refusal::{permit_entries, quoted};
pub use segments::Segments;

/// Everything that one step may do. The default is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions {
    /// Workloads whose images it may set.
    pub kube_apply: Vec<KubeRule>,
    /// Requests that it may send.
    pub http: Vec<HttpRule>,
    /// Remotes that it may read or change.
    pub git: Vec<GitRule>,
    /// Directories that it may open.
    pub fs: Vec<FsRule>,
}

impl Permissions {
    /// Whether a capability is given at all.
    pub fn gives(&self, capability: Capability) -> bool {
        match capability {
            Capability::KubeApply => !self.kube_apply.is_empty(),
            Capability::Http => !self.http.is_empty(),
            Capability::Git => !self.git.is_empty(),
            Capability::Fs => !self.fs.is_empty(),
        }
    }

    /// Whether every entry of `other` lies within one entry of this one.
    ///
    /// `Err` is the first entry that does not. Several entries that only together cover one
    /// are not enough: what permits a thing can then always be pointed at.
    pub fn contains(&self, other: &Permissions) -> Result<(), Uncovered> {
        cover(
            Capability::KubeApply,
            &self.kube_apply,
            &other.kube_apply,
            KubeRule::contains,
        )?;
        cover(
            Capability::Http,
            &self.http,
            &other.http,
            HttpRule::contains,
        )?;
        cover(Capability::Git, &self.git, &other.git, GitRule::contains)?;
        cover(Capability::Fs, &self.fs, &other.fs, FsRule::contains)
    }
}

/// An entry that no entry of another permission contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncovered {
    /// Whose entry it is.
    pub capability: Capability,
    /// Its index among that capability's entries.
    pub index: usize,
    /// The entry in words.
    pub entry: String,
}

impl fmt::Display for Uncovered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.capability, self.entry)
    }
}

fn cover<Rule: fmt::Display>(
    capability: Capability,
    outer: &[Rule],
    inner: &[Rule],
    contains: fn(&Rule, &Rule) -> bool,
) -> Result<(), Uncovered> {
    let uncovered = inner
        .iter()
        .position(|entry| !outer.iter().any(|rule| contains(rule, entry)));
    uncovered.map_or(Ok(()), |index| {
        Err(Uncovered {
            capability,
            index,
            entry: inner[index].to_string(),
        })
    })
}

/// Whether every pattern of `inner` lies within one of `outer`.
fn each_within<P>(outer: &[P], inner: &[P], contains: fn(&P, &P) -> bool) -> bool {
    inner
        .iter()
        .all(|pattern| outer.iter().any(|wider| contains(wider, pattern)))
}

/// Items as a list in YAML's flow form, quoted where they must be.
fn flow(items: impl IntoIterator<Item = impl fmt::Display>) -> String {
    let items: Vec<_> = items
        .into_iter()
        .map(|item| quoted(&item.to_string()))
        .collect();
    format!("[{}]", items.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{Capability, HttpRule, Permissions, Uncovered};

    #[test]
    fn an_entry_must_lie_within_one_entry_of_the_policy() {
        let http = |hosts: &[&str]| Permissions {
            http: hosts
                .iter()
                .map(|host| HttpRule::any_on(host.parse().unwrap()))
                .collect(),
            ..Permissions::default()
        };
        let policy = http(&["*.example.com", "hooks.slack.com"]);
        assert_eq!(
            policy.contains(&http(&["a.example.com", "hooks.slack.com"])),
            Ok(())
        );
        assert_eq!(
            policy.contains(&http(&["a.example.com", "example.com"])),
            Err(Uncovered {
                capability: Capability::Http,
                index: 1,
                entry: "https://example.com:443".to_owned(),
            })
        );
        assert_eq!(policy.contains(&Permissions::default()), Ok(()));
    }
}
