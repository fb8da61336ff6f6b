//! Packs: read as they come, an object at a time, and written for what is made here.

mod delta;
mod read;
mod write;

pub(super) use delta::apply;
pub(super) use read::{Entry, Head, Kind, Reader};
pub(super) use write::{empty, of_one};
