//! `${{ … }}`: CEL in the scalars of a pipeline.
//!
//! A scalar becomes a [`Template`] whose names and types are settled over the syntax tree
//! before anything runs; evaluation comes later and looks nothing up that was not found then.
//! Left out of CEL: macros over collections (they have no bound of their own), bytes,
//! unsigned integers, timestamps, durations, regular expressions.

mod evaluate;
mod names;
mod resolve;
mod split;
mod template;
mod types;

pub use evaluate::{Status, Values};
pub(crate) use evaluate::{kind, short};
pub(crate) use names::{Names, Place, Scope};
pub use template::{Expression, Template};
pub use types::Type;

/// The longest expression, in bytes.
const MAX_BYTES: usize = 2048;

/// The deepest nesting of brackets within an expression.
const MAX_DEPTH: usize = 32;

/// The most operators and dots in an expression: each may make its syntax tree deeper by one.
const MAX_OPERATORS: usize = 128;
