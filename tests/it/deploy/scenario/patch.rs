//! The patch itself: what it tests, what it sets, and in whose name.

use serde_json::json;

use crate::deploy::stage::{Deploy, Fate, OLD, Stage, Workload, assert_story};

const NEW: &str = "ghcr.io/acme/web:2";

/// A Deployment with two containers and an init container, which the step sets two of.
fn several<S: Stage>() -> (S, Deploy<'static>) {
    let workload = Workload {
        containers: vec![("proxy", "envoy:1.30".to_owned())],
        init_containers: vec![("migrate", OLD.to_owned())],
        ..Workload::of("Deployment")
    };
    let deploy = Deploy {
        images: format!("app: '{NEW}', migrate: '{NEW}'"),
        ..Deploy::of(NEW)
    };
    (S::of(&workload, Fate::Ready), deploy)
}

pub(crate) fn containers_and_init_containers_are_set_in_one_patch<S: Stage>() {
    let (stage, deploy) = several::<S>();
    let said = deploy.run(&stage, &[]);
    assert_story(
        &stage,
        &said,
        0,
        "containers_and_init_containers_are_set_in_one_patch",
    );
    assert_eq!(stage.writes().len(), 1);
}

pub(crate) fn patch_tests_the_uid_the_names_and_the_old_images<S: Stage>() {
    let (stage, deploy) = several::<S>();
    let before = stage.object();
    assert_eq!(deploy.run(&stage, &[]).code, Some(0));
    let metadata = &before["metadata"];
    let spec = "/spec/template/spec";
    let [app, migrate] = ["containers", "initContainers"].map(|list| format!("{spec}/{list}/0"));
    let expected = json!([
        { "op": "test", "path": "/metadata/uid", "value": metadata["uid"] },
        { "op": "replace", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"] },
        { "op": "test", "path": format!("{app}/name"), "value": "app" },
        { "op": "test", "path": format!("{app}/image"), "value": OLD },
        { "op": "replace", "path": format!("{app}/image"), "value": NEW },
        { "op": "test", "path": format!("{migrate}/name"), "value": "migrate" },
        { "op": "test", "path": format!("{migrate}/image"), "value": OLD },
        { "op": "replace", "path": format!("{migrate}/image"), "value": NEW },
    ]);
    let writes = stage.writes().into_iter().map(|write| write.body);
    assert_eq!(writes.collect::<Vec<_>>(), [expected]);
}

pub(crate) fn image_is_of_the_field_manager_sluice_from_then_on<S: Stage>() {
    let stage = S::set(Fate::Ready);
    assert_eq!(Deploy::of(NEW).run(&stage, &[]).code, Some(0));
    let object = stage.object();
    let managers = object["metadata"]["managedFields"].as_array();
    let image = "/fieldsV1/f:spec/f:template/f:spec/f:containers/k:{\"name\":\"app\"}/f:image";
    let of_image = managers
        .into_iter()
        .flatten()
        .filter(|entry| entry.pointer(image).is_some())
        .map(|entry| (entry["manager"].clone(), entry["operation"].clone()));
    assert_eq!(
        of_image.collect::<Vec<_>>(),
        [(json!("sluice"), json!("Update"))]
    );
}
