//! The image that is set already: in a healthy workload, in a failing rollout, by a moving
//! tag, by a digest.

use crate::deploy::stage::{Deploy, Fate, Stage, assert_story};

pub(crate) fn same_image_in_a_failing_rollout_is_no_success<S: Stage>() {
    let stage = S::set(Fate::CrashLoop);
    stage.set_image(Fate::CrashLoop.image());
    let said = Deploy::of(Fate::CrashLoop.image()).run(&stage, &[]);
    let name = "same_image_in_a_failing_rollout_is_no_success";
    assert_story(&stage, &said, 1, name);
    assert_eq!(stage.writes(), []);
}

pub(crate) fn moving_tag_that_is_set_already_is_restarted_only_with_both_words<S: Stage>() {
    let latest = "ghcr.io/acme/web:latest";
    let stage = S::set(Fate::Ready);
    stage.set_image(latest);
    let cases = [
        (
            "moving_tag_that_is_set_already_is_refused",
            "",
            ", restart: true",
        ),
        // What is only known in the run is refused there, and not by `check`.
        (
            "restart_without_permission_is_refused",
            "restart: ${{ 1 == 1 }}",
            "",
        ),
    ];
    for (name, with, may) in cases {
        let deploy = Deploy {
            may,
            with,
            ..Deploy::of(latest)
        };
        assert_story(&stage, &deploy.run(&stage, &[]), 1, name);
    }
    assert_eq!(stage.writes(), []);
    let both = Deploy {
        with: "restart: true",
        may: ", restart: true",
        ..Deploy::of(latest)
    };
    let name = "moving_tag_is_restarted_with_both_words";
    assert_story(&stage, &both.run(&stage, &[]), 0, name);
    assert_eq!(stage.writes().len(), 1);
}

/// An image by its digest, which the runtime then reports.
const PINNED: &str =
    "ghcr.io/acme/web@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

pub(crate) fn pinned_digest_is_compared_with_what_the_runtime_reports<S: Stage>() {
    let stage = S::set(Fate::Ready);
    let deploy = Deploy {
        permitted: "ghcr.io/acme/web@*",
        ..Deploy::of(PINNED)
    };
    let name = "pinned_digest_is_compared_with_what_the_runtime_reports";
    assert_story(&stage, &deploy.run(&stage, &[]), 0, name);
}

pub(crate) fn digest_that_is_not_among_the_known_ones_is_not_verified<S: Stage>() {
    let stage = S::set(Fate::Ready);
    let other = "sha256:fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
    let with = format!("digests: {{ app: {{ manifests: ['{other}'] }} }}");
    let deploy = Deploy {
        with: &with,
        ..Deploy::of("ghcr.io/acme/web:2")
    };
    let name = "digest_that_is_not_among_the_known_ones_is_not_verified";
    assert_story(&stage, &deploy.run(&stage, &[]), 0, name);
}
