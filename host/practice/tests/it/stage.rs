//! A cluster with one workload of any kind, and a client that takes its objects as they come.

use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams};
use kube::{Client, Error};
use serde_json::{Value, json};
use sluice_practice::{Cluster, Failure, Kind, Pace, Workload};

use crate::scene::{NEW, OLD, client};

pub(crate) struct Stage {
    pub(crate) cluster: Cluster,
    pub(crate) client: Client,
    kind: Kind,
}

/// The workload `web/web` of a kind, with one container.
pub(crate) fn web(kind: Kind, replicas: u32) -> Workload {
    Workload::new(kind, "web", "web", replicas).container("app", OLD)
}

impl Stage {
    /// A cluster at the instant pace.
    pub(crate) async fn of(kind: Kind, workload: Workload, failure: Option<Failure>) -> Stage {
        Stage::at(Pace::instant(), kind, workload, failure).await
    }

    pub(crate) async fn at(
        pace: Pace,
        kind: Kind,
        workload: Workload,
        failure: Option<Failure>,
    ) -> Stage {
        let cluster = Cluster::start(vec![workload], failure, pace)
            .await
            .expect("a port is free");
        let client = client(&cluster);
        Stage {
            cluster,
            client,
            kind,
        }
    }

    /// The workload as it stands.
    pub(crate) fn web(&self) -> Value {
        self.cluster
            .object(self.kind, "web", "web")
            .expect("the stage has it")
    }

    pub(crate) fn api(&self) -> Api<DynamicObject> {
        let (group, version) = match self.kind {
            Kind::CronJob => ("batch", "v1"),
            _ => ("apps", "v1"),
        };
        let kind = GroupVersionKind::gvk(group, version, &self.kind.to_string());
        let resource = ApiResource::from_gvk(&kind);
        Api::namespaced_with(self.client.clone(), "web", &resource)
    }

    pub(crate) async fn patch(&self, patch: Value) -> Result<Value, Error> {
        let patch = serde_json::from_value(patch).expect("a JSON patch");
        let params = PatchParams::apply("sluice");
        let patched = self
            .api()
            .patch("web", &params, &Patch::Json::<()>(patch))
            .await?;
        Ok(serde_json::to_value(patched).expect("an object is JSON"))
    }

    /// Sets the image of the first container.
    pub(crate) async fn deploy(&self, image: &str) -> Value {
        let template = match self.kind {
            Kind::CronJob => "/spec/jobTemplate/spec/template",
            _ => "/spec/template",
        };
        let path = format!("{template}/spec/containers/0/image");
        self.patch(json!([{ "op": "replace", "path": path, "value": image }]))
            .await
            .expect("the patch applies")
    }

    /// The pods by name: the tag of the image, and whether they are ready.
    pub(crate) fn pods(&self) -> Vec<String> {
        let pods = self.cluster.objects(Kind::Pod, "web");
        pods.iter()
            .map(|pod| {
                let name = pod["metadata"]["name"].as_str().unwrap_or_default();
                let tag = match pod["spec"]["containers"][0]["image"].as_str() {
                    Some(OLD) => "old",
                    Some(NEW) => "new",
                    other => other.unwrap_or_default(),
                };
                let status = &pod["status"]["containerStatuses"][0];
                let reason = status["state"]["waiting"]["reason"].as_str();
                let state = match reason {
                    Some(reason) => reason,
                    None if status["ready"] == true => "ready",
                    None => "not ready",
                };
                let ending = pod["metadata"].get("deletionTimestamp").is_some();
                let ending = if ending { ", ending" } else { "" };
                format!("{name}: {tag}, {state}{ending}")
            })
            .collect()
    }

    /// The events of the namespace about objects of a kind: reason, message and count.
    pub(crate) fn events(&self, about: &str) -> Vec<String> {
        let mut events = self.cluster.objects(Kind::Event, "web");
        events.retain(|event| event["involvedObject"]["kind"] == about);
        events.sort_by_key(|event| {
            let version = event["metadata"]["resourceVersion"].as_str();
            version.and_then(|version| version.parse::<u64>().ok())
        });
        let text =
            |event: &Value, field: &str| event[field].as_str().unwrap_or_default().to_owned();
        events
            .iter()
            .map(|event| {
                format!(
                    "{} {}: {} (x{})",
                    text(event, "type"),
                    text(event, "reason"),
                    text(event, "message"),
                    event["count"]
                )
            })
            .collect()
    }
}
