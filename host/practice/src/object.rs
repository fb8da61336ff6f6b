//! Reading the fields that all Kubernetes objects share, from untyped JSON. Objects are kept as
//! JSON because patches, watches and field ownership all speak of paths, not of types.

use jiff::Timestamp;
use serde_json::Value;

use crate::kind::Kind;

/// Where an object is: what a path of the API names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) kind: Kind,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(kind: Kind, namespace: &str, name: &str) -> Key {
        Key {
            kind,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// The key of a stored object; all of those have a kind, a namespace and a name.
    pub(crate) fn of(object: &Value) -> Key {
        let kind = text(object, "/kind")
            .parse()
            .expect("stored objects are of a known kind");
        Key::new(kind, namespace(object), name(object))
    }
}

/// The value at a JSON pointer without escapes. Controllers look at every pod again and again,
/// and `Value::pointer` allocates for each part.
fn at<'a>(object: &'a Value, pointer: &str) -> Option<&'a Value> {
    pointer
        .split('/')
        .skip(1)
        .try_fold(object, |value, part| match value {
            Value::Object(map) => map.get(part),
            Value::Array(list) => list.get(part.parse::<usize>().ok()?),
            _ => None,
        })
}

/// The string at a JSON pointer, empty where there is none.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    at(object, pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The number at a JSON pointer, 0 where there is none: the API leaves out zeros.
pub(crate) fn number(object: &Value, pointer: &str) -> i64 {
    at(object, pointer)
        .and_then(Value::as_i64)
        .unwrap_or_default()
}

/// The elements at a JSON pointer, none where there is no list.
pub(crate) fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    at(object, pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

pub(crate) fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

pub(crate) fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

pub(crate) fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// The uid of the controller that owns the object, empty where there is none.
pub(crate) fn controller_uid(object: &Value) -> &str {
    controller(object).map_or("", |owner| text(owner, "/uid"))
}

/// The reference to the controller that owns the object.
pub(crate) fn controller(object: &Value) -> Option<&Value> {
    list(object, "/metadata/ownerReferences")
        .iter()
        .find(|owner| owner["controller"] == true)
}

/// Whether it was asked to be deleted and still lives out its grace.
pub(crate) fn is_terminating(object: &Value) -> bool {
    at(object, "/metadata/deletionTimestamp").is_some()
}

/// The status of the condition of that type, if the object has it: `True`, `False`, `Unknown`.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    list(object, "/status/conditions")
        .iter()
        .find(|condition| condition["type"] == kind)
}

pub(crate) fn is_ready(pod: &Value) -> bool {
    condition(pod, "Ready").is_some_and(|ready| ready["status"] == "True")
}

/// A time as `metav1.Time` writes it: whole seconds.
pub(crate) fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A time as `metav1.MicroTime` writes it.
pub(crate) fn micros(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}
