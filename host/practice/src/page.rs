//! A list, whole or a page at a time: the pages that `continue` leads to show the collection as
//! it was when the first was read.

use serde_json::{Value, json};

use crate::kind::Kind;
use crate::object::{Key, name, namespace};
use crate::request::Asked;
use crate::selector::Selector;
use crate::status::Status;
use crate::store::Store;

/// Where the next page begins: after this object, at this version.
struct Continue {
    version: u64,
    after: Key,
}

/// The list that a request asks for.
pub(crate) fn list(
    store: &Store,
    asked: &Asked,
    kind: Kind,
    namespace: Option<&str>,
) -> Result<Value, Status> {
    let selector = Selector::parse(
        kind,
        asked.parameter("labelSelector"),
        asked.parameter("fieldSelector"),
    )?;
    let from = match asked.parameter("continue") {
        "" => None,
        token => Some(Continue::read(kind, token)?),
    };
    let version = from.as_ref().map_or(store.version(), |from| from.version);
    if !store.remembers(version) {
        return Err(Status::continue_expired());
    }
    let limit: usize = asked.parameter("limit").parse().unwrap_or(0);
    let limit = if limit == 0 { usize::MAX } else { limit };
    let all: Vec<&Value> = if from.is_some() {
        let then = store.list_at(version, kind, namespace).into_iter();
        then.map(|(_, object)| object).collect()
    } else {
        store.list(kind, namespace).collect()
    };
    let mut rest = all
        .into_iter()
        .filter(|object| {
            from.as_ref()
                .is_none_or(|from| Key::of(object) > from.after)
        })
        .filter(|object| selector.matches(object))
        .peekable();
    let page: Vec<&Value> = rest.by_ref().take(limit).collect();
    let mut metadata = json!({ "resourceVersion": version.to_string() });
    if let (Some(last), Some(_)) = (page.last(), rest.peek()) {
        metadata["continue"] = json!(token(version, last));
        // A server that would have to look at every object for it does not count them.
        if selector == Selector::default() {
            metadata["remainingItemCount"] = json!(rest.count());
        }
    }
    Ok(json!({
        "kind": format!("{kind}List"),
        "apiVersion": kind.api_version(),
        "metadata": metadata,
        "items": page.into_iter().map(item).collect::<Vec<_>>(),
    }))
}

/// Items of a list do not repeat what the list says of them all.
fn item(object: &Value) -> Value {
    let mut item = object.clone();
    item.as_object_mut()
        .expect("objects are maps")
        .retain(|key, _| key != "kind" && key != "apiVersion");
    item
}

/// Opaque to clients; names have no slashes.
fn token(version: u64, last: &Value) -> String {
    format!("{version}/{}/{}", namespace(last), name(last))
}

impl Continue {
    fn read(kind: Kind, token: &str) -> Result<Continue, Status> {
        let parts: Vec<&str> = token.split('/').collect();
        let unreadable =
            || Status::bad_request("continue key is not valid: incorrect encoding of the token");
        let [version, namespace, name] = parts[..] else {
            return Err(unreadable());
        };
        Ok(Continue {
            version: version.parse().map_err(|_| unreadable())?,
            after: Key::new(kind, namespace, name),
        })
    }
}
