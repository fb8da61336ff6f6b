//! The smallest plugin of one's own: it greets, and says how the greeting went.
//!
//! ```sh
//! cargo build -p hello --target wasm32-wasip2 --release
//! sluice run examples/hello/pipeline.yaml --input name=World
//! ```

mod bindings {
    #![allow(
        missing_docs,
        unreachable_pub,
        unsafe_code,
        clippy::pedantic,
        reason = "generated from wit/; the canonical ABI needs unsafe"
    )]

    #[cfg(target_family = "wasm")]
    use super::Hello;

    wit_bindgen::generate!({
        path: "../../wit/plugin",
        world: "plugin",
        generate_all,
    });

    // The names of the component's exports hold colons, which a native linker refuses.
    #[cfg(target_family = "wasm")]
    export!(Hello with_types_in self);
}

use bindings::{
    exports::sluice::plugin::step::{Context, Failure, FailureKind, Guest},
    sluice::plugin::log::{Level, log},
};
use serde_json::{Value, json};

#[cfg_attr(
    not(target_family = "wasm"),
    allow(dead_code, reason = "exported by the component alone")
)]
struct Hello;

impl Guest for Hello {
    fn describe() -> String {
        json!({
            "name": "hello",
            "version": "0.1.0",
            "summary": "greets somebody",
            "with": {
                "type": "object",
                "required": ["name"],
                "additionalProperties": false,
                "properties": { "name": { "type": "string", "description": "whom to greet" } },
            },
            "outputs": {
                "type": "object",
                "additionalProperties": false,
                "properties": { "greeting": { "type": "string" } },
            },
            "capabilities": [],
            "repeatable": true,
        })
        .to_string()
    }

    fn run(context: Context, config: String) -> Result<String, Failure> {
        let config: Value = serde_json::from_str(&config).map_err(|error| Failure {
            kind: FailureKind::Configuration,
            message: error.to_string(),
            retry_after: None,
            details: "{}".to_owned(),
        })?;
        let greeting = format!("Hello, {}!", config["name"].as_str().unwrap_or_default());
        log(
            Level::Info,
            &format!("{greeting} (in pipeline `{}`)", context.pipeline),
            &[],
        );
        Ok(json!({ "greeting": greeting }).to_string())
    }
}
