//! The built-in plugin `notify`: tells a chat, a phone or a webhook how the run went, or
//! that it begins. This file adapts the contract. `summary` sums the run up, `message`
//! and `template` put it into words, each `service` writes them in its own form,
//! `deliver` decides what to send and `send` speaks HTTP. Permissions, addresses and
//! secrets are the host's.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::bindings::exports::sluice::plugin::step::{Context, Failure, FailureKind, Guest};
use crate::bindings::sluice::plugin::{log, needs};
use crate::config::Config;
use crate::deliver::{Lost, Telling, World, failure};
use crate::message::Message;
use crate::service::Request;
use crate::summary::{Outcome, Summary, Told};

mod answer;
mod bindings;
mod config;
mod deliver;
mod handle;
mod message;
mod retry;
mod send;
mod service;
mod summary;
mod template;
#[cfg(test)]
mod testing;
mod text;
mod url;

/// What is kept of the attempt's time for ending in order, in milliseconds.
const MARGIN: u64 = 1_000;

/// The component. Public since a native build, which the tests are, exports nothing.
#[derive(Debug)]
pub struct Notify;

impl Guest for Notify {
    fn describe() -> String {
        include_str!("description.json").to_owned()
    }

    fn run(context: Context, config: String) -> Result<String, Failure> {
        let wrong = |problem| failure(FailureKind::Configuration, problem);
        let config = Config::read(&config).map_err(wrong)?;
        let patience = patience(&config, &context);
        let steps = needs::steps();
        let summary = Summary::of(&Told { context, steps }, &config);
        let message = Message::of(&summary, &config).map_err(wrong)?;
        let service = config.service.as_ref();
        let update = config.handle(&summary).map_err(wrong)?;
        if let Some(why) = config.silence(update, summary.outcome, previous) {
            log::log(log::Level::Info, &why, &[]);
            let quiet = json!({
                "service": service.name(), "sent": false, "updated": false, "message": "",
            });
            return Ok(text::as_json(&quiet));
        }
        let telling = Telling {
            service,
            message: &message,
            update,
            patience,
        };
        let sent = deliver::deliver(&mut Host::new(), &telling)?;
        let outputs = json!({
            "service": service.name(),
            "sent": true,
            "updated": sent.updated,
            "status": sent.status,
            "message": sent.handle,
        });
        Ok(text::as_json(&outputs))
    }
}

/// As long as the author says, and never longer than the attempt lasts.
fn patience(config: &Config, context: &Context) -> u64 {
    let details: Value = serde_json::from_str(&context.details).unwrap_or_default();
    let left = details["timeout"].as_u64().unwrap_or(u64::MAX);
    config.patience.min(left.saturating_sub(MARGIN))
}

/// How the pipeline's last run ended; where that is not known, says so.
fn previous() -> Option<Outcome> {
    let previous = needs::previous();
    if previous.is_none() {
        let line = "`on` is `change`, and no earlier run of this pipeline is known here";
        log::log(log::Level::Info, line, &[]);
    }
    previous.map(|previous| Outcome::of(&previous.outcome))
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
    fn send(&mut self, request: &Request) -> Result<Answer, Lost> {
        send::send(request)
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

    fn warn(&mut self, line: &str) {
        log::log(log::Level::Warn, line, &[]);
    }
}

#[cfg(test)]
mod description_tests;
