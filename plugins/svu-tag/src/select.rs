//! Which tag is the current version: of those that match, the highest in git's order.

use std::collections::BTreeSet;

use crate::bindings::exports::sluice::plugin::step::{Failure, FailureKind};
use crate::bindings::sluice::git::remote::Error;
use crate::bindings::sluice::plugin::log::Level;
use crate::config::{Config, Mode};
use crate::failure;
use crate::order;
use crate::repository::{Repository, Tag};
use crate::version::Version;
use crate::world::World;

/// What was chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Selected {
    /// `None` where no tag counts.
    pub(crate) tag: Option<Tag>,
    /// Higher ones that are not on the branch, the highest first.
    pub(crate) passed: Vec<Tag>,
}

/// How many commits of a range are read at once.
const AT_ONCE: u32 = 256;

/// Chooses among the tags of the repository.
pub(crate) fn select<W: World>(
    world: &mut W,
    config: &Config,
    repository: &Repository,
) -> Result<Selected, Failure> {
    let mut tags: Vec<&Tag> = repository.tags.iter().collect();
    tags.sort_by(|one, other| order::compare(&other.name, &one.name));
    if let Some((pattern, _)) = &config.pattern {
        tags.retain(|tag| pattern.matches(&tag.name));
    }
    let chosen = match config.mode {
        Mode::All => 0,
        Mode::Current => highest_on_branch(world, config, repository, &tags)?,
    };
    Ok(Selected {
        tag: tags.get(chosen).copied().cloned(),
        passed: tags[..chosen].iter().copied().cloned().collect(),
    })
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

/// The place of the first tag that can be reached from the branch's head; their number
/// where none can.
///
/// A tag that cannot is in the range from the head to the tags, so that this range, which
/// is short, tells them apart and not the whole history. The highest is asked for alone:
/// nearly always it is the answer.
fn highest_on_branch<W: World>(
    world: &mut W,
    config: &Config,
    repository: &Repository,
    tags: &[&Tag],
) -> Result<usize, Failure> {
    let (mut at, mut size) = (0, 1);
    while at < tags.len() {
        let some = &tags[at..tags.len().min(at + size)];
        let on = on_branch(world, config, repository, some)?;
        if let Some(found) = on.iter().position(|&on| on) {
            return Ok(at + found);
        }
        at += some.len();
        size *= 8;
    }
    Ok(tags.len())
}

/// Of each tag, whether the branch's head leads to it.
fn on_branch<W: World>(
    world: &mut W,
    config: &Config,
    repository: &Repository,
    tags: &[&Tag],
) -> Result<Vec<bool>, Failure> {
    match beyond(world, config, repository, tags) {
        Ok(beyond) => Ok(tags
            .iter()
            .map(|tag| !beyond.contains(&tag.target))
            .collect()),
        // A tag of a file or a folder is on no branch: which of them is one?
        Err(Error::Invalid(_) | Error::NotFound(_) | Error::Unsupported(_)) if tags.len() > 1 => {
            let each = tags
                .iter()
                .map(|&tag| on_branch(world, config, repository, &[tag]));
            Ok(each.collect::<Result<Vec<_>, _>>()?.concat())
        }
        Err(Error::Invalid(why)) => {
            let name = &tags[0].name;
            world.tell(
                Level::Debug,
                &format!("the tag `{name}` is of no commit: {why}"),
            );
            Ok(vec![false])
        }
        Err(error) => {
            let doing = format!(
                "looking for tags on `{}` of `{}`",
                repository.branch, config.remote
            );
            Err(failure::of_error(error, &doing))
        }
    }
}

/// Of the tags' targets those that the branch's head does not lead to.
fn beyond<W: World>(
    world: &mut W,
    config: &Config,
    repository: &Repository,
    tags: &[&Tag],
) -> Result<BTreeSet<String>, Error> {
    world.progress(&format!("looking for tags on `{}`", repository.branch));
    let mut wanted: BTreeSet<&str> = tags.iter().map(|tag| tag.target.as_str()).collect();
    wanted.remove(repository.head.as_str());
    let mut beyond = BTreeSet::new();
    if wanted.is_empty() {
        return Ok(beyond);
    }
    let include: Vec<String> = wanted.iter().map(|&id| id.to_owned()).collect();
    let exclude = [repository.head.clone()];
    let mut commits = world.log(&config.remote, &include, &exclude)?;
    while beyond.len() < wanted.len() {
        let some = world.next(&mut commits, AT_ONCE)?;
        if some.is_empty() {
            break;
        }
        let found = some.into_iter().map(|commit| commit.id);
        beyond.extend(found.filter(|id| wanted.contains(id.as_str())));
    }
    Ok(beyond)
}
