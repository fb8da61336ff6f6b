//! What goes over the wire: a server that keeps every byte that came and answers the same to
//! all.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    thread,
};

/// A connection, and what came on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Came {
    /// The address that was dialled.
    pub(super) to: SocketAddr,
    pub(super) text: String,
}

/// A server.
pub(super) struct Wire {
    pub(super) port: u16,
    came: Arc<Mutex<Vec<Came>>>,
}

/// `ok`, and no further request on this connection.
pub(super) const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";

impl Wire {
    /// A server on that address, on a free port where it names none.
    pub(super) fn at(address: &str, answer: &str) -> Self {
        let listener = TcpListener::bind(address);
        let listener = listener.unwrap_or_else(|error| panic!("{address}: {error}"));
        let port = listener.local_addr().expect("it is bound").port();
        let came = Arc::<Mutex<Vec<Came>>>::default();
        let (seen, answer) = (came.clone(), answer.to_owned());
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let Ok(to) = stream.local_addr() else {
                    continue;
                };
                let place = {
                    let mut seen = seen.lock().expect("no holder panics");
                    let text = String::new();
                    seen.push(Came { to, text });
                    seen.len() - 1
                };
                let (seen, answer) = (seen.clone(), answer.clone());
                thread::spawn(move || {
                    let mut buffer = vec![0; 65536];
                    // The head and a short body come together, or the client waits.
                    let mut whole = false;
                    while !whole && let Ok(length @ 1..) = stream.read(&mut buffer) {
                        let mut seen = seen.lock().expect("no holder panics");
                        let text = &mut seen[place].text;
                        text.push_str(&String::from_utf8_lossy(&buffer[..length]));
                        whole = is_whole(text);
                    }
                    let _ = stream.write_all(answer.as_bytes());
                });
            }
        });
        Self { port, came }
    }

    /// A server on loopback.
    pub(super) fn on_loopback() -> Self {
        Self::at("127.0.0.1:0", OK)
    }

    /// All that came so far, also connections without a word.
    pub(super) fn came(&self) -> Vec<Came> {
        self.came.lock().expect("no holder panics").clone()
    }

    /// The texts that came.
    pub(super) fn texts(&self) -> Vec<String> {
        self.came().into_iter().map(|came| came.text).collect()
    }
}

/// Whether a request has come with its body.
fn is_whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let lengths = head.lines().filter_map(|line| {
        let lower = line.to_ascii_lowercase();
        let length = lower.strip_prefix("content-length:")?.trim().to_owned();
        length.parse::<usize>().ok()
    });
    body.len() >= lengths.max().unwrap_or(0)
}
