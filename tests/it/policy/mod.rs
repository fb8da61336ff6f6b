//! The operator's policy: held against files on the command line, asked at each call of a run,
//! and its limits; and what `check --permissions` tells of a step's authority.

mod command;
mod held;
mod limits;
mod review;

use std::fs;

use crate::sluice::Sluice;

/// A folder with the pipeline and `policy.yaml` in it.
fn under(policy: &str, pipeline: &str) -> Sluice {
    let sluice = Sluice::pipeline(pipeline);
    fs::write(sluice.folder().join("policy.yaml"), policy).expect("the folder is ours");
    sluice
}
