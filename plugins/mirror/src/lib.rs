//! The built-in plugin `mirror`: makes the refs of one remote those of another, for given
//! patterns. This file adapts the contract; `compare` decides what is to be done, `mirror`
//! has the order of things, `report` says what became of it. Addresses, credentials, git's
//! protocol and whether a ref moves forward are the host's.

use crate::bindings::exports::sluice::plugin::step::{Context, Failure, FailureKind, Guest};
use crate::bindings::sluice::git::remote::{self, Error, RefEntry, RefUpdate, Relayed};
use crate::bindings::sluice::plugin::log;
use crate::config::Config;
use crate::world::World;

mod bindings;
mod compare;
mod config;
mod failure;
mod hidden;
mod mirror;
mod pattern;
mod report;
mod world;

/// The component. Public since a native build, which the tests are, exports nothing.
#[derive(Debug)]
pub struct Mirror;

impl Guest for Mirror {
    fn describe() -> String {
        include_str!("description.json").to_owned()
    }

    fn run(_: Context, config: String) -> Result<String, Failure> {
        let config = Config::read(&config)
            .map_err(|wrong| failure::of(FailureKind::Configuration, wrong))?;
        mirror::mirror(&mut Host, &config)
    }
}

/// The host.
struct Host;

impl World for Host {
    fn list_refs(&mut self, remote: &str, prefixes: &[String]) -> Result<Vec<RefEntry>, Error> {
        remote::list_refs(remote, prefixes)
    }

    fn relay(
        &mut self,
        from: &str,
        to: &str,
        updates: &[RefUpdate],
        atomic: bool,
    ) -> Result<Vec<Result<Relayed, Error>>, Error> {
        remote::relay(from, to, updates, atomic)
    }

    fn tell(&mut self, level: log::Level, line: &str) {
        log::log(level, line, &[]);
    }

    fn progress(&mut self, line: &str) {
        log::progress(line);
    }
}

#[cfg(test)]
mod description_tests;
#[cfg(test)]
mod testing;
