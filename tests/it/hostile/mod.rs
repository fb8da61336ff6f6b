//! Plugins that attack: what they try does not happen, their step fails with the right
//! reason and blame, the process lives, and the next step runs. Each attempt is written
//! down, so that `./test` can show at its end what was tried and what became of it.

pub(crate) mod attacks;
mod bombs;
mod contract;
mod cpu;
mod descriptions;
mod egress;
mod expressions;
mod floods;
mod grid;
mod handmade;
mod imports;
mod json;
mod kube;
mod names;
mod network;
mod placeholders;
mod promises;
mod requests;
mod resources;
mod steering;
mod table;
mod waits;
mod wasi;
mod wire;

use attacks::{Attacks, Class};
