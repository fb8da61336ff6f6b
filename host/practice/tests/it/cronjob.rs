//! `CronJob`s: their images are set, and nothing rolls out.

use serde_json::{Value, json};
use sluice_practice::Kind;

use crate::scene::{NEW, OLD, status};
use crate::stage::{Stage, web};

#[tokio::test]
async fn image_is_set_and_nothing_rolls_out() {
    let workload = web(Kind::CronJob, 0).init_container("migrate", OLD);
    let stage = Stage::of(Kind::CronJob, workload, None).await;
    let before = stage.web();
    let spec = "/spec/jobTemplate/spec/template/spec";
    let after = stage
        .patch(json!([
            { "op": "test", "path": "/metadata/uid", "value": before["metadata"]["uid"] },
            { "op": "replace", "path": format!("{spec}/containers/0/image"), "value": NEW },
            { "op": "replace", "path": format!("{spec}/initContainers/0/image"), "value": NEW },
        ]))
        .await
        .expect("the patch applies");
    assert_eq!(after["metadata"]["generation"], 2);
    for part in ["containers", "initContainers"] {
        let image = after.pointer(&format!("{spec}/{part}/0/image"));
        assert_eq!(image, Some(&json!(NEW)), "{part}");
    }
    let mine = &after["metadata"]["managedFields"][1];
    assert_eq!(
        mine["fieldsV1"],
        json!({ "f:spec": { "f:jobTemplate": { "f:spec": { "f:template": { "f:spec": {
            "f:containers": { "k:{\"name\":\"app\"}": { "f:image": {} } },
            "f:initContainers": { "k:{\"name\":\"migrate\"}": { "f:image": {} } },
        } } } } } })
    );
    assert_eq!(stage.pods(), Vec::<String>::new());
    assert_eq!(
        stage.cluster.objects(Kind::Event, "web"),
        Vec::<Value>::new()
    );
}

#[tokio::test]
async fn empty_image_is_refused_by_the_path_of_its_field() {
    let stage = Stage::of(Kind::CronJob, web(Kind::CronJob, 0), None).await;
    let image = "/spec/jobTemplate/spec/template/spec/containers/0/image";
    let refused = stage
        .patch(json!([{ "op": "replace", "path": image, "value": "" }]))
        .await
        .expect_err("an image has a name");
    assert_eq!(
        status(refused)["message"],
        "CronJob.batch \"web\" is invalid: spec.jobTemplate.spec.template.spec.containers[0].image: Required value"
    );
}

#[tokio::test]
async fn schedule_is_not_for_clients_to_change() {
    let stage = Stage::of(Kind::CronJob, web(Kind::CronJob, 0), None).await;
    let before = stage.web();
    let refused = stage
        .patch(json!([{ "op": "replace", "path": "/spec/schedule", "value": "* * * * *" }]))
        .await
        .expect_err("not an image");
    assert_eq!(status(refused)["code"], 501);
    assert_eq!(stage.web(), before);
}
