//! Events, as schedulers, controllers and kubelets record them: a repeated one counts up instead
//! of being stored again. Left out: that ten similar ones are combined.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::image;
use crate::kind::Kind;
use crate::object::{Key, list, micros, name, namespace, seconds, text, uid};
use crate::world::World;

/// Who recorded an event.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Scheduler,
    DeploymentController,
    ReplicaSetController,
    StatefulSetController,
    DaemonSetController,
    /// It attaches volumes to nodes.
    AttachDetachController,
    /// The kubelet of that node.
    Kubelet(String),
}

/// What is to be recorded about an object.
pub(crate) struct Report<'a> {
    pub(crate) source: Source,
    pub(crate) kind: &'static str,
    pub(crate) reason: &'a str,
    pub(crate) message: &'a str,
    /// The container that it is about, for events of a pod.
    pub(crate) container: Option<&'a str>,
}

impl<'a> Report<'a> {
    pub(crate) fn normal(source: Source, reason: &'a str, message: &'a str) -> Report<'a> {
        Report::of("Normal", source, reason, message)
    }

    pub(crate) fn warning(source: Source, reason: &'a str, message: &'a str) -> Report<'a> {
        Report::of("Warning", source, reason, message)
    }

    pub(crate) fn of(
        kind: &'static str,
        source: Source,
        reason: &'a str,
        message: &'a str,
    ) -> Report<'a> {
        Report {
            source,
            kind,
            reason,
            message,
            container: None,
        }
    }

    pub(crate) fn about(self, container: &'a str) -> Report<'a> {
        Report {
            container: Some(container),
            ..self
        }
    }
}

/// Records an event about an object, or counts it up where there is one that says the same.
pub(crate) fn record(world: &mut World, object: &Value, report: &Report<'_>) {
    let field = report.container.map(|container| {
        let init = list(object, "/spec/initContainers");
        let part = if init.iter().any(|found| found["name"] == container) {
            "initContainers"
        } else {
            "containers"
        };
        format!("spec.{part}{{{container}}}")
    });
    let field = field.as_deref().unwrap_or_default();
    let identity = format!(
        "{} {field} {} {}",
        uid(object),
        report.reason,
        report.message
    );
    // Real names end in the time in hex; a hash of what is said finds the event again.
    let event_name = format!("{}.{}", name(object), &image::digest(&identity)[..16]);
    let key = Key::new(Kind::Event, namespace(object), &event_name);
    let event = match world.store.get(&key) {
        Some(event) => repeated(event, world.now),
        None => first(world, object, report, &event_name, field),
    };
    world.store.put(event);
}

fn repeated(event: &Value, now: Timestamp) -> Value {
    let mut event = event.clone();
    if event["eventTime"].is_null() {
        event["count"] = json!(event["count"].as_i64().unwrap_or(1) + 1);
        event["lastTimestamp"] = json!(seconds(now));
    } else {
        let count = event
            .pointer("/series/count")
            .and_then(Value::as_i64)
            .unwrap_or(1)
            + 1;
        event["series"] = json!({ "count": count, "lastObservedTime": micros(now) });
    }
    event
}

fn first(world: &mut World, object: &Value, report: &Report<'_>, name: &str, field: &str) -> Value {
    let now = world.now;
    let mut event = json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": name,
            "namespace": namespace(object),
            "uid": world.uid(),
            "creationTimestamp": seconds(now),
        },
        "involvedObject": {
            "apiVersion": object["apiVersion"],
            "kind": object["kind"],
            "namespace": namespace(object),
            "name": text(object, "/metadata/name"),
            "uid": uid(object),
            "resourceVersion": text(object, "/metadata/resourceVersion"),
        },
        "reason": report.reason,
        "message": report.message,
        "type": report.kind,
    });
    if !field.is_empty() {
        event["involvedObject"]["fieldPath"] = json!(field);
    }
    let component = match &report.source {
        Source::Scheduler => {
            // The scheduler uses the newer API, whose events have neither count nor timestamps.
            event["source"] = json!({});
            event["firstTimestamp"] = Value::Null;
            event["lastTimestamp"] = Value::Null;
            event["eventTime"] = json!(micros(now));
            event["action"] = json!(if report.kind == "Normal" {
                "Binding"
            } else {
                "Scheduling"
            });
            event["reportingComponent"] = json!("default-scheduler");
            event["reportingInstance"] = json!("default-scheduler-practice");
            return event;
        }
        Source::DeploymentController => json!({ "component": "deployment-controller" }),
        Source::ReplicaSetController => json!({ "component": "replicaset-controller" }),
        Source::StatefulSetController => json!({ "component": "statefulset-controller" }),
        Source::DaemonSetController => json!({ "component": "daemonset-controller" }),
        Source::AttachDetachController => json!({ "component": "attachdetach-controller" }),
        Source::Kubelet(node) => json!({ "component": "kubelet", "host": node }),
    };
    event["firstTimestamp"] = json!(seconds(now));
    event["lastTimestamp"] = json!(seconds(now));
    event["eventTime"] = Value::Null;
    event["count"] = json!(1);
    event["reportingComponent"] = component["component"].clone();
    event["reportingInstance"] = component.get("host").cloned().unwrap_or_else(|| json!(""));
    event["source"] = component;
    event
}
