//! The built-in plugin `svu-tag`: the next version by what the commits since the last tag
//! say, as svu 3 counts, and its tag on the remote. This file adapts the contract; `tag`
//! has the order of things, `select` and `next` decide. The remote's address, its
//! credentials and git's protocol are the host's.

use crate::bindings::exports::sluice::plugin::step::{Context, Failure, FailureKind, Guest};
use crate::bindings::sluice::git::remote::{
    self, Annotation, Commit, Commits, Effect, Error, RefEntry,
};
use crate::bindings::sluice::plugin::log;
use crate::config::Config;
use crate::world::World;

mod bindings;
mod change;
mod changelog;
mod config;
mod failure;
mod grammar;
mod history;
mod markdown;
mod next;
mod order;
mod outputs;
mod pattern;
mod refname;
mod repository;
mod select;
mod tag;
mod version;
mod world;

/// The component. Public since a native build, which the tests are, exports nothing.
#[derive(Debug)]
pub struct SvuTag;

impl Guest for SvuTag {
    fn describe() -> String {
        include_str!("description.json").to_owned()
    }

    fn run(context: Context, config: String) -> Result<String, Failure> {
        let config = Config::read(&config)
            .map_err(|wrong| failure::of(FailureKind::Configuration, wrong))?;
        let outputs = tag::tag(&mut Host, &config, context.attempt)?;
        Ok(outputs.to_json())
    }
}

/// The host.
struct Host;

impl World for Host {
    type Commits = Commits;

    fn list_refs(&mut self, remote: &str, prefixes: &[String]) -> Result<Vec<RefEntry>, Error> {
        remote::list_refs(remote, prefixes)
    }

    fn log(&mut self, remote: &str, tips: &[String], known: &[String]) -> Result<Commits, Error> {
        remote::log(remote, tips, known)
    }

    fn next(&mut self, commits: &mut Commits, at_most: u32) -> Result<Vec<Commit>, Error> {
        commits.next(at_most)
    }

    fn create_ref(
        &mut self,
        remote: &str,
        name: &str,
        target: &str,
        annotation: Option<&Annotation>,
    ) -> Result<Effect, Error> {
        remote::create_ref(remote, name, target, annotation)
    }

    fn tell(&mut self, level: log::Level, line: &str) {
        log::log(level, line, &[]);
    }

    fn progress(&mut self, line: &str) {
        log::progress(line);
    }
}

#[cfg(test)]
mod agreement_tests;
#[cfg(test)]
mod description_tests;
#[cfg(test)]
mod histories;
#[cfg(test)]
mod model;
#[cfg(test)]
mod rules_tests;
#[cfg(test)]
mod testing;
