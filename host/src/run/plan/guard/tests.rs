//! A run against its plan: what it may do, how often, and in which world.

use serde_json::json;

use super::super::{Entry, ImageSet, Object, Plan, VERSION, When};
use super::*;

fn entry(target: &str, object: Option<Object>, count: u32) -> Entry {
    let (capability, action) = match object {
        None => ("http", "POST"),
        Some(_) => ("kube-apply", "set-images"),
    };
    Entry {
        summary: String::new(),
        step: "it".to_owned(),
        when: When::Expected,
        capability: capability.to_owned(),
        action: action.to_owned(),
        target: target.to_owned(),
        open: target.ends_with("/open/"),
        object,
        reference: None,
        count,
        assumed: false,
    }
}

fn images(uid: Option<&str>, images: &[(&str, Option<&str>, &str)]) -> Object {
    let image = |(container, old, new): &(&str, Option<&str>, &str)| ImageSet {
        container: (*container).to_owned(),
        old: old.map(str::to_owned),
        new: (*new).to_owned(),
    };
    Object {
        uid: uid.map(str::to_owned),
        images: images.iter().map(image).collect(),
        pod: None,
    }
}

fn guard(effects: Vec<Entry>) -> Guard {
    Guard::new(Plan {
        version: VERSION,
        pipeline: "web".to_owned(),
        file: String::new(),
        inputs: serde_json::Map::new(),
        trigger: sluice_pipeline::schedule::Trigger::default(),
        offline: false,
        effects,
        unforeseen: Vec::new(),
    })
}

fn post(url: &str) -> Effect {
    Effect {
        capability: "http",
        action: "POST".to_owned(),
        target: url.replace("${{ secrets.x }}", "https://x.example/***"),
        state: EffectState::Started,
        detail: json!({ "url": url }),
    }
}

fn set(uid: &str, changes: &[(&str, &str, &str)]) -> Effect {
    let images = changes
        .iter()
        .map(|(container, old, new)| json!({ "container": container, "old": old, "new": new }));
    Effect {
        capability: "kube-apply",
        action: "set-images".to_owned(),
        target: "Deployment web/web".to_owned(),
        state: EffectState::Started,
        detail: json!({ "uid": uid, "images": images.collect::<Value>() }),
    }
}

fn admit(guard: &Guard, effect: &Effect) -> Result<Permit, (String, bool)> {
    let admitted = guard.admit("run-1", "it", effect);
    admitted.map_err(|outside| (outside.why, outside.moved))
}

#[test]
fn effect_is_admitted_as_often_as_the_plan_holds_it() {
    let guard = guard(vec![entry("https://a.example/", None, 2)]);
    let effect = post("https://a.example/");
    assert!(admit(&guard, &effect).is_ok());
    assert!(admit(&guard, &effect).is_ok());
    let why = "step `it` may not POST https://a.example/ again: the plan holds it 2 times; make \
               a new plan with `--dry-run --out` if it is wanted";
    assert_eq!(admit(&guard, &effect).unwrap_err(), (why.to_owned(), false));
    assert_eq!(guard.tally(), [(String::new(), 2)]);
}

#[test]
fn only_an_effect_that_changed_nothing_gives_its_entry_back() {
    let cases = [
        (EffectState::Failed, json!({}), true),
        (EffectState::Done, json!({ "status": 429 }), true),
        (EffectState::Done, json!({ "status": 503 }), true),
        (EffectState::Done, json!({ "status": 200 }), false),
        (EffectState::Done, json!({ "status": 500 }), false),
        (EffectState::Unknown, json!({}), false),
    ];
    for (state, detail, again) in cases {
        let guard = guard(vec![entry("https://a.example/", None, 1)]);
        let effect = post("https://a.example/");
        let permit = admit(&guard, &effect).expect("the plan holds it");
        guard.end(&permit, state, &detail);
        assert_eq!(admit(&guard, &effect).is_ok(), again, "{state:?} {detail}");
    }
}

#[test]
fn effect_beyond_the_plan_is_refused_and_named() {
    let guard = guard(vec![
        entry("https://a.example/", None, 1),
        entry("https://b.example/open/", None, 2),
        entry("${{ secrets.x }}", None, 1),
        entry("https://c.example/${{ run.id }}", None, 1),
    ]);
    for held in [
        "https://b.example/open/more",
        "${{ secrets.x }}",
        "https://c.example/run-1",
    ] {
        assert!(admit(&guard, &post(held)).is_ok(), "{held}");
    }
    let why = "step `it` may not POST https://x.example/***/more: the plan does not hold it; make a \
               new plan with `--dry-run --out` if it is wanted";
    let beyond = admit(&guard, &post("${{ secrets.x }}/more"));
    assert_eq!(beyond.unwrap_err(), (why.to_owned(), false));
    let mut put = post("https://a.example/");
    put.action = "PUT".to_owned();
    for beyond in [post("https://a.example/b"), post("https://b.example/"), put] {
        assert!(admit(&guard, &beyond).is_err(), "{beyond:?}");
    }
    // An entry that is open says how an address begins, and it does not lead out of that.
    for out in ["../admin", "%2e%2E/admin", "a/..%2fadmin"] {
        let climbing = post(&format!("https://b.example/open/{out}"));
        assert!(admit(&guard, &climbing).is_err(), "{out}");
    }
    let another = guard.admit("run-1", "another", &post("https://a.example/"));
    assert!(another.is_err());
}

#[test]
fn world_that_has_moved_is_refused_with_both_states() {
    let planned = images(
        Some("u1"),
        &[
            ("app", Some("web:1"), "web:2"),
            ("log", Some("log:1"), "log:2"),
        ],
    );
    let guard = || guard(vec![entry("Deployment web/web", Some(planned.clone()), 1)]);
    let why = |planned: &str, live: &str| {
        let why = format!(
            "step `it` may not set-images Deployment web/web: the world has moved since the plan \
             was made\nplanned: {planned}\nlive: {live}\nlook at it, and make a new plan with \
             `--dry-run --out`"
        );
        (why, true)
    };
    let both = [("app", "web:1", "web:2"), ("log", "log:1", "log:2")];
    assert!(admit(&guard(), &set("u1", &both)).is_ok());
    // One container has its image already.
    assert!(admit(&guard(), &set("u1", &both[1..])).is_ok());
    assert_eq!(
        admit(&guard(), &set("u2", &both)).unwrap_err(),
        why("uid u1", "uid u2, another object of that name")
    );
    assert_eq!(
        admit(&guard(), &set("u1", &[("app", "web:9", "web:2")])).unwrap_err(),
        why("container `app` web:1 → web:2", "web:9")
    );
    let (_, moved) = admit(&guard(), &set("u1", &[("app", "web:1", "web:3")])).unwrap_err();
    assert!(!moved, "another image is no move of the world");
    assert!(admit(&guard(), &set("u1", &[])).is_err());
}

#[test]
fn pods_are_deleted_of_the_planned_workload_and_no_more_than_it_has() {
    let delete = |uid: &str, pod: &str| Effect {
        capability: "kube-apply",
        action: "delete-pod".to_owned(),
        target: "StatefulSet web/db".to_owned(),
        state: EffectState::Started,
        detail: json!({ "uid": uid, "pod": pod, "pod-uid": "p1" }),
    };
    let planned = |pod: Option<&str>| Entry {
        action: "delete-pod".to_owned(),
        object: Some(Object {
            pod: pod.map(str::to_owned),
            ..images(Some("u1"), &[])
        }),
        ..entry("StatefulSet web/db", Some(Object::default()), 2)
    };
    let any = guard(vec![planned(None)]);
    let (_, moved) = admit(&any, &delete("u2", "db-0")).unwrap_err();
    assert!(moved, "another StatefulSet of that name");
    assert!(admit(&any, &delete("u1", "db-0")).is_ok());
    assert!(admit(&any, &delete("u1", "db-1")).is_ok());
    assert!(admit(&any, &delete("u1", "db-2")).is_err());
    let one = guard(vec![planned(Some("db-0"))]);
    assert!(admit(&one, &delete("u1", "db-1")).is_err());
    assert!(admit(&one, &delete("u1", "db-0")).is_ok());
}

#[test]
fn plan_that_says_nothing_of_the_world_takes_any() {
    let planned = images(None, &[("app", None, "web:2")]);
    let guard = guard(vec![entry("Deployment web/web", Some(planned), 1)]);
    assert!(admit(&guard, &set("u7", &[("app", "web:5", "web:2")])).is_ok());
}
