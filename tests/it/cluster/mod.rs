//! The deploy tests on a real API server, with the real controllers and a simulated
//! kubelet: the scenarios of `deploy` with the same story expected, and what only a real
//! one has, accounts and a reason's way through its watches.

mod account;
mod control_plane;
mod in_cluster;
mod plan;
mod rbac;
mod reason;

use self::control_plane::Real;
use crate::deploy::scenario::{
    again, each_scenario, kinds, meanwhile, outcome, owner, patch, quota, refusal, rollback,
};

macro_rules! on_the_real_one {
    ($module:ident, $name:ident) => {
        #[test]
        #[ignore = "wants a real API server: run ./test"]
        fn $name() {
            $module::$name::<Real>();
        }
    };
}

each_scenario!(on_the_real_one);

#[test]
#[ignore = "wants a real API server: run ./test"]
fn recorded_reasons_of_pods_are_told() {
    crate::deploy::scenario::recordings::recorded_reasons_are_told::<Real>(true);
}
