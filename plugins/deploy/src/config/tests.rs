use super::{Config, Graces, Patience};
use crate::bindings::exports::sluice::plugin::step::FailureKind;
use crate::config::Digests;
use crate::testing::config;

fn read(text: &str) -> Result<Config, (FailureKind, String)> {
    Config::read(text).map_err(|failure| (failure.kind, failure.message))
}

#[test]
fn one_container_is_short_for_a_map_of_images() {
    let short = r#"{"namespace":"web","deployment":"web","container":"app","image":"web:2"}"#;
    let long = r#"{"namespace":"web","kind":"Deployment","name":"web","images":{"app":"web:2"}}"#;
    let expected = config(&[("app", "web:2")]);
    assert_eq!(read(short), Ok(expected.clone()));
    assert_eq!(read(long), Ok(expected));
}

#[test]
fn each_patience_is_settable_and_zero_settle_is_allowed() {
    let text = r#"{"namespace":"web","deployment":"web","images":{"b":"b:1","a":"a:1"},
        "wait":"10m","settle":"0","grace":{"image-pull":"1s","crash-loop":"2s","unschedulable":"3s",
        "quota":"4s","volume":"5s","probe":"6s"}}"#;
    let expected = Config {
        patience: Patience {
            wait: 600_000,
            settle: 0,
            grace: Graces {
                image_pull: 1_000,
                crash_loop: 2_000,
                unschedulable: 3_000,
                quota: 4_000,
                volume: 5_000,
                probe: 6_000,
            },
        },
        ..config(&[("b", "b:1"), ("a", "a:1")])
    };
    assert_eq!(read(text), Ok(expected));
}

#[test]
fn what_a_step_may_dare_is_off_unless_it_says_so() {
    let text = r#"{"namespace":"web","deployment":"web","images":{"app":"web:2"},
        "take-over":true,"restart":true,"on-failure":"rollback",
        "digests":{"app":{"index":"i","manifests":["m"],"configs":["c"]},"b":{"index":"i"}}}"#;
    let digests = |known: &[&str], complete| Digests {
        known: known.iter().map(ToString::to_string).collect(),
        complete,
    };
    let expected = Config {
        take_over: true,
        restart: true,
        rollback: true,
        digests: vec![
            ("app".to_owned(), digests(&["i", "m", "c"], true)),
            ("b".to_owned(), digests(&["i"], false)),
        ],
        ..config(&[("app", "web:2")])
    };
    assert_eq!(read(text), Ok(expected));
}

#[test]
fn keys_that_do_not_fit_together_are_refused_with_the_way_out() {
    let cases = [
        (
            r#"{"namespace":"web","deployment":"web","name":"web"}"#,
            "`deployment` is short for `kind: Deployment` and `name`; write one or the other",
        ),
        (
            r#"{"namespace":"web"}"#,
            "which workload is meant is missing; write `deployment`, or `kind` and `name`",
        ),
        (
            r#"{"namespace":"web","kind":"Pod","name":"web"}"#,
            "workloads of kind `Pod` are not deployed; `Deployment`, `StatefulSet`, `DaemonSet`, \
             `CronJob` are",
        ),
        (r#"{"deployment":"web"}"#, "`namespace` is missing"),
        (
            r#"{"namespace":"web","deployment":"web"}"#,
            "the image is missing; write `container` and `image`, or `images`",
        ),
        (
            r#"{"namespace":"web","deployment":"web","image":"web:2"}"#,
            "`container` and `image` belong together; write both",
        ),
        (
            r#"{"namespace":"web","deployment":"web","image":"web:2","images":{"app":"web:2"}}"#,
            "`container` and `image` are short for `images` with one entry; write one or the other",
        ),
        (
            r#"{"namespace":"web","deployment":"web","images":{}}"#,
            "`images` is empty; name a container and its image",
        ),
        (
            r#"{"namespace":"web","deployment":"web","images":{"app":2}}"#,
            "`images.app` is not a text",
        ),
        (
            r#"{"namespace":"web","deployment":"web","images":{"app":"web:2"},"wait":"10s"}"#,
            "`settle` (10s) must be shorter than `wait` (10s), or no rollout can succeed",
        ),
        (
            r#"{"namespace":"web","deployment":"web","images":{"app":"web:2"},"grace":{"quota":"long"}}"#,
            "`grace.quota`: `long` is not a duration; write it like `90s`, `5m` or `1h30m`",
        ),
        ("[]", "`with` is not an object"),
    ];
    for (text, expected) in cases {
        let refused = Err((FailureKind::Configuration, expected.to_owned()));
        assert_eq!(read(text), refused, "{text}");
    }
}
