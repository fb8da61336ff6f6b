//! A plugin that imports an interface which no host has.

mod bindings {
    #![allow(
        missing_docs,
        unreachable_pub,
        unsafe_code,
        clippy::pedantic,
        reason = "generated from wit/; the canonical ABI needs unsafe"
    )]

    #[cfg(target_family = "wasm")]
    use super::Stranger;

    wit_bindgen::generate!({
        path: "../../../wit/plugin",
        inline: "
            package strange:stranger@0.1.0;

            interface door {
                open: func();
            }

            world component {
                include sluice:plugin/plugin@0.1.0;
                import door;
            }
        ",
        world: "strange:stranger/component@0.1.0",
        generate_all,
    });

    // The names of the component's exports hold colons, which a native linker refuses.
    #[cfg(target_family = "wasm")]
    export!(Stranger with_types_in self);
}

use bindings::exports::sluice::plugin::step::{Context, Failure, Guest};

struct Stranger;

impl Guest for Stranger {
    fn describe() -> String {
        r#"{"name":"stranger","version":"0.1.0","summary":"opens a door",
            "with":{"type":"object","additionalProperties":false},
            "outputs":{"type":"object","additionalProperties":false},
            "capabilities":[],"repeatable":true}"#
            .to_owned()
    }

    fn run(_: Context, _: String) -> Result<String, Failure> {
        bindings::strange::stranger::door::open();
        Ok("{}".to_owned())
    }
}
