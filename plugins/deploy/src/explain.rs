//! Why pods do not come up: the cluster's facts in, reasons out, each with the words
//! of the kubelet, the scheduler or the controller. Says nothing about time: how long a
//! reason is borne is for `judge`.

use crate::bindings::sluice::kube::apply::{
    Condition, ContainerState, ContainerStatus, Event, Facts, Pod, Revision, Terminated, Waiting,
    Workload,
};
use crate::cause::Cause;
use crate::judge;

/// One thing that keeps the rollout from finishing, as the cluster shows it now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reason {
    pub(crate) cause: Cause,
    /// What it befell: a `pod`, a `ReplicaSet` that gets no pods, or the workload.
    pub(crate) kind: String,
    /// Its name.
    pub(crate) subject: String,
    /// Empty where it is not about one container.
    pub(crate) container: String,
    /// The image that the container was to run; empty without a container.
    pub(crate) image: String,
    /// The cluster's word: `ImagePullBackOff`.
    pub(crate) word: String,
    /// The cluster's sentence.
    pub(crate) message: String,
}

impl Reason {
    /// The same trouble of the same container, whatever is said of it now.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.is_like(other) && self.subject == other.subject
    }

    /// The same trouble, perhaps of another pod.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.cause == other.cause && self.container == other.container
    }

    /// Where it is: ``pod `web-1`, container `app` ``.
    pub(crate) fn place(&self) -> String {
        let subject = format!("{} `{}`", self.kind, self.subject);
        if self.container.is_empty() {
            subject
        } else {
            format!("{subject}, container `{}`", self.container)
        }
    }

    /// The whole of it on one line.
    pub(crate) fn line(&self) -> String {
        let mut line = format!("{}: {}", self.place(), self.word);
        if !self.message.is_empty() {
            line.push_str(": ");
            line.push_str(&self.message);
        }
        line
    }
}

/// The revision of the live template, once its controller has made it.
pub(crate) fn current(facts: &Facts) -> Option<&Revision> {
    facts.revisions.iter().find(|revision| revision.current)
}

/// The pods that count: of this revision, not being deleted, and not ended for good (an
/// evicted pod stays listed as `Failed` beside the one that replaces it).
pub(crate) fn live_pods(revision: &Revision) -> impl Iterator<Item = &Pod> {
    revision
        .pods
        .iter()
        .filter(|pod| !pod.terminating && pod.phase != "Failed" && pod.phase != "Succeeded")
}

/// All reasons that the facts show for the current revision, in the order of its pods.
pub(crate) fn reasons(facts: &Facts, workload: &Workload) -> Vec<Reason> {
    let mut reasons: Vec<_> = facts
        .conditions
        .iter()
        .filter(|condition| condition.reason == "ReplicaSetCreateError")
        .map(|condition| no_pods(condition, &workload.kind, &workload.name))
        .collect();
    let Some(revision) = current(facts) else {
        return reasons;
    };
    reasons.extend(
        revision
            .conditions
            .iter()
            .filter(|condition| {
                condition.kind == "ReplicaFailure"
                    && condition.status == "True"
                    // `FailedDelete` is about pods too many.
                    && condition.reason == "FailedCreate"
            })
            .map(|condition| no_pods(condition, "ReplicaSet", &revision.name)),
    );
    reasons.extend(not_created(facts, revision, workload));
    for pod in live_pods(revision) {
        reasons.extend(unschedulable(pod));
        reasons.extend(
            pod.containers
                .iter()
                .filter_map(|status| container_reason(pod, status, &facts.events)),
        );
    }
    reasons
}

/// What a `StatefulSet` or `DaemonSet` says of pods that it cannot create: it has no condition
/// for that, only an event. One from before our change, or from before a pod that it did
/// create, tells nothing of the pods that are missing now.
fn not_created(facts: &Facts, revision: &Revision, workload: &Workload) -> Option<Reason> {
    let missing = (live_pods(revision).count() as u64) < u64::from(judge::wanted(facts));
    let newest_pod = live_pods(revision).filter_map(|pod| pod.created_at).max();
    let since = facts.object.changed_at.max(newest_pod);
    let event = facts.events.iter().rev().find(|event| {
        event.object_kind == workload.kind
            && event.reason == "FailedCreate"
            && event.last_seen >= since
    })?;
    missing.then(|| {
        let condition = Condition {
            kind: "ReplicaFailure".to_owned(),
            status: "True".to_owned(),
            reason: event.reason.clone(),
            message: event.message.clone(),
            since: event.last_seen,
        };
        Reason {
            kind: workload.kind.clone(),
            ..no_pods(&condition, "ReplicaSet", &workload.name)
        }
    })
}

/// A controller that cannot create pods, or the `ReplicaSet` to create them.
fn no_pods(condition: &Condition, kind: &str, subject: &str) -> Reason {
    let message = &condition.message;
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let cause = if says(&["exceeded quota", "insufficient quota"]) {
        Cause::Quota
    } else if says(&["failed calling webhook"]) || kind != "ReplicaSet" {
        // The webhook's server is away and says nothing about the pod; and a workload's
        // own condition may be older than our change.
        Cause::NoPods
    } else if says(&["is forbidden", "denied the request", "is invalid"]) {
        Cause::Admission
    } else {
        Cause::NoPods
    };
    Reason {
        cause,
        kind: kind.to_owned(),
        subject: subject.to_owned(),
        container: String::new(),
        image: String::new(),
        word: condition.reason.clone(),
        message: message.clone(),
    }
}

fn unschedulable(pod: &Pod) -> Option<Reason> {
    let condition = pod.conditions.iter().find(|condition| {
        condition.kind == "PodScheduled"
            && condition.status == "False"
            && condition.reason == "Unschedulable"
    })?;
    Some(Reason {
        cause: Cause::Unschedulable,
        kind: "pod".to_owned(),
        subject: pod.name.clone(),
        container: String::new(),
        image: String::new(),
        word: condition.reason.clone(),
        message: condition.message.clone(),
    })
}

fn container_reason(pod: &Pod, status: &ContainerStatus, events: &[Event]) -> Option<Reason> {
    let (cause, word, message) = match &status.state {
        ContainerState::Waiting(waiting) => waiting_reason(pod, status, waiting, events)?,
        ContainerState::Terminated(ended) if !(status.init && ended.exit_code == 0) => (
            Cause::CrashLoop,
            ended.reason.clone(),
            crash(status, ended, ""),
        ),
        ContainerState::Running(_) if !status.ready && !status.init => {
            let event = newest(pod, events, |event| event.reason == "Unhealthy")?;
            (Cause::Probe, event.reason.clone(), event.message.clone())
        }
        ContainerState::Terminated(_) | ContainerState::Running(_) => return None,
        ContainerState::Unreported => volume(pod, events)?,
    };
    Some(Reason {
        cause,
        kind: "pod".to_owned(),
        subject: pod.name.clone(),
        container: status.name.clone(),
        image: status.image.clone(),
        word,
        message,
    })
}

fn waiting_reason(
    pod: &Pod,
    status: &ContainerStatus,
    waiting: &Waiting,
    events: &[Event],
) -> Option<(Cause, String, String)> {
    let word = waiting.reason.as_str();
    // Older kubelets write the hook's whole command into the reason.
    let known = if word.starts_with("PostStartHookError") {
        "PostStartHookError"
    } else {
        word
    };
    let (cause, message) = match known {
        "ErrImagePull" | "ImagePullBackOff" | "ImageInspectError" | "RegistryUnavailable" => {
            let message = pull_message(pod, status, waiting, events);
            (pull_cause(&message), message)
        }
        "SignatureValidationFailed" => {
            let message = pull_message(pod, status, waiting, events);
            (Cause::ImageRefused, message)
        }
        "InvalidImageName" => (Cause::ImageName, waiting.message.clone()),
        "ErrImageNeverPull" => (Cause::ImageNeverPulled, waiting.message.clone()),
        "CreateContainerConfigError" => (Cause::ContainerConfig, waiting.message.clone()),
        "CrashLoopBackOff"
        | "RunContainerError"
        | "CreateContainerError"
        | "PostStartHookError" => {
            let message = match &status.last_terminated {
                Some(ended) => crash(status, ended, &waiting.message),
                None => waiting.message.clone(),
            };
            (Cause::CrashLoop, message)
        }
        "ContainerCreating" | "PodInitializing" => return volume(pod, events),
        _ => return None,
    };
    Some((cause, word.to_owned(), message))
}

/// The kubelet's fullest sentence about a failed pull. Older kubelets drop the cause
/// once they back off; the event of the attempt before still has it.
fn pull_message(
    pod: &Pod,
    status: &ContainerStatus,
    waiting: &Waiting,
    events: &[Event],
) -> String {
    let bare = format!("Back-off pulling image \"{}\"", status.image);
    if !waiting.message.is_empty() && waiting.message != bare {
        return waiting.message.clone();
    }
    let prefix = format!("Failed to pull image \"{}\"", status.image);
    newest(pod, events, |event| {
        matches!(event.reason.as_str(), "Failed" | "FailedPullImage")
            && event.message.starts_with(&prefix)
    })
    .map_or_else(|| waiting.message.clone(), |event| event.message.clone())
}

/// What a failed pull says of the image. The runtimes' words are not specified: what is
/// not recognised may pass, and has its grace.
fn pull_cause(message: &str) -> Cause {
    let message = message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&[
        "toomanyrequests",
        "too many requests",
        "no such host",
        "timeout",
    ]) {
        Cause::ImagePull
    } else if says(&[
        "denied",
        "unauthorized",
        "authorization failed",
        "authentication required",
        "no basic auth credentials",
        "403 forbidden",
    ]) {
        Cause::ImageRefused
    } else if says(&[
        "manifest unknown",
        "not found",
        "name unknown",
        "does not exist",
        "no matching manifest",
    ]) {
        Cause::ImageMissing
    } else {
        Cause::ImagePull
    }
}

/// How a container ended, how often, and what was said about it.
fn crash(status: &ContainerStatus, ended: &Terminated, said: &str) -> String {
    let mut text = if ended.signal == 0 {
        format!("exit code {}", ended.exit_code)
    } else {
        format!("exit code {}, signal {}", ended.exit_code, ended.signal)
    };
    if !matches!(ended.reason.as_str(), "" | "Error" | "Completed") {
        text = format!("{text} ({})", ended.reason);
    }
    let times = if status.restarts == 1 {
        "restart"
    } else {
        "restarts"
    };
    text = format!("{text}, {} {times}", status.restarts);
    for part in [said, ended.message.trim()] {
        if !part.is_empty() {
            text.push_str(": ");
            text.push_str(part);
        }
    }
    text
}

/// The kubelet sums up after two minutes which volumes are missing, and again and again; what
/// is the matter with one of them, another event says.
fn volume(pod: &Pod, events: &[Event]) -> Option<(Cause, String, String)> {
    let failed =
        |event: &Event| matches!(event.reason.as_str(), "FailedMount" | "FailedAttachVolume");
    let sums_up = |event: &Event| {
        [
            "Unable to attach or mount volumes",
            "Unable to mount volumes",
        ]
        .iter()
        .any(|words| event.message.starts_with(words))
    };
    let telling = newest(pod, events, |event| failed(event) && !sums_up(event));
    let event = telling.or_else(|| newest(pod, events, failed))?;
    Some((Cause::Volume, event.reason.clone(), event.message.clone()))
}

/// The newest event of the pod that `wanted` accepts; they come with the newest last.
fn newest<'e>(
    pod: &Pod,
    events: &'e [Event],
    wanted: impl Fn(&Event) -> bool,
) -> Option<&'e Event> {
    events
        .iter()
        .rev()
        .find(|event| event.object_kind == "Pod" && event.object_name == pod.name && wanted(event))
}
