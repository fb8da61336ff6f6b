//! What the API answers: objects, lists, the patch and every refusal.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::Error;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use sluice_practice::{Kind, Manager};

use crate::scene::{NEW, OLD, Scene, scene, status};

fn conflict() -> Value {
    json!({
        "status": "Failure",
        "code": 409,
        "message": "Operation cannot be fulfilled on deployments.apps \"web\": the object has been modified; \
                    please apply your changes to the latest version and try again",
        "metadata": {},
        "reason": "Conflict",
        "details": { "name": "web", "group": "apps", "kind": "deployments" },
    })
}

fn not_implemented(what: &str) -> Value {
    json!({
        "status": "Failure",
        "code": 501,
        "message": format!("the practice cluster knows get, list and watch, image patches and restarts of workloads, and deletion of pods; \
             it does not know {what}"),
        "metadata": {},
        "reason": "NotImplemented",
    })
}

#[tokio::test]
async fn patched_object_is_returned_as_the_server_stored_it() {
    let scene = scene(None).await;
    let before = scene.web();
    let after = serde_json::to_value(scene.deploy().await).expect("a deployment is JSON");
    assert_eq!(after["metadata"]["generation"], 2);
    assert_eq!(after["status"], before["status"]);
    let version = |object: &Value| {
        object["metadata"]["resourceVersion"]
            .as_str()
            .and_then(|version| version.parse::<u64>().ok())
    };
    assert!(version(&after) > version(&before));
    let managers: Vec<Value> = after["metadata"]["managedFields"]
        .as_array()
        .expect("fields have managers")
        .iter()
        .map(|entry| json!([entry["manager"], entry["operation"], entry["subresource"]]))
        .collect();
    assert_eq!(
        json!(managers),
        json!([
            ["kubectl-create", "Update", null],
            ["kube-controller-manager", "Update", "status"],
            ["sluice", "Update", null],
        ])
    );
    assert_eq!(
        after["metadata"]["managedFields"][2]["fieldsV1"],
        json!({ "f:spec": { "f:template": { "f:spec": { "f:containers": { "k:{\"name\":\"app\"}": { "f:image": {} } } } } } })
    );
}

#[tokio::test]
async fn patch_with_a_stale_version_is_a_conflict() {
    let scene = scene(None).await;
    let patch = scene.image_patch(OLD, NEW);
    let other = json!({ "metadata": { "annotations": { "note": "changed meanwhile" } } });
    scene
        .cluster
        .patch(
            Kind::Deployment,
            "web",
            "web",
            &Manager::update("kubectl-annotate"),
            &other,
        )
        .expect("it is there");
    let before = scene.web();
    let refused = scene.patch(patch).await.expect_err("it is stale");
    assert_eq!(status(refused), conflict());
    assert_eq!(scene.web(), before);
}

#[tokio::test]
async fn failed_test_is_unprocessable_and_changes_nothing() {
    let scene = scene(None).await;
    let before = scene.web();
    let refused = scene
        .patch(scene.image_patch("ghcr.io/acme/web:0", NEW))
        .await
        .expect_err("another image is there");
    assert_eq!(
        status(refused),
        json!({
            "status": "Failure",
            "code": 422,
            "message": "the server rejected our request due to an error in our request",
            "metadata": {},
            "reason": "Invalid",
            "details": {},
        })
    );
    assert_eq!(scene.web(), before);
}

#[tokio::test]
async fn dry_run_tells_and_changes_nothing() {
    let scene = scene(None).await;
    let before = scene.web();
    let params = PatchParams {
        dry_run: true,
        ..PatchParams::apply("sluice")
    };
    let told = scene
        .patch_with(scene.image_patch(OLD, NEW), &params)
        .await
        .expect("it would apply");
    let told = serde_json::to_value(told).expect("a deployment is JSON");
    assert_eq!(
        told["spec"]["template"]["spec"]["containers"][0]["image"],
        NEW
    );
    assert_eq!(told["metadata"]["generation"], 2);
    assert_eq!(
        told["metadata"]["resourceVersion"],
        before["metadata"]["resourceVersion"]
    );
    assert_eq!(scene.web(), before);
    assert_eq!(
        scene.cluster.objects(Kind::Event, "web"),
        Vec::<Value>::new()
    );
    let dry: Vec<bool> = scene
        .cluster
        .writes()
        .iter()
        .map(|write| write.dry_run)
        .collect();
    assert_eq!(dry, [true]);
}

#[tokio::test]
async fn unknown_dry_run_is_refused() {
    let scene = scene(None).await;
    let request = http::Request::patch("/apis/apps/v1/namespaces/web/deployments/web?dryRun=Some")
        .header("content-type", "application/json-patch+json")
        .body(b"[]".to_vec())
        .expect("a request");
    let refused = scene
        .client
        .request::<Value>(request)
        .await
        .expect_err("only All is known");
    let why = "Unsupported value: [\"Some\"]: supported values: \"All\"";
    assert_eq!(
        status(refused),
        json!({
            "status": "Failure",
            "code": 422,
            "message": format!("PatchOptions.meta.k8s.io \"\" is invalid: dryRun: {why}"),
            "metadata": {},
            "reason": "Invalid",
            "details": {
                "group": "meta.k8s.io",
                "kind": "PatchOptions",
                "causes": [{ "reason": "FieldValueNotSupported", "message": why, "field": "dryRun" }],
            },
        })
    );
}

#[tokio::test]
async fn same_image_again_is_no_change() {
    let scene = scene(None).await;
    let before = scene.web();
    scene
        .patch(scene.image_patch(OLD, OLD))
        .await
        .expect("it applies");
    assert_eq!(scene.web(), before);
}

#[tokio::test]
async fn empty_image_is_invalid() {
    let scene = scene(None).await;
    let refused = scene
        .patch(scene.image_patch(OLD, ""))
        .await
        .expect_err("an image has a name");
    assert_eq!(
        status(refused)["message"],
        "Deployment.apps \"web\" is invalid: spec.template.spec.containers[0].image: Required value"
    );
}

#[tokio::test]
async fn whatever_it_does_not_know_is_not_implemented() {
    let scene = scene(None).await;
    let before = scene.web();
    let command = json!([{ "op": "add", "path": "/spec/template/spec/containers/0/command", "value": ["sh"] }]);
    let refused = scene.patch(command).await.expect_err("not an image");
    assert_eq!(
        status(refused),
        not_implemented(
            "a patch of anything but the images of a pod template and its `kubectl.kubernetes.io/restartedAt`"
        )
    );

    let merge = Patch::Merge(json!({ "spec": { "replicas": 9 } }));
    let refused = scene
        .deployments
        .patch("web", &PatchParams::default(), &merge)
        .await
        .expect_err("not a JSON patch");
    assert_eq!(
        status(refused),
        not_implemented("a patch of the type `application/merge-patch+json`")
    );

    let refused = scene
        .deployments
        .delete("web", &DeleteParams::default())
        .await
        .expect_err("no deletion");
    assert_eq!(
        status(refused),
        not_implemented("`delete` of this resource")
    );

    let refused = scene
        .deployments
        .create(&PostParams::default(), &Deployment::default())
        .await
        .expect_err("no creation");
    assert_eq!(
        status(refused),
        not_implemented("`create` of this resource")
    );

    let refused = scene
        .deployments
        .get_scale("web")
        .await
        .expect_err("no subresource");
    assert_eq!(status(refused), not_implemented("`get` of this resource"));

    let pods: Api<Pod> = Api::namespaced(scene.client.clone(), "web");
    let image = serde_json::from_value(json!([])).expect("a JSON patch");
    let name = scene.cluster.objects(Kind::Pod, "web")[0]["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let refused = pods
        .patch(&name, &PatchParams::default(), &Patch::Json::<()>(image))
        .await
        .expect_err("not a workload");
    assert_eq!(status(refused), not_implemented("`patch` of this resource"));
    assert_eq!(scene.web(), before);
}

#[tokio::test]
async fn missing_object_is_not_found() {
    let scene = scene(None).await;
    let missing = scene
        .deployments
        .get("none")
        .await
        .expect_err("no such deployment");
    assert_eq!(
        status(missing),
        json!({
            "status": "Failure",
            "code": 404,
            "message": "deployments.apps \"none\" not found",
            "metadata": {},
            "reason": "NotFound",
            "details": { "name": "none", "group": "apps", "kind": "deployments" },
        })
    );
}

#[tokio::test]
async fn patch_that_is_no_json_is_a_bad_request() {
    let scene = scene(None).await;
    for (body, code) in [
        ("nonsense", 400),
        (r#"[{"op":"zap","path":"/spec"}]"#, 422),
        (r#"{"spec":1}"#, 422),
    ] {
        let request = http::Request::patch("/apis/apps/v1/namespaces/web/deployments/web")
            .header("content-type", "application/json-patch+json")
            .body(body.as_bytes().to_vec())
            .expect("a request");
        let refused = scene
            .client
            .request::<Value>(request)
            .await
            .expect_err("not a patch");
        assert!(
            matches!(refused, Error::Api(refused) if refused.code == code),
            "{body}"
        );
    }
}

#[tokio::test]
async fn lists_are_narrowed_by_selectors() {
    let scene = scene(None).await;
    scene.deploy().await;
    let hash = scene.web()["metadata"]["annotations"]["deployment.kubernetes.io/revision"].clone();
    assert_eq!(hash, "2");
    let pods: Api<Pod> = Api::namespaced(scene.client.clone(), "web");
    let count = async |params: &ListParams| pods.list(params).await.expect("a list").items.len();
    assert_eq!(count(&ListParams::default().labels("app=web")).await, 2);
    assert_eq!(count(&ListParams::default().labels("app=api")).await, 0);
    assert_eq!(
        count(&ListParams::default().fields("status.phase=Running")).await,
        2
    );
    let everywhere: Api<Pod> = Api::all(scene.client.clone());
    assert_eq!(
        everywhere
            .list(&ListParams::default())
            .await
            .expect("a list")
            .items
            .len(),
        2
    );
    let events: Api<Event> = Api::namespaced(scene.client.clone(), "web");
    let about =
        ListParams::default().fields("involvedObject.kind=Deployment,involvedObject.name=web");
    let reasons: Vec<_> = events
        .list(&about)
        .await
        .expect("a list")
        .items
        .into_iter()
        .filter_map(|event| event.reason)
        .collect();
    assert_eq!(reasons, ["ScalingReplicaSet"; 4]);
    let other: Api<Deployment> = Api::namespaced(scene.client.clone(), "other");
    assert_eq!(
        other
            .list(&ListParams::default())
            .await
            .expect("a list")
            .items
            .len(),
        0
    );
}

#[tokio::test]
async fn client_discovers_what_there_is() {
    let scene = scene(None).await;
    let version = scene.client.apiserver_version().await.expect("a version");
    assert_eq!(
        (version.major.as_str(), version.minor.as_str()),
        ("1", "36")
    );
    let groups = scene.client.list_api_groups().await.expect("groups");
    assert_eq!(
        groups
            .groups
            .iter()
            .map(|group| group.name.as_str())
            .collect::<Vec<_>>(),
        ["apps", "authorization.k8s.io", "batch"]
    );
    let apps = scene
        .client
        .list_api_group_resources("apps/v1")
        .await
        .expect("resources");
    let verbs = apps
        .resources
        .iter()
        .map(|found| (found.name.as_str(), found.verbs.join(",")))
        .collect::<Vec<_>>();
    assert_eq!(
        verbs,
        [
            ("controllerrevisions", "get,list,watch".to_owned()),
            ("daemonsets", "get,list,patch,watch".to_owned()),
            ("deployments", "get,list,patch,watch".to_owned()),
            ("replicasets", "get,list,watch".to_owned()),
            ("statefulsets", "get,list,patch,watch".to_owned()),
        ]
    );
}

#[tokio::test]
async fn writes_are_recorded_as_they_came() {
    let scene = scene(None).await;
    let patch = scene.image_patch(OLD, NEW);
    scene.patch(patch.clone()).await.expect("it applies");
    scene.deployments.get("web").await.expect("it is there");
    let writes = scene.cluster.writes();
    let shown: Vec<Value> = writes
        .iter()
        .map(|write| {
            json!([
                write.method,
                write.path,
                write.query,
                write.body,
                write.dry_run
            ])
        })
        .collect();
    let web = "/apis/apps/v1/namespaces/web/deployments/web";
    assert_eq!(
        json!(shown),
        json!([["PATCH", web, "&fieldManager=sluice", patch, false]])
    );
}

#[tokio::test]
async fn other_manager_takes_the_image_over() {
    let scene = Scene::of(1, None, sluice_practice::Pace::instant()).await;
    let image = json!({ "spec": { "template": { "spec": { "containers": [{ "name": "app", "image": NEW }] } } } });
    let manager = Manager::apply("argocd-controller");
    let after = scene
        .cluster
        .patch(Kind::Deployment, "web", "web", &manager, &image)
        .expect("it is there");
    let owners: Vec<Value> =
        after["metadata"]["managedFields"]
            .as_array()
            .expect("fields have managers")
            .iter()
            .filter(|entry| {
                let container = &entry["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"]
                    ["k:{\"name\":\"app\"}"];
                container.get("f:image").is_some()
            })
            .map(|entry| json!([entry["manager"], entry["operation"]]))
            .collect();
    assert_eq!(json!(owners), json!([["argocd-controller", "Apply"]]));
    assert_eq!(after["metadata"]["generation"], 2);
}

#[tokio::test]
async fn cluster_starts_with_workloads_only() {
    let seed = sluice_practice::Seed {
        kind: Kind::Pod,
        ..crate::scene::seed(1)
    };
    let refused =
        sluice_practice::Cluster::start(vec![seed], None, sluice_practice::Pace::instant()).await;
    let refused = refused.err().map(|error| error.to_string());
    assert_eq!(
        refused.as_deref(),
        Some(
            "the practice cluster cannot start with a Pod; seed a Deployment, StatefulSet, DaemonSet or CronJob"
        )
    );
}
