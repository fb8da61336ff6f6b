//! A workload as an object of its kind, with the defaults that an API server fills in.

use serde_json::{Value, json};

use crate::actor::merge;
use crate::kind::Kind;
use crate::object::seconds;
use crate::workload::Workload;
use crate::world::World;

/// The object as somebody has just created it: without a status, made now.
pub(crate) fn manifest(world: &mut World, workload: &Workload) -> Value {
    let seed = &workload.seed;
    let mut labels = json!({ "app": seed.name });
    for (key, value) in &workload.labels {
        labels[key] = json!(value);
    }
    let mut object = json!({
        "apiVersion": seed.kind.api_version(),
        "kind": seed.kind.to_string(),
        "metadata": {
            "name": seed.name,
            "namespace": seed.namespace,
            "uid": world.uid(),
            "generation": 1,
            "creationTimestamp": seconds(world.now),
            "labels": labels,
        },
        "spec": spec(workload),
        "status": {},
    });
    merge(&mut object["spec"], &workload.spec, "");
    let metadata = &mut object["metadata"];
    for (key, value) in &workload.annotations {
        metadata["annotations"][key] = json!(value);
    }
    if seed.kind == Kind::DaemonSet {
        metadata["annotations"]["deprecated.daemonset.template.generation"] = json!("1");
    }
    if !workload.owners.is_empty() {
        metadata["ownerReferences"] = Value::Array(workload.owners.clone());
    }
    object
}

fn spec(workload: &Workload) -> Value {
    let seed = &workload.seed;
    let selector = json!({ "matchLabels": { "app": seed.name } });
    match seed.kind {
        Kind::StatefulSet => json!({
            "replicas": seed.replicas,
            "selector": selector,
            "template": template(workload, "Always"),
            "serviceName": seed.name,
            "podManagementPolicy": "OrderedReady",
            "updateStrategy": { "type": "RollingUpdate", "rollingUpdate": { "partition": 0 } },
            "revisionHistoryLimit": 10,
            "persistentVolumeClaimRetentionPolicy": { "whenDeleted": "Retain", "whenScaled": "Retain" },
        }),
        Kind::DaemonSet => json!({
            "selector": selector,
            "template": template(workload, "Always"),
            "updateStrategy": {
                "type": "RollingUpdate",
                "rollingUpdate": { "maxUnavailable": 1, "maxSurge": 0 },
            },
            "revisionHistoryLimit": 10,
        }),
        Kind::CronJob => json!({
            "schedule": "0 3 * * *",
            "concurrencyPolicy": "Allow",
            "suspend": false,
            "jobTemplate": {
                "metadata": {},
                "spec": { "template": template(workload, "OnFailure") },
            },
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 1,
        }),
        _ => json!({
            "replicas": seed.replicas,
            "selector": selector,
            "template": template(workload, "Always"),
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": { "maxUnavailable": "25%", "maxSurge": "25%" },
            },
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
        }),
    }
}

fn template(workload: &Workload, restart_policy: &str) -> Value {
    let seed = &workload.seed;
    let probed = restart_policy == "Always";
    let containers: Vec<Value> = seed
        .containers
        .iter()
        .map(|(name, image)| container(name, image, probed))
        .collect();
    let mut template = json!({
        "metadata": { "labels": { "app": seed.name } },
        "spec": {
            "containers": containers,
            "restartPolicy": restart_policy,
            "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst",
            "securityContext": {},
            "schedulerName": "default-scheduler",
        },
    });
    if !workload.init_containers.is_empty() {
        let init = workload.init_containers.iter();
        template["spec"]["initContainers"] = init
            .map(|(name, image)| container(name, image, false))
            .collect();
    }
    template
}

fn container(name: &str, image: &str, probed: bool) -> Value {
    let mut container = json!({
        "name": name,
        "image": image,
        "resources": {},
    });
    if probed {
        container["readinessProbe"] = json!({
            "httpGet": { "path": "/healthz", "port": 8080, "scheme": "HTTP" },
            "timeoutSeconds": 1,
            "periodSeconds": 10,
            "successThreshold": 1,
            "failureThreshold": 3,
        });
    }
    container["terminationMessagePath"] = json!("/dev/termination-log");
    container["terminationMessagePolicy"] = json!("File");
    container["imagePullPolicy"] = json!("IfNotPresent");
    container
}
