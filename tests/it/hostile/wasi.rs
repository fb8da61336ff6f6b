//! What of WASI is linked and inert: a plugin that asks for the environment, for files, for
//! sockets or for names finds nothing.

use std::net::TcpListener;

use serde_json::json;

use super::{Attacks, Class, handmade::Handmade};

#[test]
fn environment_files_sockets_and_names_are_not_there() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    listener
        .set_nonblocking(true)
        .expect("a socket can be asked without waiting");
    let mut after = Attacks::of(Class::Wasi)
        .doing("all_of_it", &format!("do: reach-out, port: {port}"), "")
        .run();
    let text = "variables: 0
arguments: 0
root: NotFound
folder: NotFound
file: NotFound
new file: NotFound
connection: PermissionDenied
listener: PermissionDenied
datagrams: PermissionDenied
name: Uncategorized
input: there";
    after.bounded("all_of_it", &json!({ "text": text }));
    let came = listener.accept().map(|(_, from)| from);
    assert!(came.is_err(), "{came:?} connected");
    after.all_judged();
}

#[test]
fn sockets_take_no_descriptor_of_the_process() {
    // Five thousand of them, none given back: the process may have 1024 files open.
    let sockets = Handmade {
        packages: "
            package wasi:sockets@0.2.6 {
                interface network {
                    enum error-code {
                        unknown, access-denied, not-supported, invalid-argument, out-of-memory,
                        timeout, concurrency-conflict, not-in-progress, would-block,
                        invalid-state, new-socket-limit, address-not-bindable, address-in-use,
                        remote-unreachable, connection-refused, connection-reset,
                        connection-aborted, datagram-too-large, name-unresolvable,
                        temporary-resolver-failure, permanent-resolver-failure,
                    }
                    enum ip-address-family { ipv4, ipv6 }
                }
                interface tcp { resource tcp-socket {} }
                interface tcp-create-socket {
                    use network.{error-code, ip-address-family};
                    use tcp.{tcp-socket};
                    create-tcp-socket: func(address-family: ip-address-family) -> result<tcp-socket, error-code>;
                }
            }",
        world: "import wasi:sockets/tcp-create-socket@0.2.6;",
        imports: r#"(import "wasi:sockets/tcp-create-socket@0.2.6" "create-tcp-socket" (func $socket (param i32 i32)))"#,
        run: "
            (local.set 1 (i32.const 5000))
            (loop
              (call $socket (i32.const 0) (i32.const 128))
              ;; Each is refused: `error`, `access-denied`.
              (if (i32.ne (i32.load8_u (i32.const 128)) (i32.const 1)) (then unreachable))
              (if (i32.ne (i32.load8_u (i32.const 132)) (i32.const 1)) (then unreachable))
              (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))",
        ..Handmade::default()
    };
    let mut after = Attacks::of(Class::Wasi)
        .step("sockets", &sockets.file("sockets"), "")
        .run();
    after.bounded("sockets", &json!({}));
    after.all_judged();
}
