//! The objects with the history of their changes, as etcd behind an API server keeps them: every
//! write gets the next resourceVersion, and a watch reads the history from where it left off.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::kind::Kind;
use crate::object::Key;

/// What a change did to its object; the names are those of watch events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Added,
    Modified,
    Deleted,
}

/// One change, with the object before and after, so that a selector can tell who saw it appear.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) version: u64,
    pub(crate) key: Key,
    pub(crate) verb: Verb,
    pub(crate) before: Option<Value>,
    pub(crate) after: Value,
}

#[derive(Debug, Default)]
pub(crate) struct Store {
    objects: BTreeMap<Key, Value>,
    history: Vec<Change>,
    version: u64,
    oldest: u64,
}

impl Store {
    /// The resourceVersion of the newest change.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// The oldest resourceVersion from which a watch can still start.
    pub(crate) fn oldest(&self) -> u64 {
        self.oldest
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Value> {
        self.objects.get(key)
    }

    /// The objects of a kind, of one namespace or of all, by namespace and name.
    pub(crate) fn list(&self, kind: Kind, namespace: Option<&str>) -> impl Iterator<Item = &Value> {
        self.objects
            .iter()
            .filter(move |(key, _)| {
                key.kind == kind && namespace.is_none_or(|one| key.namespace == one)
            })
            .map(|(_, object)| object)
    }

    /// Stores an object, new or changed, and returns it with its resourceVersion. A write that
    /// changes nothing makes no version and reaches no watch.
    pub(crate) fn put(&mut self, mut object: Value) -> Value {
        let key = Key::of(&object);
        let before = self.objects.get(&key).cloned();
        if let Some(before) = &before {
            object["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"].clone();
            if *before == object {
                return object;
            }
        }
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let verb = if before.is_some() {
            Verb::Modified
        } else {
            Verb::Added
        };
        self.objects.insert(key.clone(), object.clone());
        self.history.push(Change {
            version: self.version,
            key,
            verb,
            before,
            after: object.clone(),
        });
        object
    }

    /// Removes an object, if it is there.
    pub(crate) fn remove(&mut self, key: &Key) {
        let Some(mut object) = self.objects.remove(key) else {
            return;
        };
        self.version += 1;
        let before = Some(object.clone());
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let change = Change {
            version: self.version,
            key: key.clone(),
            verb: Verb::Deleted,
            before,
            after: object,
        };
        self.history.push(change);
    }

    /// The changes after a version, in order.
    pub(crate) fn since(&self, version: u64) -> &[Change] {
        let start = self
            .history
            .partition_point(|change| change.version <= version);
        &self.history[start..]
    }

    /// Forgets the history, so that a watch from an older version is told to list again.
    pub(crate) fn compact(&mut self) {
        self.version += 1;
        self.oldest = self.version;
        self.history.clear();
    }
}
