//! The cluster without its sockets: the objects, the clock and the controllers that move them.
//! Everything here is synchronous; who calls `advance`, and when, is the server's affair.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::failure::Failure;
use crate::image;
use crate::kind::Kind;
use crate::kubelet;
use crate::object::{Key, list, text};
use crate::pace::Pace;
use crate::replicaset::{self, Refusals};
use crate::stay::Stay;
use crate::store::Store;
use crate::{deployment, garbage, progress};

pub(crate) struct World {
    pub(crate) store: Store,
    /// The cluster's time. It never goes back.
    pub(crate) now: Timestamp,
    pub(crate) pace: Pace,
    pub(crate) failure: Option<Failure>,
    /// The images that were there from the start: these never fail, so that a rollback recovers.
    pub(crate) known_images: BTreeSet<String>,
    /// Where each pod is in its life, by uid.
    pub(crate) stays: BTreeMap<String, Stay>,
    /// How often each `ReplicaSet` was refused a pod, by uid.
    pub(crate) refusals: BTreeMap<String, Refusals>,
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
            for key in self.keys(Kind::Pod) {
                kubelet::sync(self, &key);
            }
            if self.store.version() == before {
                return;
            }
        }
    }

    fn next_due(&self) -> Option<Timestamp> {
        let pods = self.stays.values().filter_map(|stay| stay.due);
        let replica_sets = self.refusals.values().map(|refusals| refusals.retry);
        let deadlines = self
            .store
            .list(Kind::Deployment, None)
            .filter_map(|found| progress::deadline(found, self.now));
        pods.chain(replica_sets).chain(deadlines).min()
    }

    pub(crate) fn keys(&self, kind: Kind) -> Vec<Key> {
        self.store.list(kind, None).map(Key::of).collect()
    }

    /// The chosen failure, where a pod of that spec would suffer it: one of its images is new.
    pub(crate) fn failure_of(&self, pod_spec: &Value) -> Option<Failure> {
        self.failure
            .filter(|_| self.failing_container(pod_spec).is_some())
    }

    /// The container that fails, where one does: the first with an image that is new.
    pub(crate) fn failing_container<'a>(&self, pod_spec: &'a Value) -> Option<&'a str> {
        self.failure?;
        list(pod_spec, "/containers")
            .iter()
            .find(|container| !self.known_images.contains(text(container, "/image")))
            .map(|container| text(container, "/name"))
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
