//! What the plugin needs of the host: a remote's refs and history, and a ref created
//! there. The contract's own types; tests answer from a repository on the disk.

use crate::bindings::sluice::git::remote::{Annotation, Commit, Effect, Error, RefEntry};
use crate::bindings::sluice::plugin::log::Level;

/// The host.
pub(crate) trait World {
    /// Commits of a range, on their way.
    type Commits;

    /// The refs whose names begin with one of the prefixes.
    fn list_refs(&mut self, remote: &str, prefixes: &[String]) -> Result<Vec<RefEntry>, Error>;
    /// The commits that can be reached from `tips` and not from `known`, newest first.
    fn log(
        &mut self,
        remote: &str,
        tips: &[String],
        known: &[String],
    ) -> Result<Self::Commits, Error>;
    /// The next commits; none at the end.
    fn next(&mut self, commits: &mut Self::Commits, at_most: u32) -> Result<Vec<Commit>, Error>;
    /// Creates a ref; one that is there already is a conflict.
    fn create_ref(
        &mut self,
        remote: &str,
        name: &str,
        target: &str,
        annotation: Option<&Annotation>,
    ) -> Result<Effect, Error>;
    fn tell(&mut self, level: Level, line: &str);
    fn progress(&mut self, line: &str);
}
