//! How soon a reason is told: a watch beside the run sees when the cluster shows it.

use std::{
    process::{Child, Stdio},
    thread::JoinHandle,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::control_plane::Real;
use crate::deploy::stage::{Deploy, Fate, Stage};

/// `kubectl get pods --watch`, which notes when some pod's container first waits for a
/// reason.
struct Watching {
    child: Child,
    seen: JoinHandle<Option<Timestamp>>,
}

impl Watching {
    fn start(real: &Real, reason: &'static str) -> Self {
        let mut command = real.command(&["get", "pods", "--watch", "--output", "json"]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("kubectl starts");
        let out = child.stdout.take().expect("it is piped");
        let seen = std::thread::spawn(move || {
            let pods = serde_json::Deserializer::from_reader(out).into_iter::<Value>();
            let waits = |pod: &Value| {
                let state = pod.pointer("/status/containerStatuses/0/state/waiting/reason");
                state.is_some_and(|state| state == reason)
            };
            pods.map_while(Result::ok)
                .find(waits)
                .map(|_| Timestamp::now())
        });
        Self { child, seen }
    }

    /// Ends it: when it saw the reason.
    fn end(mut self) -> Timestamp {
        let seen = self.seen.join().expect("reading does not panic");
        self.child.kill().expect("it is ours");
        self.child.wait().expect("it was started");
        seen.expect("the watch saw the reason")
    }
}

#[test]
#[ignore = "wants a real API server: run ./test"]
fn reason_is_told_as_soon_as_the_cluster_shows_it() {
    let real = Real::set(Fate::ImagePull);
    let watching = Watching::start(&real, "ImagePullBackOff");
    let said = Deploy::of(Fate::ImagePull.image()).run(&real, &[]);
    let shown = watching.end();
    let mut told = said.all("step.log");
    told.retain(|line| line["fields"]["cause"].is_string());
    let told = told[0]["at"].as_str().expect("an event has a time");
    let told = told.parse::<Timestamp>().expect("it is a timestamp");
    // Hundredths of a second when nothing else runs.
    let late = told.duration_since(shown);
    assert!(late < SignedDuration::from_secs(1), "{late:#}");
}
