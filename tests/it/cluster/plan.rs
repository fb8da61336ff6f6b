//! Plans on the real API server: what its uids, field managers and dry runs make of them.

use super::control_plane::Real;
use crate::plan::scenario;

#[test]
#[ignore = "wants the API server that `./test` starts"]
fn plan_is_made_and_kept() {
    scenario::plan_is_made_and_kept::<Real>();
}

#[test]
#[ignore = "wants the API server that `./test` starts"]
fn image_that_somebody_has_changed_since_refuses_the_plan() {
    scenario::image_that_somebody_has_changed_since_refuses_the_plan::<Real>();
}

#[test]
#[ignore = "wants the API server that `./test` starts"]
fn another_object_of_the_name_refuses_the_plan() {
    scenario::another_object_of_the_name_refuses_the_plan::<Real>();
}
