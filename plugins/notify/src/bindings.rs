//! The contract's types, generated from `wit/` and nothing else. `wasi:http` comes from
//! the crate `wasip2`.

#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::pedantic,
    reason = "generated from wit/, where every item is documented; the canonical ABI needs unsafe"
)]

#[cfg(target_family = "wasm")]
use crate::Notify;

wit_bindgen::generate!({
    path: "../../wit/plugin",
    world: "plugin",
    generate_all,
    additional_derives: [PartialEq],
});

// The names of the component's exports hold colons, which a native linker refuses.
#[cfg(target_family = "wasm")]
export!(Notify with_types_in self);
