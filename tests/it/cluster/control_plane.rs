//! The real API server that `./test` has started, as a stage: fixtures are made by
//! `kubectl`, and what sluice wrote is what the server's audit log says.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use serde_json::{Value, json};

use crate::deploy::stage::{Fate, OLD, Stage, Write};

/// A namespace of its own on the control plane. Dropping it deletes it.
pub(crate) struct Real {
    namespace: String,
    /// The run folder of the control plane.
    folder: PathBuf,
    kubeconfig: PathBuf,
}

impl Real {
    /// A namespace without anything in it.
    pub(crate) fn empty() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let folder = std::env::var_os("SLUICE_TEST_CLUSTER");
        let folder = PathBuf::from(folder.expect("`./test` sets it to where its cluster runs"));
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let real = Self {
            namespace: format!("deploy-{}-{count}", std::process::id()),
            kubeconfig: folder.join("kubeconfig"),
            folder,
        };
        real.kubectl(&["create", "namespace", &real.namespace], "");
        real
    }

    /// Runs `kubectl` in the namespace, with that on its standard input; what it printed.
    #[track_caller]
    pub(crate) fn kubectl(&self, args: &[&str], input: &str) -> String {
        let mut command = self.command(args);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kubectl starts");
        let mut stdin = child.stdin.take().expect("it is piped");
        stdin.write_all(input.as_bytes()).expect("it reads");
        drop(stdin);
        let output = child.wait_with_output().expect("it was started");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "kubectl {args:?}: {error}");
        String::from_utf8(output.stdout).expect("kubectl writes text")
    }

    /// `kubectl` in the namespace, ready to start.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(self.folder.join("kubekit"));
        command
            .args(["kubectl", "--namespace", &self.namespace, "--kubeconfig"])
            .arg(&self.kubeconfig)
            .arg("--cache-dir")
            .arg(self.folder.join("cache"))
            .args(args);
        command
    }

    /// Where the API server listens: `https://127.0.0.1:<port>`.
    pub(crate) fn server(&self) -> String {
        let path = "jsonpath={.clusters[0].cluster.server}";
        self.kubectl(&["config", "view", "--output", path], "")
    }

    /// The file with the certificate that the API server is trusted by.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.join("apiserver.crt")
    }

    fn change(&self, change: &Value) {
        self.kubectl(
            &["patch", "deployment", "web", "--patch", &change.to_string()],
            "",
        );
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let delete = ["delete", "namespace", &self.namespace, "--wait=false"];
        let ended = self.command(&delete).output();
        if !ended.is_ok_and(|output| output.status.success()) {
            eprintln!("namespace {} stays", self.namespace);
        }
    }
}

/// The Deployment as a user's file has it.
fn manifest(fate: Fate) -> Value {
    // The node has 1000 CPUs: two of these pods fit on it, a third one does not.
    let requests = match fate {
        Fate::Unschedulable => json!({ "cpu": "400" }),
        _ => json!({}),
    };
    let app = json!({ "name": "app", "image": OLD, "resources": { "requests": requests } });
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": "web" },
        "spec": {
            "replicas": 2,
            "selector": { "matchLabels": { "app": "web" } },
            "template": {
                "metadata": { "labels": { "app": "web" } },
                "spec": { "containers": [app] },
            },
        },
    })
}

impl Stage for Real {
    fn set(fate: Fate) -> Self {
        let real = Self::empty();
        real.kubectl(&["create", "--filename", "-"], &manifest(fate).to_string());
        real.kubectl(
            &["rollout", "status", "deployment/web", "--timeout=60s"],
            "",
        );
        match fate {
            Fate::Quota => {
                real.kubectl(&["create", "quota", "pods", "--hard=pods=2"], "");
                // Until it has counted them, it refuses pods for another reason.
                let counted = "--for=jsonpath={.status.used.pods}=2";
                real.kubectl(&["wait", counted, "quota/pods", "--timeout=60s"], "");
            }
            Fate::Held => real.change(&json!({ "spec": { "minReadySeconds": 300 } })),
            _ => {}
        }
        real
    }

    fn namespace(&self) -> &str {
        &self.namespace
    }

    fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    fn image(&self) -> String {
        let path = "jsonpath={.spec.template.spec.containers[0].image}";
        self.kubectl(&["get", "deployment", "web", "--output", path], "")
    }

    fn writes(&self) -> Vec<Write> {
        let log = std::fs::read_to_string(self.folder.join("audit.log"));
        let log = log.expect("the control plane keeps it");
        // A last line without its end is still being written, for somebody else.
        let lines = log
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'));
        let entries = lines.map(|line| {
            serde_json::from_str::<Value>(line).expect("each line of the audit log is JSON")
        });
        let ours = entries.filter(|entry| {
            let agent = entry["userAgent"].as_str().unwrap_or_default();
            entry["objectRef"]["namespace"] == self.namespace.as_str()
                // The control plane and `kubectl` are one program.
                && !agent.starts_with("kubekit")
        });
        let writes = ours.map(|entry| {
            let asked = entry["requestURI"].as_str().unwrap_or_default();
            Write::new(asked.contains("dryRun=All"), &entry["requestObject"])
        });
        writes.collect()
    }

    fn set_image(&self, image: &str) {
        let set = format!("app={image}");
        self.kubectl(&["set", "image", "deployment/web", &set], "");
    }

    fn pause(&self) {
        self.kubectl(&["rollout", "pause", "deployment/web"], "");
    }

    fn hand_over(&self) {
        let uid = "jsonpath={.metadata.uid}";
        let uid = self.kubectl(&["create", "configmap", "operator", "--output", uid], "");
        let owner = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": "operator",
            "uid": uid,
            "controller": true,
        });
        self.change(&json!({ "metadata": { "ownerReferences": [owner] } }));
    }

    fn delete(&self) {
        self.kubectl(&["delete", "deployment", "web"], "");
    }

    fn recreate(&self) -> String {
        self.delete();
        let manifest = manifest(Fate::Ready).to_string();
        self.kubectl(&["create", "--filename", "-"], &manifest);
        let uid = "jsonpath={.metadata.uid}";
        self.kubectl(&["get", "deployment", "web", "--output", uid], "")
    }

    fn release(&self) {
        self.change(&json!({ "spec": { "minReadySeconds": 0 } }));
    }
}
