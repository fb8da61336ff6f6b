//! A plugin that does nothing: what a step costs at least.

mod bindings {
    #![allow(
        missing_docs,
        unreachable_pub,
        unsafe_code,
        clippy::pedantic,
        reason = "generated from wit/; the canonical ABI needs unsafe"
    )]

    #[cfg(target_family = "wasm")]
    use super::Noop;

    wit_bindgen::generate!({
        path: "../../../wit/plugin",
        world: "plugin",
        generate_all,
    });

    // The names of the component's exports hold colons, which a native linker refuses.
    #[cfg(target_family = "wasm")]
    export!(Noop with_types_in self);
}

use bindings::exports::sluice::plugin::step::{Context, Failure, Guest};

struct Noop;

impl Guest for Noop {
    fn describe() -> String {
        r#"{"name":"noop","version":"0.1.0","summary":"does nothing",
            "with":{"type":"object","additionalProperties":false},
            "outputs":{"type":"object","additionalProperties":false},
            "capabilities":[],"repeatable":true}"#
            .to_owned()
    }

    fn run(_: Context, _: String) -> Result<String, Failure> {
        Ok("{}".to_owned())
    }
}
