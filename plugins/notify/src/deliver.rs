//! Telling the service: one message, updated where there is one to update, and sent again
//! for as long as the service asks to wait. Knows HTTP and the clock only through
//! [`World`].

use sluice_plugin_with::duration;

use crate::answer::Answer;
use crate::bindings::exports::sluice::plugin::step::{Failure, FailureKind};
use crate::handle;
use crate::message::Message;
use crate::service::{Request, Service, Verdict};

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
    fn send(&mut self, request: &Request) -> Result<Answer, Lost>;
    /// Milliseconds since the epoch; never goes back.
    fn now(&mut self) -> u64;
    /// Waits so many milliseconds.
    fn pause(&mut self, millis: u64);
    fn progress(&mut self, line: &str);
    fn warn(&mut self, line: &str);
}

/// What is to be told, and for how long.
pub(crate) struct Telling<'a> {
    pub(crate) service: &'a dyn Service,
    pub(crate) message: &'a Message,
    /// The handle of the message to update.
    pub(crate) update: Option<&'a str>,
    /// How long a service that asks to wait is waited for in all, in milliseconds.
    pub(crate) patience: u64,
}

/// A message that the service has.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sent {
    pub(crate) status: u16,
    /// By which it can be updated; empty where it cannot.
    pub(crate) handle: String,
    /// It stands in the place of an earlier one.
    pub(crate) updated: bool,
}

/// Tells the service.
pub(crate) fn deliver<W: World>(world: &mut W, telling: &Telling<'_>) -> Result<Sent, Failure> {
    let Telling {
        service, message, ..
    } = *telling;
    let until = world.now().saturating_add(telling.patience);
    let wrong = |problem| failure(FailureKind::Configuration, problem);
    if let Some(update) = telling.update
        && let Some(request) = service.edit(message, update).map_err(wrong)?
    {
        world.progress(&format!("updating the message in {}", service.name()));
        match send(world, service, &request, until)? {
            (answer, Some(_)) => {
                return Ok(Sent {
                    status: answer.status,
                    handle: update.to_owned(),
                    updated: true,
                });
            }
            (answer, None) => world.warn(&format!(
                "the message cannot be updated, another one is posted: {}",
                answered(service, &answer)
            )),
        }
    }
    world.progress(&format!("telling {}", service.name()));
    match send(world, service, &service.post(message), until)? {
        (answer, Some(ids)) => Ok(Sent {
            status: answer.status,
            handle: handle::write(service.name(), &ids),
            updated: false,
        }),
        (answer, None) => Err(failure(FailureKind::Failed, answered(service, &answer))),
    }
}

/// One request, sent again for as long as the service asks to wait and patience lasts.
/// The ids of the message; `None` where there is none to update.
fn send<W: World>(
    world: &mut W,
    service: &dyn Service,
    request: &Request,
    until: u64,
) -> Result<(Answer, Option<Vec<String>>), Failure> {
    let name = service.name();
    loop {
        let answer = world
            .send(request)
            .map_err(|lost| no_answer(service, lost))?;
        let verdict = match answer.status {
            429 | 503 => Verdict::Busy,
            _ => service.judge(&answer),
        };
        match verdict {
            Verdict::Taken(ids) => return Ok((answer, Some(ids))),
            Verdict::Gone => return Ok((answer, None)),
            Verdict::Busy => {
                let now = world.now();
                match answer.wait(now) {
                    Some(wait) if now.saturating_add(wait) <= until => {
                        let asked = duration::format(wait);
                        world.progress(&format!("{name} asks to wait {asked}"));
                        world.pause(wait);
                    }
                    wait => return Err(busy(service, &answer, wait)),
                }
            }
            Verdict::Refused { denied, way_out } => {
                let kind = if denied {
                    FailureKind::Denied
                } else {
                    FailureKind::Failed
                };
                let message = format!("{}\n{way_out}", answered(service, &answer));
                return Err(failure(kind, message));
            }
        }
    }
}

fn busy(service: &dyn Service, answer: &Answer, wait: Option<u64>) -> Failure {
    let answered = answered(service, answer);
    let message = match wait {
        Some(wait) => format!(
            "{answered}\nit asks to wait {}, longer than this step waits: see its `patience` and \
             its `timeout`",
            duration::format(wait)
        ),
        None => format!(
            "{answered}\nit does not say how long to wait; `retry` lets the step be repeated"
        ),
    };
    Failure {
        retry_after: wait,
        ..failure(FailureKind::Unavailable, message)
    }
}

fn answered(service: &dyn Service, answer: &Answer) -> String {
    let said = answer.said();
    let answered = format!("{} answered {}", place(service), answer.status);
    if said.is_empty() {
        answered
    } else {
        format!("{answered}: {said}")
    }
}

fn no_answer(service: &dyn Service, lost: Lost) -> Failure {
    let place = place(service);
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

/// ``slack` at `hooks.slack.com` ``: the rest of an address is often a secret.
fn place(service: &dyn Service) -> String {
    format!("`{}` at `{}`", service.name(), service.url().authority)
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
