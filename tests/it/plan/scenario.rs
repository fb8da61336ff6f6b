//! What a plan means on any stage: made, kept, and refused by a world that has moved.

use super::{keep, plan, summaries};
use crate::deploy::stage::{Deploy, Fate, OLD, Stage, assert_told, assert_wrote};

const NEW: &str = "ghcr.io/acme/web:2";

pub(crate) fn plan_is_made_and_kept<S: Stage>() {
    let stage = S::set(Fate::Ready);
    let sluice = Deploy::of(NEW).on(stage.namespace(), stage.kubeconfig());
    let plan = plan(&sluice, &[]);
    let expected =
        "step `deploy`: set-images Deployment NS/web: app ghcr.io/acme/web:1 → ghcr.io/acme/web:2";
    assert_eq!(summaries(&plan, &stage), [expected]);
    assert_eq!(stage.image(), OLD);
    let said = keep(&sluice);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    assert_eq!(stage.image(), NEW);
    // Again: nothing is left to do, and the plan asks for no more than it holds.
    let said = keep(&sluice);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    assert_wrote(&stage, &[(true, NEW), (false, NEW)]);
}

pub(crate) fn image_that_somebody_has_changed_since_refuses_the_plan<S: Stage>() {
    let stage = S::set(Fate::Ready);
    let sluice = Deploy::of(NEW).on(stage.namespace(), stage.kubeconfig());
    plan(&sluice, &[]);
    stage.set_image("ghcr.io/acme/web:9");
    let said = keep(&sluice);
    let why = "step `deploy` may not set-images Deployment NS/web: the world has moved since the \
               plan was made";
    let error = said.of_step("step.finished", "deploy")["error"].clone();
    let message = error["message"].as_str().unwrap_or_default();
    let lines = message.replace(stage.namespace(), "NS");
    assert_eq!(
        lines.lines().collect::<Vec<_>>(),
        [
            why,
            "planned: container `app` ghcr.io/acme/web:1 → ghcr.io/acme/web:2",
            "live: ghcr.io/acme/web:9",
            "look at it, and make a new plan with `--dry-run --out`",
        ]
    );
    let refused = format!(
        "kube-apply set-images Deployment {}/web refused",
        stage.namespace()
    );
    assert_eq!(said.effects(), [refused]);
    assert_told(
        &stage,
        &said,
        1,
        &[
            "run of deploy-web starts, real",
            "deploy starts, attempt 1",
            "deploy info: takes over the image of container `app` from `kubectl-set`",
            "deploy kube-apply set-images Deployment NS/web: refused, app ghcr.io/acme/web:9 -> ghcr.io/acme/web:2",
            &format!(
                "deploy failure: world, denied: {why} / look at it, and make a new plan with \
                 `--dry-run --out`"
            ),
            "run failure",
        ],
    );
    assert_wrote(&stage, &[(true, NEW)]);
    assert_eq!(stage.image(), "ghcr.io/acme/web:9");
}

pub(crate) fn another_object_of_the_name_refuses_the_plan<S: Stage>() {
    let stage = S::set(Fate::Ready);
    let sluice = Deploy::of(NEW).on(stage.namespace(), stage.kubeconfig());
    let plan = plan(&sluice, &[]);
    let planned = plan["effects"][0]["object"]["uid"].as_str();
    let planned = planned.expect("a plan holds the object").to_owned();
    let live = stage.recreate();
    assert_ne!(live, planned);
    let said = keep(&sluice);
    assert_eq!(said.code, Some(1), "{}\n{}", said.out, said.err);
    let error = said.of_step("step.finished", "deploy")["error"].clone();
    let message = error["message"].as_str().unwrap_or_default();
    assert_eq!(
        message.lines().collect::<Vec<_>>()[1..3],
        [
            format!("planned: uid {planned}"),
            format!("live: uid {live}, another object of that name"),
        ]
    );
    assert_eq!(error["blame"], "world");
    assert_wrote(&stage, &[(true, NEW)]);
    assert_eq!(stage.image(), OLD);
}
