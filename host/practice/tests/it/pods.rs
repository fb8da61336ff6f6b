//! Pods as clients write them: deleted, given a status, told of in events.

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use serde_json::{Value, json};
use sluice_practice::{Answer, Kind, Requests, Times};

use crate::scene::{Scene, scene, status};

fn pods(scene: &Scene) -> Api<Pod> {
    Api::namespaced(scene.client.clone(), "web")
}

/// The name of the first pod, and its uid.
fn first(scene: &Scene) -> (String, String) {
    let pod = &scene.cluster.objects(Kind::Pod, "web")[0]["metadata"];
    let text = |field: &str| pod[field].as_str().unwrap_or_default().to_owned();
    (text("name"), text("uid"))
}

#[tokio::test]
async fn deleted_pod_is_returned_and_made_anew() {
    let scene = scene(None).await;
    let (name, uid) = first(&scene);
    let only_this = DeleteParams {
        preconditions: Some(Preconditions {
            uid: Some(uid.clone()),
            ..Preconditions::default()
        }),
        ..DeleteParams::default()
    };
    let deleted = pods(&scene)
        .delete(&name, &only_this)
        .await
        .expect("it is deleted");
    let deleted = deleted.left().expect("it is answered with the pod");
    assert_eq!(deleted.metadata.uid.as_deref(), Some(uid.as_str()));
    let there = scene.cluster.objects(Kind::Pod, "web");
    assert_eq!(there.len(), 2);
    assert!(
        there
            .iter()
            .all(|pod| pod["metadata"]["uid"] != uid.as_str())
    );
    let writes = scene.cluster.writes();
    let [write] = &writes[..] else {
        panic!("one write is expected: {writes:?}")
    };
    assert_eq!(
        json!([write.method, write.path, write.dry_run]),
        json!([
            "DELETE",
            format!("/api/v1/namespaces/web/pods/{name}"),
            false
        ])
    );
}

#[tokio::test]
async fn pod_of_another_uid_is_not_deleted() {
    let scene = scene(None).await;
    let (name, uid) = first(&scene);
    let other = DeleteParams {
        preconditions: Some(Preconditions {
            uid: Some("other".to_owned()),
            ..Preconditions::default()
        }),
        ..DeleteParams::default()
    };
    let refused = pods(&scene)
        .delete(&name, &other)
        .await
        .expect_err("it is another one");
    let refused = status(refused);
    assert_eq!(refused["code"], 409);
    assert_eq!(
        refused["message"],
        format!(
            "Operation cannot be fulfilled on pods \"{name}\": the UID in the precondition (other) does not match \
             the UID in record ({uid}). The object might have been deleted and then recreated"
        )
    );
    assert_eq!(first(&scene), (name, uid));
}

#[tokio::test]
async fn dry_deletion_deletes_nothing() {
    let scene = scene(None).await;
    let before = scene.cluster.objects(Kind::Pod, "web");
    let (name, _) = first(&scene);
    let dry = DeleteParams {
        dry_run: true,
        ..DeleteParams::default()
    };
    pods(&scene).delete(&name, &dry).await.expect("it would be");
    assert_eq!(scene.cluster.objects(Kind::Pod, "web"), before);
    let dry: Vec<bool> = scene
        .cluster
        .writes()
        .iter()
        .map(|write| write.dry_run)
        .collect();
    assert_eq!(dry, [true]);
}

#[tokio::test]
async fn deletions_are_forbidden_apart_from_other_writes() {
    let scene = scene(None).await;
    scene
        .cluster
        .fail(Requests::Deletes, Answer::Status(403), Times::Always);
    let (name, _) = first(&scene);
    let refused = pods(&scene)
        .delete(&name, &DeleteParams::default())
        .await
        .expect_err("it is forbidden");
    assert_eq!(
        status(refused)["message"],
        format!(
            "pods \"{name}\" is forbidden: User \"system:serviceaccount:sluice:sluice\" cannot delete resource \
             \"pods\" in API group \"\" in the namespace \"web\""
        )
    );
    scene.deploy().await;
}

#[tokio::test]
async fn recorded_status_is_shown_until_the_pod_goes() {
    let scene = scene(None).await;
    let (name, _) = first(&scene);
    let change = json!({ "status": { "containerStatuses": [{
        "name": "app", "ready": false, "restartCount": 7, "image": "x", "imageID": "",
        "state": { "waiting": { "reason": "CrashLoopBackOff" } },
    }], "qosClass": null } });
    let patched = pods(&scene)
        .patch_status(&name, &PatchParams::default(), &Patch::Merge(&change))
        .await
        .expect("it is taken");
    let patched = serde_json::to_value(patched).expect("a pod is JSON");
    assert_eq!(patched["status"]["containerStatuses"][0]["restartCount"], 7);
    assert_eq!(patched["status"]["phase"], "Running");
    assert_eq!(patched["status"].get("qosClass"), None);

    // The whole of it, without a request.
    let status = json!({ "phase": "Failed", "reason": "Evicted" });
    let put = scene.cluster.set_pod_status("web", &name, &status);
    assert_eq!(put.map(|pod| pod["status"].clone()), Some(status.clone()));
    scene.cluster.pass_time(std::time::Duration::from_hours(1));
    let pod = scene.cluster.object(Kind::Pod, "web", &name);
    assert_eq!(pod.map(|pod| pod["status"].clone()), Some(status));
    // The controller counts what it sees.
    assert_eq!(scene.web()["status"]["readyReplicas"], 1);
    assert_eq!(
        scene.cluster.set_pod_status("web", "none", &json!({})),
        None
    );
}

#[tokio::test]
async fn posted_event_is_kept_as_it_was_given() {
    let scene = scene(None).await;
    let (name, uid) = first(&scene);
    let event = json!({
        "metadata": { "name": "web.1", "namespace": "web" },
        "involvedObject": { "kind": "Pod", "namespace": "web", "name": name, "uid": uid },
        "type": "Warning", "reason": "Evicted", "message": "The node was low on resource: memory.",
        "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:00Z", "count": 1,
    });
    let events: Api<k8s_openapi::api::core::v1::Event> =
        Api::namespaced(scene.client.clone(), "web");
    let given = serde_json::from_value(event.clone()).expect("an event");
    events
        .create(&PostParams::default(), &given)
        .await
        .expect("it is taken");
    let kept = scene.cluster.object(Kind::Event, "web", "web.1");
    let kept = kept.expect("it is there");
    for field in [
        "involvedObject",
        "type",
        "reason",
        "message",
        "firstTimestamp",
        "count",
    ] {
        assert_eq!(kept[field], event[field], "{field}");
    }
    let again = events
        .create(&PostParams::default(), &given)
        .await
        .expect_err("there is one of that name");
    assert_eq!(status(again)["message"], "events \"web.1\" already exists");

    let unnamed =
        json!({ "involvedObject": { "kind": "Pod", "name": "gone" }, "reason": "Killing" });
    let posted = scene
        .cluster
        .post_event("web", &unnamed)
        .expect("it is taken");
    let posted = posted["metadata"]["name"].as_str().unwrap_or_default();
    assert!(posted.starts_with("gone."), "{posted}");
    assert_eq!(scene.cluster.post_event("web", &json!({})), None::<Value>);
}

#[tokio::test]
async fn practice_account_may_do_everything() {
    use k8s_openapi::api::authorization::v1::SelfSubjectAccessReview;
    let scene = scene(None).await;
    let question: SelfSubjectAccessReview = serde_json::from_value(json!({
        "metadata": {},
        "spec": { "resourceAttributes": { "verb": "patch", "group": "apps", "resource": "deployments" } },
    }))
    .expect("a review");
    let reviews: Api<SelfSubjectAccessReview> = Api::all(scene.client.clone());
    let answer = reviews
        .create(&PostParams::default(), &question)
        .await
        .expect("it is answered");
    assert_eq!(answer.status.map(|status| status.allowed), Some(true));
    assert_eq!(answer.spec, question.spec);
    // To ask changes nothing, and is not refused with the writes.
    assert_eq!(scene.cluster.writes(), []);
    scene
        .cluster
        .fail(Requests::Writes, Answer::Status(403), Times::Always);
    reviews
        .create(&PostParams::default(), &question)
        .await
        .expect("it is answered");
    scene
        .cluster
        .fail(Requests::AccessReviews, Answer::Status(403), Times::Once);
    reviews
        .create(&PostParams::default(), &question)
        .await
        .expect_err("now it is refused");
}
