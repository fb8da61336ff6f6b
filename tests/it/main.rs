//! The program as its users have it: every test starts the real binary, and compares all
//! that it says.

mod bad_input;
mod cluster;
mod demo;
mod deploy;
mod docs;
mod echo;
mod examples;
mod git;
mod guests;
mod hostile;
mod http;
mod layers;
mod notify;
mod plan;
mod policy;
mod practice;
mod rbac;
mod record;
mod secrets;
mod sluice;
mod specification;
mod terminal;
