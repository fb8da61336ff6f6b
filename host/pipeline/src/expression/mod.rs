//! `${{ … }}`: CEL in the scalars of a pipeline.
//!
//! A scalar becomes a [`Template`] whose names and types are settled over the syntax tree
//! before anything runs; evaluation comes later and looks nothing up that was not found then.
//! Left out of CEL: macros over collections (they have no bound of their own), bytes,
//! unsigned integers, timestamps, durations, regular expressions.

mod evaluate;
mod names;
mod operation;
mod parse;
mod resolve;
mod split;
mod template;
mod types;

pub use evaluate::{Status, Values};
pub(crate) use evaluate::{kind, short};
pub(crate) use names::{Names, Place, Scope};
pub use template::{Expression, Template};
pub use types::Type;
