//! The workloads that a cluster starts with: each healthy, rolled out long ago, and made in a
//! cluster where every image is known.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::kind::Kind;
use crate::managed::{self, Manager};
use crate::object::seconds;
use crate::pace::Pace;
use crate::world::World;

/// A workload to start with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// Only workloads: [`Kind::Deployment`]. Any other kind is refused by [`Cluster::start`](crate::Cluster::start).
    pub kind: Kind,
    /// Its namespace.
    pub namespace: String,
    /// Its name, which is also the value of its pods' label `app`.
    pub name: String,
    /// Name and image of each container.
    pub containers: Vec<(String, String)>,
    /// The wanted number of pods.
    pub replicas: u32,
}

/// A cluster of these workloads, as it stands at that time.
pub(crate) fn plant(seeds: &[Seed], failure: Option<Failure>, pace: Pace, now: Timestamp) -> World {
    // A day ago, so that nothing looks as if this rehearsal had done it.
    let mut world = World::new(now - SignedDuration::from_hours(24), Pace::instant());
    for seed in seeds {
        let mut object = manifest(&mut world, seed);
        managed::record(
            &json!({}),
            &mut object,
            &Manager::update("kubectl-create"),
            world.now,
        );
        world.store.put(object);
    }
    world.known_images = seeds
        .iter()
        .flat_map(|seed| &seed.containers)
        .map(|(_, image)| image.clone())
        .collect::<BTreeSet<_>>();
    world.advance(world.now);
    // Events are kept for an hour.
    for key in world.keys(Kind::Event) {
        world.store.remove(&key);
    }
    world.now = now;
    world.pace = pace;
    world.failure = failure;
    world
}

fn manifest(world: &mut World, seed: &Seed) -> Value {
    let containers: Vec<Value> = seed
        .containers
        .iter()
        .map(|(name, image)| container(name, image))
        .collect();
    json!({
        "apiVersion": seed.kind.api_version(),
        "kind": seed.kind.to_string(),
        "metadata": {
            "name": seed.name,
            "namespace": seed.namespace,
            "uid": world.uid(),
            "generation": 1,
            "creationTimestamp": seconds(world.now),
            "labels": { "app": seed.name },
        },
        "spec": {
            "replicas": seed.replicas,
            "selector": { "matchLabels": { "app": seed.name } },
            "template": {
                "metadata": { "labels": { "app": seed.name } },
                "spec": {
                    "containers": containers,
                    "restartPolicy": "Always",
                    "terminationGracePeriodSeconds": 30,
                    "dnsPolicy": "ClusterFirst",
                    "securityContext": {},
                    "schedulerName": "default-scheduler",
                },
            },
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": { "maxUnavailable": "25%", "maxSurge": "25%" },
            },
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
        },
        "status": {},
    })
}

fn container(name: &str, image: &str) -> Value {
    json!({
        "name": name,
        "image": image,
        "resources": {},
        "readinessProbe": {
            "httpGet": { "path": "/healthz", "port": 8080, "scheme": "HTTP" },
            "timeoutSeconds": 1,
            "periodSeconds": 10,
            "successThreshold": 1,
            "failureThreshold": 3,
        },
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    })
}
