//! Which tag is the current version: of those that match, the highest in git's order.

use std::collections::BTreeSet;

use crate::bindings::exports::sluice::plugin::step::{Failure, FailureKind};
use crate::bindings::sluice::git::remote::Error;
use crate::config::{Config, Mode};
use crate::failure;
use crate::order;
use crate::repository::{Repository, Tag};
use crate::version::Version;
use crate::world::World;

/// How many commits of a range are read at once.
const AT_ONCE: u32 = 256;

/// The tags that count, the highest first.
pub(crate) fn candidates(config: &Config, repository: &Repository) -> Vec<Tag> {
    let mut tags = repository.tags.clone();
    tags.sort_by(|one, other| order::compare(&other.name, &one.name));
    if let Some((pattern, _)) = &config.pattern {
        tags.retain(|tag| pattern.matches(&tag.name));
    }
    tags
}

/// The place of the current one among them; their number where none is.
pub(crate) fn choose<W: World>(
    world: &mut W,
    config: &Config,
    repository: &Repository,
    tags: &[Tag],
) -> Result<usize, Failure> {
    match config.mode {
        Mode::All => Ok(0),
        Mode::Current => highest_on_branch(world, config, repository, tags),
    }
}

/// The version of the tag that was chosen; 0.0.0 without one.
pub(crate) fn version(config: &Config, tag: Option<&Tag>) -> Result<Version, Failure> {
    let remote = &config.remote;
    let failed = |message| Err(failure::of(FailureKind::Failed, message));
    match (tag, &config.pattern) {
        (Some(tag), _) => {
            let text = tag.name.strip_prefix(&config.prefix).unwrap_or(&tag.name);
            Version::read(text).or_else(|wrong| failed(no_version(config, tag, &wrong)))
        }
        // svu's list of tags ends with an empty name.
        (None, Some((pattern, text))) if !pattern.matches("") => failed(format!(
            "no tag of `{remote}` matches `{text}`; without `pattern` the first version is \
             counted from 0.0.0"
        )),
        (None, _) => Ok(Version::default()),
    }
}

fn no_version(config: &Config, tag: &Tag, wrong: &str) -> String {
    let which = if config.pattern.is_some() {
        "of the tags that match `pattern` the highest counts, also where it is no version"
    } else {
        "the highest tag counts, also where it is no version; `pattern` chooses among them, as \
         in `pattern: 'v*'`"
    };
    let (name, remote) = (&tag.name, &config.remote);
    format!("the tag `{name}` of `{remote}` is no version: {wrong}\n{which}")
}

/// The place of the first tag that can be reached from the branch's head.
///
/// A tag that cannot is in the range from the head to the tags, so that this range, which
/// is short, tells them apart and not the whole history. The highest is asked for alone:
/// nearly always it is the answer.
fn highest_on_branch<W: World>(
    world: &mut W,
    config: &Config,
    repository: &Repository,
    tags: &[Tag],
) -> Result<usize, Failure> {
    let Repository { head, branch, .. } = repository;
    let doing = format!("looking for tags on `{branch}` of `{}`", config.remote);
    let (mut at, mut size) = (0, 1);
    while at < tags.len() {
        world.progress(&doing);
        let some = &tags[at..tags.len().min(at + size)];
        let beyond =
            beyond(world, config, head, some).map_err(|error| failure::of_error(error, &doing))?;
        if let Some(found) = some.iter().position(|tag| !beyond.contains(&tag.target)) {
            return Ok(at + found);
        }
        at += some.len();
        size *= 8;
    }
    Ok(tags.len())
}

/// Of the tags' targets those that the head does not lead to.
fn beyond<W: World>(
    world: &mut W,
    config: &Config,
    head: &str,
    tags: &[Tag],
) -> Result<BTreeSet<String>, Error> {
    let off = tags.iter().filter(|tag| tag.target != head);
    let targets: BTreeSet<&str> = off.clone().map(|tag| tag.target.as_str()).collect();
    let mut beyond = BTreeSet::new();
    if targets.is_empty() {
        return Ok(beyond);
    }
    // By their own ids: old servers give only what they list.
    let tips: Vec<String> = off.map(|tag| tag.id.clone()).collect();
    let mut commits = world.log(&config.remote, &tips, &[head.to_owned()])?;
    while beyond.len() < targets.len() {
        let some = world.next(&mut commits, AT_ONCE)?;
        if some.is_empty() {
            break;
        }
        let found = some.into_iter().map(|commit| commit.id);
        beyond.extend(found.filter(|id| targets.contains(id.as_str())));
    }
    Ok(beyond)
}
