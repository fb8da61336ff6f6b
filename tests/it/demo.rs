//! `sluice demo`: the story that a newcomer sees first.

use crate::sluice::Sluice;

#[test]
fn demo_tells_a_release_that_succeeds_and_one_that_fails_for_its_reason() {
    let said = Sluice::pipeline("").run(&["demo"]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    for expected in [
        "create-ref origin refs/tags/v0.2.0 done",
        "set-images Deployment shop/web done",
        "Deployment shop/web ran ghcr.io/acme/shop:before before, and has ghcr.io/acme/shop:0.2.0 now.",
        "update-ref github refs/heads/main done",
        "remote github: refs/tags/v0.2.0 created at ",
        "remote origin: refs/tags/v0.2.0 created at ",
        "hooks.slack.com: POST /practice/slack",
        "ErrImagePull",
        "Nothing real was touched.",
    ] {
        assert!(
            said.out.contains(expected),
            "`{expected}` is missing in\n{}",
            said.out
        );
    }
}
