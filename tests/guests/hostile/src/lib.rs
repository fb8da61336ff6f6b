//! A plugin that misbehaves in the way that its `with` names.

mod bindings {
    #![allow(
        missing_docs,
        unreachable_pub,
        unsafe_code,
        clippy::pedantic,
        reason = "generated from wit/; the canonical ABI needs unsafe"
    )]

    #[cfg(target_family = "wasm")]
    use super::Hostile;

    wit_bindgen::generate!({
        path: "../../../wit/plugin",
        world: "plugin",
        generate_all,
    });

    // The names of the component's exports hold colons, which a native linker refuses.
    #[cfg(target_family = "wasm")]
    export!(Hostile with_types_in self);
}

use bindings::{
    exports::sluice::plugin::step::{Context, Failure, FailureKind, Guest},
    sluice::plugin::{
        log::{Level, log, progress},
        needs::steps,
    },
};

struct Hostile;

impl Guest for Hostile {
    fn describe() -> String {
        r#"{"name":"hostile","version":"0.1.0","summary":"misbehaves",
            "with":{"type":"object","required":["do"],"additionalProperties":false,
                    "properties":{"do":{"type":"string"},"text":{"type":"string"},
                                  "port":{"type":"integer"}}},
            "outputs":{"type":"object","additionalProperties":false,
                       "properties":{"number":{"type":"integer"},"text":{"type":"string"}}},
            "capabilities":[],"repeatable":true}"#
            .to_owned()
    }

    fn run(context: Context, config: String) -> Result<String, Failure> {
        let config: serde_json::Value = serde_json::from_str(&config).expect("the host sends JSON");
        let text = config["text"].as_str().unwrap_or_default();
        match config["do"].as_str().unwrap_or_default() {
            "answer" => Ok(text.to_owned()),
            "say" => {
                log(Level::Info, text, &[(text.to_owned(), text.to_owned())]);
                progress(text);
                println!("{text}");
                Err(failed(text))
            }
            "reach-out" => Ok(reach_out(config["port"].as_u64().unwrap_or_default())),
            "wait" => loop {
                std::thread::sleep(std::time::Duration::from_hours(1));
            },
            "log-for-ever" => loop {
                log(Level::Info, "again", &[]);
            },
            "flood-progress" => {
                for line in 0..100_000 {
                    progress(&format!("line {line}"));
                }
                Ok("{}".to_owned())
            }
            "flood-output" => {
                for line in 0..20_000 {
                    println!("line {line}");
                    eprintln!("line {line}");
                }
                Ok("{}".to_owned())
            }
            "flood-fields" => {
                for line in 0..1_000 {
                    let field = |index: usize| (format!("{line}.{index}"), "x".repeat(100));
                    let fields = (0..100).map(field).collect::<Vec<_>>();
                    log(Level::Info, "", &fields);
                }
                Ok("{}".to_owned())
            }
            "fail-at-length" => Err(failed(&"x".repeat(4 << 20))),
            "trap" => panic!("as it was told"),
            "loop" => loop {
                std::hint::black_box(());
            },
            "memory" => {
                let mut kept = Vec::new();
                loop {
                    kept.push(vec![1_u8; 1 << 20]);
                    std::hint::black_box(&kept);
                }
            }
            "flood" => {
                for line in 0..100_000 {
                    log(Level::Info, &format!("line {line}"), &[]);
                }
                Ok("{}".to_owned())
            }
            "long-line" => {
                log(Level::Info, &"x".repeat(1 << 20), &[]);
                Ok("{}".to_owned())
            }
            "outputs-break-schema" => Ok(r#"{"number":"seven"}"#.to_owned()),
            "outputs-not-json" => Ok("seven".to_owned()),
            "outputs-not-object" => Ok("[1]".to_owned()),
            "outputs-huge" => Ok(format!(r#"{{"text":"{}"}}"#, "x".repeat(2 << 20))),
            "exit" => std::process::exit(0),
            "steer" => {
                let text =
                    "\u{1b}[2J\u{1b}]0;owned\u{7}\n::error::boo\n##[command]rm\r\u{202e}txet";
                log(Level::Info, text, &[]);
                progress(text);
                println!("{text}");
                Err(failed(text))
            }
            "unavailable" => Err(Failure {
                kind: FailureKind::Unavailable,
                message: format!("attempt {} is too early", context.attempt),
                retry_after: None,
                details: "{}".to_owned(),
            }),
            "third-time" if context.attempt < 3 => Err(Failure {
                kind: FailureKind::Unavailable,
                message: format!("attempt {} is too early", context.attempt),
                retry_after: None,
                details: "{}".to_owned(),
            }),
            "context" => {
                let steps = steps().into_iter().map(|step| {
                    serde_json::json!({
                        "id": step.id, "outcome": format!("{:?}", step.outcome), "outputs": step.outputs,
                    })
                });
                let text = steps.collect::<serde_json::Value>().to_string();
                Ok(serde_json::json!({ "text": text }).to_string())
            }
            _ => Ok("{}".to_owned()),
        }
    }
}

fn failed(message: &str) -> Failure {
    Failure {
        kind: FailureKind::Failed,
        message: message.to_owned(),
        retry_after: None,
        details: "{}".to_owned(),
    }
}

/// What the rest of WASI gives: the environment, files, sockets, names.
fn reach_out(port: u64) -> String {
    use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
    let address = format!("127.0.0.1:{port}");
    let tried = [
        ("variables", std::env::vars_os().count().to_string()),
        ("arguments", std::env::args_os().count().to_string()),
        ("root", outcome(std::fs::read_dir("/"))),
        ("folder", outcome(std::fs::read_dir("."))),
        ("file", outcome(std::fs::read("/etc/passwd"))),
        ("new file", outcome(std::fs::write("/tmp/x", "x"))),
        ("connection", outcome(TcpStream::connect(&address))),
        ("listener", outcome(TcpListener::bind("127.0.0.1:0"))),
        ("datagrams", outcome(UdpSocket::bind("127.0.0.1:0"))),
        ("name", outcome("localhost:80".to_socket_addrs())),
        ("input", outcome(std::io::read_to_string(std::io::stdin()))),
    ];
    let lines = tried.map(|(what, became)| format!("{what}: {became}"));
    serde_json::json!({ "text": lines.join("\n") }).to_string()
}

fn outcome<T>(tried: std::io::Result<T>) -> String {
    match tried {
        Ok(_) => "there".to_owned(),
        Err(error) => format!("{:?}", error.kind()),
    }
}
