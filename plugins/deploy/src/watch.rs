//! A workload that is followed, with the facts that were seen last. A cluster that does not
//! answer is asked again until the time is over; what was seen before stays as it was.

use crate::bindings::exports::sluice::plugin::step::{Failure, FailureKind};
use crate::bindings::sluice::kube::apply::{ContainerImage, Error, Facts, News};
use crate::config::Config;
use crate::deploy::{World, warning};
use crate::failure;
use crate::rollback;

/// The pause before asking a cluster again that did not answer, in milliseconds: short
/// enough for a cancelled step to end in order.
const PAUSE: u64 = 1_000;

/// A follow of the host, opened when it is first needed and again when it breaks.
pub(crate) struct Watch<W: World> {
    uid: String,
    rollout: Option<W::Rollout>,
    pub(crate) facts: Option<Facts>,
    away: bool,
    said: String,
    /// Nothing was changed so far.
    before: bool,
}

impl<W: World> Watch<W> {
    /// Of the object with this uid; nothing is asked yet.
    pub(crate) fn new(uid: &str) -> Self {
        Self {
            uid: uid.to_owned(),
            rollout: None,
            facts: None,
            away: false,
            said: String::new(),
            before: false,
        }
    }

    /// Whether it follows the object with this uid.
    pub(crate) fn is_of(&self, uid: &str) -> bool {
        self.uid == uid
    }

    /// With the facts as they stand.
    pub(crate) fn open(world: &mut W, config: &Config, uid: &str) -> Result<Self, Failure> {
        let mut watch = Self::new(uid);
        watch.before = true;
        let end = world.now().saturating_add(config.patience.wait);
        while watch.facts.is_none() && world.now() < end {
            watch.wait(world, config, end, end)?;
        }
        watch.before = false;
        Ok(watch)
    }

    /// The images that run well now, where a rollback may need them.
    pub(crate) fn healthy(&self, config: &Config) -> Option<Vec<ContainerImage>> {
        let facts = self.facts.as_ref().filter(|_| config.rollback)?;
        rollback::healthy(facts, config)
    }

    /// Waits for news until a moment; a cluster that does not answer until `end` is a
    /// failure. Both in milliseconds since the epoch.
    pub(crate) fn wait(
        &mut self,
        world: &mut W,
        config: &Config,
        until: u64,
        end: u64,
    ) -> Result<(), Failure> {
        let title = failure::title(&config.workload);
        loop {
            let wait = until.saturating_sub(world.now());
            let news = match &mut self.rollout {
                Some(rollout) => world.next(rollout, wait),
                None => match world.follow(&config.workload, &self.uid) {
                    Ok(rollout) => {
                        self.rollout = Some(rollout);
                        continue;
                    }
                    Err(error) => Err(error),
                },
            };
            let why = match news {
                Ok(News::Change(change)) => {
                    self.away = false;
                    self.facts = Some(change);
                    return Ok(());
                }
                Ok(News::Quiet | News::Other(_)) => return Ok(()),
                Ok(News::Cancelled) | Err(Error::Cancelled) => return Err(self.cancelled(&title)),
                Err(Error::Unavailable(why) | Error::Unknown(why)) => why,
                Err(error) => {
                    return Err(failure::of_error(error, &format!("following `{title}`")));
                }
            };
            // The next watch begins with the facts as they stand.
            self.rollout = None;
            let now = world.now();
            if now >= end {
                return Err(failure::of(
                    FailureKind::Unavailable,
                    format!("following `{title}`: the cluster did not answer: {why}"),
                ));
            }
            let line = format!("the cluster does not answer: {why}");
            if !self.away {
                self.away = true;
                world.tell(&warning(line.clone()));
            }
            self.say(world, line);
            world.pause(PAUSE.min(end.saturating_sub(now)));
        }
    }

    /// Says what it does now, where that is news.
    pub(crate) fn say(&mut self, world: &mut W, line: String) {
        if line != self.said {
            world.progress(&line);
            self.said = line;
        }
    }

    fn cancelled(&self, title: &str) -> Failure {
        let message = if self.before {
            format!("cancelled before `{title}` was changed")
        } else {
            format!("cancelled while `{title}` was rolling out: that goes on in the cluster")
        };
        failure::of(FailureKind::Cancelled, message)
    }
}
