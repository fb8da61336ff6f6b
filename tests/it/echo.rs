//! A server with TLS on loopback that says again what it was asked.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    sync::{Arc, mpsc},
    thread,
};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};

/// A server on loopback with a certificate for `localhost`, which answers every request
/// with 400 and what it was asked.
pub(crate) struct Echo {
    pub(crate) port: u16,
    /// What its certificate is, and is signed by.
    pub(crate) certificate: String,
    /// The first lines of requests.
    pub(crate) requests: mpsc::Receiver<String>,
    /// The same requests with all that came.
    pub(crate) whole: mpsc::Receiver<String>,
}

impl Echo {
    pub(crate) fn start() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])
            .expect("a certificate can be made");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder
                    .with_no_client_auth()
                    .with_single_cert(vec![made.cert.der().clone()], key)
            })
            .expect("the certificate fits its key");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let (sender, requests) = mpsc::channel();
        let (whole_sender, whole) = mpsc::channel();
        let config = Arc::new(config);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Ok(connection) = ServerConnection::new(config.clone()) else {
                    continue;
                };
                let mut stream = BufReader::new(StreamOwned::new(connection, stream));
                if let Some(all) = read(&mut stream) {
                    let request = all.lines().next().unwrap_or_default().to_owned();
                    let _ = whole_sender.send(all);
                    let body = format!("you asked: {request}");
                    let length = body.len();
                    let answer = format!(
                        "HTTP/1.1 400 Bad Request\r\ncontent-length: {length}\r\n\r\n{body}"
                    );
                    let _ = stream.get_mut().write_all(answer.as_bytes());
                    let _ = stream.get_mut().flush();
                    let _ = sender.send(request);
                }
            }
        });
        Self {
            port,
            certificate: made.cert.pem(),
            requests,
            whole,
        }
    }
}

/// A request, once all of it has come.
fn read(stream: &mut impl BufRead) -> Option<String> {
    let mut all = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        all.push_str(&line);
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    all.push_str(&String::from_utf8_lossy(&body));
    (!all.trim().is_empty()).then_some(all)
}
