//! The deployment controller: a `ReplicaSet` for each template, and a rolling update between them,
//! or all at once for `Recreate`. Left out: proportional scaling, scaling while paused, the clean-up
//! of old `ReplicaSet`s.

use serde_json::{Value, json};

use crate::birth::reference;
use crate::bounds::Bounds;
use crate::condition::{self, Condition};
use crate::event::{self, Report, Source};
use crate::kind::Kind;
use crate::managed;
use crate::messages;
use crate::object::{Key, controller_uid, list, name, namespace, number, seconds, uid};
use crate::progress::sync_status;
use crate::template;
use crate::world::World;

const REVISION: &str = "deployment.kubernetes.io/revision";
const HISTORY: &str = "deployment.kubernetes.io/revision-history";
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MAXIMUM: &str = "deployment.kubernetes.io/max-replicas";

/// Takes one deployment one step on, if there is one to take.
pub(crate) fn reconcile(world: &mut World, key: &Key) {
    let Some(deployment) = world.store.get(key).cloned() else {
        return;
    };
    let hash = template::hash(&deployment["spec"]["template"]);
    if deployment["spec"]["paused"] == true {
        sync_status(world, &deployment, &hash);
        return;
    }
    if deployment["spec"]["strategy"]["type"] == "Recreate" && clear(world, &deployment, &hash) {
        return;
    }
    let deployment = adopt_template(world, deployment, &hash);
    let scaled = scale_new(world, &deployment, &hash) || scale_old(world, &deployment, &hash);
    if !scaled {
        sync_status(world, &deployment, &hash);
    }
}

/// Ends the old pods, all of them, before there is a new one. Returns whether some are left.
fn clear(world: &mut World, deployment: &Value, hash: &str) -> bool {
    let old: Vec<Value> = owned(world, deployment)
        .into_iter()
        .filter(|found| !is_new(found, hash))
        .collect();
    let mut left = false;
    for replica_set in &old {
        if number(replica_set, "/spec/replicas") > 0 {
            scale(world, deployment, replica_set, 0);
            left = true;
        }
        left |= world
            .store
            .list(Kind::Pod, Some(namespace(deployment)))
            .any(|pod| controller_uid(pod) == uid(replica_set));
    }
    if left {
        sync_status(world, deployment, hash);
    }
    left
}

/// The deployment's `ReplicaSet`s, oldest revision first.
pub(crate) fn owned(world: &World, deployment: &Value) -> Vec<Value> {
    let mut found: Vec<Value> = world
        .store
        .list(Kind::ReplicaSet, Some(namespace(deployment)))
        .filter(|replica_set| controller_uid(replica_set) == uid(deployment))
        .cloned()
        .collect();
    found.sort_by_key(revision);
    found
}

fn revision(object: &Value) -> i64 {
    annotation(object, REVISION).parse().unwrap_or_default()
}

fn annotation<'a>(object: &'a Value, key: &str) -> &'a str {
    object["metadata"]["annotations"]
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

pub(crate) fn is_new(replica_set: &Value, hash: &str) -> bool {
    replica_set["metadata"]["labels"]["pod-template-hash"] == hash
}

/// Sees that the live template has its `ReplicaSet` with the highest revision: a new one, or the
/// one that it had before.
fn adopt_template(world: &mut World, deployment: Value, hash: &str) -> Value {
    let replica_sets = owned(world, &deployment);
    let newest_old = replica_sets
        .iter()
        .filter(|found| !is_new(found, hash))
        .map(revision)
        .max()
        .unwrap_or(0);
    let (reason, message, number) = match replica_sets.iter().find(|found| is_new(found, hash)) {
        Some(found) if revision(found) > newest_old => {
            let current = revision(found);
            if revision(&deployment) == current {
                return deployment;
            }
            (
                "FoundNewReplicaSet",
                messages::replica_set_found(name(found)),
                current,
            )
        }
        Some(found) => {
            let mut found = found.clone();
            let earlier = annotation(&found, REVISION).to_owned();
            let history = match annotation(&found, HISTORY) {
                "" => earlier,
                history => format!("{history},{earlier}"),
            };
            found["metadata"]["annotations"][HISTORY] = json!(history);
            found["metadata"]["annotations"][REVISION] = json!((newest_old + 1).to_string());
            let message = messages::replica_set_found(name(&found));
            world.store.put(found);
            ("FoundNewReplicaSet", message, newest_old + 1)
        }
        None => {
            let created = create(world, &deployment, hash, newest_old + 1, &replica_sets);
            (
                "NewReplicaSetCreated",
                messages::replica_set_created(&created),
                newest_old + 1,
            )
        }
    };
    let mut deployment = deployment;
    deployment["metadata"]["annotations"][REVISION] = json!(number.to_string());
    let mut conditions = list(&deployment, "/status/conditions").to_vec();
    let progressing = Condition {
        kind: "Progressing",
        status: "True",
        reason,
        message: &message,
    };
    condition::set(&mut conditions, &progressing, world.now, false);
    deployment["status"]["conditions"] = Value::Array(conditions);
    managed::record_status(&mut deployment, world.now);
    world.store.put(deployment)
}

fn create(
    world: &mut World,
    deployment: &Value,
    hash: &str,
    revision: i64,
    others: &[Value],
) -> String {
    let bounds = Bounds::of(deployment);
    let existing: i64 = others
        .iter()
        .map(|other| number(other, "/spec/replicas"))
        .sum();
    let replicas = (bounds.wanted + bounds.surge - existing).clamp(0, bounds.wanted);
    let full_name = format!("{}-{hash}", name(deployment));
    let mut template = deployment["spec"]["template"].clone();
    template["metadata"]["labels"]["pod-template-hash"] = json!(hash);
    let mut selector = deployment["spec"]["selector"].clone();
    selector["matchLabels"]["pod-template-hash"] = json!(hash);
    let mut replica_set = json!({
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": full_name,
            "namespace": namespace(deployment),
            "uid": world.uid(),
            "generation": 1,
            "creationTimestamp": seconds(world.now),
            "labels": template["metadata"]["labels"],
            "annotations": {
                DESIRED: bounds.wanted.to_string(),
                MAXIMUM: (bounds.wanted + bounds.surge).to_string(),
                REVISION: revision.to_string(),
            },
            "ownerReferences": [reference(deployment)],
        },
        "spec": { "replicas": replicas, "selector": selector, "template": template },
        "status": { "replicas": 0 },
    });
    if let Some(minimum) = deployment["spec"].get("minReadySeconds") {
        replica_set["spec"]["minReadySeconds"] = minimum.clone();
    }
    world.store.put(replica_set);
    if replicas > 0 {
        tell_scaled(world, deployment, &full_name, 0, replicas);
    }
    full_name
}

fn tell_scaled(world: &mut World, deployment: &Value, replica_set: &str, from: i64, to: i64) {
    let message = messages::scaled(replica_set, from, to);
    event::record(
        world,
        deployment,
        &Report::normal(Source::DeploymentController, "ScalingReplicaSet", &message),
    );
}

fn scale(world: &mut World, deployment: &Value, replica_set: &Value, to: i64) {
    let bounds = Bounds::of(deployment);
    let from = number(replica_set, "/spec/replicas");
    let mut scaled = replica_set.clone();
    scaled["spec"]["replicas"] = json!(to);
    scaled["metadata"]["generation"] = json!(number(replica_set, "/metadata/generation") + 1);
    scaled["metadata"]["annotations"][DESIRED] = json!(bounds.wanted.to_string());
    scaled["metadata"]["annotations"][MAXIMUM] = json!((bounds.wanted + bounds.surge).to_string());
    world.store.put(scaled);
    tell_scaled(world, deployment, name(replica_set), from, to);
}

/// Gives the new `ReplicaSet` as many pods as the surge leaves room for.
fn scale_new(world: &mut World, deployment: &Value, hash: &str) -> bool {
    let bounds = Bounds::of(deployment);
    let all = owned(world, deployment);
    let total: i64 = all
        .iter()
        .map(|found| number(found, "/spec/replicas"))
        .sum();
    let Some(new) = all.iter().find(|found| is_new(found, hash)) else {
        return false;
    };
    let has = number(new, "/spec/replicas");
    let room = (bounds.wanted + bounds.surge - total).max(0);
    let to = (has + room).min(bounds.wanted);
    if to != has {
        scale(world, deployment, new, to);
    }
    to != has
}

/// Takes pods from old `ReplicaSet`s: first those that are not available anyway, then as many as
/// the bound on unavailable pods allows.
fn scale_old(world: &mut World, deployment: &Value, hash: &str) -> bool {
    let bounds = Bounds::of(deployment);
    let all = owned(world, deployment);
    let Some(new) = all.iter().find(|found| is_new(found, hash)) else {
        return false;
    };
    let total: i64 = all
        .iter()
        .map(|found| number(found, "/spec/replicas"))
        .sum();
    let least = bounds.wanted - bounds.unavailable;
    let new_unavailable = number(new, "/spec/replicas") - number(new, "/status/availableReplicas");
    let mut allowed = total - least - new_unavailable;
    if allowed <= 0 {
        return false;
    }
    let mut scaled = false;
    let available: i64 = all
        .iter()
        .map(|found| number(found, "/status/availableReplicas"))
        .sum();
    let mut spare = available - least;
    for old in all.iter().filter(|found| !is_new(found, hash)) {
        let has = number(old, "/spec/replicas");
        let unhealthy = (has - number(old, "/status/availableReplicas")).clamp(0, allowed);
        allowed -= unhealthy;
        let healthy = (has - unhealthy).clamp(0, spare.max(0));
        spare -= healthy;
        if unhealthy + healthy > 0 {
            scale(world, deployment, old, has - unhealthy - healthy);
            scaled = true;
        }
    }
    scaled
}
