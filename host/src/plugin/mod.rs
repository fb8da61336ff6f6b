//! Plugins: where their components come from, how they are compiled and kept, what they
//! say of themselves, and how one attempt of a step runs in a fresh instance.

mod built_in;
mod cache;
mod compile;
mod describe;
mod engine;
mod instance;
mod json;
mod library;
mod limits;
mod runner;

pub use built_in::BUILT_IN;
pub use cache::Cache;
pub use compile::{Compiler, compile_as_child};
pub use library::{Library, PluginError};
pub use runner::{PluginWorker, World};
