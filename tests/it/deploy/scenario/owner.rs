//! Who keeps the image: what is taken over with a word, what is refused, what is warned of.

use crate::deploy::stage::{Deploy, Fate, OLD, Stage, Workload, assert_story};

const NEW: &str = "ghcr.io/acme/web:2";

pub(crate) fn applied_image_is_taken_over_only_where_step_and_permission_say_so<S: Stage>() {
    let stage = S::of(
        &Workload {
            applied_by: Some("gitops"),
            ..Workload::of("Deployment")
        },
        Fate::Ready,
    );
    let cases = [
        (
            "step_that_does_not_take_over_is_refused",
            "",
            ", take-over: true",
        ),
        (
            "permission_that_does_not_take_over_is_refused",
            "take-over: true",
            "",
        ),
    ];
    for (name, with, may) in cases {
        let deploy = Deploy {
            may,
            with,
            ..Deploy::of(NEW)
        };
        assert_story(&stage, &deploy.run(&stage, &[]), 1, name);
        assert_eq!(stage.image(), OLD);
    }
    assert_eq!(stage.writes(), []);
    let both = Deploy {
        with: "take-over: true",
        may: ", take-over: true",
        ..Deploy::of(NEW)
    };
    let name = "applied_image_is_taken_over_with_both_words";
    assert_story(&stage, &both.run(&stage, &[]), 0, name);
    assert_eq!(stage.image(), NEW);
}

/// A Deployment with these labels and annotations, to which [`NEW`] is deployed.
fn marked<S: Stage>(
    name: &str,
    code: i32,
    labels: &'static [(&'static str, &'static str)],
    annotations: &'static [(&'static str, &'static str)],
) {
    let workload = Workload {
        labels,
        annotations,
        ..Workload::of("Deployment")
    };
    let stage = S::of(&workload, Fate::Ready);
    assert_story(&stage, &Deploy::of(NEW).run(&stage, &[]), code, name);
    assert_eq!(stage.image(), if code == 0 { NEW } else { OLD });
}

pub(crate) fn workload_of_argo_cd_is_refused<S: Stage>() {
    let instance = &[("argocd.argoproj.io/instance", "storefront")];
    marked::<S>("workload_of_argo_cd_is_refused", 1, instance, &[]);
}

pub(crate) fn workload_of_flux_is_refused<S: Stage>() {
    let kustomization = &[
        ("kustomize.toolkit.fluxcd.io/name", "storefront"),
        ("kustomize.toolkit.fluxcd.io/namespace", "flux-system"),
    ];
    marked::<S>("workload_of_flux_is_refused", 1, kustomization, &[]);
}

pub(crate) fn workload_of_helm_is_set_with_a_warning<S: Stage>() {
    let release = &[
        ("meta.helm.sh/release-name", "storefront"),
        ("meta.helm.sh/release-namespace", "storefront"),
    ];
    let labels = &[("app.kubernetes.io/managed-by", "Helm")];
    marked::<S>("workload_of_helm_is_set_with_a_warning", 0, labels, release);
}

pub(crate) fn workload_of_keel_is_set_with_a_warning<S: Stage>() {
    let policy = &[("keel.sh/policy", "minor")];
    marked::<S>("workload_of_keel_is_set_with_a_warning", 0, &[], policy);
}
