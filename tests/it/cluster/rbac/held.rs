//! A service account under the documents that `sluice rbac` prints, and its requests: not
//! those of sluice, but whatever somebody sends who has its token.

use std::process::Command;

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::{
    cluster::{account::kubeconfig, control_plane::Real},
    deploy::stage::Stage,
    sluice::{Said, Sluice},
};

/// How often the server is asked whether it knows by now what was applied; a moment each.
const ASKED: usize = 2000;

/// A namespace, and the account `runner` in it.
pub(super) struct Held {
    pub(super) real: Real,
    /// The pipeline, in a folder with the way to the cluster as that account.
    pub(super) sluice: Sluice,
    runtime: Runtime,
    client: kube::Client,
}

impl Held {
    /// Applies what is printed for a pipeline, in which `NS` stands for the namespace.
    /// `workload` is one of its workloads, by its path.
    pub(super) fn by(real: Real, pipeline: &str, workload: &str) -> Self {
        let pipeline = pipeline.replace("NS", real.namespace());
        let sluice = Sluice::pipeline(&pipeline);
        let account = format!("{}/runner", real.namespace());
        let said = sluice.run(&["rbac", "pipeline.yaml", "--account", &account]);
        assert_eq!(said.code, Some(0), "{}", said.err);
        real.kubectl(&["apply", "--filename", "-"], &said.out);
        let held = Self::with_token(real, sluice);
        held.wait_for_the_policy(workload);
        held
    }

    /// The account with whatever rights it was given.
    pub(super) fn with_token(real: Real, sluice: Sluice) -> Self {
        let token = real.kubectl(&["create", "token", "runner"], "");
        let config = kubeconfig(&real.server(), &real.authority(), &token);
        let file = sluice.folder().join("kubeconfig");
        std::fs::write(&file, &config).expect("the folder is ours");
        let runtime = Runtime::new().expect("a runtime can be made");
        let client = runtime.block_on(async {
            let config = kube::config::Kubeconfig::from_yaml(&config).expect("it is one");
            let options = kube::config::KubeConfigOptions::default();
            let config = kube::Config::from_custom_kubeconfig(config, &options);
            kube::Client::try_from(config.await.expect("it is complete"))
        });
        Self {
            real,
            sluice: sluice.env("KUBECONFIG", file),
            runtime,
            client: client.expect("a client can be made"),
        }
    }

    /// A policy takes a moment to be known to the server: asks it what a change of an
    /// annotation would come to, until that is refused.
    fn wait_for_the_policy(&self, workload: &str) {
        let probe =
            json!([{ "op": "add", "path": "/metadata/annotations", "value": { "a": "b" } }]);
        let path = format!("{workload}?dryRun=All");
        let refused = (0..ASKED).any(|_| self.patch(&path, &probe).is_err());
        assert!(refused, "the policy does not come into force");
    }

    /// Gives the account every right in its namespace, and asks until the server knows.
    pub(super) fn give_every_right(&self) {
        let account = format!("--serviceaccount={}:runner", self.real.namespace());
        let role = "--clusterrole=cluster-admin";
        self.real
            .kubectl(&["create", "rolebinding", "all", role, &account], "");
        let path = "/api/v1/namespaces/NS/configmaps";
        let given = (0..ASKED).any(|_| {
            self.send("GET", path, "application/json", &Value::Null)
                .is_ok()
        });
        assert!(given, "the rights do not come into force");
    }

    /// Starts sluice as the account.
    pub(super) fn run(&self, args: &[&str]) -> Said {
        self.sluice.run(args)
    }

    /// Sends a JSON Patch.
    pub(super) fn patch(&self, path: &str, patch: &Value) -> Result<(), String> {
        self.send("PATCH", path, "application/json-patch+json", patch)
    }

    /// Sends a request as the account; `NS` in its path is the namespace. `Err` is who
    /// refused it and why: the policy, the account's Role or the server.
    pub(super) fn send(
        &self,
        method: &str,
        path: &str,
        content: &str,
        body: &Value,
    ) -> Result<(), String> {
        let namespace = self.real.namespace();
        let request = http::Request::builder()
            .method(method)
            .uri(path.replace("NS", namespace))
            .header("content-type", content)
            .body(body.to_string().into_bytes())
            .expect("the request is well formed");
        let answer = self.runtime.block_on(self.client.request::<Value>(request));
        match answer {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) => Err(refusal(&status.message.replace(namespace, "NS"))),
            Err(error) => panic!("{method} {path}: {error}"),
        }
    }
}

/// Who refused, and the words that matter.
fn refusal(message: &str) -> String {
    let policy = "ValidatingAdmissionPolicy 'sluice.NS.runner' with binding 'sluice.NS.runner' denied request: ";
    let role = "User \"system:serviceaccount:NS:runner\" cannot ";
    if let Some((_, why)) = message.split_once(policy) {
        format!("policy: {}", sorted(why))
    } else if let Some((_, why)) = message.split_once(role) {
        let what = why.split(" in ").next().unwrap_or_default();
        format!("role: cannot {what}")
    } else {
        format!("server: {message}")
    }
}

/// The fields that a change is refused for in their order: the server has none.
fn sorted(why: &str) -> String {
    let Some((start, fields)) = why.split_once("but its images, and this changes ") else {
        return why.to_owned();
    };
    let mut fields = fields.split(", ").collect::<Vec<_>>();
    fields.sort_unstable();
    format!(
        "{start}but its images, and this changes {}",
        fields.join(", ")
    )
}

impl Drop for Held {
    fn drop(&mut self) {
        // The only objects outside of the namespace.
        let name = format!("sluice.{}.runner", self.real.namespace());
        for kind in [
            "validatingadmissionpolicybinding",
            "validatingadmissionpolicy",
        ] {
            let mut delete: Command = self.real.command(&["delete", kind, &name]);
            let _ = delete.arg("--ignore-not-found").output();
        }
    }
}
