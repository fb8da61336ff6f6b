//! The memory of one `sluice run` whose steps follow many workloads at the same time, on
//! practice's cluster: a real socket each, no real pods.

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use sluice_practice::{Cluster, Kind, Pace, Workload};
use tokio::runtime::Runtime;

const SIZES: [usize; 4] = [1, 64, 250, 1000];

pub(crate) fn table() {
    println!("Deployments of two pods that one process follows at the same time\n");
    println!("| workloads | followed at once | peak resident memory | for each more |");
    println!("|---|---|---|---|");
    let mut first = None;
    for size in SIZES {
        let (followed, memory) = follow(size);
        let (one, alone) = *first.get_or_insert((size, memory));
        let each = match size - one {
            0 => "-".to_owned(),
            more => format!("{:.0} kB", (memory - alone) / to_f64(more)),
        };
        println!(
            "| {size} | {followed} | {:.0} MB | {each} |",
            memory / 1024.0
        );
    }
}

fn to_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("it is small"))
}

/// How many workloads are followed when nothing moves any more, and the memory in kB by then.
fn follow(size: usize) -> (usize, f64) {
    let runtime = Runtime::new().expect("a runtime can be made");
    let workloads = (0..size).map(|index| {
        let name = format!("web-{index}");
        Workload::new(Kind::Deployment, "shop", &name, 2).container("app", "ghcr.io/acme/web:1")
    });
    // All is set and up already, and watched for an hour through the settle time.
    let cluster = runtime
        .block_on(Cluster::start(workloads.collect(), None, Pace::instant()))
        .expect("a loopback port is free");
    let folder = std::env::temp_dir().join("sluice-bench-many");
    std::fs::create_dir_all(&folder).expect("the temporary folder can be written to");
    let [file, kubeconfig] = ["pipeline.yaml", "kubeconfig"].map(|name| folder.join(name));
    std::fs::write(&file, pipeline(size)).expect("the folder is ours");
    std::fs::write(&kubeconfig, config(&cluster.url())).expect("the folder is ours");
    let mut child = Command::new(env!("CARGO_BIN_EXE_sluice"))
        .args(["run", "--format", "json"])
        .arg(&file)
        .env("KUBECONFIG", &kubeconfig)
        .env("SLUICE_CACHE", folder.join("cache"))
        .env("SLUICE_STATE", folder.join("state"))
        .stdout(Stdio::piped())
        .spawn()
        .expect("sluice starts");
    let out = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut following = std::collections::BTreeSet::new();
    let mut memory = 0.0;
    for line in out.lines() {
        let line = line.expect("it is text");
        let event = serde_json::from_str::<serde_json::Value>(&line).expect("it is JSON");
        let message = event["message"].as_str().unwrap_or_default();
        if message.contains("pods updated") {
            following.insert(event["step"].to_string());
            memory = resident(child.id());
        }
        assert_ne!(event["event"], "step.finished", "{line}");
        if following.len() == size {
            break;
        }
    }
    let _ = child.kill();
    child.wait().expect("it was started");
    (following.len(), memory)
}

/// The peak resident memory of a process so far, in kB.
fn resident(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"));
    let status = status.expect("it runs, on Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let size = line.and_then(|line| line.trim().strip_suffix(" kB"));
    size.and_then(|size| size.trim().parse().ok())
        .expect("it is there")
}

fn pipeline(size: usize) -> String {
    let mut text = "name: many\non: [manual]\nsteps:\n".to_owned();
    for index in 0..size {
        let _ = writeln!(
            text,
            "  s{index}:
    uses: deploy
    needs: []
    with: {{ namespace: shop, deployment: web-{index}, container: app, image: 'ghcr.io/acme/web:1', settle: 1h, wait: 2h }}
    permissions:
      kube-apply:
        - {{ kind: Deployment, namespace: shop, name: web-{index}, containers: [app], images: ['ghcr.io/acme/web:*'] }}"
        );
    }
    text
}

fn config(server: &str) -> String {
    format!(
        "apiVersion: v1
kind: Config
clusters: [{{ name: practice, cluster: {{ server: '{server}' }} }}]
users: [{{ name: anybody, user: {{}} }}]
contexts: [{{ name: practice, context: {{ cluster: practice, user: anybody }} }}]
current-context: practice
"
    )
}
