//! The sentences of real schedulers, controllers and kubelets, each with where its form was
//! seen. They are of Kubernetes 1.36 with containerd; other versions word some of them differently.

use crate::image;

/// `PodScheduled` and `FailedScheduling`.
/// <https://github.com/kiwix/operations/issues/245>; the words on claims are those of
/// `pkg/scheduler/framework/plugins/dynamicresources/dynamicresources.go` in
/// <https://github.com/kubernetes/kubernetes/tree/v1.36.3>.
pub(crate) fn unschedulable(nodes: usize) -> String {
    format!(
        "0/{nodes} nodes are available: {nodes} Insufficient cpu. no new claims to deallocate, \
         preemption: 0/{nodes} nodes are available: {nodes} No preemption victims found for incoming pod."
    )
}

/// The same for a pod that is meant for one node. `pkg/scheduler/schedule_one.go` and
/// `pkg/scheduler/framework/preemption/preemption.go` there.
pub(crate) fn unschedulable_on_its_node(nodes: usize) -> String {
    let others = nodes - 1;
    format!(
        "0/{nodes} nodes are available: 1 Insufficient cpu, {others} node(s) didn't satisfy plugin(s) [NodeAffinity]. \
         no new claims to deallocate, preemption: 0/{nodes} nodes are available: 1 No preemption victims found \
         for incoming pod, {others} Preemption is not helpful for scheduling."
    )
}

/// `Scheduled`. <https://github.com/komari-monitor/komari/issues/326>
pub(crate) fn assigned(namespace: &str, pod: &str, node: &str) -> String {
    format!("Successfully assigned {namespace}/{pod} to {node}")
}

/// `Pulling`. <https://github.com/thockin/kubectl-sidecar/issues/2>
pub(crate) fn pulling(image: &str) -> String {
    format!("Pulling image \"{image}\"")
}

/// `Pulled`, after a download. `pkg/kubelet/images/image_manager.go` in
/// <https://github.com/kubernetes/kubernetes/tree/v1.36.3>
pub(crate) fn pulled(image: &str) -> String {
    format!(
        "Successfully pulled image \"{image}\" in 1.204s (1.204s including waiting). Image size: 23592960 bytes."
    )
}

/// `Pulled`, when the node has the image. The same file.
pub(crate) fn present(image: &str) -> String {
    format!("Container image \"{image}\" already present on machine and can be accessed by the pod")
}

/// What containerd answers when the registry does not have the tag.
/// <https://github.com/kubernetes-sigs/provider-aws-test-infra/pull/281>
pub(crate) fn pull_not_found(image: &str) -> String {
    let name = image::canonical(image);
    format!(
        "rpc error: code = NotFound desc = failed to pull and unpack image \"{name}\": \
         failed to resolve reference \"{name}\": {name}: not found"
    )
}

/// What containerd answers when the registry has had enough for now.
/// <https://github.com/suxess-it/kubriX/issues/1075>; the word of registries other than Docker Hub
/// is that of <https://github.com/falcosecurity/plugins/issues/1069>.
pub(crate) fn pull_rate_limited(image: &str) -> String {
    let name = image::canonical(image);
    let id = image::id(image);
    let (repository, digest) = id.rsplit_once('@').unwrap_or((&id, ""));
    let (host, path) = repository.split_once('/').unwrap_or(("", repository));
    let (host, limit) = if host == "docker.io" {
        (
            "registry-1.docker.io",
            "You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit",
        )
    } else {
        (host, "retry-after: 1.16676ms, allowed: 44000/minute")
    };
    format!(
        "failed to pull and unpack image \"{name}\": failed to copy: httpReadSeeker: failed open: \
         unexpected status code https://{host}/v2/{path}/manifests/{digest}: 429 Too Many Requests - \
         Server message: toomanyrequests: {limit}"
    )
}

/// `Failed`, with the runtime's error. <https://github.com/thockin/kubectl-sidecar/issues/2>
pub(crate) fn pull_failed(image: &str, cause: &str) -> String {
    format!("Failed to pull image \"{image}\": {cause}")
}

/// `BackOff` of a pull. <https://github.com/thockin/kubectl-sidecar/issues/2>
pub(crate) fn pull_back_off(image: &str) -> String {
    format!("Back-off pulling image \"{image}\"")
}

/// The waiting message of `ImagePullBackOff`, which has the error since 1.32.
/// <https://github.com/kubernetes/kubernetes/pull/127918>,
/// <https://github.com/kubernetes-sigs/kube-network-policies/issues/307>
pub(crate) fn pull_back_off_waiting(image: &str, cause: &str) -> String {
    format!("{}: ErrImagePull: {cause}", pull_back_off(image))
}

/// `Failed`, the kubelet's short word after a pull, and its word of a container that it could not
/// configure. <https://github.com/komari-monitor/komari/issues/326>,
/// <https://github.com/reportportal/kubernetes/issues/178>
pub(crate) fn error(reason: &str) -> String {
    format!("Error: {reason}")
}

/// `Created`. `pkg/kubelet/kuberuntime/kuberuntime_container.go` in
/// <https://github.com/kubernetes/kubernetes/tree/v1.36.3>
pub(crate) const CREATED: &str = "Container created";

/// `Started`. The same file.
pub(crate) const STARTED: &str = "Container started";

/// `Killing`. The same file.
pub(crate) fn stopping(container: &str) -> String {
    format!("Stopping container {container}")
}

/// The waiting message of `CrashLoopBackOff`. <https://github.com/traPtitech/NeoShowcase/issues/725>
pub(crate) fn crash_back_off_waiting(seconds: i64, container: &str, pod: &str) -> String {
    let delay = match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds}s"),
        (minutes, seconds) => format!("{minutes}m{seconds}s"),
    };
    format!("back-off {delay} restarting failed container={container} pod={pod}")
}

/// `BackOff` of a container. `pkg/kubelet/kuberuntime/kuberuntime_manager.go` in
/// <https://github.com/kubernetes/kubernetes/tree/v1.36.3>
pub(crate) fn crash_back_off(container: &str, pod: &str) -> String {
    format!("Back-off restarting failed container {container} in pod {pod}")
}

/// How the kubelet names a pod in both. `pkg/kubelet/util/format/pod.go` there.
pub(crate) fn pod(name: &str, namespace: &str, uid: &str) -> String {
    format!("{name}_{namespace}({uid})")
}

/// `Unhealthy`. <https://github.com/CrunchyData/postgres-operator/issues/2736>
pub(crate) const PROBE_FAILED: &str =
    "Readiness probe failed: HTTP probe failed with statuscode: 503";

/// `Ready` and `ContainersReady` when they are false. `pkg/kubelet/status/generate.go` in
/// <https://github.com/kubernetes/kubernetes/tree/v1.36.3>
pub(crate) fn not_ready(containers: &[&str]) -> String {
    format!("containers with unready status: [{}]", containers.join(" "))
}

/// `Initialized` when it is false. <https://github.com/openshift/console/issues/107>
pub(crate) fn not_initialized(containers: &[&str]) -> String {
    format!(
        "containers with incomplete status: [{}]",
        containers.join(" ")
    )
}

/// The waiting message of `CreateContainerConfigError`.
/// <https://github.com/reportportal/kubernetes/issues/178>
pub(crate) fn no_secret(app: &str) -> String {
    format!("secret \"{app}-env\" not found")
}

/// `FailedMount` of a volume without its config map. <https://github.com/grafana/agent/issues/1099>
pub(crate) fn no_config_map(app: &str) -> String {
    format!(
        "MountVolume.SetUp failed for volume \"{app}-config\" : configmap \"{app}-config\" not found"
    )
}

/// `FailedMount` when the kubelet's patience is over. `pkg/kubelet/volumemanager/volume_manager.go`
/// in <https://github.com/kubernetes/kubernetes/tree/v1.36.3>
pub(crate) const NOT_MOUNTED: &str = "Unable to attach or mount volumes: unmounted volumes=[data], \
     unattached volumes=[], failed to process volumes=[]: context deadline exceeded";

/// `FailedAttachVolume`, with the pod that has the volume where that is known.
/// <https://github.com/kubernetes/kubernetes/pull/56288>
pub(crate) fn multi_attach(volume: &str, user: Option<&str>) -> String {
    let why = match user {
        Some(pod) => format!("Volume is already used by pod(s) {pod}"),
        None => {
            "Volume is already exclusively attached to one node and can't be attached to another"
                .to_owned()
        }
    };
    format!("Multi-Attach error for volume \"{volume}\" {why}")
}

/// A webhook's denial. `pkg/admission/plugin/webhook/errors/statuserror.go` of `k8s.io/apiserver`,
/// <https://github.com/kyma-project/busola/issues/3472>
pub(crate) fn denied_by_webhook(image: &str) -> String {
    format!(
        "admission webhook \"images.policy.acme.example\" denied the request: image \"{image}\" is not signed"
    )
}

/// `SuccessfulCreate` and `SuccessfulDelete` of a `StatefulSet`.
/// <https://github.com/kubernetes/kubernetes/issues/54789>
pub(crate) fn stateful_pod(verb: &str, pod: &str, set: &str) -> String {
    format!("{verb} Pod {pod} in StatefulSet {set} successful")
}

/// `FailedCreate` of a `StatefulSet`.
/// <https://github.com/percona/percona-helm-charts/issues/460>
pub(crate) fn stateful_pod_failed(verb: &str, pod: &str, set: &str, why: &str) -> String {
    format!("{verb} Pod {pod} in StatefulSet {set} failed error: {why}")
}

/// The quota's refusal in `ReplicaFailure`. Seen on an API server of 1.36.3, and in
/// <https://github.com/ministryofjustice/cloud-platform/issues/590>.
pub(crate) fn exceeded_quota(pod: &str, used: usize) -> String {
    format!(
        "pods \"{pod}\" is forbidden: exceeded quota: pods, requested: pods=1, used: pods={used}, limited: pods={used}"
    )
}

/// `FailedCreate`. <https://github.com/ministryofjustice/cloud-platform/issues/590>
pub(crate) fn create_failed(why: &str) -> String {
    format!("Error creating: {why}")
}

/// `SuccessfulCreate`. Seen on 1.36.3, as are all below.
pub(crate) fn created_pod(pod: &str) -> String {
    format!("Created pod: {pod}")
}

/// `SuccessfulDelete`.
pub(crate) fn deleted_pod(pod: &str) -> String {
    format!("Deleted pod: {pod}")
}

/// `ScalingReplicaSet`.
pub(crate) fn scaled(replica_set: &str, from: i64, to: i64) -> String {
    let direction = if to > from { "up" } else { "down" };
    format!("Scaled {direction} replica set {replica_set} from {from} to {to}")
}

/// `NewReplicaSetCreated`.
pub(crate) fn replica_set_created(name: &str) -> String {
    format!("Created new replica set \"{name}\"")
}

/// `FoundNewReplicaSet`. `pkg/controller/deployment/sync.go` in
/// <https://github.com/kubernetes/kubernetes/tree/v1.36.3>
pub(crate) fn replica_set_found(name: &str) -> String {
    format!("Found new replica set \"{name}\"")
}

/// `ReplicaSetUpdated`.
pub(crate) fn progressing(replica_set: &str) -> String {
    format!("ReplicaSet \"{replica_set}\" is progressing.")
}

/// `NewReplicaSetAvailable`.
pub(crate) fn progressed(replica_set: &str) -> String {
    format!("ReplicaSet \"{replica_set}\" has successfully progressed.")
}

/// `ProgressDeadlineExceeded`.
pub(crate) fn timed_out(replica_set: &str) -> String {
    format!("ReplicaSet \"{replica_set}\" has timed out progressing.")
}

/// `MinimumReplicasAvailable`.
pub(crate) const AVAILABLE: &str = "Deployment has minimum availability.";

/// `MinimumReplicasUnavailable`.
pub(crate) const UNAVAILABLE: &str = "Deployment does not have minimum availability.";
