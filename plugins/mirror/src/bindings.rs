//! The plugin's world and its types, generated from `wit/` and nothing else.

#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::pedantic,
    reason = "generated from wit/, where every item is documented; the canonical ABI needs unsafe"
)]

#[cfg(target_family = "wasm")]
use crate::Mirror;

wit_bindgen::generate!({
    path: ["../../wit/plugin", "../../wit/git"],
    inline: "
        package sluice:mirror-plugin;
        world component {
            include sluice:plugin/plugin@0.1.0;
            import sluice:git/remote@0.1.0;
        }
    ",
    generate_all,
    additional_derives: [PartialEq],
});

// The names of the component's exports hold colons, which a native linker refuses.
#[cfg(target_family = "wasm")]
export!(Mirror with_types_in self);
