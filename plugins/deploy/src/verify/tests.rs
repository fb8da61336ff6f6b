use super::{Finding, verify};
use crate::config::Digests;
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
        let expected = expected.map_or(Finding::Right, Finding::Open);
        assert_eq!(verify(&[image("app", asked)], &pods, &[]), expected);
    }
}

#[test]
fn digest_of_a_platform_or_a_config_is_right_where_the_registry_says_so() {
    let (index, manifest, config) = (digest('a'), digest('b'), digest('c'));
    let pinned = format!("ghcr.io/acme/web:2@{index}");
    let known = |digests: &[&String], complete| {
        let known = digests.iter().map(ToString::to_string).collect();
        vec![("app".to_owned(), Digests { known, complete })]
    };
    let all = known(&[&index, &manifest, &config], true);
    let pod_with = |digest: &str| pod("x").given(&pinned).runs(digest);
    let found = |digest: &str, known: &[(String, Digests)]| {
        verify(&[image("app", &pinned)], &[&pod_with(digest)], known)
    };
    // containerd reports the index, CRI-O the manifest, Docker the config.
    assert_eq!(
        found(&format!("ghcr.io/acme/web@{index}"), &all),
        Finding::Right
    );
    assert_eq!(
        found(&format!("ghcr.io/acme/web@{manifest}"), &all),
        Finding::Right
    );
    assert_eq!(found(&format!("docker://{config}"), &all), Finding::Right);
    let other = digest('d');
    let place = "container `app` of pod `x`";
    assert_eq!(
        found(&other, &all),
        Finding::Wrong(format!(
            "{place} runs `{other}`, which is no part of `{pinned}`"
        ))
    );
    assert_eq!(
        found(&other, &known(&[&index], false)),
        Finding::Open(format!(
            "{place} is reported to run `{other}`, which may or may not be a part of `{pinned}`"
        ))
    );
}
