//! The built-in plugin `notify`: tells Slack or a plain webhook how the run went, from
//! one typed summary. This file adapts the contract; `summary` sums up, `slack` and
//! `webhook` render, `deliver` decides what an answer means and `post` speaks HTTP.
//! Permissions, addresses and secrets are the host's.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::bindings::exports::sluice::plugin::step::{Context, Failure, FailureKind, Guest};
use crate::bindings::sluice::plugin::{log, needs};
use crate::config::Config;
use crate::deliver::{Answer, Lost, World};
use crate::summary::{Summary, Told};
use crate::url::Url;

mod bindings;
mod config;
mod deliver;
mod post;
mod retry;
mod slack;
mod summary;
#[cfg(test)]
mod testing;
mod url;
mod webhook;

/// The component. Public since a native build, which the tests are, exports nothing.
#[derive(Debug)]
pub struct Notify;

impl Guest for Notify {
    fn describe() -> String {
        include_str!("description.json").to_owned()
    }

    fn run(context: Context, config: String) -> Result<String, Failure> {
        let config = Config::read(&config)
            .map_err(|problem| deliver::failure(FailureKind::Configuration, problem))?;
        let steps = needs::steps();
        let summary = Summary::of(&Told { context, steps }, &config);
        let sent = deliver::deliver(&mut Host::new(), &config, &summary)?;
        let sent: Vec<Value> = sent
            .iter()
            .map(|sent| json!({ "service": sent.service.name(), "status": sent.status }))
            .collect();
        Ok(json!({ "sent": sent }).to_string())
    }
}

/// The host, and its clocks.
struct Host {
    /// The wall clock is read once: it may be set back in the middle of a wait.
    begun: SystemTime,
    since: Instant,
}

impl Host {
    fn new() -> Self {
        Self {
            begun: SystemTime::now(),
            since: Instant::now(),
        }
    }
}

impl World for Host {
    fn post(&mut self, url: &Url, body: &str) -> Result<Answer, Lost> {
        post::post(url, body)
    }

    fn now(&mut self) -> u64 {
        let now = self.begun + self.since.elapsed();
        let millis = now
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_millis();
        u64::try_from(millis).unwrap_or(u64::MAX)
    }

    fn pause(&mut self, millis: u64) {
        std::thread::sleep(Duration::from_millis(millis));
    }

    fn progress(&mut self, line: &str) {
        log::progress(line);
    }
}

#[cfg(test)]
mod description_tests;
