//! A cluster with one Deployment and a client: what nearly every test starts from.

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Api, Patch, PatchParams};
use kube::{Client, Config, Error};
use serde_json::{Value, json};
use sluice_practice::{Cluster, Failure, Kind, Pace, Seed};

pub(crate) const OLD: &str = "ghcr.io/acme/web:1";
pub(crate) const NEW: &str = "ghcr.io/acme/web:2";

pub(crate) struct Scene {
    pub(crate) cluster: Cluster,
    pub(crate) client: Client,
    pub(crate) deployments: Api<Deployment>,
}

/// A cluster at the instant pace with a Deployment `web/web` of two replicas.
pub(crate) async fn scene(failure: Option<Failure>) -> Scene {
    Scene::of(2, failure, Pace::instant()).await
}

impl Scene {
    pub(crate) async fn of(replicas: u32, failure: Option<Failure>, pace: Pace) -> Scene {
        let cluster = Cluster::start(vec![seed(replicas)], failure, pace)
            .await
            .expect("a port is free");
        let client = client(&cluster);
        let deployments = Api::namespaced(client.clone(), "web");
        Scene {
            cluster,
            client,
            deployments,
        }
    }

    /// The Deployment as it stands.
    pub(crate) fn web(&self) -> Value {
        self.cluster
            .object(Kind::Deployment, "web", "web")
            .expect("the scene has it")
    }

    /// The patch that sets its image, with the preconditions of a careful client.
    pub(crate) fn image_patch(&self, old: &str, new: &str) -> Value {
        let metadata = &self.web()["metadata"];
        json!([
            { "op": "test", "path": "/metadata/uid", "value": metadata["uid"] },
            { "op": "test", "path": "/spec/template/spec/containers/0/name", "value": "app" },
            { "op": "test", "path": "/spec/template/spec/containers/0/image", "value": old },
            { "op": "replace", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"] },
            { "op": "replace", "path": "/spec/template/spec/containers/0/image", "value": new },
        ])
    }

    pub(crate) async fn patch(&self, patch: Value) -> Result<Deployment, Error> {
        self.patch_with(patch, &PatchParams::apply("sluice")).await
    }

    pub(crate) async fn patch_with(
        &self,
        patch: Value,
        params: &PatchParams,
    ) -> Result<Deployment, Error> {
        let patch = serde_json::from_value(patch).expect("a JSON patch");
        self.deployments
            .patch("web", params, &Patch::Json::<()>(patch))
            .await
    }

    /// Deploys the new image.
    pub(crate) async fn deploy(&self) -> Deployment {
        self.patch(self.image_patch(OLD, NEW))
            .await
            .expect("the patch applies")
    }
}

pub(crate) fn seed(replicas: u32) -> Seed {
    Seed {
        kind: Kind::Deployment,
        namespace: "web".to_owned(),
        name: "web".to_owned(),
        containers: vec![("app".to_owned(), OLD.to_owned())],
        replicas,
    }
}

pub(crate) fn client(cluster: &Cluster) -> Client {
    let mut config = Config::new(cluster.url().parse().expect("a cluster's URL parses"));
    // A refusal is to be seen, not waited out.
    config.default_retry = false;
    Client::try_from(config).expect("a client without credentials")
}

/// The `Status` object that an error of the client holds.
pub(crate) fn status(error: Error) -> Value {
    match error {
        Error::Api(status) => serde_json::to_value(status).expect("a status is JSON"),
        other => panic!("not an answer of the API: {other}"),
    }
}
