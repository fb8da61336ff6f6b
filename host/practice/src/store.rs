//! The objects with the history of their changes, as etcd behind an API server keeps them: every
//! write gets the next resourceVersion, and a watch reads the history from where it left off.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::kind::Kind;
use crate::object::Key;

/// The version before the first. A real server's first objects have high versions too, and it
/// leaves room below for a history that starts anew.
const START: u64 = 1 << 30;

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
    pub(crate) before: Option<Arc<Value>>,
    pub(crate) after: Arc<Value>,
}

/// Objects are shared with the history, so that a large cluster costs each of them once.
#[derive(Debug)]
pub(crate) struct Store {
    objects: BTreeMap<Key, Arc<Value>>,
    history: Vec<Change>,
    version: u64,
    oldest: u64,
    /// Where this history's versions began.
    start: u64,
    removals: u64,
}

impl Default for Store {
    fn default() -> Store {
        Store {
            objects: BTreeMap::new(),
            history: Vec::new(),
            version: START,
            oldest: START,
            start: START,
            removals: 0,
        }
    }
}

impl Store {
    /// The resourceVersion of the newest change.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// How many objects were ever removed.
    pub(crate) fn removals(&self) -> u64 {
        self.removals
    }

    /// The oldest resourceVersion from which a watch can still start.
    pub(crate) fn oldest(&self) -> u64 {
        self.oldest
    }

    /// Whether the history still reaches back to a version, and has reached it.
    pub(crate) fn remembers(&self, version: u64) -> bool {
        (self.oldest..=self.version).contains(&version)
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Value> {
        self.objects.get(key).map(Arc::as_ref)
    }

    /// The objects of a kind, of one namespace or of all, by namespace and name.
    pub(crate) fn list(&self, kind: Kind, namespace: Option<&str>) -> impl Iterator<Item = &Value> {
        let first = Key::new(kind, namespace.unwrap_or_default(), "");
        self.objects
            .range(first..)
            .take_while(move |(key, _)| {
                key.kind == kind && namespace.is_none_or(|one| key.namespace == one)
            })
            .map(|(_, object)| object.as_ref())
    }

    /// The objects of a kind as they were at a version that is remembered.
    pub(crate) fn list_at(
        &self,
        version: u64,
        kind: Kind,
        namespace: Option<&str>,
    ) -> Vec<(&Key, &Value)> {
        let belongs =
            |key: &Key| key.kind == kind && namespace.is_none_or(|one| key.namespace == one);
        let mut then: BTreeMap<&Key, &Value> = self
            .objects
            .iter()
            .filter(|(key, _)| belongs(key))
            .map(|(key, object)| (key, object.as_ref()))
            .collect();
        for change in self.since(version).iter().rev() {
            match &change.before {
                _ if !belongs(&change.key) => {}
                Some(before) => {
                    then.insert(&change.key, before.as_ref());
                }
                None => {
                    then.remove(&change.key);
                }
            }
        }
        then.into_iter().collect()
    }

    /// Stores an object, new or changed, and returns it with its resourceVersion. A write that
    /// changes nothing makes no version and reaches no watch.
    pub(crate) fn put(&mut self, mut object: Value) -> Value {
        let key = Key::of(&object);
        let before = self.objects.get(&key).cloned();
        if let Some(before) = &before {
            object["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"].clone();
            if **before == object {
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
        let after = Arc::new(object);
        self.objects.insert(key.clone(), Arc::clone(&after));
        self.history.push(Change {
            version: self.version,
            key,
            verb,
            before,
            after: Arc::clone(&after),
        });
        Value::clone(&after)
    }

    /// Removes an object, if it is there.
    pub(crate) fn remove(&mut self, key: &Key) {
        let Some(before) = self.objects.remove(key) else {
            return;
        };
        self.removals += 1;
        self.version += 1;
        let mut object = Value::clone(&before);
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.history.push(Change {
            version: self.version,
            key: key.clone(),
            verb: Verb::Deleted,
            before: Some(before),
            after: Arc::new(object),
        });
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

    /// Starts another history with the objects as they are: their versions are new ones, lower
    /// than all that were given before, as after a backup was restored.
    pub(crate) fn restart(&mut self) {
        // Halves leave room for dozens of restarts, and no version is ever given twice.
        self.start /= 2;
        self.version = self.start;
        self.history.clear();
        for object in self.objects.values_mut() {
            self.version += 1;
            Arc::make_mut(object)["metadata"]["resourceVersion"] = json!(self.version.to_string());
        }
        self.oldest = self.version;
    }
}
