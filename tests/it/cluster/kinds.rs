//! Workloads other than a Deployment, and what a step may dare, on the real API server with
//! its real controllers: fixtures are made by `kubectl`, as users make them.

use std::path::Path;

use serde_json::{Value, json};

use super::control_plane::Real;
use crate::{
    deploy::{
        stage::{OLD, Stage as _},
        story::story,
    },
    sluice::{Said, Sluice},
};

const NEW: &str = "ghcr.io/acme/web:2";

/// A workload `web` of that kind whose container `app` runs [`OLD`].
fn manifest(kind: &str, more: &Value) -> Value {
    let template = json!({
        "metadata": { "labels": { "app": "web" } },
        "spec": {
            "containers": [{ "name": "app", "image": OLD }, { "name": "proxy", "image": "envoy:1.30" }],
            "initContainers": [{ "name": "migrate", "image": OLD }],
        },
    });
    let selector = json!({ "matchLabels": { "app": "web" } });
    let mut spec = match kind {
        "CronJob" => {
            let mut job = template;
            job["spec"]["restartPolicy"] = json!("Never");
            json!({ "schedule": "0 0 1 1 *", "jobTemplate": { "spec": { "template": job } } })
        }
        "StatefulSet" => {
            json!({ "replicas": 2, "serviceName": "web", "selector": selector, "template": template })
        }
        "DaemonSet" => json!({ "selector": selector, "template": template }),
        _ => json!({ "replicas": 2, "selector": selector, "template": template }),
    };
    for (key, value) in more.as_object().expect("it is a map") {
        spec[key] = value.clone();
    }
    let group = if kind == "CronJob" { "batch" } else { "apps" };
    json!({
        "apiVersion": format!("{group}/v1"),
        "kind": kind,
        "metadata": { "name": "web" },
        "spec": spec,
    })
}

/// A namespace with that workload, rolled out.
fn with(kind: &str, more: &Value) -> Real {
    let real = Real::empty();
    let manifest = manifest(kind, more).to_string();
    real.kubectl(&["create", "--filename", "-"], &manifest);
    // `kubectl rollout status` follows neither of these.
    if kind != "CronJob" && more["updateStrategy"]["type"] != "OnDelete" {
        let name = format!("{}/web", kind.to_lowercase());
        real.kubectl(&["rollout", "status", &name, "--timeout=60s"], "");
    }
    real
}

/// A step that gives `app` that image, with further lines in `with` and in its permission.
fn deploy(kind: &str, namespace: &str, image: &str, with: &str, permission: &str) -> String {
    format!(
        "name: deploy-web
on: [manual]
steps:
  deploy:
    uses: deploy
    with:
      namespace: {namespace}
      kind: {kind}
      name: web
      images: {{ app: '{image}' }}
      wait: 60s
      settle: 0s
      grace: {{ image-pull: 0s, crash-loop: 0s }}
{with}
    permissions:
      kube-apply:
        - {{ kind: {kind}, namespace: {namespace}, name: web, containers: [app, migrate], images: ['ghcr.io/acme/web:*']{permission} }}
"
    )
}

fn run(text: &str, kubeconfig: &Path) -> Said {
    Sluice::pipeline(text)
        .env("KUBECONFIG", kubeconfig)
        .events(&[])
}

/// The last lines of what the run told, from the change on.
fn told(real: &Real, said: &Said) -> Vec<String> {
    let mut told = story(said, real.namespace());
    told.drain(..2);
    told
}

fn image_of(real: &Real, kind: &str) -> String {
    let path = match kind {
        "CronJob" => "{.spec.jobTemplate.spec.template.spec.containers[0].image}",
        _ => "{.spec.template.spec.containers[0].image}",
    };
    let output = format!("jsonpath={path}");
    real.kubectl(&["get", kind, "web", "--output", &output], "")
}

#[track_caller]
fn rolls_out(kind: &str, more: &Value, outputs: &str, doubt: &[&str]) {
    let real = with(kind, more);
    let text = deploy(kind, real.namespace(), NEW, "", "");
    let said = run(&text, real.kubeconfig());
    let target = format!("{kind} NS/web");
    let mut expected = vec![
        "deploy info: takes over the image of container `app` from `kubectl-create`".to_owned(),
        format!("deploy kube-apply set-images {target}: started, app {OLD} -> {NEW}"),
        format!("deploy kube-apply set-images {target}: done, app {OLD} -> {NEW}"),
    ];
    expected.extend(doubt.iter().map(ToString::to_string));
    expected.push(format!(
        r#"deploy success: {{"workload":"{target}","images":{{"app":"{NEW}"}},"previous":{{"app":"{OLD}"}},"changed":true,{outputs}}}"#
    ));
    expected.push("run success".to_owned());
    assert_eq!(
        told(&real, &said).join("\n"),
        expected.join("\n"),
        "{}",
        said.err
    );
    assert_eq!(said.code, Some(0));
    assert_eq!(image_of(&real, kind), NEW);
}

#[test]
#[ignore = "wants the API server that `./test` starts"]
fn stateful_set_is_rolled_out_and_verified() {
    rolls_out(
        "StatefulSet",
        &json!({}),
        r#""verified":true,"pods":2"#,
        &[],
    );
}

#[test]
#[ignore = "wants the API server that `./test` starts"]
fn daemon_set_is_rolled_out_and_verified() {
    rolls_out("DaemonSet", &json!({}), r#""verified":true,"pods":1"#, &[]);
}

#[test]
#[ignore = "wants the API server that `./test` starts"]
fn partition_of_a_stateful_set_is_a_success_that_is_not_verified() {
    let partition = json!({ "updateStrategy": { "rollingUpdate": { "partition": 1 } } });
    let doubt = "`partition` is 1: 1 of 2 pods have the new revision";
    rolls_out(
        "StatefulSet",
        &partition,
        &format!(r#""verified":false,"pods":1,"note":"{doubt}""#),
        &[&format!("deploy warn: not verified: {doubt}")],
    );
}

#[test]
#[ignore = "wants the API server that `./test` starts"]
fn cron_job_takes_the_image_and_says_that_there_is_no_rollout() {
    let doubt = "its next Job takes the new image: there is no rollout to watch";
    rolls_out(
        "CronJob",
        &json!({}),
        &format!(r#""verified":false,"pods":0,"note":"{doubt}""#),
        &[&format!("deploy warn: not verified: {doubt}")],
    );
}

#[test]
#[ignore = "wants the API server that `./test` starts"]
fn daemon_set_that_replaces_pods_only_when_they_are_deleted_is_refused_before_any_change() {
    let real = with(
        "DaemonSet",
        &json!({ "updateStrategy": { "type": "OnDelete" } }),
    );
    let text = deploy("DaemonSet", real.namespace(), NEW, "", "");
    let said = run(&text, real.kubeconfig());
    let expected = [
        "deploy failure: author, configuration: `DaemonSet NS/web` has the update strategy \
         `OnDelete`: a new image would reach a pod only when that is deleted; change it to \
         `RollingUpdate`",
        "run failure",
    ];
    assert_eq!(told(&real, &said), expected);
    assert_eq!(real.writes(), []);
}

#[test]
#[ignore = "wants the API server that `./test` starts"]
fn broken_deployment_is_rolled_back_to_the_image_that_was_healthy() {
    let real = with("Deployment", &json!({}));
    let image = "ghcr.io/acme/web:2-crash";
    let with_rollback = "      on-failure: rollback";
    let text = deploy("Deployment", real.namespace(), image, with_rollback, "");
    let said = run(&text, real.kubeconfig());
    assert_eq!(said.code, Some(1), "{}\n{}", said.out, said.err);
    let told = told(&real, &said);
    let last = &told[told.len() - 2];
    let end = format!("/ rolled back to `{OLD}`: 2 pods are up");
    assert!(last.ends_with(&end), "{last}");
    assert_eq!(image_of(&real, "Deployment"), OLD);
}

#[test]
#[ignore = "wants the API server that `./test` starts"]
fn broken_pod_of_a_stateful_set_is_deleted_in_a_rollback_where_that_is_permitted() {
    let real = with("StatefulSet", &json!({}));
    let image = "ghcr.io/acme/web:2-crash";
    let with_rollback = "      on-failure: rollback";
    let namespace = real.namespace();
    let refused = deploy("StatefulSet", namespace, image, with_rollback, "");
    let said = run(&refused, real.kubeconfig());
    let text = told(&real, &said).join("\n");
    assert!(
        text.contains("deploy kube-apply delete-pod StatefulSet NS/web: refused"),
        "{text}"
    );
    let permitted = ", delete-pods: true";
    let allowed = deploy("StatefulSet", namespace, image, with_rollback, permitted);
    let said = run(&allowed, real.kubeconfig());
    let text = told(&real, &said).join("\n");
    assert!(
        text.contains("deploy kube-apply delete-pod StatefulSet NS/web: done")
            && text.contains(&format!("/ rolled back to `{OLD}`: 2 pods are up")),
        "{text}\n{}",
        said.out
    );
}

#[test]
#[ignore = "wants the API server that `./test` starts"]
fn moving_tag_that_is_set_already_is_restarted_where_step_and_permission_say_so() {
    let real = with("Deployment", &json!({}));
    let latest = "ghcr.io/acme/web:latest";
    real.kubectl(
        &["set", "image", "deployment/web", &format!("app={latest}")],
        "",
    );
    real.kubectl(
        &["rollout", "status", "deployment/web", "--timeout=60s"],
        "",
    );
    let namespace = real.namespace();
    let restart = "      restart: true";
    let refused = run(
        &deploy("Deployment", namespace, latest, restart, ""),
        real.kubeconfig(),
    );
    assert_eq!(
        told(&real, &refused)[0],
        "deploy kube-apply restart Deployment NS/web: refused"
    );
    assert_eq!(refused.code, Some(1));
    assert_eq!(real.writes(), []);
    let said = run(
        &deploy("Deployment", namespace, latest, restart, ", restart: true"),
        real.kubeconfig(),
    );
    let expected = [
        format!("deploy kube-apply restart Deployment NS/web: started, app {latest} -> {latest}"),
        format!("deploy kube-apply restart Deployment NS/web: done, app {latest} -> {latest}"),
        format!(
            r#"deploy success: {{"workload":"Deployment NS/web","images":{{"app":"{latest}"}},"previous":{{"app":"{latest}"}},"changed":true,"verified":true,"pods":2}}"#
        ),
        "run success".to_owned(),
    ];
    assert_eq!(
        told(&real, &said).join("\n"),
        expected.join("\n"),
        "{}",
        said.err
    );
}

#[test]
#[ignore = "wants the API server that `./test` starts"]
fn image_that_is_applied_by_another_manager_is_taken_over_only_with_both_words() {
    let real = Real::empty();
    let manifest = manifest("Deployment", &json!({})).to_string();
    let apply = [
        "apply",
        "--server-side",
        "--field-manager=gitops",
        "--filename",
        "-",
    ];
    real.kubectl(&apply, &manifest);
    real.kubectl(
        &["rollout", "status", "deployment/web", "--timeout=60s"],
        "",
    );
    let namespace = real.namespace();
    let take_over = "      take-over: true";
    let step_says_nothing = deploy("Deployment", namespace, NEW, "", ", take-over: true");
    let said = run(&step_says_nothing, real.kubeconfig());
    assert_eq!(
        told(&real, &said)[0],
        "deploy failure: author, configuration: the image of container `app` belongs to \
         `gitops` (server-side apply), which would put the old one back; set the image there, \
         or say `take-over: true`"
    );
    let permission_says_nothing = deploy("Deployment", namespace, NEW, take_over, "");
    let said = run(&permission_says_nothing, real.kubeconfig());
    let text = told(&real, &said).join("\n");
    assert!(
        text.contains("deploy kube-apply take-over Deployment NS/web: refused"),
        "{text}"
    );
    assert_eq!(real.writes(), []);
    let both = deploy("Deployment", namespace, NEW, take_over, ", take-over: true");
    let said = run(&both, real.kubeconfig());
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    assert_eq!(image_of(&real, "Deployment"), NEW);
}
