//! What the plugin needs of the host: two lists of refs, and refs carried from one remote to
//! the other. The contract's own types; tests answer from a table.

use crate::bindings::sluice::git::remote::{Error, RefEntry, RefUpdate, Relayed};
use crate::bindings::sluice::plugin::log::Level;

/// The host.
pub(crate) trait World {
    /// The refs whose names begin with one of the prefixes.
    fn list_refs(&mut self, remote: &str, prefixes: &[String]) -> Result<Vec<RefEntry>, Error>;
    /// Carries refs; of each what became of it, in the order asked.
    fn relay(
        &mut self,
        from: &str,
        to: &str,
        updates: &[RefUpdate],
        atomic: bool,
    ) -> Result<Vec<Result<Relayed, Error>>, Error>;
    fn tell(&mut self, level: Level, line: &str);
    fn progress(&mut self, line: &str);
}
