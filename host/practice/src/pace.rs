//! How fast the cluster moves.

use std::time::Duration;

/// How long a pod takes for each of its steps: to pull and start, to become ready, to end.
///
/// Back-offs, probes and deadlines have the lengths of a real cluster at every pace, since their
/// messages tell them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    pub(crate) step: Duration,
    /// The cluster's clock moves only when it is told to.
    pub(crate) stopped: bool,
}

impl Pace {
    /// What needs no waiting happens before the request that caused it is answered. For what
    /// does, the clock stands still until [`pass_time`](crate::Cluster::pass_time) moves it.
    pub fn instant() -> Pace {
        Pace {
            step: Duration::ZERO,
            stopped: true,
        }
    }

    /// Every step takes that long, by the clock.
    pub fn step(step: Duration) -> Pace {
        Pace {
            step,
            stopped: false,
        }
    }

    /// Every step takes that long, on a clock that stands still until
    /// [`pass_time`](crate::Cluster::pass_time) moves it: to look at a rollout in its middle.
    pub fn stopped(step: Duration) -> Pace {
        Pace {
            step,
            stopped: true,
        }
    }
}

impl Default for Pace {
    /// A rollout of two replicas takes one to two seconds.
    fn default() -> Pace {
        Pace::step(Duration::from_millis(300))
    }
}
