//! The whole of a deploy in its order: read, prepare, set the images, follow until the
//! judge has a verdict. It knows the cluster and the clock only through [`World`].

use crate::bindings::exports::sluice::plugin::step::{Failure, FailureKind};
use crate::bindings::sluice::kube::apply::{
    Effect, Error, Facts, ImageChange, News, Object, Workload,
};
use crate::bindings::sluice::plugin::log::Level;
use crate::config::Config;
use crate::failure;
use crate::judge::{Aim, Judge, Judgement, Success, Verdict};
use crate::outputs::Outputs;
use crate::prepare::{self, Prepared};
use crate::wording::Notice;

/// How often an object that others change meanwhile is read anew before giving up.
const ATTEMPTS: u32 = 4;
/// The pause before asking a cluster again that did not answer, in milliseconds: short
/// enough for a cancelled step to end in order.
const PAUSE: u64 = 1_000;

/// What a deploy needs of the world: the host's calls, the time and a way to speak.
pub(crate) trait World {
    /// A workload that is followed; dropping it ends the watch.
    type Rollout;

    fn get(&mut self, workload: &Workload) -> Result<Object, Error>;
    fn set_images(
        &mut self,
        workload: &Workload,
        uid: &str,
        changes: &[ImageChange],
    ) -> Result<Effect, Error>;
    fn follow(&mut self, workload: &Workload, uid: &str) -> Result<Self::Rollout, Error>;
    /// Waits for news, at most so many milliseconds.
    fn next(&mut self, rollout: &mut Self::Rollout, max_wait: u64) -> Result<News, Error>;
    /// Milliseconds since the epoch; never goes back.
    fn now(&mut self) -> u64;
    /// Waits so many milliseconds.
    fn pause(&mut self, millis: u64);
    fn tell(&mut self, notice: &Notice);
    fn progress(&mut self, line: &str);
}

/// Runs the step to its outputs or its failure.
pub(crate) fn deploy<W: World>(world: &mut W, config: &Config) -> Result<Outputs, Failure> {
    let start = world.now();
    let (object, prepared, effect) = change(world, config)?;
    let mut outputs = Outputs::before(config, &prepared);
    let generation = match effect {
        None => object.generation,
        Some(Effect::Done(generation)) => generation,
        Some(Effect::Planned) => {
            outputs.pods = object.replicas;
            outputs.note = Some("planned: nothing was changed, nothing could be watched".into());
            return Ok(outputs);
        }
        Some(Effect::Other(state)) => {
            return Err(failure::of(
                FailureKind::Unknown,
                format!(
                    "setting images of `{}`: the host says `{state}`, which this version of \
                     the plugin does not know",
                    outputs.workload
                ),
            ));
        }
    };
    let aim = Aim {
        workload: config.workload.clone(),
        uid: object.uid,
        generation,
        images: config.images.clone(),
    };
    let success = follow(world, config, aim)?;
    outputs.verified = success.doubt.is_none();
    outputs.revision = success.revision;
    outputs.pods = success.pods;
    outputs.duration = world.now().saturating_sub(start);
    if let Some(doubt) = &success.doubt {
        world.tell(&warning(format!("not verified: {doubt}")));
    }
    outputs.note = success.doubt;
    Ok(outputs)
}

/// Sets what is to be set. No effect means that all images were set already.
fn change<W: World>(
    world: &mut W,
    config: &Config,
) -> Result<(Object, Prepared, Option<Effect>), Failure> {
    let workload = &config.workload;
    let title = failure::title(workload);
    let mut before: Option<Prepared> = None;
    for _ in 0..ATTEMPTS {
        world.progress(&format!("reading {title}"));
        let object = world
            .get(workload)
            .map_err(|error| failure::of_error(error, &format!("reading `{title}`")))?;
        let prepared = prepare::prepare(&object, config)?;
        if let Some(before) = &before
            && before.previous != prepared.previous
        {
            return Err(failure::of(
                FailureKind::Failed,
                format!(
                    "`{title}` was given {} while this step was about to set {}: \
                     somebody else deploys it too",
                    failure::list(&prepared.previous),
                    failure::list(&config.images)
                ),
            ));
        }
        if prepared.changes.is_empty() {
            let images = failure::list(&config.images);
            world.tell(&Notice {
                level: Level::Info,
                message: format!("`{title}` has {images} already: nothing to set"),
                fields: Vec::new(),
            });
            return Ok((object, prepared, None));
        }
        for notice in &prepared.notices {
            world.tell(notice);
        }
        world.progress(&format!("setting {}", failure::list(&config.images)));
        match world.set_images(workload, &object.uid, &prepared.changes) {
            Ok(effect) => return Ok((object, prepared, Some(effect))),
            Err(Error::Conflict(_)) => before = Some(prepared),
            Err(error) => {
                let doing = format!("setting images of `{title}`");
                return Err(failure::of_error(error, &doing));
            }
        }
    }
    Err(failure::of(
        FailureKind::Unavailable,
        format!("`{title}` kept changing while its images were to be set"),
    ))
}

/// Follows until the judge has a verdict. A cluster that does not answer is asked again
/// until `wait` is over; what was seen before is not judged meanwhile.
fn follow<W: World>(world: &mut W, config: &Config, aim: Aim) -> Result<Success, Failure> {
    let workload = &config.workload;
    let title = failure::title(workload);
    let uid = aim.uid.clone();
    let mut judge = Judge::new(aim, config.patience.clone(), world.now());
    let mut said = String::new();
    let mut say = |world: &mut W, line: String| {
        if line != said {
            world.progress(&line);
            said = line;
        }
    };
    let mut rollout: Option<W::Rollout> = None;
    let mut facts: Option<Facts> = None;
    let mut away = false;
    let mut until = judge.end();
    loop {
        let now = world.now();
        let news = match &mut rollout {
            Some(rollout) => world.next(rollout, until.saturating_sub(now)),
            None => match world.follow(workload, &uid) {
                Ok(followed) => {
                    rollout = Some(followed);
                    continue;
                }
                Err(error) => Err(error),
            },
        };
        let now = world.now();
        match news {
            Ok(News::Change(change)) => {
                away = false;
                facts = Some(change);
            }
            Ok(News::Quiet | News::Other(_)) => {}
            Ok(News::Cancelled) | Err(Error::Cancelled) => return Err(cancelled(&title)),
            Err(Error::Unavailable(why) | Error::Unknown(why)) => {
                // The next watch begins with the facts as they stand.
                rollout = None;
                if now >= judge.end() {
                    return Err(failure::of(
                        FailureKind::Unavailable,
                        format!("following `{title}`: the cluster did not answer: {why}"),
                    ));
                }
                if !away {
                    away = true;
                    world.tell(&warning(format!("the cluster does not answer: {why}")));
                }
                say(world, format!("the cluster does not answer: {why}"));
                world.pause(PAUSE.min(judge.end().saturating_sub(now)));
                continue;
            }
            Err(error) => return Err(failure::of_error(error, &format!("following `{title}`"))),
        }
        let Some(facts) = &facts else {
            if now >= judge.end() {
                return Err(failure::of(
                    FailureKind::Unavailable,
                    format!("following `{title}`: the cluster showed nothing of it"),
                ));
            }
            continue;
        };
        let Judgement { notices, verdict } = judge.judge(facts, now);
        for notice in &notices {
            world.tell(notice);
        }
        match verdict {
            Verdict::Success(success) => return Ok(success),
            Verdict::Failure(failure) => return Err(failure),
            Verdict::Wait {
                until: next,
                saying,
            } => {
                until = next;
                say(world, saying);
            }
        }
    }
}

fn cancelled(title: &str) -> Failure {
    failure::of(
        FailureKind::Cancelled,
        format!("cancelled while `{title}` was rolling out: that goes on in the cluster"),
    )
}

fn warning(message: String) -> Notice {
    Notice {
        level: Level::Warn,
        message,
        fields: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
