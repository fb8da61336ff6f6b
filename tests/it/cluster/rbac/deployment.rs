//! Each thing that somebody with the account's token could do to a Deployment by a patch: the
//! API server lets permitted images through, and refuses the rest in the policy's words.

use serde_json::{Value, json};

use super::{
    WEB,
    held::Held,
    workloads::{add, all_kinds, replace, workload},
};
use crate::cluster::control_plane::Real;

#[test]
#[ignore = "wants a real API server: run ./test"]
fn patch_of_a_deployment_may_set_permitted_images_and_nothing_else() {
    let held = all_kinds();
    let spec = "/spec/template/spec";
    let app = format!("{spec}/containers/0");
    let at = |path: &str| format!("{spec}{path}");
    let moved = |from: &str, to: &str| json!([{ "op": "move", "from": at(from), "path": at(to) }]);
    let of_app = "policy: this account may change nothing of a container but its image, and this changes app of Deployment NS/web";
    let changes = |field: &str| {
        format!(
            "policy: this account may change nothing of Deployment NS/web but its images, and this changes {field}"
        )
    };
    let image = |container: &str, image: &str| {
        format!(
            "policy: no pipeline permits this account to set {container} to {image} in Deployment NS/web"
        )
    };
    let list = "policy: this account may neither add, remove nor reorder containers".to_owned();
    let annotations = json!({ "kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z" });
    let both = json!([
        { "op": "replace", "path": format!("{app}/image"), "value": "ghcr.io/acme/web:3" },
        { "op": "add", "path": format!("{app}/command"), "value": ["sh"] },
    ]);
    let owner = json!([{ "apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": "b" }]);
    let extra = json!({ "name": "extra", "image": "ghcr.io/acme/web:2" });
    let cases = [
        (
            add(&format!("{app}/command"), json!(["sh"])),
            of_app.to_owned(),
        ),
        (
            add(&format!("{app}/args"), json!(["-c"])),
            of_app.to_owned(),
        ),
        (both, of_app.to_owned()),
        (
            replace(&format!("{app}/env/0/value"), "2"),
            of_app.to_owned(),
        ),
        (
            add(
                &format!("{app}/env/-"),
                json!({ "name": "B", "value": "1" }),
            ),
            of_app.to_owned(),
        ),
        (
            json!([{ "op": "remove", "path": format!("{app}/env") }]),
            of_app.to_owned(),
        ),
        (
            replace(&format!("{app}/imagePullPolicy"), "Never"),
            of_app.to_owned(),
        ),
        (
            add(&format!("{app}/securityContext"), json!({ "runAsUser": 0 })),
            of_app.to_owned(),
        ),
        (
            replace(&format!("{app}/image"), "ghcr.io/evil/web:2"),
            image("app", "ghcr.io/evil/web:2"),
        ),
        (
            replace(&at("/containers/1/image"), "ghcr.io/acme/web:2"),
            image("side", "ghcr.io/acme/web:2"),
        ),
        (
            replace(&at("/initContainers/0/image"), "ghcr.io/acme/web:2"),
            image("init", "ghcr.io/acme/web:2"),
        ),
        (add(&at("/containers/-"), extra), list.clone()),
        (
            json!([{ "op": "remove", "path": at("/containers/1") }]),
            list.clone(),
        ),
        (
            json!([{ "op": "remove", "path": at("/initContainers") }]),
            list.clone(),
        ),
        (moved("/containers/0", "/containers/1"), list.clone()),
        (moved("/containers/0", "/initContainers/0"), list),
        (replace("/spec/replicas", 3), changes("spec.replicas")),
        (add("/spec/paused", true), changes("spec.paused")),
        (
            add("/spec/minReadySeconds", 5),
            changes("spec.minReadySeconds"),
        ),
        (
            add("/metadata/annotations/a", "b"),
            changes("metadata.annotations.a"),
        ),
        (
            add("/metadata/labels", json!({ "a": "b" })),
            changes("metadata.labels"),
        ),
        (
            add("/metadata/finalizers", json!(["a/b"])),
            changes("metadata.finalizers"),
        ),
        (
            add("/metadata/ownerReferences", owner),
            changes("metadata.ownerReferences"),
        ),
        (
            add("/spec/template/metadata/labels/b", "c"),
            changes("template.metadata.labels"),
        ),
        (
            add("/spec/template/metadata/annotations", annotations),
            changes("template.metadata.annotations.kubectl.kubernetes.io/restartedAt"),
        ),
        (
            add(&at("/serviceAccountName"), "admin"),
            changes("template.spec.serviceAccount, template.spec.serviceAccountName"),
        ),
        (
            add(
                &at("/volumes"),
                json!([{ "name": "host", "hostPath": { "path": "/" } }]),
            ),
            changes("template.spec.volumes"),
        ),
        (
            add(&at("/hostNetwork"), true),
            changes("template.spec.hostNetwork"),
        ),
        (
            add(&at("/nodeName"), "node-0"),
            changes("template.spec.nodeName"),
        ),
        (add(&at("/hostPID"), true), changes("template.spec.hostPID")),
    ];
    for (patch, expected) in cases {
        assert_eq!(held.patch(WEB, &patch), Err(expected), "{patch}");
    }
    for image in ["ghcr.io/acme/web:2", "ghcr.io/acme/web"] {
        let patch = replace(&format!("{app}/image"), image);
        assert_eq!(held.patch(WEB, &patch), Ok(()), "{patch}");
    }
}

#[test]
#[ignore = "wants a real API server: run ./test"]
fn large_deployment_is_within_what_a_policy_may_cost() {
    let real = Real::empty();
    let mut large = workload("Deployment", "web");
    let variables =
        (0..300).map(|index| json!({ "name": format!("V{index}"), "value": "x".repeat(100) }));
    let variables = variables.collect::<Value>();
    let containers = (0..10).map(|index| {
        json!({ "name": format!("c{index}"), "image": "ghcr.io/acme/web:1", "env": variables })
    });
    large["spec"]["replicas"] = json!(0);
    large["spec"]["template"]["spec"]["containers"] = containers.collect();
    real.kubectl(&["create", "--filename", "-"], &large.to_string());
    let pipeline = "name: large
steps:
  deploy:
    uses: deploy
    with: { namespace: NS, deployment: web, container: c9, image: 'ghcr.io/acme/web:2' }
    permissions:
      kube-apply:
        - { kind: Deployment, namespace: NS, name: web, containers: [c9], images: ['ghcr.io/acme/web:*'] }
";
    let held = Held::by(real, pipeline, WEB);
    let last = "/spec/template/spec/containers/9";
    let value = replace(&format!("{last}/env/299/value"), "y");
    assert_eq!(
        held.patch(WEB, &value),
        Err("policy: this account may change nothing of a container but its image, and this changes c9 of Deployment NS/web".to_owned())
    );
    let image = replace(&format!("{last}/image"), "ghcr.io/acme/web:2");
    assert_eq!(held.patch(WEB, &image), Ok(()));
}
