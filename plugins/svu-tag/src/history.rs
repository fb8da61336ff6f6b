//! The commits since the current version, in one pass: how many, the weightiest change
//! and the changelog. Nothing of a commit is kept but its line.

use crate::bindings::exports::sluice::plugin::step::Failure;
use crate::bindings::sluice::git::remote::Commit;
use crate::change::{Change, Rules};
use crate::changelog::Changelog;
use crate::config::Config;
use crate::failure;
use crate::grammar;
use crate::repository::{Repository, Tag};
use crate::world::World;

/// What happened since.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct History {
    /// Merges too.
    pub(crate) commits: u64,
    pub(crate) change: Change,
    /// Commits whose title does not fit the grammar; merges are not counted.
    pub(crate) unconventional: u64,
    pub(crate) changelog: Changelog,
    /// The highest of the tags that were passed over and are among the commits after all,
    /// by its place.
    pub(crate) met: Option<usize>,
    /// The commits lead back to the tag: it is on the branch.
    pub(crate) leads_to_tag: bool,
}

/// How many commits are read at once.
const AT_ONCE: u32 = 256;

impl History {
    /// Reads the commits on the branch that are not on the tag; all without a tag.
    ///
    /// Where clocks were wrong, git may leave a commit in a range that does not belong
    /// there, so that a tag seems to be off the branch. If it is met here, it is not.
    pub(crate) fn read<W: World>(
        world: &mut W,
        config: &Config,
        repository: &Repository,
        tag: Option<&Tag>,
        passed: &[Tag],
    ) -> Result<Self, Failure> {
        let mut history = Self {
            commits: 0,
            change: Change::Nothing,
            unconventional: 0,
            changelog: Changelog::default(),
            met: None,
            leads_to_tag: tag.is_some_and(|tag| tag.target == repository.head),
        };
        if history.leads_to_tag {
            return Ok(history);
        }
        let since = tag.map_or(String::new(), |tag| format!(" since `{}`", tag.name));
        let doing = format!("reading the commits of `{}`{since}", config.remote);
        world.progress(&doing);
        let wrong = |error| failure::of_error(error, &doing);
        let known: Vec<String> = tag.iter().map(|tag| tag.target.clone()).collect();
        let tips = [repository.head.clone()];
        let mut commits = world.log(&config.remote, &tips, &known).map_err(wrong)?;
        loop {
            let some = world.next(&mut commits, AT_ONCE).map_err(wrong)?;
            if some.is_empty() {
                return Ok(history);
            }
            for commit in &some {
                history.add(commit, config.rules);
                let met = passed.iter().position(|tag| tag.target == commit.id);
                history.met = history.met.into_iter().chain(met).min();
                let is_tag = |id: &String| known.contains(id);
                history.leads_to_tag |= commit.parents.iter().any(is_tag);
            }
            world.progress(&format!("{doing}: {}", history.commits));
        }
    }

    fn add(&mut self, commit: &Commit, rules: Rules) {
        self.commits += 1;
        let change = Change::of(&commit.message, rules);
        self.change = self.change.max(change);
        let is_merge = commit.parents.len() > 1;
        if !is_merge && grammar::read(&commit.message).is_none() {
            self.unconventional += 1;
        }
        // A merge that changes nothing by itself repeats what its commits say.
        if !is_merge || change != Change::Nothing {
            self.changelog.add(&commit.id, &commit.message, change);
        }
    }
}
