//! A run in its middle: the binary is started, its events are read as they come, and it can
//! be interrupted or killed. Nothing here waits by the clock.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStdout, Stdio},
    thread::JoinHandle,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::sluice::{Said, Sluice};

/// A started binary.
pub(crate) struct Running {
    /// Its folder has to outlive it.
    _sluice: Sluice,
    child: Child,
    out: BufReader<ChildStdout>,
    err: JoinHandle<String>,
    said: String,
}

impl Running {
    /// Starts `sluice run pipeline.yaml --format json` with further arguments.
    pub(crate) fn start(sluice: Sluice, args: &[&str]) -> Self {
        let mut all = vec!["run", "pipeline.yaml", "--format", "json"];
        all.extend(args);
        let mut command = sluice.command(&all);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let out = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut err = child.stderr.take().expect("it is piped");
        let err = std::thread::spawn(move || {
            let mut text = String::new();
            err.read_to_string(&mut text).expect("it is text");
            text
        });
        Self {
            _sluice: sluice,
            child,
            out,
            err,
            said: String::new(),
        }
    }

    /// Reads on until an event of that kind that is wanted, and returns it.
    pub(crate) fn until(&mut self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let from = self.said.len();
            let read = self.out.read_line(&mut self.said).expect("it is text");
            assert_ne!(read, 0, "it ended before the wanted {kind}:\n{}", self.said);
            let event = serde_json::from_str::<Value>(&self.said[from..]).expect("it is JSON");
            if event["event"] == kind && wanted(&event) {
                return event;
            }
        }
    }

    /// Reads that many events, or all if there are fewer.
    pub(crate) fn read(&mut self, events: usize) {
        for _ in 0..events {
            self.out.read_line(&mut self.said).expect("it is text");
        }
    }

    /// Reads on until the cluster has confirmed the patch.
    pub(crate) fn until_patched(&mut self) {
        self.until("effect", |event| event["state"] == "done");
    }

    /// Reads on until the rollout is followed.
    pub(crate) fn until_following(&mut self) {
        self.until("step.progress", |event| {
            let line = event["message"].as_str().unwrap_or_default();
            line.contains("updated")
        });
    }

    /// The most memory that it has had at once, in MiB.
    pub(crate) fn most_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kib = kib.and_then(|kib| kib.trim().parse::<u64>().ok());
        kib.expect("Linux tells it in kB") >> 10
    }

    /// Ctrl-C.
    pub(crate) fn interrupt(&self) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::INT).expect("it runs, and it is ours");
    }

    /// Kills it, and waits until it is gone.
    pub(crate) fn kill(mut self) -> Said {
        self.child.kill().expect("it runs, and it is ours");
        self.finish()
    }

    /// Waits for its end.
    pub(crate) fn finish(mut self) -> Said {
        self.out.read_to_string(&mut self.said).expect("it is text");
        let status = self.child.wait().expect("it was started");
        Said {
            code: status.code(),
            out: self.said,
            err: self.err.join().expect("reading does not panic"),
        }
    }
}
