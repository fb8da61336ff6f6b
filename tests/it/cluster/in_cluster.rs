//! The runner in a pod: no kubeconfig, but a service account where pods find theirs. A
//! mount namespace puts it there, which wants root.

use std::process::Command;

use super::{
    account::{account, rights},
    control_plane::Real,
};
use crate::{
    deploy::stage::{Deploy, Fate, Stage, assert_wrote},
    sluice::{Said, Sluice},
};

const NEW: &str = "ghcr.io/acme/web:2";

/// Mounts an empty `/var/run`, fills it as a kubelet does, and becomes the rest of its
/// arguments; the first one is the folder with the account's files.
const IN_A_POD: &str = "set -e
account=/var/run/secrets/kubernetes.io/serviceaccount
mount -t tmpfs tmpfs /var/run
mkdir -p $account
cp \"$1\"/token \"$1\"/ca.crt \"$1\"/namespace $account
shift
exec \"$@\"";

/// Runs the pipeline as a pod of that account would.
fn run_in_a_pod(real: &Real, sluice: &Sluice, token: &str) -> Said {
    let files = tempfile::tempdir().expect("a folder can be made");
    let put = |name: &str, text: &[u8]| std::fs::write(files.path().join(name), text);
    let authority = std::fs::read(real.authority()).expect("the control plane keeps it");
    put("token", token.as_bytes()).expect("the folder is ours");
    put("ca.crt", &authority).expect("the folder is ours");
    put("namespace", real.namespace().as_bytes()).expect("the folder is ours");
    let server = real.server();
    let (host, port) = server
        .trim_start_matches("https://")
        .rsplit_once(':')
        .expect("the server's address has a port");
    let inner = sluice.command(&["run", "pipeline.yaml", "--format", "json"]);
    let environment = inner.get_envs();
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", IN_A_POD, "sh"])
        .arg(files.path())
        .arg(inner.get_program())
        .args(inner.get_args())
        .current_dir(sluice.folder())
        .env_clear()
        .envs(environment.filter_map(|(name, value)| Some((name, value?))))
        .env("KUBERNETES_SERVICE_HOST", host)
        .env("KUBERNETES_SERVICE_PORT", port)
        .env("HOME", files.path())
        .env_remove("KUBECONFIG")
        .output()
        .expect("unshare starts");
    Said {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
#[ignore = "wants a real API server: run ./test"]
fn service_account_of_a_pod_is_found_and_suffices() {
    let real = Real::set(Fate::Ready);
    let token = account(&real, &rights());
    let sluice = Deploy::of(NEW).on(real.namespace(), real.kubeconfig());
    let said = run_in_a_pod(&real, &sluice, &token);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    assert_eq!(
        said.of_step("step.finished", "deploy")["outputs"]["verified"],
        true
    );
    assert_wrote(&real, &[(false, NEW)]);
}
