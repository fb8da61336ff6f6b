//! What others do to a practice cluster meanwhile: people, autoscalers, controllers of their own,
//! and recordings of other clusters. None of it is a request, so none of it is among the writes.

use serde_json::{Value, json};

use crate::actor;
use crate::cluster::Cluster;
use crate::kind::Kind;
use crate::managed::Manager;
use crate::object::Key;
use crate::write;

impl Cluster {
    /// Changes an object as another field manager, by a strategic merge patch: `null` removes a
    /// field, containers are found by name, conditions by type. A patch of
    /// `metadata.managedFields` sets the ownership as given. Nothing where there is no such object.
    pub fn patch(
        &self,
        kind: Kind,
        namespace: &str,
        name: &str,
        manager: &Manager,
        change: &Value,
    ) -> Option<Value> {
        let key = Key::new(kind, namespace, name);
        self.server
            .change(|world| actor::patch(world, &key, manager, change))
    }

    /// Deletes an object, and what it controls.
    pub fn delete(&self, kind: Kind, namespace: &str, name: &str) {
        let key = Key::new(kind, namespace, name);
        self.server.change(|world| world.store.remove(&key));
    }

    /// Sets the image of a container or init container of a workload, as this manager does, by an
    /// update (`kubectl set image`) or by an apply (Argo CD). Nothing where there is no such container.
    pub fn set_image(
        &self,
        kind: Kind,
        namespace: &str,
        name: &str,
        manager: &Manager,
        container: &str,
        image: &str,
    ) -> Option<Value> {
        let key = Key::new(kind, namespace, name);
        self.server
            .change(|world| actor::set_image(world, &key, manager, container, image))
    }

    /// Sets the wanted number of pods, as a `HorizontalPodAutoscaler` does. Nothing where there is
    /// no such workload, or it has no such number.
    pub fn scale(&self, kind: Kind, namespace: &str, name: &str, replicas: u32) -> Option<Value> {
        let key = Key::new(kind, namespace, name);
        self.server
            .change(|world| actor::scale(world, &key, replicas))
    }

    /// Sets how many nodes a `DaemonSet` has.
    pub fn set_nodes(&self, namespace: &str, name: &str, nodes: usize) {
        let key = Key::new(Kind::DaemonSet, namespace, name);
        self.server.change(|world| world.daemons.insert(key, nodes));
    }

    /// Pauses a Deployment, as `kubectl rollout pause` does.
    pub fn pause(&self, namespace: &str, name: &str) -> Option<Value> {
        let manager = Manager::update("kubectl-rollout");
        let paused = json!({ "spec": { "paused": true } });
        self.patch(Kind::Deployment, namespace, name, &manager, &paused)
    }

    /// Deletes an object and makes another of the same name and spec, with a uid of its own.
    pub fn recreate(
        &self,
        kind: Kind,
        namespace: &str,
        name: &str,
        manager: &Manager,
    ) -> Option<Value> {
        let key = Key::new(kind, namespace, name);
        self.server
            .change(|world| actor::recreate(world, &key, manager))
    }

    /// Replaces the whole status of a pod, which its kubelet leaves alone from then on. Nothing
    /// where there is no such pod.
    pub fn set_pod_status(&self, namespace: &str, name: &str, status: &Value) -> Option<Value> {
        let key = Key::new(Kind::Pod, namespace, name);
        self.server
            .change(|world| write::put_status(world, &key, status))
    }

    /// Stores an event as it is given, with a name, uid and time where it has none. Nothing where
    /// it has no `involvedObject`, is of another namespace, or has the name of one that is there.
    pub fn post_event(&self, namespace: &str, event: &Value) -> Option<Value> {
        self.server
            .change(|world| write::post_event(world, namespace, event).ok())
    }
}
