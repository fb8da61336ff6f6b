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
    namespace: &'static str,
    agent: &'static str,
    shown: Shown,
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
    let kubectl = "kubekit/v0.0.0 (linux/amd64) kubernetes/$Format";
    let sluice = concat!("sluice/", env!("CARGO_PKG_VERSION"));
    let sides = [("bench-sluice", sluice), ("bench-kubectl", kubectl)];
    let sides = sides.map(|(namespace, agent)| {
        cluster.stage(namespace, &image(0), 600);
        let shown = cluster.look(namespace);
        shown.when(&Fact::Complete(image(0)));
        Side {
            namespace,
            agent,
            shown,
        }
    });
    let [sluice, kubectl] = &sides;
    let before = sides.each_ref().map(|side| count(cluster, side));
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
    let after = sides.each_ref().map(|side| count(cluster, side));
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
    for side in &sides {
        println!(
            "\n{} asked, in all rounds: {:?}",
            side.agent,
            cluster.requests(side.namespace, side.agent)
        );
        cluster.remove(side.namespace);
    }
    reasons(cluster);
}

/// A container that crashes: sluice tells the reason, kubectl that the deadline is over.
fn reasons(cluster: &Cluster) {
    let mut late = [Vec::new(), Vec::new()];
    for round in 0..5 {
        for (side, by) in [(0, "sluice"), (1, "kubectl")] {
            let namespace = format!("bench-reason-{by}-{round}");
            cluster.stage(&namespace, "ghcr.io/acme/web:1", DEADLINE);
            let shown = cluster.look(&namespace);
            let image = "ghcr.io/acme/web:2-crash".to_owned();
            let fact = Fact::Crashing(image.clone());
            let side_of = Side {
                namespace: Box::leak(namespace.into_boxed_str()),
                agent: "",
                shown,
            };
            let round = if side == 0 {
                by_sluice(cluster, &side_of, &image, &fact, "\"cause\"")
            } else {
                by_kubectl(cluster, &side_of, &image, &fact)
            };
            late[side].push(round.late);
            cluster.remove(side_of.namespace);
        }
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

fn count(cluster: &Cluster, side: &Side) -> usize {
    cluster.requests(side.namespace, side.agent).values().sum()
}

fn by_sluice(cluster: &Cluster, side: &Side, image: &str, fact: &Fact, line: &str) -> Round {
    let namespace = side.namespace;
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
        side.namespace,
        &["set", "image", "deployment/web", &set],
        "",
    );
    let status = cluster.kubectl(side.namespace, &["rollout", "status", "deployment/web"]);
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
