//! A run: steps in their order, attempts, cancellation, and the events that tell of it.
//! What a step *is* stays behind [`Worker`]; this module knows no WebAssembly.

mod attempts;
pub mod clock;
mod effects;
pub mod event;
mod executor;
mod overtime;
pub mod plan;
pub mod record;
mod reporter;
mod summary;
mod worker;

pub use effects::{Effects, Hold, Started};
pub use executor::{Cancel, Run, RunEnd, execute};
pub use reporter::{LINE_LIMIT, Reporter, cut};
pub use summary::{Needs, Summary};
pub use worker::{Attempt, AttemptEnd, Worker};
