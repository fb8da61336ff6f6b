//! Deployment pipelines whose every step is a sandboxed WebAssembly component.
//!
//! The map, in the direction of data:
//!
//! - [`sluice_pipeline`]: text becomes a `Document`, a `Pipeline`, a `Schedule`. Pure.
//! - [`run`]: a schedule becomes a stream of events. Knows no WebAssembly.
//! - [`plugin`]: the worker behind a run: components, compiled and called.
//! - [`capability`]: what a component can be linked with, checked on values.
//! - [`secret`]: the values that never enter a component.
//! - [`practice`]: the world of a rehearsal.
//! - [`cli`]: the commands, and events as text.

pub mod capability;
pub mod cli;
pub mod plugin;
pub mod practice;
pub mod run;
pub mod secret;

mod bindings;
mod directory;

#[cfg(test)]
mod fuzz;
