//! The plugin's world and its types, generated from `wit/` and nothing else.

#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::pedantic,
    reason = "generated from wit/, where every item is documented; the canonical ABI needs unsafe"
)]

#[cfg(target_family = "wasm")]
use crate::Deploy;

wit_bindgen::generate!({
    path: ["../../wit/plugin", "../../wit/kube"],
    inline: "
        package sluice:deploy-plugin;
        world component {
            include sluice:plugin/plugin@0.1.0;
            import sluice:kube/apply@0.1.0;
        }
    ",
    generate_all,
    additional_derives: [PartialEq],
});

// The names of the component's exports hold colons, which a native linker refuses.
#[cfg(target_family = "wasm")]
export!(Deploy with_types_in self);
