//! The cluster without its sockets: the objects, the clock and the controllers that move them.
//! Everything here is synchronous; who calls `advance`, and when, is the server's affair.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::admission::Refusals;
use crate::failure::Failure;
use crate::fate::RATE_LIMIT;
use crate::image;
use crate::kind::Kind;
use crate::logs::Logs;
use crate::object::Key;
use crate::pace::Pace;
use crate::scheduler;
use crate::stay::Stay;
use crate::store::Store;
use crate::{availability, daemonset, deployment, garbage, progress};
use crate::{kubelet, replicaset, statefulset};

pub(crate) struct World {
    pub(crate) store: Store,
    /// The cluster's time. It goes back only where it is set back.
    pub(crate) now: Timestamp,
    pub(crate) pace: Pace,
    pub(crate) failure: Option<Failure>,
    /// The images that were there from the start: these never fail, so that a rollback recovers.
    pub(crate) known_images: BTreeSet<String>,
    /// Where each pod is in its life, by uid.
    pub(crate) stays: BTreeMap<String, Stay>,
    /// How often each owner of pods was refused one, by uid.
    pub(crate) refusals: BTreeMap<String, Refusals>,
    /// The nodes of each `DaemonSet`.
    pub(crate) daemons: BTreeMap<Key, usize>,
    /// How long the registry's rate limit lasts, and when it lifts once it was met.
    pub(crate) rate_limit: SignedDuration,
    pub(crate) limit_lifts: Option<Timestamp>,
    pub(crate) logs: Logs,
    /// The removals that the garbage collector has seen.
    pub(crate) collected: u64,
    names: u64,
}

impl World {
    pub(crate) fn new(now: Timestamp, pace: Pace) -> World {
        World {
            store: Store::default(),
            now,
            pace,
            failure: None,
            known_images: BTreeSet::new(),
            stays: BTreeMap::new(),
            refusals: BTreeMap::new(),
            daemons: BTreeMap::new(),
            rate_limit: SignedDuration::from_secs(RATE_LIMIT),
            limit_lifts: None,
            logs: Logs::default(),
            collected: 0,
            names: 0,
        }
    }

    /// Lets everything happen that is due until then, each at its own time. Returns when the next
    /// thing is due after that, if anything is.
    pub(crate) fn advance(&mut self, until: Timestamp) -> Option<Timestamp> {
        loop {
            self.settle();
            match self.next_due() {
                Some(due) if due <= until => self.now = self.now.max(due),
                due => {
                    self.now = self.now.max(until);
                    return due;
                }
            }
        }
    }

    /// Runs the controllers until none of them finds anything to do at this moment.
    fn settle(&mut self) {
        loop {
            let before = self.store.version();
            garbage::collect(self);
            for key in self.keys(Kind::Deployment) {
                deployment::reconcile(self, &key);
            }
            for key in self.keys(Kind::ReplicaSet) {
                replicaset::reconcile(self, &key);
            }
            for key in self.keys(Kind::StatefulSet) {
                statefulset::reconcile(self, &key);
            }
            for key in self.keys(Kind::DaemonSet) {
                daemonset::reconcile(self, &key);
            }
            for key in self.pods_due() {
                kubelet::sync(self, &key);
            }
            if self.store.version() == before {
                return;
            }
        }
    }

    /// The pods whose time has come, by namespace and name: mostly none or one of many.
    fn pods_due(&self) -> BTreeSet<Key> {
        self.stays
            .values()
            .filter_map(|stay| stay.due_pod(self.now))
            .cloned()
            .collect()
    }

    fn next_due(&self) -> Option<Timestamp> {
        let pods = self.stays.values().filter_map(|stay| stay.due);
        let refused = self.refusals.values().map(|refusals| refusals.retry);
        let deadlines = self
            .store
            .list(Kind::Deployment, None)
            .filter_map(|found| progress::deadline(found, self.now));
        pods.chain(refused)
            .chain(deadlines)
            .chain(availability::next(self))
            .min()
    }

    pub(crate) fn keys(&self, kind: Kind) -> Vec<Key> {
        self.store.list(kind, None).map(Key::of).collect()
    }

    /// How many nodes a `DaemonSet` has.
    pub(crate) fn daemon_nodes(&self, key: &Key) -> usize {
        self.daemons.get(key).copied().unwrap_or(scheduler::NODES)
    }

    /// The nodes of the cluster.
    pub(crate) fn nodes(&self) -> usize {
        let most = self.daemons.values().copied().max();
        most.unwrap_or(0).max(scheduler::NODES)
    }

    /// Sets the clock forward or back, as somebody does who mends a server's clock: what is
    /// under way takes as long as it would have taken, and times that are written stay.
    pub(crate) fn shift_clock(&mut self, by: SignedDuration) {
        let shift = |time: &mut Timestamp| *time = time.saturating_add(by).unwrap_or(*time);
        shift(&mut self.now);
        self.stays
            .values_mut()
            .filter_map(|stay| stay.due.as_mut())
            .for_each(shift);
        self.refusals
            .values_mut()
            .for_each(|refusals| shift(&mut refusals.retry));
        self.limit_lifts.iter_mut().for_each(shift);
    }

    /// A fresh uid. They are the same in every rehearsal, so that two of them can be compared.
    pub(crate) fn uid(&mut self) -> String {
        let hex = self.fresh();
        format!(
            "{}-{}-4{}-8{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[13..16],
            &hex[17..20],
            &hex[20..32]
        )
    }

    /// The random end of a pod's name: five letters of the alphabet that Kubernetes uses for them.
    pub(crate) fn suffix(&mut self) -> String {
        self.fresh()
            .bytes()
            .take(5)
            .map(|byte| char::from(SAFE[usize::from(byte) % SAFE.len()]))
            .collect()
    }

    /// Sixty-four hexadecimal digits that were not given before.
    pub(crate) fn fresh(&mut self) -> String {
        self.names += 1;
        image::digest(&format!("practice {}", self.names))
    }

    pub(crate) fn after(&self, seconds: i64) -> Timestamp {
        self.now + SignedDuration::from_secs(seconds)
    }
}

/// Letters that spell no bad words; `k8s.io/apimachinery/pkg/util/rand` has the list.
pub(crate) const SAFE: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
