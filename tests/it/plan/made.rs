//! What a dry run writes with `--out`, and when it writes nothing.

use std::fs;

use sluice_practice::Kind;

use super::{plan, summaries};
use crate::{
    deploy::{
        practice::Practice,
        stage::{Deploy, Fate, Stage},
    },
    guests::guest,
    sluice::Sluice,
};

const NEW: &str = "ghcr.io/acme/web:2";

/// A notice after the deploy, under a condition, to a secret address.
fn with_notice(condition: &str) -> String {
    format!(
        "  tell:
    uses: notify
    if: {condition}
    with: {{ slack: '${{{{ secrets.slack }}}}' }}
    permissions: {{ http: [hooks.slack.com] }}
secrets:
  slack: {{ env: SLACK, as: url, hosts: [hooks.slack.com] }}
"
    )
}

fn pipeline(stage: &Practice, more: &str) -> Sluice {
    let deploy = Deploy {
        more,
        ..Deploy::of(NEW)
    };
    deploy.on(stage.namespace(), stage.kubeconfig())
}

#[test]
fn two_dry_runs_write_the_same_bytes_with_nothing_secret_in_them() {
    let stage = Practice::set(Fate::Ready);
    let sluice = pipeline(&stage, &with_notice("always()")).env(
        "SLACK",
        "https://hooks.slack.com/services/T0/B0/hush-hush-hush",
    );
    let file = sluice.folder().join("plan.json");
    plan(&sluice, &[]);
    let first = fs::read_to_string(&file).expect("a plan was written");
    plan(&sluice, &[]);
    let second = fs::read_to_string(&file).expect("a plan was written");
    assert_eq!(first, second);
    assert!(!first.contains("hush") && !first.contains("T0"), "{first}");
    assert!(first.ends_with("}\n"), "{first}");
}

#[test]
fn effects_of_each_way_are_held() {
    let stage = Practice::set(Fate::Ready);
    let set =
        "step `deploy`: set-images Deployment NS/web: app ghcr.io/acme/web:1 → ghcr.io/acme/web:2";
    let post = "step `tell`: POST ${{ secrets.slack }}";
    let cases = [
        (
            "always()",
            format!("{post}, assuming that the effects before it succeed"),
        ),
        ("failure()", format!("only if step `deploy` fails: {post}")),
        (
            "cancelled()",
            format!("only if the run is cancelled: {post}"),
        ),
        (
            "failure() && steps.deploy.outcome == 'failure'",
            format!("only if `failure() && steps.deploy.outcome == 'failure'` holds: {post}"),
        ),
    ];
    for (condition, expected) in cases {
        let sluice = pipeline(&stage, &with_notice(condition));
        let plan = plan(&sluice, &[]);
        assert_eq!(summaries(&plan, &stage), [set, &expected], "{condition}");
        assert!(plan.get("unforeseen").is_none(), "{plan:#}");
    }
    let sluice = pipeline(&stage, &with_notice("trigger.event == 'push'"));
    assert_eq!(summaries(&plan(&sluice, &[]), &stage), [set]);
}

#[test]
fn object_is_held_by_its_uid_and_images() {
    let stage = Practice::set(Fate::Ready);
    let found = plan(&pipeline(&stage, ""), &[]);
    let web = stage
        .cluster
        .object(Kind::Deployment, stage.namespace(), "web");
    let uid = web.expect("the stage has it")["metadata"]["uid"].take();
    let image = serde_json::json!({ "container": "app", "old": "ghcr.io/acme/web:1", "new": NEW });
    let expected = serde_json::json!({ "uid": uid, "images": [image] });
    assert_eq!(found["effects"][0]["object"], expected);
    // Without a cluster there is nothing to hold.
    let offline = plan(&pipeline(&stage, ""), &["--offline"]);
    let image = serde_json::json!({ "container": "app", "new": NEW });
    assert_eq!(
        offline["effects"][0]["object"],
        serde_json::json!({ "images": [image] })
    );
    assert_eq!(offline["offline"], true);
}

#[test]
fn step_that_does_not_say_what_it_may_do_is_named() {
    let stage = Practice::set(Fate::Ready);
    let more = format!(
        "  odd: {{ uses: {}, if: failure(), permissions: {{ http: [a.example] }} }}\n",
        guest("noop")
    );
    let sluice = pipeline(&stage, &more);
    let said = sluice.run(&["run", "pipeline.yaml", "--dry-run", "--out", "plan.json"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let warning = said
        .err
        .lines()
        .find(|line| line.contains("`odd`") && line.contains("the plan"));
    let expected = format!(
        "warning: the plan does not hold all that step `odd` may do, and refuses the rest: `{}` \
         does not say what it may do",
        guest("noop")
    );
    assert_eq!(warning, Some(expected.as_str()), "{}", said.err);
    let end = said.out.lines().rev().take(2).collect::<Vec<_>>();
    assert_eq!(
        end,
        [
            "  sluice run pipeline.yaml --plan plan.json",
            "plan.json holds 1 effect; to have them and no others:",
        ]
    );
}

#[test]
fn dry_run_in_which_a_step_fails_writes_no_plan_and_says_why() {
    let stage = Practice::set(Fate::Ready);
    let deploy = Deploy {
        images: format!("ap: '{NEW}'"),
        more: "    continue-on-error: true\n",
        ..Deploy::of(NEW)
    };
    let sluice = deploy.on(stage.namespace(), stage.kubeconfig());
    let said = sluice.events(&["--dry-run", "--out", "plan.json"]);
    assert_eq!(said.code, Some(1), "{}", said.out);
    let why = "error: `plan.json` is not written: step `deploy` ended as `failure`, so that what \
               would follow is not known; mend it and plan again";
    assert_eq!(said.err.trim_end(), why);
    assert!(!sluice.folder().join("plan.json").exists());
}
