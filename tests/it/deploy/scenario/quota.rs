//! A quota: one that is lifted in time, and one that only events tell of.

use crate::deploy::stage::{Deploy, Fate, Stage, Workload, assert_story};

const NEW: &str = "ghcr.io/acme/web:2";

pub(crate) fn quota_that_is_lifted_within_its_grace_passes<S: Stage>() {
    let stage = S::set(Fate::Quota);
    let deploy = Deploy {
        with: "grace: { quota: 50s }",
        ..Deploy::of(NEW)
    };
    let mut running = deploy.start(&stage);
    running.until("step.log", |event| event["fields"]["cause"] == "quota");
    stage.lift_quota();
    let name = "quota_that_is_lifted_within_its_grace_passes";
    assert_story(&stage, &running.finish(), 0, name);
}

pub(crate) fn quota_of_sets_is_told_by_their_events<S: Stage>() {
    for kind in ["StatefulSet", "DaemonSet"] {
        let stage = S::of(&Workload::of(kind), Fate::Quota);
        let deploy = Deploy {
            kind,
            ..Deploy::of(NEW)
        };
        let name = format!("quota_of_sets_is_told_by_their_events.{kind}");
        assert_story(&stage, &deploy.run(&stage, &[]), 1, &name);
    }
}
