//! A plugin that sends the requests that its `with` lists, as they are, and puts what became
//! of each into its outputs.

mod bindings {
    #![allow(
        missing_docs,
        unreachable_pub,
        unsafe_code,
        clippy::pedantic,
        reason = "generated from wit/; the canonical ABI needs unsafe"
    )]

    #[cfg(target_family = "wasm")]
    use super::Requests;

    wit_bindgen::generate!({
        path: "../../../wit/plugin",
        world: "plugin",
        generate_all,
    });

    // The names of the component's exports hold colons, which a native linker refuses.
    #[cfg(target_family = "wasm")]
    export!(Requests with_types_in self);
}

use bindings::exports::sluice::plugin::step::{Context, Failure, Guest};
use serde_json::{Value, json};
use wasip2::http::{
    outgoing_handler::handle,
    types::{
        Fields, FutureIncomingResponse, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
        Scheme,
    },
};

struct Requests;

impl Guest for Requests {
    fn describe() -> String {
        r#"{"name":"requests","version":"0.1.0","summary":"sends requests",
            "with":{"type":"object","required":["do"],"additionalProperties":false,
                    "properties":{"do":{"type":"string"},"requests":{"type":"array"}}},
            "outputs":{"type":"object","additionalProperties":false,
                       "properties":{"answers":{"type":"array","items":{"type":"string"}}}},
            "capabilities":[{"interface":"wasi:http/outgoing-handler","why":"to be tested"}],
            "repeatable":true}"#
            .to_owned()
    }

    fn run(_: Context, config: String) -> Result<String, Failure> {
        let config: Value = serde_json::from_str(&config).expect("the host sends JSON");
        let requests = config["requests"].as_array().into_iter().flatten();
        let answers = match config["do"].as_str().unwrap_or_default() {
            // One after the other, each with its answer.
            "send" => requests
                .map(|asked| send(asked).map_or_else(|why| why, |sent| answer(&sent)))
                .collect(),
            // All at once; their answers are waited for at the end.
            "together" => {
                let sent = requests.map(send).collect::<Vec<_>>();
                let answer = |sent| match sent {
                    Ok(sent) => answer(&sent),
                    Err(why) => why,
                };
                sent.into_iter().map(answer).collect()
            }
            // Sent, and let go without a look at the answer.
            "leave" => {
                for asked in requests {
                    drop(send(asked));
                }
                Vec::new()
            }
            // The first of them again and again, each kept.
            "flood" => {
                let asked = &config["requests"][0];
                let mut kept = Vec::new();
                while let Ok(sent) = send(asked) {
                    kept.push(sent);
                }
                Vec::new()
            }
            // As many headers as there can be, and nearly as large.
            "headers" => {
                let mut kept = Vec::new();
                loop {
                    kept.push(headers(12));
                }
            }
            "large-headers" => {
                drop(headers(1_000));
                Vec::new()
            }
            // As many bodies as there can be, each as full as it may be, and none sent.
            "bodies" => {
                let mut kept = Vec::new();
                loop {
                    let request = OutgoingRequest::new(Fields::new());
                    let body = request.body().expect("it has one");
                    let stream = body.write().expect("it can be written to");
                    while let Ok(room @ 1..) = stream.check_write() {
                        let room = usize::try_from(room).expect("it is small");
                        stream.write(&vec![b'x'; room]).expect("there is room");
                    }
                    kept.push((stream, body, request));
                }
            }
            other => panic!("`{other}` is nothing that it can do"),
        };
        Ok(json!({ "answers": answers }).to_string())
    }
}

/// Headers of so many kilobytes, and a little more.
fn headers(kilobytes: usize) -> Fields {
    let fields = Fields::new();
    for _ in 0..kilobytes {
        let appended = fields.append("x", &[b'x'; 1 << 10]);
        appended.expect("it is a value");
    }
    fields
}

/// Sends a request; `Err` says what the host does not take, or why it sends nothing.
fn send(asked: &Value) -> Result<FutureIncomingResponse, String> {
    let text = |key: &str| asked[key].as_str();
    let headers = asked["headers"].as_object().into_iter().flatten();
    let headers = headers
        .map(|(name, value)| {
            let value = disguised(value.as_str().unwrap_or_default(), text("disguise"));
            (name.clone(), value.into_bytes())
        })
        .collect::<Vec<_>>();
    let headers = Fields::from_list(&headers).map_err(|error| format!("no headers: {error:?}"))?;
    let request = OutgoingRequest::new(headers);
    let method = match text("method").unwrap_or("GET") {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "CONNECT" => Method::Connect,
        "TRACE" => Method::Trace,
        other => Method::Other(other.to_owned()),
    };
    let scheme = match text("scheme").unwrap_or("http") {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    let not = |what: &str| format!("no {what}");
    let disguise = |value: Option<&str>| value.map(|value| disguised(value, text("disguise")));
    request.set_method(&method).map_err(|()| not("method"))?;
    request
        .set_scheme(Some(&scheme))
        .map_err(|()| not("scheme"))?;
    request
        .set_authority(text("authority"))
        .map_err(|()| not("authority"))?;
    request
        .set_path_with_query(text("path"))
        .map_err(|()| not("path"))?;
    let body = request.body().map_err(|()| not("body"))?;
    let sent = handle(request, None).map_err(|code| format!("refused: {code:?}"))?;
    if let (Some(text), Ok(stream)) = (disguise(text("body")), body.write()) {
        for chunk in text.as_bytes().chunks(4096) {
            let _ = stream.blocking_write_and_flush(chunk);
        }
    }
    let _ = OutgoingBody::finish(body, None);
    Ok(sent)
}

/// A text as it is, or so that only its reader knows it again.
fn disguised(text: &str, how: Option<&str>) -> String {
    let hex = |byte: u8| format!("{byte:02x}");
    let each = |spell: &dyn Fn(u8) -> String| text.bytes().map(spell).collect::<Vec<_>>().concat();
    match how {
        None => text.to_owned(),
        Some("percent") => each(&|byte| format!("%{}", hex(byte))),
        Some("hexadecimal") => each(&hex),
        Some("capitals") => text.to_uppercase(),
        Some("backwards") => text.chars().rev().collect(),
        Some("spaced") => text.chars().flat_map(|c| [c, ' ']).collect(),
        Some("halves") => format!("{} {}", &text[..20], &text[20..]),
        Some("escaped") => each(&|byte| format!("\\u00{}", hex(byte))),
        Some("base64") => base64(text.as_bytes()),
        Some("basic") => format!("Basic {}", base64(format!("ci:{text}").as_bytes())),
        Some(other) => panic!("`{other}` is no disguise"),
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let chunks = bytes.chunks(3).map(|chunk| {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        let digits = (0..4).map(|digit| {
            let known = digit <= chunk.len();
            let index = bits >> (18 - 6 * digit) & 63;
            if known {
                char::from(DIGITS[usize::try_from(index).expect("it is small")])
            } else {
                '='
            }
        });
        digits.collect::<String>()
    });
    chunks.collect()
}

fn answer(sent: &FutureIncomingResponse) -> String {
    sent.subscribe().block();
    match sent.get() {
        Some(Ok(Ok(response))) => shown(&response),
        Some(Ok(Err(code))) => format!("refused: {code:?}"),
        Some(Err(())) | None => "no answer".to_owned(),
    }
}

/// The status, where it leads to, and the body.
fn shown(response: &IncomingResponse) -> String {
    let location = response.headers().get("location").into_iter().next();
    let location = location.map(|to| format!(" to {}", String::from_utf8_lossy(&to)));
    let mut body = Vec::new();
    if let Ok(stream) = response.consume()
        && let Ok(stream) = stream.stream()
    {
        while let Ok(more) = stream.blocking_read(65_536) {
            body.extend(more);
        }
    }
    let (status, location) = (response.status(), location.unwrap_or_default());
    format!("{status}{location} {}", String::from_utf8_lossy(&body))
}
