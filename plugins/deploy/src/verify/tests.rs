use super::doubt;
use crate::testing::{NEW, digest, image, pod};

#[test]
fn doubts_are_stated_and_what_is_decidable_leaves_none() {
    let (a, b) = (digest('a'), digest('b'));
    let pinned = format!("ghcr.io/acme/web:2@{a}");
    let cases = [
        (NEW, vec![pod("x"), pod("y")], None),
        (&pinned, vec![pod("x").given(&pinned)], None),
        // A mirror's name in the pod, the same digest: it is what was asked for.
        (&pinned, vec![pod("x").given("mirror.example/web:2")], None),
        (
            &pinned,
            vec![pod("x").runs(&b)],
            Some(format!(
                "container `app` of pod `x` is reported to run `{b}`, which may or may not be a \
                 part of `{pinned}`"
            )),
        ),
        (
            NEW,
            vec![pod("x"), pod("y").runs(&b)],
            Some(format!(
                "the pods run different images by the name `{NEW}`: `{a}`, `{b}`"
            )),
        ),
        (
            NEW,
            vec![pod("x").given("mirror.example/web:2")],
            Some(
                "container `app` of pod `x` was given the image `mirror.example/web:2`".to_owned(),
            ),
        ),
        (
            NEW,
            vec![pod("x").initialising()],
            Some("container `app` of pod `x` is not reported".to_owned()),
        ),
    ];
    for (asked, pods, expected) in cases {
        let pods: Vec<_> = pods.iter().collect();
        assert_eq!(doubt(&[image("app", asked)], &pods), expected);
    }
}
