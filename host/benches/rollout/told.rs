//! sluice and `kubectl rollout status` in turn, on Deployments that are alike.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::cluster::{Cluster, Fact, REPLICAS, Shown};

const ROUNDS: usize = 15;
/// kubectl tells of a failure when this is over, in seconds; Kubernetes' default is 600.
const DEADLINE: u32 = 5;

/// One of the two, with a namespace of its own.
struct Side {
    namespace: String,
    shown: Shown,
}

impl Side {
    /// A namespace with a Deployment of that image, which is looked at from then on.
    fn at(cluster: &Cluster, namespace: &str, image: &str, deadline: u32) -> Self {
        cluster.stage(namespace, image, deadline);
        Self {
            namespace: namespace.to_owned(),
            shown: cluster.look(namespace),
        }
    }
}

/// What one round took.
struct Round {
    /// From the command's start to the end being told.
    whole: Duration,
    /// From the cluster showing it to its being told; negative where it was told first.
    late: f64,
}

pub(crate) fn tables(cluster: &Cluster) {
    let image = |round: usize| format!("ghcr.io/acme/web:{round}");
    // The control plane's own clients say more after this.
    let agents = [
        concat!("sluice/", env!("CARGO_PKG_VERSION")),
        "kubekit/v0.0.0 (linux/amd64) kubernetes/$Format",
    ];
    let sides = ["bench-sluice", "bench-kubectl"].map(|namespace| {
        let side = Side::at(cluster, namespace, &image(0), 600);
        side.shown.when(&Fact::Complete(image(0)));
        side
    });
    let [sluice, kubectl] = &sides;
    let count = |side: usize| {
        let requests = cluster.requests(&sides[side].namespace, agents[side]);
        requests.values().sum::<usize>()
    };
    let before = [0, 1].map(count);
    let mut ends = [Vec::new(), Vec::new()];
    for round in 1..=ROUNDS {
        let image = image(round);
        let end = Fact::Complete(image.clone());
        ends[0].push(by_sluice(
            cluster,
            sluice,
            &image,
            &end,
            "\"step.finished\"",
        ));
        ends[1].push(by_kubectl(cluster, kubectl, &image, &end));
    }
    let after = [0, 1].map(count);
    println!(
        "A rollout of {REPLICAS} pods that are ready at once; {ROUNDS} rounds in turn, medians\n"
    );
    println!("| | sluice | kubectl set image, rollout status |\n|---|---|---|");
    let [ours, theirs] = ends;
    let whole = [&ours, &theirs]
        .map(|rounds| median(rounds.iter().map(|round| round.whole.as_secs_f64() * 1e3)));
    println!(
        "| the whole command | {:.0} ms | {:.0} ms |",
        whole[0], whole[1]
    );
    let late = [&ours, &theirs].map(|rounds| median(rounds.iter().map(|round| round.late)));
    println!(
        "| from the Deployment's status being complete to the end being told | {:.1} ms | {:.1} ms |",
        late[0], late[1]
    );
    let requests = [0, 1].map(|side| (after[side] - before[side]) / ROUNDS);
    println!("| requests a rollout | {} | {} |", requests[0], requests[1]);
    for (side, agent) in sides.iter().zip(agents) {
        let requests = cluster.requests(&side.namespace, agent);
        println!("\n{agent} asked, in all rounds: {requests:?}");
        cluster.remove(&side.namespace);
    }
    reasons(cluster);
}

/// A container that crashes: sluice tells the reason, kubectl that the deadline is over.
fn reasons(cluster: &Cluster) {
    let mut late = [Vec::new(), Vec::new()];
    let image = "ghcr.io/acme/web:2-crash";
    let fact = Fact::Crashing(image.to_owned());
    for round in 0..5 {
        let side = |by: &str| {
            let namespace = format!("bench-reason-{by}-{round}");
            Side::at(cluster, &namespace, "ghcr.io/acme/web:1", DEADLINE)
        };
        let (ours, theirs) = (side("sluice"), side("kubectl"));
        late[0].push(by_sluice(cluster, &ours, image, &fact, "\"cause\"").late);
        late[1].push(by_kubectl(cluster, &theirs, image, &fact).late);
        cluster.remove(&ours.namespace);
        cluster.remove(&theirs.namespace);
    }
    println!(
        "\nA container that crashes, with a progress deadline of {DEADLINE} s (by default it is 600 s); 5 rounds in turn, medians\n"
    );
    println!("| | sluice | kubectl rollout status |\n|---|---|---|");
    let [ours, theirs] = late.map(|late| median(late.into_iter()));
    println!(
        "| from the pod's status showing it to its being told | {ours:.1} ms, with the reason | {theirs:.0} ms, without |\n"
    );
}

fn by_sluice(cluster: &Cluster, side: &Side, image: &str, fact: &Fact, line: &str) -> Round {
    let namespace = &side.namespace;
    let folder = std::env::temp_dir().join("sluice-bench-rollout");
    std::fs::create_dir_all(&folder).expect("the temporary folder can be written to");
    let file = folder.join("pipeline.yaml");
    let text = format!(
        "name: bench
on: [manual]
steps:
  deploy:
    uses: deploy
    with:
      namespace: {namespace}
      deployment: web
      container: app
      image: {image}
      settle: 0s
      grace: {{ crash-loop: 0s }}
    permissions:
      kube-apply:
        - {{ kind: Deployment, namespace: {namespace}, name: web, containers: [app], images: ['ghcr.io/acme/web:*'] }}
"
    );
    std::fs::write(&file, text).expect("the folder is ours");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluice"));
    command
        .args(["run", "--format", "json"])
        .arg(&file)
        .env("KUBECONFIG", cluster.kubeconfig())
        .env("SLUICE_CACHE", folder.join("cache"))
        .env("SLUICE_STATE", folder.join("state"));
    timed(Instant::now(), command, side, fact, line)
}

fn by_kubectl(cluster: &Cluster, side: &Side, image: &str, fact: &Fact) -> Round {
    let began = Instant::now();
    let set = format!("app={image}");
    cluster.run(
        &side.namespace,
        &["set", "image", "deployment/web", &set],
        "",
    );
    let status = cluster.kubectl(&side.namespace, &["rollout", "status", "deployment/web"]);
    let line = match fact {
        Fact::Complete(_) => "successfully rolled out",
        Fact::Crashing(_) => "exceeded its progress deadline",
    };
    timed(began, status, side, fact, line)
}

/// Starts the command and reads until a line has that text; `fact` is what it tells.
fn timed(began: Instant, mut command: Command, side: &Side, fact: &Fact, text: &str) -> Round {
    let (reader, writer) = std::io::pipe().expect("a pipe can be had");
    let errors = writer.try_clone().expect("a pipe can be had");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(errors)
        .spawn()
        .expect("it starts");
    // The pipe ends with the child.
    drop(command);
    let mut said = String::new();
    let mut told = None;
    for line in BufReader::new(reader).lines() {
        let line = line.expect("it is text");
        if told.is_none() && line.contains(text) {
            told = Some(Instant::now());
        }
        said.push_str(&line);
        said.push('\n');
    }
    child.wait().expect("it was started");
    let told = told.unwrap_or_else(|| panic!("nobody said {text}:\n{said}"));
    let shown = side.shown.when(fact);
    let late = match told.checked_duration_since(shown) {
        Some(late) => late.as_secs_f64(),
        None => -shown.duration_since(told).as_secs_f64(),
    };
    Round {
        whole: told.duration_since(began),
        late: late * 1e3,
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values = values.collect::<Vec<_>>();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
