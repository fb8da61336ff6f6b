//! What reads bytes of others, and what a patch may change, tried on values that nobody
//! thought of. The cases of each stand beside what they try.

#[path = "../../pipeline/src/fuzz/bounded.rs"]
mod bounded;

pub(crate) use bounded::{holds, mutated};
