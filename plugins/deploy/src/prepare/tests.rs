use super::{Prepared, prepare};
use crate::bindings::exports::sluice::plugin::step::FailureKind;
use crate::bindings::sluice::kube::apply::{ImageChange, Object};
use crate::bindings::sluice::plugin::log::Level;
use crate::config::Config;
use crate::testing::{NEW, OLD, config, image, marker, object};
use crate::wording::Notice;

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
        restart: false,
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
             which would put the old one back; set the image there, or say `take-over: true`",
        ),
        (
            with(|object| object.markers = vec![marker("Flux", "apps", true)]),
            FailureKind::Configuration,
            "the image of container `app` belongs to `Flux` (`apps`), which would put the old \
             one back; set the image there, or say `take-over: true`",
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
             now; deploy a tag that does not move, pin a digest (`web:latest@sha256:…`), or say \
             `restart: true`"
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
        restart: false,
        notices: Vec::new(),
    };
    assert_eq!(prepare(&object, &config(&[("app", NEW)])), Ok(expected));
}

#[test]
fn a_moving_tag_that_is_set_already_is_restarted_where_the_step_says_so() {
    let config = Config {
        restart: true,
        ..config(&[("app", "web:latest")])
    };
    let expected = Prepared {
        changes: Vec::new(),
        previous: vec![image("app", "web:latest")],
        restart: true,
        notices: Vec::new(),
    };
    assert_eq!(prepare(&object("web:latest"), &config), Ok(expected));
}

#[test]
fn what_a_gitops_tool_keeps_is_taken_over_only_where_the_step_says_so() {
    let mut object = object(OLD);
    object.markers = vec![marker("Argo CD", "shop", true)];
    let config = Config {
        take_over: true,
        ..config(&[("app", NEW)])
    };
    let notices = prepare(&object, &config).map(|prepared| prepared.notices);
    let expected = Notice {
        level: Level::Warn,
        message: "takes over the image of container `app` from `Argo CD` (`shop`), which may put \
                  the old one back"
            .to_owned(),
        fields: vec![
            ("container".to_owned(), "app".to_owned()),
            ("manager".to_owned(), "`Argo CD` (`shop`)".to_owned()),
        ],
    };
    assert_eq!(notices, Ok(vec![expected]));
}

#[test]
fn a_tool_that_changes_the_object_only_when_asked_is_a_warning() {
    let mut object = object(OLD);
    object.markers = vec![marker("Helm", "shop", false), marker("Keel", "", false)];
    let notices = prepare(&object, &config(&[("app", NEW)])).map(|prepared| prepared.notices);
    let lines = notices.map(|notices| notices.into_iter().map(|notice| notice.message));
    assert_eq!(
        lines.map(Iterator::collect::<Vec<_>>),
        Ok(vec![
            "`Helm` (`shop`) keeps this object too: its next change may set another image"
                .to_owned(),
            "`Keel` keeps this object too: its next change may set another image".to_owned(),
        ])
    );
}
