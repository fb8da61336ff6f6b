//! Runs held to a plan: what it holds happens, what it does not is refused and named.

use serde_json::{Value, json};
use sluice_practice::{Failure, Pace, Reply, Sink};
use tokio::runtime::Runtime;

use super::{edit, keep, plan, scenario, summaries};
use crate::{
    deploy::{
        practice::Practice,
        stage::{Deploy, Fate, OLD, Stage, Workload},
    },
    sluice::{Said, Sluice},
};

const NEW: &str = "ghcr.io/acme/web:2";

#[test]
fn plan_is_made_and_kept() {
    scenario::plan_is_made_and_kept::<Practice>();
}

#[test]
fn image_that_somebody_has_changed_since_refuses_the_plan() {
    scenario::image_that_somebody_has_changed_since_refuses_the_plan::<Practice>();
}

#[test]
fn another_object_of_the_name_refuses_the_plan() {
    scenario::another_object_of_the_name_refuses_the_plan::<Practice>();
}

/// A cluster, a sink, and a pipeline with a notice to that sink.
struct Scene {
    stage: Practice,
    sink: Sink,
    _runtime: Runtime,
}

impl Scene {
    fn set(fate: Fate) -> Self {
        let runtime = Runtime::new().expect("a runtime can be made");
        let sink = runtime
            .block_on(Sink::start())
            .expect("a loopback port is free");
        Self {
            stage: Practice::set(fate),
            sink,
            _runtime: runtime,
        }
    }

    /// The deploy of that fate's image, and a notice with further lines.
    fn pipeline(&self, fate: Fate, notice: &str) -> Sluice {
        let url = self.sink.url();
        let port = url.rsplit(':').next().unwrap_or_default();
        let more = format!(
            "  tell:
    uses: notify
    with: {{ webhook: '{url}/hook' }}
    permissions: {{ http: [{{ scheme: http, host: 127.0.0.1, port: {port}, addresses: [127.0.0.0/8] }}] }}
{notice}"
        );
        let deploy = Deploy {
            more: &more,
            ..Deploy::of(fate.image())
        };
        deploy.on(self.stage.namespace(), self.stage.kubeconfig())
    }

    /// How the notice ended, in a run in which all else is as planned.
    fn told(&self, said: &Said) -> (Value, String) {
        let end = said.of_step("step.finished", "tell");
        let message = end["error"]["message"].as_str().unwrap_or_default();
        let kind = json!([end["outcome"], end["error"]["blame"], end["error"]["kind"]]);
        (kind, message.replace(&self.sink.url(), "SINK"))
    }
}

fn states(said: &Said, step: &str) -> Vec<Value> {
    let mut effects = said.all("effect");
    effects.retain(|event| event["step"] == step);
    effects
        .into_iter()
        .map(|mut event| event["state"].take())
        .collect()
}

#[test]
fn notice_of_a_failure_is_sent_as_the_plan_holds_it() {
    let scene = Scene::set(Fate::ImagePull);
    let sluice = scene.pipeline(Fate::ImagePull, "    if: failure()\n");
    plan(&sluice, &[]);
    let said = keep(&sluice);
    assert_eq!(said.code, Some(1), "{}", said.out);
    assert_eq!(
        said.of_step("step.finished", "deploy")["outcome"],
        "failure"
    );
    assert_eq!(states(&said, "tell"), ["started", "done"], "{}", said.out);
    assert_eq!(scene.sink.requests().len(), 1);
}

#[test]
fn effect_that_the_plan_does_not_hold_is_refused_and_named() {
    let scene = Scene::set(Fate::Ready);
    let sluice = scene.pipeline(Fate::Ready, "");
    plan(&sluice, &[]);
    edit(&sluice, |plan| {
        let effects = plan["effects"].as_array_mut().expect("a plan has effects");
        effects.retain(|effect| effect["step"] == "deploy");
    });
    let said = keep(&sluice);
    assert_eq!(said.code, Some(1));
    let why = "step `tell` may not POST SINK/hook: the plan does not hold it; make a new plan with \
               `--dry-run --out` if it is wanted";
    let kind = json!(["failure", "author", "denied"]);
    assert_eq!(scene.told(&said), (kind, why.to_owned()));
    assert_eq!(states(&said, "tell"), ["refused"]);
    assert_eq!(scene.sink.requests(), []);
    assert_eq!(scene.stage.image(), NEW);
}

#[test]
fn effect_is_not_repeated_beyond_its_count() {
    let scene = Scene::set(Fate::Ready);
    let retry = "    retry: { attempts: 3, backoff: 1ms, on: [failed] }\n";
    let sluice = scene.pipeline(Fate::Ready, retry);
    plan(&sluice, &[]);
    scene.sink.reply(Reply::status(500));
    let said = keep(&sluice);
    assert_eq!(said.code, Some(1));
    let why = "step `tell` may not POST SINK/hook again: the plan holds it once; make a new plan \
               with `--dry-run --out` if it is wanted";
    let kind = json!(["failure", "author", "denied"]);
    assert_eq!(scene.told(&said), (kind, why.to_owned()));
    assert_eq!(states(&said, "tell"), ["started", "done", "refused"]);
    assert_eq!(scene.sink.requests().len(), 1);
}

#[test]
fn request_that_was_put_off_is_sent_again_within_its_count() {
    let scene = Scene::set(Fate::Ready);
    let sluice = scene.pipeline(Fate::Ready, "");
    plan(&sluice, &[]);
    scene.sink.reply_once(Reply::retry_after(0));
    let said = keep(&sluice);
    assert_eq!(said.code, Some(0), "{}", said.out);
    assert_eq!(
        states(&said, "tell"),
        ["started", "done", "started", "done"]
    );
}

#[test]
fn rollback_of_a_stateful_set_is_held_with_the_pods_that_it_deletes() {
    let failure = Some(Failure::CrashLoop);
    let stage = Practice::with(Workload::of("StatefulSet"), Pace::instant(), failure);
    let namespace = stage.namespace();
    let text = format!(
        "name: deploy-web
on: [manual]
steps:
  deploy:
    uses: deploy
    with:
      {{ namespace: {namespace}, kind: StatefulSet, name: web, images: {{ app: '{NEW}' }}, wait: 60s,
        settle: 0s, grace: {{ crash-loop: 0s }}, on-failure: rollback }}
    permissions:
      kube-apply:
        - {{ kind: StatefulSet, namespace: {namespace}, name: web, containers: [app],
            images: ['ghcr.io/acme/web:*'], delete-pods: true }}
"
    );
    let sluice = Sluice::pipeline(&text).env("KUBECONFIG", stage.kubeconfig());
    let plan = plan(&sluice, &[]);
    let only = "only if step `deploy` fails: step `deploy`";
    assert_eq!(
        summaries(&plan, &stage),
        [
            format!("step `deploy`: set-images StatefulSet NS/web: app {OLD} → {NEW}"),
            format!("{only}: set-images StatefulSet NS/web: app {NEW} → {OLD}"),
            format!("{only}: delete-pod StatefulSet NS/web, at most 2 times"),
        ]
    );
    let said = keep(&sluice);
    assert_eq!(said.code, Some(1), "{}\n{}", said.out, said.err);
    let done = said.all("effect").into_iter();
    let done = done.filter(|event| event["state"] == "done");
    let done = done
        .map(|event| event["action"].clone())
        .collect::<Vec<_>>();
    assert_eq!(
        done,
        ["set-images", "set-images", "delete-pod"],
        "{}",
        said.out
    );
    // The same way without leave for the pods.
    edit(&sluice, |plan| {
        let effects = plan["effects"].as_array_mut().expect("a plan has effects");
        effects.retain(|effect| effect["action"] != "delete-pod");
    });
    let said = keep(&sluice);
    let end = said.of_step("step.finished", "deploy")["error"]["message"].clone();
    let why = format!(
        "step `deploy` may not delete-pod StatefulSet {namespace}/web: the plan does not hold it"
    );
    assert!(
        end.as_str().is_some_and(|text| text.contains(&why)),
        "{}",
        said.out
    );
}

#[test]
fn text_tells_which_effects_took_place() {
    let scene = Scene::set(Fate::Ready);
    let sluice = scene.pipeline(Fate::Ready, "    if: failure()\n");
    plan(&sluice, &[]);
    let said = sluice.run(&["run", "pipeline.yaml", "--plan", "plan.json"]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    let namespace = scene.stage.namespace();
    let told = said
        .out
        .split("\nof plan.json:\n")
        .nth(1)
        .expect("it tells of the plan");
    let expected = format!(
        "  ✓ step `deploy`: set-images Deployment {namespace}/web: app ghcr.io/acme/web:1 → {NEW}
  · only if step `deploy` fails: step `tell`: POST {}/hook\n",
        scene.sink.url()
    );
    assert_eq!(told, expected);
}
