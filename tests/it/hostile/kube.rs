//! Calls of `sluice:kube/apply` beyond a permission, looked at where they would arrive: the
//! practice cluster notes every write.

use serde_json::{Value, json};
use sluice_practice::{Answer, Requests};

use super::{
    Attacks, Class,
    attacks::{Aftermath, count},
};
use crate::{
    deploy::{
        practice::Practice,
        stage::{Fate, OLD, Stage},
    },
    guests::guest,
};

/// A call, and how its answer begins.
struct Case(&'static str, Value, &'static str);

/// Makes these calls in one step, each beyond its permission; nothing of them was written.
fn nothing_is_written(cases: &[Case]) {
    let stage = Practice::set(Fate::Ready);
    let before = stage.object();
    let mut after = run(&stage, cases, "");
    for (Case(id, ..), answer) in cases.iter().zip(answers(&after)) {
        let expected = cases.iter().find(|case| case.0 == *id);
        let expected = expected.expect("it is one of them").2;
        assert!(answer.starts_with(expected), "{id}: {answer}");
    }
    assert_eq!(stage.writes(), [], "nothing was written");
    assert_eq!(stage.object(), before);
    after.blocked("calls");
    let names = cases.iter().map(|case| case.0).collect::<Vec<_>>();
    count(Class::Kube, &names);
    after.all_judged();
}

fn run(stage: &Practice, cases: &[Case], more: &str) -> Aftermath {
    let calls = cases.iter().map(|case| {
        let mut call = case.1.clone();
        if call["namespace"].is_null() {
            call["namespace"] = stage.namespace().into();
        }
        call
    });
    let calls = calls.collect::<Value>();
    let namespace = stage.namespace();
    let rest = format!(
        "    with: {{ calls: {calls} }}
    permissions:
      kube-apply:
        - {{ kind: Deployment, namespace: {namespace}, name: web, containers: [app], images: ['ghcr.io/acme/web:*']{more} }}
"
    );
    let attacks = Attacks::of(Class::Kube).step("calls", &guest("workloads"), &rest);
    let said = attacks
        .sluice()
        .env("KUBECONFIG", stage.kubeconfig())
        .events(&[]);
    attacks.after(said)
}

fn answers(after: &Aftermath) -> Vec<String> {
    let end = after.end("calls");
    let answers = end["outputs"]["answers"].as_array();
    let answers = answers.unwrap_or_else(|| panic!("{}\n{}", after.said.out, after.said.err));
    let text = |answer: &Value| answer.as_str().unwrap_or_default().to_owned();
    answers.iter().map(text).collect()
}

#[test]
fn calls_beyond_the_permission_write_nothing() {
    let new = |image: &str| json!({ "call": "set-images", "new": image });
    let on = |key: &str, value: &str| json!({ "call": "set-images", key: value, "uid": "x" });
    let (denied, invalid) = ("Error::Denied", "Error::Invalid");
    nothing_is_written(&[
        // Images.
        Case("other_repository", new("ghcr.io/evil/web:1"), denied),
        Case("other_registry", new("evil.io/acme/web:1"), denied),
        Case("no_registry", new("acme/web:1"), denied),
        Case("port", new("ghcr.io:8443/acme/web:1"), denied),
        Case("digest_that_is_none", new("ghcr.io/acme/web@evil"), invalid),
        Case("repository_below", new("ghcr.io/acme/web/evil:1"), denied),
        Case(
            "repository_that_begins_so",
            new("ghcr.io/acme/web-evil:1"),
            denied,
        ),
        Case("upper_case", new("ghcr.io/acme/WEB:1"), invalid),
        Case("dots", new("ghcr.io/acme/web/../../evil:1"), invalid),
        Case("percent_encoded", new("ghcr.io/acme%2fweb:1"), invalid),
        Case("user", new("evil.io@ghcr.io/acme/web:1"), invalid),
        Case("scheme", new("https://ghcr.io/acme/web:1"), invalid),
        Case("two_tags", new("ghcr.io/acme/web:1:2"), invalid),
        Case("line_end", new("ghcr.io/acme/web:1\nevil"), invalid),
        Case("space", new("ghcr.io/acme/web:1 --privileged"), invalid),
        Case("nothing", new(""), invalid),
        Case("other_letters", new("ghcr.io/аcme/web:1"), invalid),
        // Containers.
        Case("other_container", on("container", "proxy"), denied),
        Case(
            "container_of_a_pointer",
            on("container", "app/../0"),
            denied,
        ),
        Case("container_by_its_place", on("container", "0"), denied),
        Case("no_container", on("container", ""), denied),
        // Workloads.
        Case("other_name", on("name", "db"), denied),
        Case("other_namespace", on("namespace", "kube-system"), denied),
        Case("no_namespace", on("namespace", ""), denied),
        Case(
            "namespace_in_the_name",
            on("name", "../../kube-system/deployments/dns"),
            denied,
        ),
        Case("subresource", on("name", "web/scale"), denied),
        Case("query", on("name", "web?force=true"), denied),
        Case("other_kind", on("kind", "StatefulSet"), denied),
        Case("kind_that_is_no_workload", on("kind", "Secret"), invalid),
        Case("kind_by_its_plural", on("kind", "deployments"), invalid),
        Case("kind_with_a_group", on("kind", "Deployment.apps"), invalid),
        Case(
            "kind_with_a_version",
            on("kind", "apps/v1/Deployment"),
            invalid,
        ),
        Case("kind_in_lower_case", on("kind", "deployment"), invalid),
        // What is too long to be a name, and too many.
        Case(
            "long_image",
            new(&format!("ghcr.io/acme/web:{}", "1".repeat(2000))),
            invalid,
        ),
        Case(
            "long_container",
            on("container", &"a".repeat(2000)),
            invalid,
        ),
        Case("long_name", on("name", &"a".repeat(2000)), invalid),
        Case("long_old_image", on("old", &"a".repeat(2000)), invalid),
        Case(
            "many_images",
            json!({ "call": "set-images", "count": 1000 }),
            invalid,
        ),
        // What wants a word of its own.
        Case("restart", json!({ "call": "restart" }), denied),
        Case("delete_pod", json!({ "call": "delete-pod" }), denied),
        // What is asked of an object that is not the one that was seen.
        Case(
            "other_object",
            json!({ "call": "set-images", "uid": "00000000-0000-0000-0000-000000000000" }),
            "Error::Conflict",
        ),
        Case(
            "other_image_before",
            json!({ "call": "set-images", "old": "ghcr.io/acme/web:0" }),
            "Error::Conflict",
        ),
        // What may not even be read.
        Case("get", json!({ "call": "get", "name": "db" }), denied),
        Case("follow", json!({ "call": "follow", "name": "db" }), denied),
        Case(
            "last_log_line",
            json!({ "call": "last-log-line", "name": "db" }),
            denied,
        ),
        Case(
            "log_of_another_pod",
            json!({ "call": "last-log-line", "pod": "db-0" }),
            "Error::",
        ),
        Case(
            "log_of_a_pod_elsewhere",
            json!({ "call": "last-log-line", "pod": "../../kube-system/pods/dns" }),
            "Error::",
        ),
    ]);
}

#[test]
fn pods_of_others_are_not_deleted() {
    let stage = Practice::set(Fate::Ready);
    let pods = stage.objects("Pod").len();
    let cases = [
        Case(
            "pod_of_another",
            json!({ "call": "delete-pod", "pod": "db-0" }),
            "Error::",
        ),
        Case(
            "pod_elsewhere",
            json!({ "call": "delete-pod", "pod": "../../kube-system/pods/dns" }),
            "Error::",
        ),
        Case(
            "all_pods",
            json!({ "call": "delete-pod", "pod": "" }),
            "Error::",
        ),
        Case(
            "subresource_of_a_pod",
            json!({ "call": "delete-pod", "pod": "web-0/eviction" }),
            "Error::",
        ),
    ];
    let mut after = run(&stage, &cases, ", delete-pods: true");
    for (Case(id, _, expected), answer) in cases.iter().zip(answers(&after)) {
        assert!(answer.starts_with(expected), "{id}: {answer}");
    }
    assert_eq!(stage.writes(), []);
    assert_eq!(stage.objects("Pod").len(), pods);
    after.blocked("calls");
    count(Class::Kube, &cases.map(|case| case.0));
    after.all_judged();
}

#[test]
fn calls_that_are_never_answered_end_with_their_step_and_are_told() {
    let writing = Practice::set(Fate::Ready);
    let uid = writing.object()["metadata"]["uid"].clone();
    let pod = writing.objects("Pod")[0]["metadata"]["name"].clone();
    writing.always(Requests::Writes, Answer::Never);
    writing.always(Requests::Logs, Answer::Never);
    let mut after = each_alone(
        &writing,
        &[
            ("set_images", json!({ "call": "set-images", "uid": uid })),
            ("restart", json!({ "call": "restart", "uid": uid })),
            (
                "delete_pod",
                json!({ "call": "delete-pod", "uid": uid, "pod": pod }),
            ),
            (
                "last_log_line",
                json!({ "call": "last-log-line", "uid": uid, "pod": pod }),
            ),
        ],
    );
    for id in ["set_images", "restart", "delete_pod"] {
        let end = after.end(id);
        assert_eq!(end["outcome"], "unknown", "{id}: {end}");
        let states = after.said.all("effect").into_iter();
        let states = states.filter(|effect| effect["step"] == id);
        let states = states.map(|mut effect| effect["state"].take());
        assert_eq!(states.collect::<Vec<_>>(), ["started", "unknown"], "{id}");
        after.blocked(id);
    }
    after.timed_out("last_log_line", "500ms", 500);
    after.all_judged();
    let reading = Practice::set(Fate::Ready);
    let uid = reading.object()["metadata"]["uid"].clone();
    reading.always(Requests::Reads, Answer::Never);
    let mut after = each_alone(
        &reading,
        &[
            ("get", json!({ "call": "get", "uid": uid })),
            ("follow", json!({ "call": "follow", "uid": uid })),
        ],
    );
    for id in ["get", "follow"] {
        after.timed_out(id, "500ms", 500);
    }
    assert_eq!(after.said.effects(), Vec::<String>::new());
    after.all_judged();
}

/// Each call in a step of its own, which may do all of them and takes half a second.
fn each_alone(stage: &Practice, calls: &[(&str, Value)]) -> Aftermath {
    let namespace = stage.namespace();
    let mut attacks = Attacks::of(Class::Waits);
    for (id, call) in calls {
        let mut call = call.clone();
        call["namespace"] = namespace.into();
        let rest = format!(
            "    timeout: 500ms
    with: {{ calls: [{call}] }}
    permissions:
      kube-apply:
        - {{ kind: Deployment, namespace: {namespace}, name: web, containers: [app], images: ['ghcr.io/acme/web:*'], restart: true, delete-pods: true }}
"
        );
        attacks = attacks.step(id, &guest("workloads"), &rest);
    }
    let said = attacks
        .sluice()
        .env("KUBECONFIG", stage.kubeconfig())
        .events(&[]);
    attacks.after(said)
}

#[test]
fn workloads_that_are_followed_are_limited_and_waits_end_with_the_step() {
    let stage = Practice::set(Fate::Ready);
    let namespace = stage.namespace();
    let step = |call: &str, more: &str| {
        let calls = json!([{ "call": call, "namespace": namespace }]);
        format!(
            "    with: {{ calls: {calls} }}
{more}    permissions:
      kube-apply:
        - {{ kind: Deployment, namespace: {namespace}, name: web, containers: [app], images: ['ghcr.io/acme/web:*'] }}
"
        )
    };
    let attacks = Attacks::of(Class::Kube)
        .step("follow_all", &guest("workloads"), &step("follow-all", ""))
        .step(
            "wait",
            &guest("workloads"),
            &step("wait", "    timeout: 500ms\n"),
        );
    let said = attacks
        .sluice()
        .env("KUBECONFIG", stage.kubeconfig())
        .events(&[]);
    let mut after = attacks.after(said);
    let answer = "16 and then Error::Invalid(\"a step follows 16 workloads at a time, no more: drop one first\")";
    after.bounded("follow_all", &json!({ "answers": [answer] }));
    after.timed_out("wait", "500ms", 500);
    assert_eq!(stage.image(), OLD);
    after.all_judged();
}
