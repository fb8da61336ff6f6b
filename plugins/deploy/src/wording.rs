//! What a rollout's verdict says: failures with the cluster's own words and the way
//! out, and the lines told on the way. Decides nothing.

use serde_json::json;
use sluice_plugin_with::duration;

use crate::bindings::exports::sluice::plugin::step::{Failure, FailureKind};
use crate::bindings::sluice::kube::apply::{ContainerImage, Facts, Workload};
use crate::bindings::sluice::plugin::log::Level;
use crate::explain::Reason;
use crate::failure;

/// A line for the step's log.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Notice {
    pub(crate) level: Level,
    pub(crate) message: String,
    pub(crate) fields: Vec<(String, String)>,
}

/// A reason that is seen for the first time.
pub(crate) fn seen(reason: &Reason) -> Notice {
    Notice {
        level: Level::Warn,
        message: reason.line(),
        fields: fields(reason),
    }
}

/// A reason that went away.
pub(crate) fn passed(reason: &Reason) -> Notice {
    Notice {
        level: Level::Info,
        message: format!("{}: {} has passed", reason.place(), reason.word),
        fields: fields(reason),
    }
}

fn fields(reason: &Reason) -> Vec<(String, String)> {
    let pod = if reason.kind == "pod" {
        &reason.subject
    } else {
        ""
    };
    [
        ("cause", reason.cause.word()),
        ("reason", &reason.word),
        ("pod", pod),
        ("container", &reason.container),
        ("image", &reason.image),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

/// Where the rollout stands: `2 of 3 pods updated, 1 available`.
pub(crate) fn counts(facts: &Facts) -> String {
    let wanted = facts.object.replicas;
    let mut text = format!(
        "{} of {wanted} {} updated, {} available",
        facts.updated,
        if wanted == 1 { "pod" } else { "pods" },
        facts.available
    );
    if facts.total > facts.updated {
        text = format!("{text}, {} old", facts.total - facts.updated);
    }
    if facts.object.paused {
        text.push_str("; the rollout is paused");
    }
    text
}

/// What every failure of a rollout names.
pub(crate) struct Words<'a> {
    pub(crate) workload: &'a Workload,
    pub(crate) images: &'a [ContainerImage],
    /// Milliseconds.
    pub(crate) wait: u64,
}

impl Words<'_> {
    /// Stopped by a reason: one that never passes, or that lasted for its grace (the key
    /// of `grace` and milliseconds). So many `others` have it, too.
    pub(crate) fn stopped(
        &self,
        reason: &Reason,
        grace: Option<(&'static str, u64)>,
        others: usize,
    ) -> Failure {
        let cause = reason.cause;
        let mut message = format!("{}: {}", self.headline(), cause.meaning());
        let mut way_out = cause.way_out().to_owned();
        if let Some((key, grace)) = grace {
            let lasted = duration::format(grace);
            message = format!("{message}, for {lasted} now");
            way_out = format!("{way_out}; `grace.{key}` ({lasted}) sets how long it is borne");
        }
        message = format!("{message}\n{}", reason.line());
        if others > 0 {
            message = format!("{message} (and {others} more)");
        }
        Failure {
            details: details(cause.word(), Some(reason)),
            ..failure::of(FailureKind::Failed, format!("{message}\n{way_out}"))
        }
    }

    /// The controller gave up: its own words, and the first reason there is to see.
    pub(crate) fn deadline(&self, message: &str, seen: &[Reason]) -> Failure {
        let mut text = format!(
            "{}: its progress deadline is over\n{message}",
            self.headline()
        );
        if let Some(reason) = seen.first() {
            text = format!("{text}\n{}\n{}", reason.line(), reason.cause.way_out());
        }
        Failure {
            details: details("progress-deadline", seen.first()),
            ..failure::of(FailureKind::Failed, text)
        }
    }

    /// `wait` is over and the rollout goes on, perhaps with a reason in its grace.
    pub(crate) fn still(&self, saying: &str, worst: Option<&Reason>) -> Failure {
        let waited = duration::format(self.wait);
        let message = format!(
            "{}: still progressing after {waited}\n{saying}\n\
             the rollout goes on in the cluster; `wait` ({waited}) sets how long it is followed",
            self.headline()
        );
        Failure {
            details: details("still-progressing", worst),
            ..failure::of(FailureKind::Failed, message)
        }
    }

    /// Somebody else set another image meanwhile.
    pub(crate) fn superseded(
        &self,
        ours: &ContainerImage,
        live: Option<&ContainerImage>,
        manager: &str,
    ) -> Failure {
        // `Update:kubectl-set`: how it was set does not matter here.
        let name = manager.split_once(':').map_or(manager, |(_, name)| name);
        let by = if name.is_empty() {
            "somebody else".to_owned()
        } else {
            format!("`{name}`")
        };
        let container = &ours.container;
        let now = match live {
            Some(live) => format!("container `{container}` now has `{}`", live.image),
            None => format!("container `{container}` is gone"),
        };
        let message = format!("{}: superseded by {by}\n{now}", self.headline());
        Failure {
            details: details("superseded", None),
            ..failure::of(FailureKind::Failed, message)
        }
    }

    /// A pod that is up runs another image.
    pub(crate) fn wrong(&self, why: &str) -> Failure {
        Failure {
            details: details("wrong-image", None),
            ..failure::of(FailureKind::Failed, format!("{}: {why}", self.headline()))
        }
    }

    /// The object was deleted.
    pub(crate) fn deleted(&self) -> Failure {
        let message = format!("{}: it was deleted meanwhile", self.headline());
        Failure {
            details: details("deleted", None),
            ..failure::of(FailureKind::Failed, message)
        }
    }

    /// Another object has the name now.
    pub(crate) fn replaced(&self) -> Failure {
        let message = format!(
            "{}: it was deleted and created anew meanwhile",
            self.headline()
        );
        Failure {
            details: details("replaced", None),
            ..failure::of(FailureKind::Failed, message)
        }
    }

    fn headline(&self) -> String {
        format!(
            "`{}` did not come up with {}",
            failure::title(self.workload),
            failure::list(self.images)
        )
    }
}

/// What a program may want to read: `cause`, and where a reason is, its place and words.
fn details(cause: &str, reason: Option<&Reason>) -> String {
    let mut details = json!({ "cause": cause });
    if let Some(reason) = reason {
        for (name, value) in fields(reason) {
            if name != "cause" {
                details[name] = value.into();
            }
        }
        details["message"] = reason.message.clone().into();
    }
    details.to_string()
}
