//! What wasmtime makes of `wit/`, and nothing else.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::pedantic,
    reason = "generated from wit/"
)]

wasmtime::component::bindgen!({
    path: ["../wit/plugin", "../wit/kube", "../wit/git", "../wit/secret"],
    inline: "
        package sluice:host@0.1.0;

        world component {
            import sluice:plugin/log@0.1.0;
            import sluice:plugin/needs@0.1.0;
            import sluice:kube/apply@0.1.0;
            import sluice:git/remote@0.1.0;
            import sluice:secret/derive@0.1.0;
            export sluice:plugin/step@0.1.0;
        }
    ",
    world: "sluice:host/component@0.1.0",
    imports: {
        "sluice:kube/apply": async | trappable,
        "sluice:git/remote": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    additional_derives: [PartialEq],
    with: {
        "sluice:kube/apply.rollout": crate::capability::kube::Rollout,
        "sluice:git/remote.commits": crate::capability::git::Commits,
    },
});
