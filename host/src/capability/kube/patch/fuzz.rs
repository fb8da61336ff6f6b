//! Patches, and the comparison of what they would make of an object, held against a slow,
//! obvious model: the images that were asked for are set, and nothing else differs.

use proptest::{
    collection::{btree_map, vec},
    prelude::{Just, Strategy, any},
    prop_assert, prop_assert_eq, prop_oneof,
    sample::select,
    test_runner::TestCaseError,
};
use serde_json::{Map, Value, json};
use sluice_pipeline::permission::WorkloadKind;

use super::{
    super::{check::Target, workload},
    change::Change,
    diff::diff,
};
use crate::{bindings::sluice::kube::apply::ImageChange, fuzz::holds};

/// Names that pointers and lists could mistake for something else.
const NAMES: [&str; 8] = ["app", "proxy", "0", "1", "-", "a~1b", "a~0b", "image"];
const IMAGES: [&str; 4] = ["web:1", "web:2", "", "a/b@sha256:0"];

/// Any JSON, small.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i8>().prop_map(Value::from),
        select(&IMAGES[..]).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let key = select(&["a", "name", "image", "b/c", "~", "0", "spec"][..]);
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(key.prop_map(str::to_owned), inner, 0..4)
                .prop_map(|map| Value::from(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Containers, each with fields of its own that no patch may touch.
fn containers() -> impl Strategy<Value = Vec<Value>> {
    let container = (select(&NAMES[..]), select(&IMAGES[..]), anything());
    vec(container, 0..4).prop_map(|containers| {
        let containers = containers.into_iter().map(|(name, image, more)| {
            json!({ "name": name, "image": image, "command": ["run"], "env": more })
        });
        containers.collect()
    })
}

fn objects() -> impl Strategy<Value = (WorkloadKind, Value)> {
    let kind = select(&[WorkloadKind::Deployment, WorkloadKind::CronJob][..]);
    (kind, containers(), containers(), anything()).prop_map(|(kind, own, init, more)| {
        let pod = json!({ "containers": own, "initContainers": init, "volumes": more });
        let template = json!({ "metadata": { "labels": {} }, "spec": pod });
        let spec = match kind {
            WorkloadKind::CronJob => json!({ "jobTemplate": { "spec": { "template": template } } }),
            _ => json!({ "template": template, "replicas": 2 }),
        };
        let metadata = json!({ "uid": "u", "resourceVersion": "7", "name": "web" });
        (
            kind,
            json!({ "metadata": metadata, "spec": spec, "more": more }),
        )
    })
}

fn changes() -> impl Strategy<Value = Vec<ImageChange>> {
    let change = (select(&NAMES[..]), select(&IMAGES[..]), select(&IMAGES[..]));
    let change = change.prop_map(|(container, old, new)| ImageChange {
        container: container.to_owned(),
        old: old.to_owned(),
        new: new.to_owned(),
    });
    vec(change, 0..4)
}

/// What the changes come to, list by list: none where one of them does not fit.
fn model(kind: WorkloadKind, live: &Value, changes: &[ImageChange]) -> Option<Value> {
    let mut after = live.clone();
    for change in changes {
        let pod = after.pointer_mut(workload::pod_spec(kind))?;
        let found = ["containers", "initContainers"]
            .into_iter()
            .find_map(|list| {
                let places = pod[list].as_array()?.iter();
                let place = places
                    .clone()
                    .position(|found| found["name"] == change.container.as_str())?;
                Some((list, place))
            });
        let (list, place) = found?;
        // Each is asked for what the object was, before any of them.
        let was = live.pointer(workload::pod_spec(kind))?[list][place]["image"].clone();
        if was != change.old.as_str() {
            return None;
        }
        pod[list][place]["image"] = change.new.clone().into();
    }
    Some(after)
}

#[test]
fn patch_sets_the_images_that_were_asked_for_and_nothing_else() {
    let strategy = (objects(), changes());
    holds(
        "src/fuzz/regressions/patch.txt",
        &strategy,
        |((kind, live), changes)| {
            let target = Target {
                kind,
                namespace: "web".to_owned(),
                name: "web".to_owned(),
            };
            let expected = model(kind, &live, &changes);
            let patch = Change::Images(changes.clone()).patch(&target, &live, "u");
            let Ok(patch) = patch else {
                prop_assert!(expected.is_none(), "{:?}", patch);
                return Ok(());
            };
            let operations = serde_json::from_value::<json_patch::Patch>(patch);
            let operations = operations.map_err(|error| TestCaseError::fail(error.to_string()))?;
            let mut after = live.clone();
            if json_patch::patch(&mut after, &operations).is_err() {
                // The server refuses it: two changes of one container cannot both find the old
                // image there.
                let names = changes.iter().map(|change| change.container.as_str());
                let mut seen = std::collections::BTreeSet::new();
                prop_assert!(
                    names.into_iter().any(|name| !seen.insert(name)),
                    "{:?}",
                    changes
                );
                return Ok(());
            }
            prop_assert_eq!(Some(&after), expected.as_ref());
            // The comparison names what was set, and nothing more.
            let shown = diff(&live, &after);
            for entry in shown.as_array().into_iter().flatten() {
                let path = entry["path"].as_str().unwrap_or_default();
                prop_assert!(path.ends_with("]/image"), "{}", shown);
                prop_assert!(Change::Images(changes.clone()).asked_for(entry));
            }
            Ok(())
        },
    );
}

/// What the API server takes for the same: a field that is null is none.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.clone(), without_nulls(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

#[test]
fn comparison_is_empty_exactly_where_nothing_differs() {
    let strategy = (objects(), objects());
    holds(
        "src/fuzz/regressions/diff.txt",
        &strategy,
        |((_, before), (_, after))| {
            let found = diff(&before, &after);
            let same = without_nulls(&before) == without_nulls(&after);
            prop_assert_eq!(found == json!([]), same, "{} {} {}", before, after, found);
            prop_assert_eq!(diff(&before, &before), json!([]));
            for entry in found.as_array().into_iter().flatten() {
                prop_assert!(entry["old"] != entry["new"], "{}", entry);
            }
            Ok(())
        },
    );
}
