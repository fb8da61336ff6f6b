//! Declarations of every shape, against a `with` of which some is not known yet.

use serde_json::json;

use super::{DeclaredEffect, Foreseen, ForeseenWith, Known, check};

fn with() -> ForeseenWith {
    ForeseenWith {
        value: json!({
            "slack": "${{ secrets.slack }}",
            "webhook": "https://hooks.example/",
            "namespace": "web",
            "name": "api",
            "images": { "app": "web:1", "side/car": "web:" },
            "on-failure": "rollback",
            "late": null,
        }),
        open: ["/webhook", "/images/side~1car", "/late"]
            .map(str::to_owned)
            .into(),
    }
}

fn known(text: &str, whole: bool) -> Known {
    let text = text.to_owned();
    Known { text, whole }
}

fn foresee(declared: serde_json::Value) -> Foreseen {
    let declared = serde_json::from_value::<DeclaredEffect>(declared).expect("a declaration");
    check(std::slice::from_ref(&declared)).expect("it has the right shape");
    declared.foresee(&with())
}

#[test]
fn effects_are_foreseen_as_far_as_the_with_is_known() {
    let post =
        |target: &str| foresee(json!({"capability": "http", "action": "POST", "target": target}));
    let effect = |target: Known| Foreseen::Effect {
        target,
        images: Vec::new(),
    };
    let cases = [
        (
            post("{/slack}"),
            effect(known("${{ secrets.slack }}", true)),
        ),
        (
            post("{/slack}/send"),
            effect(known("${{ secrets.slack }}/send", true)),
        ),
        (
            post("{/webhook}/send"),
            effect(known("https://hooks.example/", false)),
        ),
        (post("{/late}"), effect(known("", false))),
        (post("{/late/inside}"), effect(known("", false))),
        (post("{/discord}"), Foreseen::Nothing),
        (
            post("https://api.example/"),
            effect(known("https://api.example/", true)),
        ),
        (
            post("{/kind|Deployment} {/namespace}/{/deployment|/name}"),
            effect(known("Deployment web/api", true)),
        ),
        (
            post("{?/name}{/slack}/messages/{*}"),
            effect(known("${{ secrets.slack }}/messages/", false)),
        ),
        (
            post("{?/late}https://api.example/edit"),
            effect(known("https://api.example/edit", true)),
        ),
        (post("{?/update}{/slack}/messages/{*}"), Foreseen::Nothing),
    ];
    for (found, expected) in cases {
        assert_eq!(found, expected);
    }
}

#[test]
fn images_are_foreseen_by_container() {
    let set = |images: serde_json::Value| {
        foresee(json!({"capability": "kube-apply", "action": "set-images",
                       "target": "Deployment {/namespace}/{/name}", "images": images}))
    };
    let images = vec![
        ("app".to_owned(), known("web:1", true)),
        ("side/car".to_owned(), known("web:", false)),
    ];
    let target = known("Deployment web/api", true);
    assert_eq!(set(json!("/images")), Foreseen::Effect { target, images });
    assert_eq!(
        set(json!({"container": "{/container}", "image": "{/image}"})),
        Foreseen::Nothing
    );
}

#[test]
fn what_the_with_must_say_decides() {
    let undo = |when: serde_json::Value| {
        foresee(json!({"on": "failure", "when": when,
                       "capability": "kube-apply", "action": "set-images", "undo": true}))
    };
    let back = json!({"/on-failure": "rollback"});
    assert_eq!(undo(back.clone()), Foreseen::Undo);
    assert_eq!(undo(json!({"/on-failure": "stay"})), Foreseen::Nothing);
    assert_eq!(undo(json!({"/absent": null})), Foreseen::Undo);
    // Not known yet: it may.
    assert_eq!(undo(json!({"/late": true})), Foreseen::Undo);
    let all = json!({"/on-failure": "rollback", "/name": "another"});
    assert_eq!(undo(all), Foreseen::Nothing);
    let pods = json!({"on": "failure", "when": back, "capability": "kube-apply",
                      "action": "delete-pod", "pods-of": "set-images"});
    assert_eq!(foresee(pods), Foreseen::PodsOf("set-images".to_owned()));
}

#[test]
fn declarations_of_another_shape_are_refused() {
    let cases = [
        (
            json!({"target": "a", "undo": true}),
            "it needs one of `target`, `undo: true` and `pods-of`",
        ),
        (
            json!({"undo": true, "pods-of": "set-images"}),
            "it needs one of `target`, `undo: true` and `pods-of`",
        ),
        (
            json!({}),
            "it needs one of `target`, `undo: true` and `pods-of`",
        ),
        (
            json!({"target": "a", "when": {"on-failure": "rollback"}}),
            "`on-failure` is not a JSON pointer, which begins with `/`",
        ),
        (
            json!({"undo": true, "images": "/images"}),
            "`images` belong to a `target`",
        ),
        (json!({"target": "a", "count": 0}), "`count` is at least 1"),
        (
            json!({"target": "{/a"}),
            "`{/a` has no end; close it with `}`",
        ),
        (
            json!({"target": "{a}"}),
            "`{a}` in `{a}` does not begin with a JSON pointer",
        ),
        (
            json!({"target": "a", "images": "images"}),
            "`images` is not a JSON pointer, which begins with `/`",
        ),
        (
            json!({"target": "x".repeat(2000)}),
            "a text of it is longer than 1024 bytes",
        ),
    ];
    for (mut declared, expected) in cases {
        declared["capability"] = json!("http");
        declared["action"] = json!("POST");
        let declared =
            serde_json::from_value::<DeclaredEffect>(declared).expect("its fields are known");
        assert_eq!(
            check(&[declared]),
            Err(format!("its declared effect 1: {expected}"))
        );
    }
    let unknown = json!({"capability": "http", "action": "POST", "target": "a", "url": "b"});
    assert!(serde_json::from_value::<DeclaredEffect>(unknown).is_err());
}
