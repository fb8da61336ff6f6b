//! What containers print: one line each, which tests can choose.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::object::{list, name, namespace, text};
use crate::pod;
use crate::status::Status;

/// What a container prints that nobody chose a line for, and that failed.
const DEFAULT: &str = "fatal: cannot connect to database at db:5432: connection refused";

/// The last lines of containers, by namespace and name of the container.
#[derive(Debug, Default)]
pub(crate) struct Logs(BTreeMap<(String, String), String>);

impl Logs {
    pub(crate) fn set(&mut self, namespace: &str, container: &str, line: &str) {
        let key = (namespace.to_owned(), container.to_owned());
        self.0.insert(key, line.to_owned());
    }

    /// The log of a pod's container, as the server answers for it: `container` may be empty where
    /// there is only one, and `previous` asks for the process before the last restart. The
    /// refusals are those of `pkg/registry/core/pod/strategy.go` and `pkg/kubelet/kubelet_pods.go`
    /// in <https://github.com/kubernetes/kubernetes/tree/v1.36.3>.
    pub(crate) fn of(
        &self,
        pod: &Value,
        container: &str,
        previous: bool,
        tail: Option<usize>,
    ) -> Result<String, Status> {
        let container = match container {
            "" => only_container(pod)?,
            named if pod::container(pod, named).is_some() => named,
            named => {
                let message = format!("container {named} is not valid for pod {}", name(pod));
                return Err(Status::bad_request(message));
            }
        };
        let state = |pointer: &str| {
            let status = pod::status(pod, container);
            status.is_some_and(|status| status.pointer(pointer).is_some())
        };
        let full_name = name(pod);
        if previous && !state("/lastState/terminated") {
            return Err(Status::bad_request(format!(
                "previous terminated container \"{container}\" in pod \"{full_name}\" not found"
            )));
        }
        let ran = [
            "/state/running",
            "/state/terminated",
            "/lastState/terminated",
        ];
        if !ran.into_iter().any(state) {
            let status = pod::status(pod, container);
            let reason = match status.map_or("", |status| text(status, "/state/waiting/reason")) {
                "ErrImagePull" => "image can't be pulled",
                "ImagePullBackOff" => "trying and failing to pull image",
                "" => "ContainerCreating",
                reason => reason,
            };
            return Err(Status::bad_request(format!(
                "container \"{container}\" in pod \"{full_name}\" is waiting to start: {reason}"
            )));
        }
        let failed = previous || state("/state/terminated") || state("/lastState/terminated");
        let key = (namespace(pod).to_owned(), container.to_owned());
        let line = match self.0.get(&key) {
            Some(line) => line,
            None if failed => DEFAULT,
            None => "",
        };
        let lines: Vec<&str> = line.lines().collect();
        let from = tail.map_or(0, |tail| lines.len().saturating_sub(tail));
        let ended = lines[from..].iter().flat_map(|line| [*line, "\n"]);
        Ok(ended.collect())
    }
}

fn only_container(pod: &Value) -> Result<&str, Status> {
    let names = |part: &str| -> Vec<&str> {
        list(pod, part)
            .iter()
            .map(|container| text(container, "/name"))
            .collect()
    };
    let (proper, init) = (names("/spec/containers"), names("/spec/initContainers"));
    if let [only] = proper[..] {
        return Ok(only);
    }
    let or_init = match init[..] {
        [] => String::new(),
        _ => format!(" or one of the init containers: [{}]", init.join(" ")),
    };
    Err(Status::bad_request(format!(
        "a container name must be specified for pod {}, choose one of: [{}]{or_init}",
        name(pod),
        proper.join(" ")
    )))
}
