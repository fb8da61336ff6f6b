//! Refs that forges keep for themselves: they show them to who reads, and refuse them to who
//! writes. A mirror leaves them alone unless it is told otherwise.

/// What the names of such refs begin with.
const HIDDEN: [&str; 14] = [
    // GitHub, Gitea, Forgejo: pull requests.
    "refs/pull/",
    // Bitbucket: pull requests.
    "refs/pull-requests/",
    // GitLab: merge requests, and what jobs and environments hold on to.
    "refs/merge-requests/",
    "refs/environments/",
    "refs/keep-around/",
    "refs/pipelines/",
    "refs/remote-mirrors/",
    "refs/tmp/",
    // Gerrit: changes and its own data.
    "refs/changes/",
    "refs/cache-automerge/",
    "refs/meta/",
    "refs/users/",
    "refs/starred-changes/",
    // Where a push makes a change rather than a ref: Gerrit, Gitea, Forgejo.
    "refs/for/",
];

/// Whether a forge keeps it for itself.
pub(crate) fn is_hidden(name: &str) -> bool {
    HIDDEN.iter().any(|prefix| name.starts_with(prefix))
}
