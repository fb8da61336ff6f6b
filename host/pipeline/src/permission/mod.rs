//! What a step may do: scopes as values, with `matches` for one thing asked and `contains`
//! for one scope within another; and what an operator's policy lets steps be permitted.
//!
//! The lowest layer. It knows neither files nor plugins nor the outside world; the host asks
//! it at each call. Every pattern language here is small, so that containment is exact.

mod address;
mod authority;
mod bound;
mod fs;
mod git;
mod host;
mod http;
mod image;
mod import;
mod kube;
mod refusal;
mod segments;
mod version;

use std::fmt;

pub use address::{AddressClass, classify};
pub use authority::{Authority, Bounds, Denied, PermittedRequest, PermittedWorkload};
pub use bound::{Bound, GitBound, ImageBound, KubeBound, NamePattern, RemotePattern, RemoteRule};
pub use fs::{Access, FsRule};
pub use git::{GitRule, RefChange};
pub use host::HostPattern;
pub use http::{HttpRequest, HttpRule, Scheme, is_plain_path};
pub(crate) use image::is_registry;
pub use image::{ImagePattern, ImageRef};
pub use import::{Capability, Import, classify_import};
pub use ipnet::IpNet;
pub use kube::{KubeRule, WorkloadKind};
pub use refusal::{
    permit_capability, permit_git, permit_image, permit_kube, permit_request, permit_workload,
};
pub(crate) use refusal::{permit_entries, quoted};
pub use segments::Segments;
pub(crate) use version::{Version, parse_digest};

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
}

/// Items as a list in YAML's flow form, quoted where they must be.
fn flow(items: impl IntoIterator<Item = impl fmt::Display>) -> String {
    let items: Vec<_> = items
        .into_iter()
        .map(|item| quoted(&item.to_string()))
        .collect();
    format!("[{}]", items.join(", "))
}
