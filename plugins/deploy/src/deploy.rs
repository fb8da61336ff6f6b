//! The whole of a deploy in its order: read, prepare, set the images, follow until the
//! judge has a verdict. It knows the cluster and the clock only through [`World`].

use crate::bindings::exports::sluice::plugin::step::{Failure, FailureKind};
use crate::bindings::sluice::kube::apply::{
    ContainerImage, Effect, Error, Facts, ImageChange, News, Object, Workload,
};
use crate::bindings::sluice::plugin::log::Level;
use crate::config::Config;
use crate::failure;
use crate::judge::{Aim, Judge, Judgement, Success, Verdict};
use crate::last_words::LastWords;
use crate::outputs::Outputs;
use crate::prepare::{self, Prepared};
use crate::rollback;
use crate::watch::Watch;
use crate::wording::Notice;

/// How often an object that others change meanwhile is read anew before giving up.
const ATTEMPTS: u32 = 4;

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
        take_over: bool,
    ) -> Result<Effect, Error>;
    fn restart(
        &mut self,
        workload: &Workload,
        uid: &str,
        images: &[ContainerImage],
    ) -> Result<Effect, Error>;
    fn delete_pod(&mut self, workload: &Workload, uid: &str, pod: &str) -> Result<Effect, Error>;
    fn last_log_line(
        &mut self,
        workload: &Workload,
        uid: &str,
        pod: &str,
        container: &str,
    ) -> Result<String, Error>;
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
    let Changed {
        object,
        prepared,
        effect,
        watch,
    } = change(world, config)?;
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
    let success = match watch {
        // A CronJob has no pods of its own.
        None => Success {
            revision: String::new(),
            pods: 0,
            doubt: Some("its next Job takes the new image: there is no rollout to watch".into()),
        },
        Some(watch) => {
            let healthy = watch.healthy(config);
            let aim = Aim {
                workload: config.workload.clone(),
                uid: object.uid.clone(),
                generation,
                images: config.images.clone(),
                digests: config.digests.clone(),
            };
            match follow(world, config, aim, Some(watch)) {
                Ok(success) => success,
                Err(Ended { failure, broken }) => {
                    return Err(match broken {
                        Some(facts) if config.rollback => rollback::roll_back(
                            world,
                            config,
                            &object,
                            healthy.as_deref(),
                            &facts,
                            failure,
                        ),
                        _ => failure,
                    });
                }
            }
        }
    };
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

/// A workload after the change, with the watch that was opened before it.
struct Changed<W: World> {
    object: Object,
    prepared: Prepared,
    /// None: all images were set already.
    effect: Option<Effect>,
    /// None where there is nothing to follow.
    watch: Option<Watch<W>>,
}

/// Sets what is to be set. The watch is opened first: an account that may patch and not
/// watch changes nothing, and what is healthy now is seen while it still is.
fn change<W: World>(world: &mut W, config: &Config) -> Result<Changed<W>, Failure> {
    let workload = &config.workload;
    let title = failure::title(workload);
    let mut before: Option<Prepared> = None;
    let mut watch: Option<Watch<W>> = None;
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
        // Without a cluster (an offline dry run) there is nothing to watch either.
        let followed = workload.kind != "CronJob" && !object.uid.is_empty();
        if followed && watch.as_ref().is_none_or(|watch| !watch.is_of(&object.uid)) {
            watch = Some(Watch::open(world, config, &object.uid)?);
        }
        let images = failure::list(&config.images);
        let effect = if !prepared.changes.is_empty() {
            for notice in &prepared.notices {
                world.tell(notice);
            }
            world.progress(&format!("setting {images}"));
            world.set_images(workload, &object.uid, &prepared.changes, config.take_over)
        } else if prepared.restart {
            world.progress(&format!("restarting {images}"));
            world.restart(workload, &object.uid, &prepared.previous)
        } else {
            world.tell(&Notice {
                level: Level::Info,
                message: format!("`{title}` has {images} already: nothing to set"),
                fields: Vec::new(),
            });
            return Ok(Changed {
                object,
                prepared,
                effect: None,
                watch,
            });
        };
        match effect {
            Ok(effect) => {
                return Ok(Changed {
                    object,
                    prepared,
                    effect: Some(effect),
                    watch,
                });
            }
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

/// How a rollout ended that did not succeed.
pub(crate) struct Ended {
    pub(crate) failure: Failure,
    /// What the cluster showed, where the new pods do not come up.
    pub(crate) broken: Option<Box<Facts>>,
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            broken: None,
        }
    }
}

/// Follows until the judge has a verdict.
pub(crate) fn follow<W: World>(
    world: &mut W,
    config: &Config,
    aim: Aim,
    watch: Option<Watch<W>>,
) -> Result<Success, Ended> {
    let title = failure::title(&config.workload);
    let uid = aim.uid.clone();
    let mut judge = Judge::new(aim, config.patience.clone(), world.now());
    let mut watch = watch.unwrap_or_else(|| Watch::new(&uid));
    let mut words = LastWords::default();
    let mut until = judge.end();
    // What was seen before the change may already be all that there is to see.
    let mut waited = watch.facts.is_some();
    loop {
        if !waited {
            watch.wait(world, config, until, judge.end())?;
        }
        waited = false;
        let now = world.now();
        let Some(facts) = &mut watch.facts else {
            if now >= judge.end() {
                let why = format!("following `{title}`: the cluster showed nothing of it");
                return Err(failure::of(FailureKind::Unavailable, why).into());
            }
            continue;
        };
        words.add(world, &config.workload, &uid, facts);
        let Judgement { notices, verdict } = judge.judge(facts, now);
        for notice in &notices {
            world.tell(notice);
        }
        match verdict {
            Verdict::Success(success) => return Ok(success),
            Verdict::Failure(failure) => return Err(failure.into()),
            Verdict::Broken(failure) => {
                let broken = watch.facts.take().map(Box::new);
                return Err(Ended { failure, broken });
            }
            Verdict::Wait {
                until: next,
                saying,
            } => {
                until = next;
                watch.say(world, saying);
            }
        }
    }
}

pub(crate) fn warning(message: String) -> Notice {
    Notice {
        level: Level::Warn,
        message,
        fields: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
