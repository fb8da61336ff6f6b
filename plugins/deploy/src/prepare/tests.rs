use super::{Prepared, prepare};
use crate::bindings::exports::sluice::plugin::step::FailureKind;
use crate::bindings::sluice::kube::apply::{ImageChange, Object};
use crate::bindings::sluice::plugin::log::Level;
use crate::config::{Config, Patience};
use crate::testing::{NEW, OLD, image, object, workload};
use crate::wording::Notice;

fn config(images: &[(&str, &str)]) -> Config {
    Config {
        workload: workload(),
        images: images
            .iter()
            .map(|(container, to)| image(container, to))
            .collect(),
        patience: Patience::default(),
    }
}

fn change(container: &str, old: &str, new: &str) -> ImageChange {
    ImageChange {
        container: container.to_owned(),
        old: old.to_owned(),
        new: new.to_owned(),
    }
}

fn refusal(object: &Object, config: &Config) -> (FailureKind, String) {
    let failure = prepare(object, config).expect_err("it is refused");
    (failure.kind, failure.message)
}

#[test]
fn containers_and_init_containers_are_changed_and_the_take_over_is_said() {
    let config = config(&[
        ("proxy", "envoy:1.31"),
        ("migrate", "migrate:2"),
        ("app", OLD),
    ]);
    let expected = Prepared {
        changes: vec![
            change("proxy", "envoy:1.30", "envoy:1.31"),
            change("migrate", "migrate:1", "migrate:2"),
        ],
        previous: vec![
            image("proxy", "envoy:1.30"),
            image("migrate", "migrate:1"),
            image("app", OLD),
        ],
        notices: vec![Notice {
            level: Level::Info,
            message: "takes over the image of container `proxy` from `kubectl`".to_owned(),
            fields: vec![
                ("container".to_owned(), "proxy".to_owned()),
                ("manager".to_owned(), "kubectl".to_owned()),
            ],
        }],
    };
    assert_eq!(prepare(&object(OLD), &config), Ok(expected));
}

#[test]
fn an_object_that_would_not_follow_is_refused_before_any_change() {
    let app = config(&[("app", NEW)]);
    let with = |change: fn(&mut Object)| {
        let mut object = object(OLD);
        change(&mut object);
        object
    };
    let cases = [
        (
            with(|object| object.controller = Some("Web/shop".to_owned())),
            FailureKind::Configuration,
            "`Deployment web/web` is controlled by `Web/shop`, which would put its own template \
             back; set the image there",
        ),
        (
            with(|object| object.paused = true),
            FailureKind::Failed,
            "`Deployment web/web` is paused: a new image would not be rolled out; resume it \
             first (`kubectl rollout resume`)",
        ),
        (
            with(|object| object.strategy = "OnDelete".to_owned()),
            FailureKind::Configuration,
            "`Deployment web/web` has the update strategy `OnDelete`: a new image would reach a \
             pod only when that is deleted; change it to `RollingUpdate`",
        ),
        (
            with(|object| object.image_managers[0] = "Apply:argocd-controller".to_owned()),
            FailureKind::Configuration,
            "the image of container `app` belongs to `argocd-controller` (server-side apply), \
             which would put the old one back at its next apply; set the image there",
        ),
    ];
    for (object, kind, message) in cases {
        assert_eq!(refusal(&object, &app), (kind, message.to_owned()));
    }
}

#[test]
fn an_unknown_container_is_refused_with_those_that_exist() {
    assert_eq!(
        refusal(&object(OLD), &config(&[("ap", NEW)])),
        (
            FailureKind::Configuration,
            "`Deployment web/web` has no container `ap`; it has `app`, `proxy`, `migrate`"
                .to_owned()
        )
    );
}

#[test]
fn a_moving_tag_that_is_set_already_is_refused() {
    assert_eq!(
        refusal(&object("web:latest"), &config(&[("app", "web:latest")])),
        (
            FailureKind::Configuration,
            "container `app` has `web:latest` already, and its tag may name another image by \
             now; deploy a tag that does not move, or pin a digest: `web:latest@sha256:…`"
                .to_owned()
        )
    );
}

#[test]
fn an_image_that_is_set_already_is_no_change_whoever_owns_it() {
    let mut object = object(NEW);
    object.image_managers[0] = "Apply:argocd-controller".to_owned();
    let expected = Prepared {
        changes: Vec::new(),
        previous: vec![image("app", NEW)],
        notices: Vec::new(),
    };
    assert_eq!(prepare(&object, &config(&[("app", NEW)])), Ok(expected));
}
