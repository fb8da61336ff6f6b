//! The other kinds of workload are held to their images like a Deployment.

use serde_json::json;

use super::workloads::{add, all_kinds, replace};

#[test]
#[ignore = "wants a real API server: run ./test"]
fn other_kinds_are_held_to_their_images_too() {
    let held = all_kinds();
    let kinds = [
        ("StatefulSet", "apps", "statefulsets", "db", ""),
        ("DaemonSet", "apps", "daemonsets", "agent", ""),
        (
            "CronJob",
            "batch",
            "cronjobs",
            "nightly",
            "/spec/jobTemplate",
        ),
    ];
    for (kind, group, resource, name, deeper) in kinds {
        let path = format!("/apis/{group}/v1/namespaces/NS/{resource}/{name}");
        let app = format!("{deeper}/spec/template/spec/containers/0");
        let command = add(&format!("{app}/command"), json!(["sh"]));
        assert_eq!(
            held.patch(&path, &command),
            Err(format!(
                "policy: this account may change nothing of a container but its image, and this changes app of {kind} NS/{name}"
            ))
        );
        let image = |image: &str| replace(&format!("{app}/image"), image);
        assert_eq!(
            held.patch(&path, &image("ghcr.io/evil/web:2")),
            Err(format!(
                "policy: no pipeline permits this account to set app to ghcr.io/evil/web:2 in {kind} NS/{name}"
            ))
        );
        assert_eq!(held.patch(&path, &image("ghcr.io/acme/web:2")), Ok(()));
    }
    let changes = |field: &str, of: &str| {
        Err(format!(
            "policy: this account may change nothing of {of} but its images, and this changes {field}"
        ))
    };
    let nightly = "/apis/batch/v1/namespaces/NS/cronjobs/nightly";
    for (patch, field) in [
        (replace("/spec/schedule", "* * * * *"), "spec.schedule"),
        (
            add("/spec/jobTemplate/metadata/labels", json!({ "a": "b" })),
            "spec.jobTemplate.metadata",
        ),
        (
            add("/spec/jobTemplate/spec/parallelism", 5),
            "spec.jobTemplate.spec.parallelism",
        ),
        (
            add("/spec/jobTemplate/spec/template/spec/hostNetwork", true),
            "template.spec.hostNetwork",
        ),
    ] {
        assert_eq!(
            held.patch(nightly, &patch),
            changes(field, "CronJob NS/nightly"),
            "{patch}"
        );
    }
    // The permission of the StatefulSet says `restart`, that of the DaemonSet does not; the
    // DaemonSet's covers an init container.
    let restart = |annotation: &str| {
        let annotations = json!({ annotation: "2026-01-01T00:00:00Z" });
        add("/spec/template/metadata/annotations", annotations)
    };
    let [db, agent] = ["statefulsets/db", "daemonsets/agent"]
        .map(|workload| format!("/apis/apps/v1/namespaces/NS/{workload}"));
    let known = "kubectl.kubernetes.io/restartedAt";
    let in_agent = format!("template.metadata.annotations.{known}");
    assert_eq!(
        held.patch(&agent, &restart(known)),
        changes(&in_agent, "DaemonSet NS/agent")
    );
    let other = changes("template.metadata.annotations.other", "StatefulSet NS/db");
    assert_eq!(held.patch(&db, &restart("other")), other);
    assert_eq!(held.patch(&db, &restart(known)), Ok(()));
    let init = replace(
        "/spec/template/spec/initContainers/0/image",
        "ghcr.io/acme/web:2",
    );
    assert_eq!(held.patch(&agent, &init), Ok(()));
}
