//! What the remote has, as one reading of its refs shows it: the branch's head, and tags.

use crate::bindings::exports::sluice::plugin::step::{Failure, FailureKind};
use crate::config::Config;
use crate::failure;
use crate::world::World;

const TAGS: &str = "refs/tags/";
const HEADS: &str = "refs/heads/";

/// The refs that matter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Repository {
    /// The branch's head, a commit's id.
    pub(crate) head: String,
    /// Without `refs/heads/`; `HEAD` where it stands for none.
    pub(crate) branch: String,
    pub(crate) tags: Vec<Tag>,
}

/// A tag, annotated or not.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tag {
    /// Without `refs/tags/`.
    pub(crate) name: String,
    /// What it points to: its own object, where it is annotated.
    pub(crate) id: String,
    /// What it finally points to: nearly always a commit.
    pub(crate) target: String,
}

impl Repository {
    /// Reads the refs of the remote.
    pub(crate) fn read<W: World>(world: &mut W, config: &Config) -> Result<Self, Failure> {
        let remote = &config.remote;
        world.progress(&format!("reading the refs of `{remote}`"));
        let head = config.branch.as_deref().unwrap_or("HEAD");
        let refs = world
            .list_refs(remote, &[head.to_owned(), TAGS.to_owned()])
            .map_err(|error| {
                failure::of_error(error, &format!("reading the refs of `{remote}`"))
            })?;
        // A prefix also finds what is longer.
        let Some(found) = refs.iter().find(|entry| entry.name == head) else {
            return Err(no_head(config));
        };
        let branch = found.symref.as_deref().unwrap_or(head);
        let tags = refs.iter().filter_map(|entry| {
            let name = entry.name.strip_prefix(TAGS)?.to_owned();
            let id = entry.id.clone();
            let target = entry.peeled.as_ref().unwrap_or(&id).clone();
            Some(Tag { name, id, target })
        });
        Ok(Self {
            head: found.id.clone(),
            branch: branch.strip_prefix(HEADS).unwrap_or(branch).to_owned(),
            tags: tags.collect(),
        })
    }

    pub(crate) fn tag(&self, name: &str) -> Option<&Tag> {
        self.tags.iter().find(|tag| tag.name == name)
    }
}

fn no_head(config: &Config) -> Failure {
    let remote = &config.remote;
    match config
        .branch
        .as_deref()
        .and_then(|name| name.strip_prefix(HEADS))
    {
        Some(branch) => failure::of(
            FailureKind::Configuration,
            format!("`with.branch`: `{remote}` has no branch `{branch}`"),
        ),
        None => failure::of(
            FailureKind::Failed,
            format!("`{remote}` has no commits yet, or no default branch; `branch` names another"),
        ),
    }
}
