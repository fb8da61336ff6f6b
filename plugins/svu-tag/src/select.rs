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

/// The version that the next one follows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Current {
    /// `None` where there is no tag.
    pub(crate) tag: Option<Tag>,
    pub(crate) version: Version,
}

/// How many commits of a range are read at once.
const AT_ONCE: u32 = 256;

/// Chooses among the tags of the repository.
pub(crate) fn current<W: World>(
    world: &mut W,
    config: &Config,
    repository: &Repository,
) -> Result<Current, Failure> {
    let mut tags: Vec<&Tag> = repository.tags.iter().collect();
    tags.sort_by(|one, other| order::compare(&other.name, &one.name));
    if let Some((pattern, _)) = &config.pattern {
        tags.retain(|tag| pattern.matches(&tag.name));
    }
    let tag = match config.mode {
        Mode::All => tags.first().copied(),
        Mode::Current => highest_on_branch(world, config, repository, &tags)?,
    };
    let Some(tag) = tag else {
        return none(config);
    };
    let text = tag.name.strip_prefix(&config.prefix).unwrap_or(&tag.name);
    let version = Version::read(text).map_err(|wrong| no_version(config, tag, &wrong))?;
    Ok(Current {
        tag: Some(tag.clone()),
        version,
    })
}

fn none(config: &Config) -> Result<Current, Failure> {
    match &config.pattern {
        // svu's list of tags ends with an empty name.
        Some((pattern, text)) if !pattern.matches("") => Err(failure::of(
            FailureKind::Failed,
            format!(
                "no tag of `{}` matches `{text}`; without `pattern` the first version is counted \
                 from 0.0.0",
                place(config)
            ),
        )),
        _ => Ok(Current {
            tag: None,
            version: Version::default(),
        }),
    }
}

fn no_version(config: &Config, tag: &Tag, wrong: &str) -> Failure {
    let name = &tag.name;
    let which = if config.pattern.is_some() {
        "of the tags that match `pattern` the highest counts, also where it is no version"
    } else {
        "the highest tag counts, also where it is no version; `pattern` chooses among them, as \
         in `pattern: 'v*'`"
    };
    failure::of(
        FailureKind::Failed,
        format!(
            "the tag `{name}` of `{}` is no version: {wrong}\n{which}",
            place(config)
        ),
    )
}

fn place(config: &Config) -> &str {
    &config.remote
}

/// The first of the tags that can be reached from the branch's head.
///
/// A tag that cannot is in the range from the head to the tags, so that this range, which
/// is short, tells them apart and not the whole history. The highest is asked for alone:
/// nearly always it is the answer.
fn highest_on_branch<'r, W: World>(
    world: &mut W,
    config: &Config,
    repository: &Repository,
    tags: &[&'r Tag],
) -> Result<Option<&'r Tag>, Failure> {
    let mut rest = tags;
    let mut size = 1;
    while !rest.is_empty() {
        let (some, others) = rest.split_at(size.min(rest.len()));
        let found = on_branch(world, config, repository, some)?;
        if let Some(tag) = some
            .iter()
            .zip(found)
            .find_map(|(tag, on)| on.then_some(*tag))
        {
            return Ok(Some(tag));
        }
        rest = others;
        size *= 8;
    }
    Ok(None)
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
