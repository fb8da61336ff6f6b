//! The order of things: both lists, what is to be done, the refs carried in one go. What has
//! moved in between is read and decided again.

use crate::bindings::exports::sluice::plugin::step::{Failure, FailureKind};
use crate::bindings::sluice::git::remote::{Error, RefUpdate};
use crate::bindings::sluice::plugin::log::Level;
use crate::compare::{Change, Compared};
use crate::config::Config;
use crate::failure;
use crate::report::{Report, first};
use crate::world::World;

/// How often others may be quicker.
const READINGS: u32 = 3;

/// Makes the target's refs those of the source; the outputs as JSON.
pub(crate) fn mirror<W: World>(world: &mut W, config: &Config) -> Result<String, Failure> {
    let mut report = Report::default();
    for left in (0..READINGS).rev() {
        let compared = compare(world, config)?;
        let known = |name: &String| report.has(name);
        report.unchanged = compared.same.iter().filter(|name| !known(name)).count();
        report.extra = compared.extra.len();
        let mut changes = compared.changes;
        changes.retain(|change| !report.has(&change.name));
        if changes.is_empty() || carry(world, config, changes, left == 0, &mut report)? {
            break;
        }
        world.tell(Level::Info, "refs have moved meanwhile, all is read again");
    }
    for line in report.lines() {
        world.tell(Level::Info, &line);
    }
    report.end(config)
}

fn compare<W: World>(world: &mut W, config: &Config) -> Result<Compared, Failure> {
    let prefixes = config.prefixes();
    let mut list = |remote: &str| {
        world.progress(&format!("reading the refs of `{remote}`"));
        let listed = world.list_refs(remote, &prefixes);
        listed.map_err(|error| failure::of_error(&error, &format!("reading `{remote}`")))
    };
    let (source, target) = (list(&config.from)?, list(&config.to)?);
    let compared = Compared::new(config, &source, &target);
    if let Some(limit) = config.prune
        && let Some(names) = compared.too_many_deletions(limit)
    {
        return Err(too_many(config, limit, &names, compared.there));
    }
    Ok(compared)
}

/// Carries the changes; `false` where some have to be decided again.
fn carry<W: World>(
    world: &mut W,
    config: &Config,
    changes: Vec<Change>,
    last: bool,
    report: &mut Report,
) -> Result<bool, Failure> {
    let Config { from, to, .. } = config;
    world.progress(&format!("carrying refs from `{from}` to `{to}`"));
    let updates = changes.iter().map(|change| RefUpdate {
        name: change.name.clone(),
        old: change.old.clone(),
        new: change.new.clone(),
        force: config.force,
    });
    let updates: Vec<_> = updates.collect();
    let relayed = world.relay(from, to, &updates, config.atomic);
    let ends = relayed.map_err(|error| {
        failure::of_error(&error, &format!("carrying refs from `{from}` to `{to}`"))
    })?;
    let has_moved = |end: &Result<_, _>| matches!(end, Err(Error::Conflict(_)));
    // Where it is all or none, the others wait for one that has moved; but not for one that
    // cannot be carried.
    let settled = config.atomic && ends.iter().any(|end| end.is_err() && !has_moved(end));
    let mut all = true;
    for (change, end) in changes.into_iter().zip(ends) {
        if has_moved(&end) && !last && !settled {
            all = false;
        } else {
            report.note(change, end);
        }
    }
    Ok(all)
}

/// How many names a refusal lists.
const NAMED: usize = 50;

fn too_many(config: &Config, limit: u64, names: &[&str], there: usize) -> Failure {
    let count = names.len();
    let names = names.iter().map(|name| (*name).to_owned());
    failure::of(
        FailureKind::Failed,
        format!(
            "`prune` would delete {count} of the {there} refs of `{}`, more than {limit} percent: \
             nothing is changed; if they are to go, `prune-limit` says how many percent may\n{}",
            config.to,
            first(NAMED, names).join("\n")
        ),
    )
}

#[cfg(test)]
mod tests;
