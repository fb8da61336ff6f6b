//! The real API server that `./test` has started, as a stage: fixtures are made by
//! `kubectl`, and what sluice wrote is what the server's audit log says.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use serde_json::{Value, json};

use crate::deploy::stage::{Fate, OLD, Stage, Workload, Write};

/// A namespace of its own on the control plane. Dropping it deletes it.
pub(crate) struct Real {
    kind: &'static str,
    namespace: String,
    /// The run folder of the control plane.
    folder: PathBuf,
    kubeconfig: PathBuf,
    /// Whether there are policies of the namespace's name, which are outside of it.
    policies: bool,
}

/// How often the server is asked whether it knows by now what was created; a moment each.
const ASKED: usize = 200;

impl Real {
    /// A namespace without anything in it.
    pub(crate) fn empty() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let folder = std::env::var_os("SLUICE_TEST_CLUSTER");
        let folder = PathBuf::from(folder.expect("`./test` sets it to where its cluster runs"));
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let real = Self {
            kind: "Deployment",
            namespace: format!("deploy-{}-{count}", std::process::id()),
            kubeconfig: folder.join("kubeconfig"),
            folder,
            policies: false,
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

    /// The workload, as arguments of `kubectl` name it.
    fn web(&self) -> String {
        format!("{}/web", self.kind.to_lowercase())
    }

    /// Denies pods with the image of [`Fate::Denied`], by an admission policy for this namespace.
    fn deny(&mut self) {
        let name = &self.namespace;
        let policies = json!({ "apiVersion": "v1", "kind": "List", "items": [
            {
                "apiVersion": "admissionregistration.k8s.io/v1",
                "kind": "ValidatingAdmissionPolicy",
                "metadata": { "name": name },
                "spec": {
                    "matchConstraints": { "resourceRules": [{
                        "apiGroups": [""], "apiVersions": ["v1"],
                        "operations": ["CREATE"], "resources": ["pods"],
                    }] },
                    "validations": [{
                        "expression": "object.spec.containers.all(c, !c.image.endsWith('-denied'))",
                        "message": "this image is not signed",
                    }],
                },
            },
            {
                "apiVersion": "admissionregistration.k8s.io/v1",
                "kind": "ValidatingAdmissionPolicyBinding",
                "metadata": { "name": name },
                "spec": {
                    "policyName": name,
                    "validationActions": ["Deny"],
                    "matchResources": { "namespaceSelector": {
                        "matchLabels": { "kubernetes.io/metadata.name": name },
                    } },
                },
            },
        ] });
        self.kubectl(&["create", "--filename", "-"], &policies.to_string());
        self.policies = true;
        // It takes a moment to be in force.
        let image = format!("--image={}", Fate::Denied.image());
        let probe = ["run", "probe", &image, "--dry-run=server"];
        let in_force = (0..ASKED).any(|_| {
            let asked = self.command(&probe).output().expect("kubectl starts");
            !asked.status.success()
        });
        assert!(in_force, "the policy does not come into force");
    }

    fn get(&self, what: &[&str]) -> Value {
        let args = [&["get", "--output=json"], what].concat();
        serde_json::from_str(&self.kubectl(&args, "")).expect("it is JSON")
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let delete = ["delete", "namespace", &self.namespace, "--wait=false"];
        if self.policies {
            for kind in [
                "validatingadmissionpolicybinding",
                "validatingadmissionpolicy",
            ] {
                let _ = self.command(&["delete", kind, &self.namespace]).output();
            }
        }
        let ended = self.command(&delete).output();
        if !ended.is_ok_and(|output| output.status.success()) {
            eprintln!("namespace {} stays", self.namespace);
        }
    }
}

/// The workload as a user's file has it.
fn manifest(workload: &Workload, fate: Fate) -> Value {
    // The node has 1000 CPUs: two of these pods fit on it, a third one does not.
    let requests = match fate {
        Fate::Unschedulable => json!({ "cpu": "400" }),
        _ => json!({}),
    };
    let app = json!({ "name": "app", "image": OLD, "resources": { "requests": requests } });
    let named = |(name, image): &(&str, String)| json!({ "name": name, "image": image });
    let containers = std::iter::once(app).chain(workload.containers.iter().map(named));
    let mut template = json!({
        "metadata": { "labels": { "app": "web" } },
        "spec": {
            "containers": containers.collect::<Value>(),
            "initContainers": workload.init_containers.iter().map(named).collect::<Value>(),
        },
    });
    let selector = json!({ "matchLabels": { "app": "web" } });
    let replicas = workload.replicas;
    let (group, mut spec) = match workload.kind {
        "CronJob" => {
            template["spec"]["restartPolicy"] = json!("Never");
            let job = json!({ "spec": { "template": template } });
            (
                "batch",
                json!({ "schedule": "0 0 1 1 *", "jobTemplate": job }),
            )
        }
        "DaemonSet" => (
            "apps",
            json!({ "selector": selector, "template": template }),
        ),
        _ => (
            "apps",
            json!({ "replicas": replicas, "selector": selector, "template": template }),
        ),
    };
    for (key, value) in workload.spec.as_object().into_iter().flatten() {
        spec[key] = value.clone();
    }
    let map = |pairs: &[(&str, &str)]| {
        let pairs = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), json!(value)));
        Value::Object(pairs.collect())
    };
    json!({
        "apiVersion": format!("{group}/v1"),
        "kind": workload.kind,
        "metadata": {
            "name": "web",
            "labels": map(workload.labels),
            "annotations": map(workload.annotations),
        },
        "spec": spec,
    })
}

impl Stage for Real {
    fn of(workload: &Workload, fate: Fate) -> Self {
        let mut real = Self::empty();
        real.kind = workload.kind;
        let manifest = manifest(workload, fate).to_string();
        match workload.applied_by {
            Some(manager) => {
                let manager = format!("--field-manager={manager}");
                real.kubectl(
                    &["apply", "--server-side", &manager, "--filename", "-"],
                    &manifest,
                );
            }
            None => {
                real.kubectl(&["create", "--filename", "-"], &manifest);
            }
        }
        // `kubectl rollout status` follows none of these.
        let on_delete = workload.spec["updateStrategy"]["type"] == "OnDelete";
        if workload.kind != "CronJob" && !on_delete {
            real.kubectl(&["rollout", "status", &real.web(), "--timeout=60s"], "");
        }
        match fate {
            Fate::Quota => {
                // A Deployment makes a pod more at first, the sets one less.
                let room = match workload.kind {
                    "Deployment" => workload.replicas,
                    _ => workload.replicas - 1,
                };
                let hard = format!("--hard=pods={room}");
                real.kubectl(&["create", "quota", "pods", &hard], "");
                // Until it has counted them, it refuses pods for another reason.
                let counted = format!("--for=jsonpath={{.status.used.pods}}={}", workload.replicas);
                real.kubectl(&["wait", &counted, "quota/pods", "--timeout=60s"], "");
            }
            Fate::Denied => real.deny(),
            Fate::Held => real.change(&json!({ "spec": { "minReadySeconds": 300 } })),
            _ => {}
        }
        real
    }

    fn kind(&self) -> &'static str {
        self.kind
    }

    fn namespace(&self) -> &str {
        &self.namespace
    }

    fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    fn object(&self) -> Value {
        self.get(&[&self.web(), "--show-managed-fields"])
    }

    fn objects(&self, kind: &str) -> Vec<Value> {
        let list = self.get(&[kind]);
        list["items"].as_array().cloned().unwrap_or_default()
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
        self.kubectl(&["set", "image", &self.web(), &set], "");
    }

    fn change(&self, change: &Value) {
        self.kubectl(&["patch", &self.web(), "--patch", &change.to_string()], "");
    }

    fn set_pod_status(&self, pod: &str, status: &Value) {
        let patch = json!({ "status": status }).to_string();
        let of = ["patch", "pod", pod, "--subresource=status", "--patch"];
        self.kubectl(&[&of[..], &[&patch]].concat(), "");
    }

    fn post_event(&self, event: &Value) {
        self.kubectl(&["create", "--filename", "-"], &event.to_string());
    }

    fn lift_quota(&self) {
        self.kubectl(&["delete", "quota", "pods"], "");
    }

    fn pause(&self) {
        self.kubectl(&["rollout", "pause", &self.web()], "");
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
        self.kubectl(&["delete", &self.web()], "");
    }

    fn pass_step(&self) {
        // It passes by itself.
    }

    fn recreate(&self) -> String {
        self.delete();
        let manifest = manifest(&Workload::of(self.kind), Fate::Ready).to_string();
        self.kubectl(&["create", "--filename", "-"], &manifest);
        let uid = self.object()["metadata"]["uid"].take();
        uid.as_str().expect("every object has one").to_owned()
    }

    fn release(&self) {
        self.change(&json!({ "spec": { "minReadySeconds": 0 } }));
    }
}
