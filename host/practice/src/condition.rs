//! The rule by which controllers write a Deployment's or `ReplicaSet`'s conditions: an equal one is
//! left alone, a changed one moves to the end and keeps the time of its last transition.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::object::seconds;

pub(crate) struct Condition<'a> {
    pub(crate) kind: &'static str,
    pub(crate) status: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) message: &'a str,
}

/// Sets a Deployment's condition. `renew` also writes it when status and reason are the same,
/// which is how progress is kept: its `lastUpdateTime` is what the deadline counts from.
pub(crate) fn set(conditions: &mut Vec<Value>, new: &Condition<'_>, now: Timestamp, renew: bool) {
    let old = conditions
        .iter()
        .find(|condition| condition["type"] == new.kind);
    let same_status = old.is_some_and(|old| old["status"] == new.status);
    if !renew && same_status && old.is_some_and(|old| old["reason"] == new.reason) {
        return;
    }
    let since = match old {
        Some(old) if same_status => old["lastTransitionTime"].clone(),
        _ => json!(seconds(now)),
    };
    let written = json!({
        "type": new.kind,
        "status": new.status,
        "lastUpdateTime": seconds(now),
        "lastTransitionTime": since,
        "reason": new.reason,
        "message": new.message,
    });
    remove(conditions, new.kind);
    conditions.push(written);
}

pub(crate) fn remove(conditions: &mut Vec<Value>, kind: &str) {
    conditions.retain(|condition| condition["type"] != kind);
}
