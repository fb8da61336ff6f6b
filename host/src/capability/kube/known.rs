//! What the watches of a workload have shown so far: its objects by uid, and whether all of
//! them have been listed once.

use std::collections::HashMap;

use k8s_openapi::api::{
    apps::v1::{ControllerRevision, ReplicaSet},
    core::v1,
};
use kube::{Resource, ResourceExt, api::DynamicObject, runtime::watcher::Event};
use serde_json::Value;
use sluice_pipeline::permission::WorkloadKind;

use crate::bindings::sluice::kube::apply::Error;

/// What is known of the cluster's objects, by uid.
#[derive(Default)]
pub(super) struct Known {
    pub(super) workload: Option<Value>,
    pub(super) deleted: bool,
    /// The list that is not complete yet has it.
    workload_found: bool,
    pub(super) replica_sets: Kept<ReplicaSet>,
    pub(super) controller_revisions: Kept<ControllerRevision>,
    pub(super) pods: Kept<v1::Pod>,
    pub(super) events: Kept<v1::Event>,
    workload_listed: bool,
}

/// Objects of one type, and those of a list that is not complete yet.
pub(super) struct Kept<K> {
    pub(super) objects: HashMap<String, K>,
    listing: HashMap<String, K>,
    listed: bool,
}

impl<K> Default for Kept<K> {
    fn default() -> Self {
        Self {
            objects: HashMap::new(),
            listing: HashMap::new(),
            listed: false,
        }
    }
}

impl<K: Resource> Kept<K> {
    fn take(&mut self, event: Event<K>) {
        let key = |object: &K| object.uid().unwrap_or_else(|| object.name_any());
        match event {
            Event::Init => self.listing.clear(),
            Event::InitApply(object) => {
                self.listing.insert(key(&object), object);
            }
            Event::InitDone => {
                self.objects = std::mem::take(&mut self.listing);
                self.listed = true;
            }
            Event::Apply(object) => {
                self.objects.insert(key(&object), object);
            }
            Event::Delete(object) => {
                self.objects.remove(&key(&object));
            }
        }
    }
}

/// News of one of the watches.
pub(super) enum Update {
    Workload(Event<DynamicObject>),
    ReplicaSet(Event<ReplicaSet>),
    ControllerRevision(Event<ControllerRevision>),
    Pod(Event<v1::Pod>),
    Event(Event<v1::Event>),
    /// Events enrich a reason; where they cannot be had, the rest is still followed.
    NoEvents,
    /// A watch does not get through.
    Failed(Error),
}

impl Known {
    pub(super) fn take(&mut self, update: Update) -> Option<Error> {
        match update {
            Update::Workload(event) => self.take_workload(event),
            Update::ReplicaSet(event) => self.replica_sets.take(event),
            Update::ControllerRevision(event) => self.controller_revisions.take(event),
            Update::Pod(event) => self.pods.take(event),
            Update::Event(event) => self.events.take(event),
            // As good as an empty list: nobody waits for it any longer.
            Update::NoEvents => self.events.listed = true,
            Update::Failed(error) => return Some(error),
        }
        None
    }

    fn take_workload(&mut self, event: Event<DynamicObject>) {
        match event {
            Event::Init => self.workload_found = false,
            Event::InitDone => {
                // A list anew that does not hold the object any more means that it is gone.
                self.deleted = !self.workload_found;
                self.workload_listed = true;
            }
            Event::InitApply(object) | Event::Apply(object) => {
                self.deleted = false;
                self.workload_found = true;
                self.workload = serde_json::to_value(object).ok();
            }
            Event::Delete(_) => self.deleted = true,
        }
    }

    /// All that decides anything has been listed once, and the events that explain it, where
    /// they can be had.
    pub(super) fn complete(&self, kind: WorkloadKind) -> bool {
        let revisions = match kind {
            WorkloadKind::Deployment => self.replica_sets.listed,
            _ => self.controller_revisions.listed,
        };
        self.workload_listed && revisions && self.pods.listed && self.events.listed
    }
}
