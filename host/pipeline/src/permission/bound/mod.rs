//! What an operator's policy may say where a step's permission has to be exact: patterns of
//! names, repositories and addresses. An entry of a policy bounds entries of permissions.

mod git;
mod image;
mod kube;
mod name;
mod remote;

pub use git::{GitBound, RemoteRule};
pub use image::ImageBound;
pub use kube::KubeBound;
pub use name::NamePattern;
pub use remote::RemotePattern;

/// An entry of a policy, as the bound of an entry of a step's permissions.
pub trait Bound<Rule> {
    /// What of `rule` this entry does not allow, each in a few words such as
    /// `` `restart: true` ``. Empty exactly where the entry alone allows all that `rule` permits.
    fn beyond(&self, rule: &Rule) -> Vec<String>;

    /// Whether the entry is about the same thing as `rule`: the workload, the host, the remote.
    fn is_about(&self, rule: &Rule) -> bool;

    /// Whether everything that `rule` permits is allowed by this entry alone.
    fn contains(&self, rule: &Rule) -> bool {
        self.beyond(rule).is_empty()
    }
}

/// `key: true`, where the rule has the word and the bound does not.
pub(super) fn word(key: &str, bound: bool, rule: bool) -> Option<String> {
    (rule && !bound).then(|| format!("`{key}: true`"))
}

/// What of `patterns` lies within none of `wide`.
pub(super) fn outside<'a, W, P>(
    wide: &'a [W],
    patterns: &'a [P],
    contains: fn(&W, &P) -> bool,
) -> impl Iterator<Item = &'a P> {
    let beyond = move |pattern: &&P| !wide.iter().any(|wide| contains(wide, pattern));
    patterns.iter().filter(beyond)
}
