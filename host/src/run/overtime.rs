//! The end of a run whose time is over, where a policy sets one: it is cancelled in order, as
//! somebody with Ctrl-C would, so that steps which run `always()` still tell of it.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use sluice_pipeline::{pipeline::show_duration, policy::Limit};
use tokio_util::task::AbortOnDropHandle;

use super::{
    Reporter,
    event::{Blame, ErrorKind, EventKind, Level, StepError},
    executor::Cancel,
};

/// Watches the time of a run, for as long as it is kept.
pub(super) struct Overtime {
    over: Arc<OnceLock<StepError>>,
    _watch: Option<AbortOnDropHandle<()>>,
}

impl Overtime {
    /// Watches from now on; without a limit there is nothing to watch.
    pub(super) fn of(limit: Option<&Limit<Duration>>, reporter: &Reporter, run: &Cancel) -> Self {
        let over = Arc::<OnceLock<StepError>>::default();
        let watch = limit.map(|limit| {
            let (over, limit) = (over.clone(), limit.clone());
            let (reporter, cancel) = (reporter.clone(), run.gently.clone());
            tokio::spawn(async move {
                tokio::time::sleep(limit.most).await;
                let (most, whose) = (show_duration(limit.most), limit.whose());
                let message = format!("the run took longer than {most}{whose}, and was cancelled");
                reporter.say(EventKind::StepLog {
                    level: Level::Error,
                    message: message.clone(),
                    fields: BTreeMap::new(),
                });
                let error = StepError::new(Blame::World, ErrorKind::Timeout, message);
                if over.set(error).is_ok() {
                    cancel.cancel();
                }
            })
        });
        Self {
            over,
            _watch: watch.map(AbortOnDropHandle::new),
        }
    }

    /// Why the run was cancelled, if its time was over.
    pub(super) fn error(&self) -> Option<&StepError> {
        self.over.get()
    }
}
