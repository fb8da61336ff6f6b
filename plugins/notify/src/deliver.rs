//! Telling every service, in order: what an answer means, when a message is sent again,
//! and what all that comes to. Knows HTTP and the clock only through [`World`].

use sluice_plugin_with::duration;

use crate::bindings::exports::sluice::plugin::step::{Failure, FailureKind};
use crate::config::{Config, Service, Target};
use crate::retry;
use crate::slack;
use crate::summary::{self, Summary};
use crate::url::Url;
use crate::webhook;

/// What is kept of an answer's body, in characters.
const SAID: usize = 200;

/// A service's answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The header `Retry-After`, as it came.
    pub(crate) retry_after: Option<String>,
    /// The beginning of the body.
    pub(crate) body: String,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Lost {
    /// The host refused to send it.
    Denied(String),
    /// It was not sent: no address, no connection.
    NotSent(String),
    /// It cannot be sent: the request or the other side's certificate is wrong.
    Invalid(String),
    /// It may have been sent, and its answer did not come.
    Unanswered(String),
}

/// What telling needs of the world.
pub(crate) trait World {
    /// Posts JSON.
    fn post(&mut self, url: &Url, body: &str) -> Result<Answer, Lost>;
    /// Milliseconds since the epoch; never goes back.
    fn now(&mut self) -> u64;
    /// Waits so many milliseconds.
    fn pause(&mut self, millis: u64);
    fn progress(&mut self, line: &str);
}

/// A message that a service took.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sent {
    pub(crate) service: Service,
    pub(crate) status: u16,
}

/// Tells every service; one that fails does not keep the next from hearing of it.
pub(crate) fn deliver<W: World>(
    world: &mut W,
    config: &Config,
    summary: &Summary,
) -> Result<Vec<Sent>, Failure> {
    let until = world.now().saturating_add(config.patience);
    let mut sent = Vec::new();
    let mut failures = Vec::new();
    for target in &config.targets {
        let body = match target.service {
            Service::Slack => slack::render(summary),
            Service::Webhook => webhook::render(summary),
        };
        match tell(world, target, &body.to_string(), until) {
            Ok(status) => sent.push(Sent {
                service: target.service,
                status,
            }),
            Err(failure) => failures.push(failure),
        }
    }
    match joined(failures, &sent) {
        None => Ok(sent),
        Some(failure) => Err(failure),
    }
}

/// One message, sent again for as long as the service asks to wait and patience lasts.
fn tell<W: World>(world: &mut W, target: &Target, body: &str, until: u64) -> Result<u16, Failure> {
    let name = target.service.name();
    world.progress(&format!("telling {name}"));
    loop {
        let answer = world
            .post(&target.url, body)
            .map_err(|lost| no_answer(target, lost))?;
        match answer.status {
            200..=299 => return Ok(answer.status),
            429 | 503 => {
                let now = world.now();
                let header = answer.retry_after.as_deref();
                let wait = header.and_then(|header| retry::after(header, now));
                match wait {
                    Some(wait) if now.saturating_add(wait) <= until => {
                        let asked = duration::format(wait);
                        world.progress(&format!("{name} asks to wait {asked}"));
                        world.pause(wait);
                    }
                    _ => return Err(busy(target, &answer, wait)),
                }
            }
            _ => return Err(refused(target, &answer)),
        }
    }
}

fn busy(target: &Target, answer: &Answer, wait: Option<u64>) -> Failure {
    let asked = match wait {
        Some(wait) => format!(
            "asks to wait {}, longer than `patience` lasts",
            duration::format(wait)
        ),
        None => "does not say how long to wait".to_owned(),
    };
    Failure {
        retry_after: wait,
        ..failure(
            FailureKind::Unavailable,
            format!("{} and {asked}", answered(target, answer)),
        )
    }
}

fn refused(target: &Target, answer: &Answer) -> Failure {
    let way_out = match answer.status {
        300..=399 => "redirects are not followed; write the address that it leads to",
        400..=499 => "look at the address and at what the service accepts",
        _ => "look at the service",
    };
    failure(
        FailureKind::Failed,
        format!("{}\n{way_out}", answered(target, answer)),
    )
}

fn answered(target: &Target, answer: &Answer) -> String {
    let said = summary::clean(&answer.body, SAID).replace('\n', " ");
    let answered = format!("{} answered {}", place(target), answer.status);
    if said.is_empty() {
        answered
    } else {
        format!("{answered}: {said}")
    }
}

fn no_answer(target: &Target, lost: Lost) -> Failure {
    let place = place(target);
    match lost {
        Lost::Denied(why) => failure(
            FailureKind::Denied,
            format!(
                "the request to {place} was refused: {why}\n\
                 to permit it, add that host to the step's `permissions.http`"
            ),
        ),
        Lost::NotSent(why) => failure(
            FailureKind::Unavailable,
            format!("{place} could not be reached: {why}"),
        ),
        Lost::Invalid(why) => failure(
            FailureKind::Failed,
            format!("the request to {place} cannot be sent: {why}"),
        ),
        Lost::Unanswered(why) => failure(
            FailureKind::Unknown,
            format!("{place} did not answer: {why}; the message may have arrived"),
        ),
    }
}

/// All failures as one, of the gravest kind; `None` without any.
fn joined(failures: Vec<Failure>, sent: &[Sent]) -> Option<Failure> {
    let messages: Vec<_> = failures
        .iter()
        .map(|failure| failure.message.clone())
        .collect();
    let mut failure = failures
        .into_iter()
        .min_by_key(|failure| match failure.kind {
            FailureKind::Unknown => 0,
            FailureKind::Denied => 1,
            FailureKind::Failed => 2,
            _ => 3,
        })?;
    failure.message = messages.join("\n");
    if let Some(sent) = sent.first() {
        failure.message = format!("{}\n`{}` was told", failure.message, sent.service.name());
        // A repetition would tell it twice.
        if failure.kind == FailureKind::Unavailable {
            failure.kind = FailureKind::Failed;
            failure.retry_after = None;
        }
    }
    Some(failure)
}

/// ``slack` at `hooks.slack.com` ``: the rest of an address is often a secret.
fn place(target: &Target) -> String {
    format!("`{}` at `{}`", target.service.name(), target.url.authority)
}

/// A failure without details.
pub(crate) fn failure(kind: FailureKind, message: String) -> Failure {
    Failure {
        kind,
        message,
        retry_after: None,
        details: "{}".to_owned(),
    }
}

#[cfg(test)]
mod tests;
