//! From a pipeline to its plan and on to a run held to it, with plugins that are made up:
//! what only a failing step does, and a plugin that keeps a refusal to itself.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::{Value, json};
use sluice_pipeline::{
    catalog::{Catalog, PluginFacts},
    diagnostic::Source,
    document::Document,
    inputs::Inputs,
    pipeline::Pipeline,
    schedule::{Outcome, Schedule, Trigger},
};
use tokio::sync::mpsc::unbounded_channel;

use super::{Guard, Plan, Sketch};
use crate::{
    run::{
        Attempt, AttemptEnd, Cancel, Reporter, Run, RunEnd, Worker,
        clock::Clock,
        event::{Effect, EffectState, ErrorKind, Event, Mode},
        execute,
    },
    secret::{Mask, Sources, Vault},
};

const DEPLOY: &str = r#"{"name": "deploy", "version": "1",
  "with": {"type": "object"}, "outputs": {"type": "object"},
  "effects": [
    {"capability": "kube-apply", "action": "set-images", "target": "Deployment {/namespace}/{/name}", "images": "/images"},
    {"on": "failure", "when": {"/on-failure": "rollback"},
     "capability": "kube-apply", "action": "set-images", "undo": true},
    {"on": "failure", "when": {"/on-failure": "rollback", "/stuck": true},
     "capability": "kube-apply", "action": "delete-pod", "pods-of": "set-images"}
  ]}"#;

const NOTIFY: &str = r#"{"name": "notify", "version": "1",
  "with": {"type": "object"}, "outputs": {"type": "object"},
  "effects": [{"capability": "http", "action": "POST", "target": "{/url}"}]}"#;

/// A schedule of steps that use these plugins.
fn schedule(steps: &str) -> Arc<Schedule> {
    let text = format!("name: web\non: [manual]\nsteps:\n{steps}");
    let document = Document::read(&Source::new("web.yaml", text)).expect("it is YAML");
    let mut catalog = Catalog::default();
    for (name, description) in [("deploy", DEPLOY), ("notify", NOTIFY)] {
        let facts = PluginFacts::from_description(description, String::new(), Vec::new());
        catalog.plugins.insert(name.to_owned(), facts);
    }
    let pipeline = Pipeline::read(&document, &catalog).expect("it has no problems");
    let schedule = Schedule::resolve(pipeline, Inputs::default(), Trigger::default());
    Arc::new(schedule.expect("nothing in it can fail"))
}

/// Plugins that take a refusal as well as a success: `deploy` sets the image of `web`, which
/// is to have three pods, and `notify` posts to its URL.
struct Careless {
    dry: bool,
}

impl Worker for Careless {
    fn attempt(&self, attempt: Attempt) -> BoxFuture<'static, AttemptEnd> {
        let dry = self.dry;
        Box::pin(async move {
            let effect = |capability, action: &str, target: &str, detail| Effect {
                capability,
                action: action.to_owned(),
                target: target.to_owned(),
                state: EffectState::Started,
                detail,
            };
            let images = json!([{ "container": "app", "old": "web:1", "new": "web:2" }]);
            let detail = json!({ "uid": "u1", "replicas": 3, "images": images });
            let url = attempt.config["url"].as_str().unwrap_or_default();
            let effect = match attempt.step().uses.as_str() {
                "deploy" => effect("kube-apply", "set-images", "Deployment web/web", detail),
                _ => effect("http", "POST", url, json!({ "url": url })),
            };
            if dry {
                attempt.effects.plan(&effect);
            } else if let Ok(started) = attempt.effects.start(effect).await {
                started.done(Value::Null);
            }
            Ok(json!({}))
        })
    }

    fn repeatable(&self, _: &str) -> bool {
        false
    }
}

async fn run(
    schedule: &Arc<Schedule>,
    dry: bool,
    plan: Option<Arc<Guard>>,
) -> (RunEnd, Vec<Event>) {
    let (sender, mut receiver) = unbounded_channel();
    let run = Run {
        worker: Arc::new(Careless { dry }),
        vault: Vault::new(Vec::new(), Sources::None),
        reporter: Reporter::new("run-1", Clock::system(), Mask::default(), sender),
        cancel: Cancel::default(),
        mode: if dry { Mode::DryRun } else { Mode::Real },
        plan,
        previous: None,
    };
    let end = execute(schedule.clone(), run).await;
    let mut events = Vec::new();
    receiver.recv_many(&mut events, usize::MAX).await;
    (end, events)
}

async fn plan(steps: &str) -> Plan {
    let schedule = schedule(steps);
    let (end, events) = run(&schedule, true, None).await;
    assert_eq!(end.outcome, Outcome::Success);
    let mut sketch = Sketch::new(schedule);
    for event in &events {
        sketch.event(event);
    }
    sketch
        .finish("sha256:0", false)
        .expect("every step succeeded")
}

fn step(id: &str, uses: &str, more: &str, with: &str) -> String {
    format!(
        "  {id}:
    uses: {uses}
{more}    with: {{ {with} }}
    permissions:
      http: [a.example]
      kube-apply: [{{ kind: Deployment, namespace: web, name: web, containers: [app], images: ['web:*'] }}]
"
    )
}

fn summaries(plan: &Plan) -> Vec<&str> {
    plan.effects
        .iter()
        .map(|entry| entry.summary.as_str())
        .collect()
}

const SET: &str = "step `deploy`: set-images Deployment web/web: app web:1 → web:2";

#[tokio::test]
async fn rollback_and_what_belongs_to_it_are_held_for_the_case_of_a_failure() {
    let with = "namespace: web, name: web, on-failure: rollback, stuck: true";
    let plan = plan(&step("deploy", "deploy", "", with)).await;
    assert_eq!(
        summaries(&plan),
        [
            SET,
            "only if step `deploy` fails: step `deploy`: set-images Deployment web/web: app web:2 → web:1",
            "only if step `deploy` fails: step `deploy`: delete-pod Deployment web/web, at most 3 times",
        ]
    );
    for entry in &plan.effects {
        let object = entry.object.as_ref().expect("it is of an object");
        assert_eq!(object.uid.as_deref(), Some("u1"));
    }
    assert_eq!(plan.unforeseen, []);
}

#[tokio::test]
async fn step_that_only_runs_after_a_failure_is_held_as_far_as_it_is_known() {
    let failure = "    if: failure()\n";
    let steps = step("deploy", "deploy", "", "namespace: web, name: web")
        + &step(
            "page",
            "deploy",
            failure,
            "namespace: web, name: page, images: { app: 'page:1' }, on-failure: rollback",
        )
        + &step(
            "a",
            "notify",
            failure,
            "url: 'https://a.example/x?why=${{ steps.deploy.outcome }}'",
        )
        + &step(
            "b",
            "notify",
            failure,
            "url: 'https://${{ steps.deploy.outcome }}.example/'",
        )
        + &step("c", "notify", failure, "other: 'https://a.example/'");
    let plan = plan(&steps).await;
    assert_eq!(
        summaries(&plan),
        [
            SET,
            "only if step `deploy` fails: step `page`: set-images Deployment web/page, whatever object has that name: app whatever it has → page:1",
            "only if one of `deploy`, `page` fails: step `a`: POST https://a.example/x?why= and whatever follows there",
        ]
    );
    let lacks = plan
        .unforeseen
        .iter()
        .map(|lack| (lack.step.as_str(), lack.why.as_str()));
    assert_eq!(
        lacks.collect::<Vec<_>>(),
        [
            (
                "page",
                "set-images: it follows on `set-images`, and the dry run met none"
            ),
            ("b", "POST: its host depends on how other steps end"),
            ("c", "`notify` declares nothing for this `with`"),
        ]
    );
}

#[tokio::test]
async fn step_that_runs_on_each_way_has_one_entry_also_where_its_request_depends_on_the_way() {
    let always = "    if: always()\n";
    let steps = step("deploy", "deploy", "", "namespace: web, name: web")
        + &step("same", "notify", always, "url: 'https://a.example/x'")
        + &step(
            "tell",
            "notify",
            always,
            "url: 'https://a.example/${{ steps.deploy.outcome }}'",
        );
    let plan = plan(&steps).await;
    assert_eq!(
        summaries(&plan),
        [
            SET,
            "step `same`: POST https://a.example/x, assuming that the effects before it succeed",
            "step `tell`: POST https://a.example/ and whatever follows there, assuming that the \
             effects before it succeed",
        ]
    );
    assert_eq!(plan.unforeseen, []);
    // The way that the dry run did not foresee.
    let schedule = schedule(&steps);
    let mut none_set = plan.clone();
    none_set.effects.remove(0);
    let guard = Arc::new(Guard::new(none_set));
    let (end, _) = run(&schedule, false, Some(guard.clone())).await;
    assert_eq!(end.outcome, Outcome::Failure);
    assert_eq!(
        guard
            .tally()
            .iter()
            .map(|(_, used)| *used)
            .collect::<Vec<_>>(),
        [1, 1]
    );
}

#[tokio::test]
async fn plugin_that_keeps_a_refusal_to_itself_has_failed_all_the_same() {
    let steps = step("deploy", "deploy", "", "namespace: web, name: web");
    let schedule = schedule(&steps);
    let mut plan = plan(&steps).await;
    let kept = Arc::new(Guard::new(plan.clone()));
    assert_eq!(
        run(&schedule, false, Some(kept)).await.0.outcome,
        Outcome::Success
    );
    plan.effects.clear();
    let (end, _) = run(&schedule, false, Some(Arc::new(Guard::new(plan)))).await;
    assert_eq!(end.outcome, Outcome::Failure);
    assert_eq!(end.error.map(|error| error.kind), Some(ErrorKind::Denied));
}
