//! Deploys as operators run them. `scenario` has what is played on both stages, practice's
//! cluster (here) and a real API server (`cluster`), with the same story expected;
//! `faults` is what only a stand-in can be told to answer.

mod faults;
pub(crate) mod practice;
pub(crate) mod running;
pub(crate) mod scenario;
pub(crate) mod stage;
pub(crate) mod story;
mod watches;
