//! Who owns which field: `metadata.managedFields` as the API server keeps them for writes of the
//! operation `Update`. Conflicts of `Apply` are left out, since the cluster takes no apply.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::object::{list, seconds, text};
use crate::world::World;

/// How a manager writes: by patches and updates, or by server-side apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `kubectl set image`, `kubectl edit`, Terraform.
    Update,
    /// Argo CD, Flux, `kubectl apply --server-side`.
    Apply,
}

/// A field manager: somebody who writes objects, as `managedFields` name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manager {
    /// The name, such as `kubectl-set`.
    pub name: String,
    /// How it writes.
    pub operation: Operation,
}

impl Manager {
    /// A manager that writes by updates and patches.
    pub fn update(name: &str) -> Manager {
        Manager {
            name: name.to_owned(),
            operation: Operation::Update,
        }
    }

    /// A manager that writes by server-side apply.
    pub fn apply(name: &str) -> Manager {
        Manager {
            name: name.to_owned(),
            operation: Operation::Apply,
        }
    }
}

/// A field by the keys of `fieldsV1` that lead to it: `f:spec`, `k:{"name":"app"}`, `.`.
type Path = Vec<String>;

/// Records that the manager wrote every field in which the two states of an object differ. Its
/// other owners lose them, as they do on a server where an update takes a field over.
pub(crate) fn record(before: &Value, after: &mut Value, manager: &Manager, at: Timestamp) {
    record_through(None, before, after, manager, at);
}

/// The same for a write of a subresource, such as `scale`.
pub(crate) fn record_through(
    subresource: Option<&str>,
    before: &Value,
    after: &mut Value,
    manager: &Manager,
    at: Timestamp,
) {
    let old = owned_fields(before);
    let changed: BTreeSet<Path> = owned_fields(after)
        .into_iter()
        .filter(|path| value_at(before, path) != value_at(after, path))
        .collect();
    let gone: BTreeSet<Path> = old
        .into_iter()
        .filter(|path| value_at(after, path).is_none())
        .collect();
    if changed.is_empty() && gone.is_empty() {
        return;
    }
    let operation = match manager.operation {
        Operation::Update => "Update",
        Operation::Apply => "Apply",
    };
    let mut mine: BTreeSet<Path> = BTreeSet::new();
    let mut entries = Vec::new();
    for entry in list(after, "/metadata/managedFields") {
        if text(entry, "/subresource") == "status" {
            entries.push(entry.clone());
            continue;
        }
        let fields: BTreeSet<Path> = leaves(&entry["fieldsV1"]);
        if text(entry, "/manager") == manager.name
            && text(entry, "/operation") == operation
            && entry.get("subresource").and_then(Value::as_str) == subresource
        {
            mine = fields.difference(&gone).cloned().collect();
            continue;
        }
        let kept: BTreeSet<Path> = fields
            .into_iter()
            .filter(|path| !changed.contains(path) && !gone.contains(path))
            .collect();
        if !kept.is_empty() {
            entries.push(with_fields(entry, &kept));
        }
    }
    mine.extend(changed);
    if !mine.is_empty() {
        let mut entry = json!({
            "manager": manager.name,
            "operation": operation,
            "apiVersion": after["apiVersion"],
            "time": seconds(at),
            "fieldsType": "FieldsV1",
        });
        if let Some(subresource) = subresource {
            entry["subresource"] = json!(subresource);
        }
        entries.push(with_fields(&entry, &mine));
    }
    after["metadata"]["managedFields"] = Value::Array(entries);
}

/// Stores the object with this status as its controller's, where that is another than it has.
pub(crate) fn write_status(world: &mut World, mut object: Value, status: Value) {
    if object["status"] != status {
        object["status"] = status;
        record_status(&mut object, world.now);
        world.store.put(object);
    }
}

/// Records the status as its controller's, and of a Deployment the revision annotation.
pub(crate) fn record_status(object: &mut Value, at: Timestamp) {
    let mut fields = BTreeSet::new();
    walk(
        &object["status"],
        &mut vec!["f:status".to_owned()],
        &mut fields,
    );
    let annotations: &[&str] = if object["kind"] == "Deployment" {
        &[".", "f:deployment.kubernetes.io/revision"]
    } else {
        &[]
    };
    for key in annotations {
        fields.insert(vec![
            "f:metadata".to_owned(),
            "f:annotations".to_owned(),
            (*key).to_owned(),
        ]);
    }
    let entry = json!({
        "manager": "kube-controller-manager",
        "operation": "Update",
        "apiVersion": object["apiVersion"],
        "time": seconds(at),
        "fieldsType": "FieldsV1",
        "subresource": "status",
    });
    let mut entries: Vec<Value> = list(object, "/metadata/managedFields")
        .iter()
        .filter(|entry| entry["subresource"] != "status")
        .cloned()
        .collect();
    entries.push(with_fields(&entry, &fields));
    object["metadata"]["managedFields"] = Value::Array(entries);
}

fn with_fields(entry: &Value, fields: &BTreeSet<Path>) -> Value {
    let mut entry = entry.clone();
    entry["fieldsV1"] = tree(fields);
    entry
}

/// The fields of an object that a manager can own: labels, annotations and the spec.
fn owned_fields(object: &Value) -> BTreeSet<Path> {
    let mut fields = BTreeSet::new();
    for part in ["labels", "annotations"] {
        if let Some(map) = object["metadata"].get(part) {
            walk(
                map,
                &mut vec!["f:metadata".to_owned(), format!("f:{part}")],
                &mut fields,
            );
        }
    }
    if let Some(spec) = object.get("spec") {
        walk(spec, &mut vec!["f:spec".to_owned()], &mut fields);
    }
    fields
}

/// Lists whose elements the API tells apart by a key; all other lists are owned as a whole.
pub(crate) fn list_key(field: &str) -> Option<&'static str> {
    match field {
        "containers" | "initContainers" | "containerStatuses" | "env" | "volumes" => Some("name"),
        "conditions" => Some("type"),
        _ => None,
    }
}

fn walk(value: &Value, path: &mut Path, fields: &mut BTreeSet<Path>) {
    // A selector is one field to the API, and an empty object is a leaf.
    let atomic = path.last().is_some_and(|key| key == "f:selector");
    match value {
        Value::Object(map) if !map.is_empty() && !atomic => {
            let structural = [
                "f:spec",
                "f:status",
                "f:template",
                "f:jobTemplate",
                "f:metadata",
                "f:strategy",
            ];
            let depth_one = path
                .last()
                .is_some_and(|key| structural.contains(&key.as_str()));
            if !depth_one {
                leaf(".", path, fields);
            }
            for (key, child) in map {
                path.push(format!("f:{key}"));
                walk(child, path, fields);
                path.pop();
            }
        }
        Value::Array(elements) => {
            let field = path
                .last()
                .and_then(|key| key.strip_prefix("f:"))
                .unwrap_or_default()
                .to_owned();
            let Some(by) = list_key(&field) else {
                fields.insert(path.clone());
                return;
            };
            if field == "conditions" {
                leaf(".", path, fields);
            }
            for element in elements {
                path.push(format!("k:{{\"{by}\":{}}}", element[by]));
                walk(element, path, fields);
                path.pop();
            }
        }
        _ => {
            fields.insert(path.clone());
        }
    }
}

fn leaf(key: &str, path: &mut Path, fields: &mut BTreeSet<Path>) {
    path.push(key.to_owned());
    fields.insert(path.clone());
    path.pop();
}

/// The value that a path of field keys leads to.
fn value_at<'a>(object: &'a Value, path: &[String]) -> Option<&'a Value> {
    let mut value = object;
    let mut by = None;
    for key in path {
        if let Some(field) = key.strip_prefix("f:") {
            value = value.get(field)?;
            by = list_key(field);
        } else if let Some(element) = key.strip_prefix("k:") {
            let wanted: Value = serde_json::from_str(element).ok()?;
            let by = by?;
            value = value
                .as_array()?
                .iter()
                .find(|element| element[by] == wanted[by])?;
        } else {
            // `.` is that the thing exists at all: equal before and after for as long as it does.
            return Some(&Value::Null);
        }
    }
    Some(value)
}

fn tree(fields: &BTreeSet<Path>) -> Value {
    let mut root = Map::new();
    for path in fields {
        let mut node = &mut root;
        for key in path {
            node = node
                .entry(key.clone())
                .or_insert_with(|| json!({}))
                .as_object_mut()
                .expect("every node of a field tree is an object");
        }
    }
    Value::Object(root)
}

fn leaves(tree: &Value) -> BTreeSet<Path> {
    fn descend(node: &Value, path: &mut Path, found: &mut BTreeSet<Path>) {
        match node.as_object() {
            Some(children) if !children.is_empty() => {
                for (key, child) in children {
                    path.push(key.clone());
                    descend(child, path, found);
                    path.pop();
                }
            }
            _ if path.is_empty() => {}
            _ => {
                found.insert(path.clone());
            }
        }
    }
    let mut found = BTreeSet::new();
    descend(tree, &mut Vec::new(), &mut found);
    found
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::{Manager, record};

    fn object(image: &str) -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web" },
            "spec": { "replicas": 1, "template": { "spec": { "containers": [{ "name": "app", "image": image }] } } },
        })
    }

    #[test]
    fn image_moves_to_the_manager_that_changed_it() {
        let mut first = object("web:1");
        record(
            &json!({}),
            &mut first,
            &Manager::update("kubectl-create"),
            Timestamp::UNIX_EPOCH,
        );
        let mut second = object("web:2");
        second["metadata"] = first["metadata"].clone();
        record(
            &first,
            &mut second,
            &Manager::update("sluice"),
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(
            second["metadata"]["managedFields"],
            json!([
                {
                    "manager": "kubectl-create", "operation": "Update", "apiVersion": "apps/v1",
                    "time": "1970-01-01T00:00:00Z", "fieldsType": "FieldsV1",
                    "fieldsV1": { "f:spec": {
                        "f:replicas": {},
                        "f:template": { "f:spec": { "f:containers": { "k:{\"name\":\"app\"}": { ".": {}, "f:name": {} } } } },
                    } },
                },
                {
                    "manager": "sluice", "operation": "Update", "apiVersion": "apps/v1",
                    "time": "1970-01-01T00:00:00Z", "fieldsType": "FieldsV1",
                    "fieldsV1": { "f:spec": { "f:template": { "f:spec": { "f:containers": {
                        "k:{\"name\":\"app\"}": { "f:image": {} },
                    } } } } },
                },
            ])
        );
    }
}
