//! A plugin that sends the request that its `with` describes, and tells what came back in
//! every way that it has. `SECRET` in the request is its `secret`, `BASIC` the credentials
//! of `ci` with that password, `SIGNED` what is derived from it as `sign` says: of the body,
//! or claims for `courier`.

mod send;

mod bindings {
    #![allow(
        missing_docs,
        unreachable_pub,
        unsafe_code,
        clippy::pedantic,
        reason = "generated from wit/; the canonical ABI needs unsafe"
    )]

    #[cfg(target_family = "wasm")]
    use super::Courier;

    wit_bindgen::generate!({
        path: ["../../../wit/plugin", "../../../wit/secret"],
        inline: "
            package sluice:guest@0.1.0;

            world component {
                include sluice:plugin/plugin@0.1.0;
                import sluice:secret/derive@0.1.0;
            }
        ",
        world: "sluice:guest/component",
        generate_all,
    });

    // The names of the component's exports hold colons, which a native linker refuses.
    #[cfg(target_family = "wasm")]
    export!(Courier with_types_in self);
}

use base64::{Engine, engine::general_purpose::STANDARD};
use bindings::{
    exports::sluice::plugin::step::{Context, Failure, FailureKind, Guest},
    sluice::{
        plugin::log::{Level, log, progress},
        secret::derive::{Algorithm, Encoding, Error, hmac_sha256, jwt},
    },
};
use serde_json::{Value, json};

struct Courier;

impl Guest for Courier {
    fn describe() -> String {
        r#"{"name":"courier","version":"0.1.0","summary":"sends one request",
            "with":{"type":"object","required":["url"],"additionalProperties":false,
                    "properties":{
                        "url":{"type":"string"},"secret":{"type":"string"},"body":{"type":"string"},
                        "headers":{"type":"array","items":{"type":"string"}},
                        "sign":{"type":"string"},"fail":{"type":"boolean"}}},
            "outputs":{"type":"object","additionalProperties":false,
                       "properties":{"secret":{"type":"string"},"answer":{"type":"string"},
                                     "joined":{"type":"string"},"backwards":{"type":"string"}}},
            "capabilities":[{"interface":"wasi:http/outgoing-handler","why":"to send it"}],
            "repeatable":false}"#
            .to_owned()
    }

    fn run(_: Context, config: String) -> Result<String, Failure> {
        let config: Value = serde_json::from_str(&config).expect("the host sends JSON");
        let text = |key: &str| config[key].as_str().unwrap_or_default().to_owned();
        let secret = text("secret");
        let basic = STANDARD.encode(format!("ci:{secret}"));
        let signed = signed(&text("sign"), &secret, &text("body")).map_err(failure)?;
        let filled = |text: &str| {
            text.replace("SECRET", &secret)
                .replace("BASIC", &basic)
                .replace("SIGNED", &signed)
        };
        let headers = config["headers"].as_array().into_iter().flatten();
        let headers = headers
            .filter_map(|header| filled(header.as_str()?).split_once(": ").map(owned))
            .collect::<Vec<_>>();
        let answer = send::post(&filled(&text("url")), &headers, &filled(&text("body")));
        let answer = answer.map_err(failure)?;
        // A server that is bent on it can hand a value over in pieces.
        let joined = answer.replace('|', "");
        let half = joined.floor_char_boundary(joined.len() / 2);
        log(
            Level::Info,
            &format!("joined: {joined}"),
            &[("joined".to_owned(), joined.clone())],
        );
        log(Level::Info, &joined[..half], &[]);
        log(Level::Info, &joined[half..], &[]);
        progress(&joined);
        println!("{joined}");
        if config["fail"] == true {
            return Err(failure(joined));
        }
        let backwards = answer.chars().rev().collect::<String>();
        let outputs = json!({
            "secret": secret, "answer": answer, "joined": joined, "backwards": backwards,
        });
        Ok(outputs.to_string())
    }
}

/// A placeholder of what is derived from the secret.
fn signed(how: &str, key: &str, body: &str) -> Result<String, String> {
    let token = |algorithm| jwt(key, algorithm, "{}", r#"{"iss":"courier"}"#);
    let signed = match how {
        "hmac" => hmac_sha256(key, body.as_bytes(), Encoding::Hex),
        "hs256" => token(Algorithm::Hs256),
        "es256" => token(Algorithm::Es256),
        "foreign" => hmac_sha256("no placeholder", b"", Encoding::Hex),
        "many" => (0..65).try_fold(String::new(), |_, _| hmac_sha256(key, b"", Encoding::Hex)),
        _ => Ok(String::new()),
    };
    signed.map_err(|error| match error {
        Error::Unknown => "no placeholder of this step".to_owned(),
        Error::Invalid(why) | Error::Limit(why) => why,
    })
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn failure(message: String) -> Failure {
    Failure {
        kind: FailureKind::Failed,
        details: json!({ "message": message }).to_string(),
        message,
        retry_after: None,
    }
}
