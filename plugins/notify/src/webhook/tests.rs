use super::render;
use crate::testing::hold;

#[test]
fn bodies_are_what_they_were() {
    hold("webhook", include_str!("bodies.txt"), render);
}
