//! Builders of what a cluster shows, for the tests: a Deployment `web/web` of two pods
//! whose container `app` is given `web:2` in place of `web:1`.

use crate::bindings::sluice::kube::apply::{
    Condition, ContainerImage, ContainerState, ContainerStatus, Event, Facts, Marker, Object, Pod,
    Revision, Terminated, Waiting, Workload,
};
use crate::config::{Config, Patience};

pub(crate) const OLD: &str = "ghcr.io/acme/web:1";
pub(crate) const NEW: &str = "ghcr.io/acme/web:2";

pub(crate) fn digest(of: char) -> String {
    format!("sha256:{}", of.to_string().repeat(64))
}

pub(crate) fn workload() -> Workload {
    Workload {
        kind: "Deployment".to_owned(),
        namespace: "web".to_owned(),
        name: "web".to_owned(),
    }
}

pub(crate) fn image(container: &str, image: &str) -> ContainerImage {
    ContainerImage {
        container: container.to_owned(),
        image: image.to_owned(),
    }
}

/// The step that gives containers these images, with nothing else said.
pub(crate) fn config(images: &[(&str, &str)]) -> Config {
    Config {
        workload: workload(),
        images: images.iter().map(|(name, to)| image(name, to)).collect(),
        patience: Patience::default(),
        take_over: false,
        restart: false,
        rollback: false,
        digests: Vec::new(),
    }
}

/// A tool's mark on the object.
pub(crate) fn marker(tool: &str, name: &str, reverts: bool) -> Marker {
    Marker {
        tool: tool.to_owned(),
        name: name.to_owned(),
        reverts,
    }
}

/// The object with this image, at generation 2 with the new one and 1 with another.
pub(crate) fn object(app: &str) -> Object {
    Object {
        uid: "u1".to_owned(),
        generation: if app == NEW { 2 } else { 1 },
        containers: vec![image("app", app), image("proxy", "envoy:1.30")],
        init_containers: vec![image("migrate", "migrate:1")],
        paused: false,
        strategy: "RollingUpdate".to_owned(),
        replicas: 2,
        controller: None,
        image_managers: vec!["Update:sluice".to_owned(), "Update:kubectl".to_owned()],
        partition: 0,
        markers: Vec::new(),
        changed_at: None,
        details: "{}".to_owned(),
    }
}

pub(crate) fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Condition {
    Condition {
        kind: kind.to_owned(),
        status: status.to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        since: None,
    }
}

/// A pod whose one container `app` runs the new image and is ready.
pub(crate) fn pod(name: &str) -> Pod {
    Pod {
        name: name.to_owned(),
        created_at: None,
        phase: "Running".to_owned(),
        ready: true,
        terminating: false,
        conditions: Vec::new(),
        containers: vec![ContainerStatus {
            name: "app".to_owned(),
            init: false,
            image: NEW.to_owned(),
            image_id: format!("ghcr.io/acme/web@{}", digest('a')),
            ready: true,
            restarts: 0,
            state: ContainerState::Running(None),
            last_terminated: None,
        }],
    }
}

fn ended(exit_code: i32, reason: &str, message: &str) -> Terminated {
    Terminated {
        exit_code,
        signal: 0,
        reason: reason.to_owned(),
        message: message.to_owned(),
        finished_at: None,
    }
}

impl Pod {
    fn unready(mut self) -> Self {
        self.ready = false;
        self.containers[0].ready = false;
        self
    }

    pub(crate) fn state(mut self, state: ContainerState) -> Self {
        self = self.unready();
        self.containers[0].state = state;
        self
    }

    pub(crate) fn waiting(self, reason: &str, message: &str) -> Self {
        self.state(ContainerState::Waiting(Waiting {
            reason: reason.to_owned(),
            message: message.to_owned(),
        }))
    }

    pub(crate) fn starting(self) -> Self {
        self.waiting("ContainerCreating", "")
    }

    /// It runs and is not ready.
    pub(crate) fn running(self) -> Self {
        self.state(ContainerState::Running(None))
    }

    /// It has ended, for the first time.
    pub(crate) fn ended(self, exit_code: i32, reason: &str) -> Self {
        self.state(ContainerState::Terminated(ended(exit_code, reason, "")))
    }

    /// Between two attempts, after having ended so often.
    pub(crate) fn crashing(self, exit_code: i32, reason: &str, restarts: u32) -> Self {
        let words = "back-off 10s restarting failed container=app pod=web-2-a_web(u2)";
        let mut pod = self.waiting("CrashLoopBackOff", words).restarts(restarts);
        pod.containers[0].last_terminated = Some(ended(exit_code, reason, "panic: no database\n"));
        pod
    }

    pub(crate) fn restarts(mut self, restarts: u32) -> Self {
        self.containers[0].restarts = restarts;
        self
    }

    pub(crate) fn runs(mut self, image_id: &str) -> Self {
        image_id.clone_into(&mut self.containers[0].image_id);
        self
    }

    pub(crate) fn given(mut self, image: &str) -> Self {
        image.clone_into(&mut self.containers[0].image);
        self
    }

    /// Its container is an init container called `migrate`.
    pub(crate) fn initialising(mut self) -> Self {
        let container = &mut self.containers[0];
        "migrate".clone_into(&mut container.name);
        container.init = true;
        self
    }

    pub(crate) fn unschedulable(self, message: &str) -> Self {
        let mut pod = self.unready();
        "Pending".clone_into(&mut pod.phase);
        pod.containers.clear();
        let condition = condition("PodScheduled", "False", "Unschedulable", message);
        pod.conditions.push(condition);
        pod
    }

    pub(crate) fn terminating(mut self) -> Self {
        self.terminating = true;
        self
    }

    pub(crate) fn phase(mut self, phase: &str) -> Self {
        phase.clone_into(&mut self.phase);
        self
    }
}

/// The rollout of the new image with these pods of the new revision, and none of the old.
pub(crate) fn facts(pods: Vec<Pod>) -> Facts {
    let live = pods.iter().filter(|pod| !pod.terminating);
    let updated = count(live.clone().count());
    let ready = count(live.filter(|pod| pod.ready).count());
    Facts {
        at: 0,
        object: object(NEW),
        observed_generation: 2,
        total: updated,
        updated,
        ready,
        available: ready,
        unavailable: updated - ready,
        conditions: Vec::new(),
        revisions: vec![Revision {
            name: "web-2".to_owned(),
            current: true,
            images: object(NEW).containers,
            replicas: updated,
            conditions: Vec::new(),
            pods,
        }],
        events: Vec::new(),
        deleted: false,
        details: "{}".to_owned(),
    }
}

impl Facts {
    /// Pods of the old revision beside the new ones.
    pub(crate) fn beside(mut self, pods: Vec<Pod>) -> Self {
        let ready = count(pods.iter().filter(|pod| pod.ready).count());
        self.total += count(pods.len());
        self.ready += ready;
        self.available += ready;
        self.revisions.push(Revision {
            name: "web-1".to_owned(),
            current: false,
            images: object(OLD).containers,
            replicas: count(pods.len()),
            conditions: Vec::new(),
            pods,
        });
        self
    }

    pub(crate) fn event(mut self, pod: &str, reason: &str, message: &str) -> Self {
        self.events.push(Event {
            object_kind: "Pod".to_owned(),
            object_name: pod.to_owned(),
            kind: "Warning".to_owned(),
            reason: reason.to_owned(),
            message: message.to_owned(),
            last_seen: None,
        });
        self
    }

    /// The `ReplicaSet` cannot create pods.
    pub(crate) fn refused(mut self, message: &str) -> Self {
        let condition = condition("ReplicaFailure", "True", "FailedCreate", message);
        self.revisions[0].conditions.push(condition);
        self
    }

    /// A condition of the workload.
    pub(crate) fn condition(mut self, kind: &str, reason: &str, message: &str) -> Self {
        self.conditions
            .push(condition(kind, "False", reason, message));
        self
    }

    /// A warning about the workload itself.
    pub(crate) fn warning(mut self, reason: &str, message: &str, at: u64) -> Self {
        let Workload { kind, name, .. } = workload();
        self.events.push(Event {
            object_kind: kind,
            object_name: name,
            kind: "Warning".to_owned(),
            reason: reason.to_owned(),
            message: message.to_owned(),
            last_seen: Some(at),
        });
        self
    }

    pub(crate) fn change(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).expect("a handful of pods")
}
