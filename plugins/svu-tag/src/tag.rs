//! The order of things: read the refs, choose the current version, read what came since,
//! count, create the tag. A tag is never moved: where somebody else was quicker, all is
//! read and decided again.

use crate::bindings::exports::sluice::plugin::step::{Failure, FailureKind};
use crate::bindings::sluice::git::remote::{self, Effect, Error};
use crate::bindings::sluice::plugin::log::Level;
use crate::change::Rules;
use crate::config::{Config, Mode};
use crate::failure;
use crate::history::History;
use crate::next::{Command, Next, next};
use crate::outputs::Outputs;
use crate::refname;
use crate::repository::{Repository, Tag};
use crate::select;
use crate::version::{Bump, Version};
use crate::world::World;

/// How often others may be quicker.
const READINGS: u32 = 5;

/// What one reading of the remote led to.
enum Decided {
    /// There is nothing to create.
    Stays(Outputs),
    /// A tag is to be created on the branch's head.
    Create { name: String, outputs: Outputs },
}

/// Decides on the next version and tags it. `attempt` is 1 for the first one.
pub(crate) fn tag<W: World>(
    world: &mut W,
    config: &Config,
    attempt: u32,
) -> Result<Outputs, Failure> {
    for _ in 0..READINGS {
        let (name, outputs) = match decide(world, config, attempt)? {
            Decided::Stays(outputs) => return Ok(outputs),
            Decided::Create { name, outputs } => (name, outputs),
        };
        let annotation = annotation(config, &outputs);
        world.progress(&format!("creating the tag `{}`", outputs.tag));
        let created = world.create_ref(&config.remote, &name, &outputs.commit, annotation.as_ref());
        match created {
            Ok(Effect::Done(_) | Effect::Planned | Effect::Other(_)) => return Ok(outputs),
            Err(Error::Conflict(why)) => world.tell(
                Level::Warn,
                &format!(
                    "`{}` is there meanwhile, all is read again: {why}",
                    outputs.tag
                ),
            ),
            Err(error) => {
                let doing = format!("creating `{name}` on `{}`", config.remote);
                return Err(failure::of_error(error, &doing));
            }
        }
    }
    Err(failure::of(
        FailureKind::Unavailable,
        format!(
            "others tag `{}` at the same time: {READINGS} times the next version was taken \
             before it could be created; `concurrency` keeps runs apart",
            config.remote
        ),
    ))
}

fn decide<W: World>(world: &mut W, config: &Config, attempt: u32) -> Result<Decided, Failure> {
    let repository = Repository::read(world, config)?;
    check_head(config, &repository)?;
    let (current, history) = read(world, config, &repository)?;
    let Next { version, bump } = next(&current.version, history.change, &config.options)
        .map_err(|wrong| failure::of(FailureKind::Configuration, wrong))?;
    warn_of_unconventional(world, config, &history);
    let outputs = |version: String, tag: String, bump: Bump, commit: &str| Outputs {
        version,
        tag,
        previous: current
            .tag
            .as_ref()
            .map(|tag| tag.name.clone())
            .unwrap_or_default(),
        bump,
        commits: history.commits,
        unchanged: false,
        commit: commit.to_owned(),
        changelog: history.changelog.text(),
    };
    let stays = |bump| {
        let tag = current.tag.as_ref();
        Decided::Stays(Outputs {
            unchanged: true,
            ..outputs(
                current.version.to_string(),
                tag.map(|tag| tag.name.clone()).unwrap_or_default(),
                bump,
                tag.map_or("", |tag| &tag.target),
            )
        })
    };
    if config.options.command == Command::Current || version == current.version {
        tell(world, &current, None, &history);
        return Ok(stays(Bump::None));
    }
    if attempt > 1 && config.options.counts_anyway() && is_at_head(&current, &repository) {
        world.tell(
            Level::Warn,
            "the head has a tag, which the attempt before this one may have created: it stays",
        );
        return Ok(stays(Bump::None));
    }
    let version = version.to_string();
    let name = config.tag_ref(&version);
    refname::check(&name).map_err(|wrong| failure::of(FailureKind::Configuration, wrong))?;
    let tag = format!("{}{version}", config.prefix);
    let mut outputs = outputs(version, tag, bump, &repository.head);
    if let Some(there) = repository.tag(&outputs.tag) {
        if there.target != repository.head && bump != Bump::None {
            return Err(taken(config, &repository, &outputs.tag, &there.target));
        }
        outputs.commit.clone_from(&there.target);
        outputs.unchanged = true;
        tell(world, &current, None, &history);
        return Ok(Decided::Stays(outputs));
    }
    tell(world, &current, Some(&outputs.tag), &history);
    Ok(Decided::Create { name, outputs })
}

/// The version that the next one follows, and what came since.
struct Current {
    /// `None` where there is no tag.
    tag: Option<Tag>,
    version: Version,
}

fn read<W: World>(
    world: &mut W,
    config: &Config,
    repository: &Repository,
) -> Result<(Current, History), Failure> {
    let mut tags = select::candidates(config, repository);
    let mut chosen = select::choose(world, config, repository, &tags)?;
    if tags.is_empty() {
        // There is no need to read it all for saying that nothing matches.
        select::version(config, None)?;
    }
    loop {
        let (passed, rest) = tags.split_at(chosen);
        let tag = rest.first();
        let history = History::read(world, config, repository, tag, passed)?;
        if let Some(met) = history.met {
            chosen = met;
        } else if config.mode == Mode::Current && tag.is_some() && !history.leads_to_tag {
            // Nothing lies between the branch and the tag of a file or a folder either.
            tags.remove(chosen);
            chosen = select::choose(world, config, repository, &tags)?;
        } else {
            let version = select::version(config, tag)?;
            let tag = tag.cloned();
            return Ok((Current { tag, version }, history));
        }
    }
}

fn is_at_head(current: &Current, repository: &Repository) -> bool {
    let tag = current.tag.as_ref();
    tag.is_some_and(|tag| tag.target == repository.head)
}

/// Refuses to tag another commit than the one that was asked for.
fn check_head(config: &Config, repository: &Repository) -> Result<(), Failure> {
    let Repository { head, branch, .. } = repository;
    match &config.commit {
        Some(wanted) if wanted != head => Err(failure::of(
            FailureKind::Failed,
            format!(
                "the head of `{branch}` is {head}, and `with.commit` asks for {wanted}: nothing \
                 is tagged"
            ),
        )),
        _ => Ok(()),
    }
}

fn taken(config: &Config, repository: &Repository, tag: &str, target: &str) -> Failure {
    let Repository { head, branch, .. } = repository;
    failure::of(
        FailureKind::Failed,
        format!(
            "the next version is `{tag}`, and `{}` has a tag of that name on {target}, while the \
             head of `{branch}` is {head}: it is not moved\n`mode: all` counts on from the \
             highest tag of all branches, another `prefix` or `pattern` keeps the tags of two \
             branches apart",
            config.remote
        ),
    )
}

/// Says what was decided: in a dry run this and the plan is all there is to see.
fn tell<W: World>(world: &mut W, current: &Current, created: Option<&str>, history: &History) {
    let previous = current
        .tag
        .as_ref()
        .map_or("no tag", |tag| tag.name.as_str());
    let commits = match history.commits {
        1 => "1 commit".to_owned(),
        count => format!("{count} commits"),
    };
    let line = match created {
        Some(tag) => format!("{previous} → {tag}, {commits}"),
        None => format!("{previous} stays, {commits}"),
    };
    world.tell(Level::Info, &line);
}

fn warn_of_unconventional<W: World>(world: &mut W, config: &Config, history: &History) {
    let (some, all) = (history.unconventional, history.commits);
    if config.rules == Rules::Strict && some > 0 {
        let line =
            format!("{some} of {all} commits are no conventional commits, and count for nothing");
        world.tell(Level::Warn, &line);
    }
}

fn annotation(config: &Config, outputs: &Outputs) -> Option<remote::Annotation> {
    let annotation = config.annotation.as_ref()?;
    let message = match &annotation.message {
        Some(message) => message.clone(),
        None => format!("{}\n\n{}", outputs.tag, outputs.changelog),
    };
    Some(remote::Annotation {
        tagger_name: annotation.name.clone(),
        tagger_email: annotation.email.clone(),
        message,
    })
}

#[cfg(test)]
mod tests;
