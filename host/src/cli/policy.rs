//! `--policy`: the operator's policy, read before the pipelines that are held to it.

use std::path::Path;

use sluice_pipeline::{pipeline::Pipeline, policy::Policy};

use super::{load, refused::Refused};
use crate::run::event::{Blame, ErrorKind};

/// Reads the policy, where one is given.
pub(super) fn read(path: Option<&Path>) -> Result<Option<Policy>, Refused> {
    let Some(path) = path else { return Ok(None) };
    let kind = ErrorKind::Configuration;
    let source = load::source(path);
    let source = source.map_err(|message| Refused::because(Blame::Author, kind, message))?;
    let policy = Policy::read(&source);
    policy
        .map(Some)
        .map_err(|problems| Refused::author(kind, problems).in_file(source))
}

/// Whether the pipeline lies within the policy, if there is one.
pub(super) fn judge(policy: Option<&Policy>, pipeline: &Pipeline) -> Result<(), Refused> {
    let judged = policy.map_or(Ok(()), |policy| policy.judge(pipeline));
    judged.map_err(|problems| Refused::author(ErrorKind::Denied, problems))
}
