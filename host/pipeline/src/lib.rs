//! Text in, schedule out: everything that sluice decides before a run starts.
//!
//! The path of data is `Source` → [`document::Document`] → [`pipeline::Pipeline`] →
//! [`schedule::Schedule`]; an operator's [`policy`] bounds what it may permit. Nothing here
//! opens a file, a socket or a component: what must be known of plugins is plain data, a
//! [`catalog::Catalog`] that the host fills.

pub mod catalog;
pub mod diagnostic;
pub mod document;
pub mod expression;
pub mod inputs;
pub mod permission;
pub mod pipeline;
pub mod policy;
pub mod rbac;
pub mod reference;
pub mod review;
pub mod schedule;
pub mod schema;

#[cfg(test)]
mod fuzz;
