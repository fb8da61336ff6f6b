//! Carries refs from one remote to another.

use super::GitCalls;
use crate::bindings::sluice::git::remote::{Effect as Outcome, Error, RefUpdate};

impl GitCalls {
    #[allow(clippy::unused_async, reason = "the contract's shape")]
    pub(super) async fn relay(
        &self,
        _from: &str,
        _to: &str,
        _updates: Vec<RefUpdate>,
        _atomic: bool,
    ) -> Result<Vec<Result<Outcome, Error>>, Error> {
        Err(Error::Unsupported(
            "this version of sluice does not carry refs from one remote to another yet".to_owned(),
        ))
    }
}
