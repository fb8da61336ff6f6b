//! Plans, from the dry run that makes one to the run that keeps it. `scenario` is played on
//! practice's cluster here and on a real API server by `cluster`.

mod kept;
mod made;
pub(crate) mod scenario;
mod unusable;

use std::fs;

use serde_json::Value;

use crate::{
    deploy::stage::Stage,
    sluice::{Said, Sluice},
};

/// Makes the plan `plan.json` by a dry run, which must succeed.
#[track_caller]
pub(crate) fn plan(sluice: &Sluice, more: &[&str]) -> Value {
    let mut args = vec!["--dry-run", "--out", "plan.json"];
    args.extend(more);
    let said = sluice.events(&args);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    read(sluice)
}

/// Runs what is in `plan.json`.
pub(crate) fn keep(sluice: &Sluice) -> Said {
    sluice.events(&["--plan", "plan.json"])
}

fn read(sluice: &Sluice) -> Value {
    let text = fs::read(sluice.folder().join("plan.json")).expect("a plan was written");
    serde_json::from_slice(&text).expect("a plan is JSON")
}

/// Changes `plan.json` as somebody with an editor would.
pub(crate) fn edit(sluice: &Sluice, change: impl FnOnce(&mut Value)) {
    let mut plan = read(sluice);
    change(&mut plan);
    let text = serde_json::to_vec(&plan).expect("a plan is JSON");
    fs::write(sluice.folder().join("plan.json"), text).expect("the folder is ours");
}

/// The sentences of its effects, without the namespace of the stage.
pub(crate) fn summaries(plan: &Value, stage: &impl Stage) -> Vec<String> {
    let effects = plan["effects"].as_array().expect("a plan has effects");
    let summaries = effects.iter().map(|effect| effect["summary"].as_str());
    summaries
        .map(|text| text.expect("it is a text").replace(stage.namespace(), "NS"))
        .collect()
}
