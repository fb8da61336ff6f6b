//! What is refused before anything is sent.

use crate::deploy::stage::{Deploy, Fate, OLD, Stage, assert_story, assert_told, assert_wrote};

const NEW: &str = "ghcr.io/acme/web:2";

/// Runs it; after its start the run has these lines, and nothing was written.
fn refuses<S: Stage>(stage: &S, deploy: &Deploy<'_>, lines: &[&str]) {
    let said = deploy.run(stage, &[]);
    let start = ["run of deploy-web starts, real", "deploy starts, attempt 1"];
    let end = ["run failure"];
    let told = start.iter().chain(lines).chain(&end);
    assert_told(stage, &said, 1, &told.collect::<Vec<_>>());
    assert_wrote(stage, &[]);
    assert_eq!(stage.image(), OLD);
}

pub(crate) fn unknown_container_is_refused_with_those_that_there_are<S: Stage>() {
    let stage = S::set(Fate::Ready);
    let deploy = Deploy {
        images: format!("ap: '{NEW}'"),
        ..Deploy::of(NEW)
    };
    let told = "deploy failure: author, configuration: `Deployment NS/web` has no container \
                `ap`; it has `app`";
    refuses(&stage, &deploy, &[told]);
}

pub(crate) fn deployment_that_does_not_exist_is_told<S: Stage>() {
    let stage = S::set(Fate::Ready);
    let deploy = Deploy {
        name: "wbe",
        ..Deploy::of(NEW)
    };
    let told = "deploy failure: world, failed: reading `Deployment NS/wbe`: deployments.apps \
                \"wbe\" not found; correct its name and namespace, or create it";
    refuses(&stage, &deploy, &[told]);
}

pub(crate) fn image_that_is_no_reference_is_refused<S: Stage>() {
    let stage = S::set(Fate::Ready);
    for (name, image) in [
        ("image_with_a_space_is_refused", "ghcr.io/acme/web:2 3"),
        ("image_in_upper_case_is_refused", "ghcr.io/Acme/web:2"),
        (
            "image_with_a_short_digest_is_refused",
            "ghcr.io/acme/web@sha256:12",
        ),
    ] {
        assert_story(&stage, &Deploy::of(image).run(&stage, &[]), 1, name);
    }
    assert_wrote(&stage, &[]);
    assert_eq!(stage.image(), OLD);
}

pub(crate) fn workload_of_another_kind_is_not_found<S: Stage>() {
    let stage = S::set(Fate::Ready);
    let deploy = Deploy {
        kind: "StatefulSet",
        ..Deploy::of(NEW)
    };
    let name = "workload_of_another_kind_is_not_found";
    assert_story(&stage, &deploy.run(&stage, &[]), 1, name);
    assert_eq!(stage.image(), OLD);
}

pub(crate) fn paused_deployment_is_refused_before_its_image_is_set<S: Stage>() {
    let stage = S::set(Fate::Ready);
    stage.pause();
    let told = "deploy failure: world, failed: `Deployment NS/web` is paused: a new image would \
                not be rolled out; resume it first (`kubectl rollout resume`)";
    refuses(&stage, &Deploy::of(NEW), &[told]);
}

pub(crate) fn deployment_of_a_controller_is_refused<S: Stage>() {
    let stage = S::set(Fate::Ready);
    stage.hand_over();
    let told = "deploy failure: author, configuration: `Deployment NS/web` is controlled by \
                `ConfigMap operator`, which would put its own template back; set the image there";
    refuses(&stage, &Deploy::of(NEW), &[told]);
}

pub(crate) fn image_beyond_the_permission_is_refused_and_not_sent<S: Stage>() {
    let stage = S::set(Fate::Ready);
    let deploy = Deploy {
        permitted: "ghcr.io/acme/other:*",
        ..Deploy::of(NEW)
    };
    let told = [
        "deploy info: takes over the image of container `app` from `kubectl-create`",
        "deploy kube-apply set-images Deployment NS/web: refused",
        "deploy error: refused `set-images` on Deployment NS/web; to permit it:",
        "deploy failure: author, denied: setting images of `Deployment NS/web`: step `deploy` \
         may not set-images Deployment NS/web",
    ];
    refuses(&stage, &deploy, &told);
}
