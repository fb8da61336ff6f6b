//! The built-in plugin `deploy`: sets images on a workload, follows the rollout and says
//! as soon as the cluster shows it why it cannot finish. This file adapts the contract;
//! `deploy` has the order of things, `judge` the verdict. Permissions, credentials and
//! the patch itself are the host's.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::bindings::exports::sluice::plugin::step::{Context, Failure, Guest};
use crate::bindings::sluice::kube::apply::{
    self, ContainerImage, Effect, Error, ImageChange, News, Object, Rollout, Workload,
};
use crate::bindings::sluice::plugin::log;
use crate::config::Config;
use crate::deploy::World;
use crate::wording::Notice;

mod bindings;
mod cause;
mod config;
mod deploy;
mod explain;
mod failure;
mod image;
mod judge;
mod last_words;
mod outputs;
mod prepare;
mod rollback;
#[cfg(test)]
mod testing;
mod verify;
mod watch;
mod wording;

/// The component. Public since a native build, which the tests are, exports nothing.
#[derive(Debug)]
pub struct Deploy;

impl Guest for Deploy {
    fn describe() -> String {
        include_str!("description.json").to_owned()
    }

    fn run(_: Context, config: String) -> Result<String, Failure> {
        let config = Config::read(&config)?;
        let outputs = deploy::deploy(&mut Host::new(), &config)?;
        Ok(outputs.to_json())
    }
}

/// The host, and its clocks.
struct Host {
    /// The wall clock is read once: it may be set back in the middle of a rollout.
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
    type Rollout = Rollout;

    fn get(&mut self, workload: &Workload) -> Result<Object, Error> {
        apply::get(workload)
    }

    fn set_images(
        &mut self,
        workload: &Workload,
        uid: &str,
        changes: &[ImageChange],
        take_over: bool,
    ) -> Result<Effect, Error> {
        apply::set_images(workload, uid, changes, take_over)
    }

    fn restart(
        &mut self,
        workload: &Workload,
        uid: &str,
        images: &[ContainerImage],
    ) -> Result<Effect, Error> {
        apply::restart(workload, uid, images)
    }

    fn delete_pod(&mut self, workload: &Workload, uid: &str, pod: &str) -> Result<Effect, Error> {
        apply::delete_pod(workload, uid, pod)
    }

    fn last_log_line(
        &mut self,
        workload: &Workload,
        uid: &str,
        pod: &str,
        container: &str,
    ) -> Result<String, Error> {
        apply::last_log_line(workload, uid, pod, container)
    }

    fn follow(&mut self, workload: &Workload, uid: &str) -> Result<Rollout, Error> {
        apply::follow(workload, uid)
    }

    fn next(&mut self, rollout: &mut Rollout, max_wait: u64) -> Result<News, Error> {
        rollout.next(max_wait)
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

    fn tell(&mut self, notice: &Notice) {
        log::log(notice.level, &notice.message, &notice.fields);
    }

    fn progress(&mut self, line: &str) {
        log::progress(line);
    }
}

#[cfg(test)]
mod description_tests;
#[cfg(test)]
mod recordings_tests;
