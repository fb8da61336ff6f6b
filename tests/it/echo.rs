//! A server on loopback with a certificate for `localhost`, which keeps what it is asked
//! and answers as the test says.

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::{Arc, mpsc},
    thread,
};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};

use crate::sluice::{Said, Sluice};

/// Makes of a request, whole, what is answered, whole.
type Answer = fn(&str) -> String;

/// The server.
pub(crate) struct Echo {
    pub(crate) port: u16,
    certificate: String,
    requests: mpsc::Receiver<String>,
}

impl Echo {
    /// One that answers 400 and the first line of what it was asked.
    pub(crate) fn of_lines() -> Self {
        Self::over_tls(|request| {
            let line = request.lines().next().unwrap_or_default();
            answer("400 Bad Request", &[], &format!("you asked: {line}"))
        })
    }

    /// One that speaks TLS.
    pub(crate) fn over_tls(answer: Answer) -> Self {
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
        let config = Arc::new(config);
        Self::listen(made.cert.pem(), answer, move |stream| {
            let connection = ServerConnection::new(config.clone()).expect("the settings fit");
            Box::new(StreamOwned::new(connection, stream))
        })
    }

    /// One that does not.
    pub(crate) fn in_the_clear(answer: Answer) -> Self {
        Self::listen(String::new(), answer, |stream| Box::new(stream))
    }

    fn listen(
        certificate: String,
        answer: Answer,
        wrap: impl Fn(std::net::TcpStream) -> Box<dyn Stream> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let (sender, requests) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut stream = BufReader::new(wrap(stream));
                if let Some(request) = read(&mut stream) {
                    let answer = answer(&request);
                    // Before the answer: who has it may ask at once what was kept.
                    let _ = sender.send(request);
                    let _ = stream.get_mut().write_all(answer.as_bytes());
                    let _ = stream.get_mut().flush();
                }
            }
        });
        Self {
            port,
            certificate,
            requests,
        }
    }

    /// The next request that came, whole.
    pub(crate) fn asked(&self) -> Option<String> {
        self.requests.try_recv().ok()
    }

    /// The first line of the next request.
    #[track_caller]
    pub(crate) fn line(&self, said: &Said) -> String {
        let request = self.asked();
        let request = request.unwrap_or_else(|| panic!("{}\n{}", said.out, said.err));
        request.lines().next().unwrap_or_default().to_owned()
    }

    /// The same run, which trusts this server's certificate and no other.
    pub(crate) fn trusted_by(&self, sluice: Sluice) -> Sluice {
        let authorities = sluice.folder().join("ca.pem");
        std::fs::write(&authorities, &self.certificate).expect("the folder is ours");
        sluice.env("SSL_CERT_FILE", &authorities)
    }
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// An answer with its length.
pub(crate) fn answer(status: &str, headers: &[&str], body: &str) -> String {
    let mut answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len());
    for header in headers {
        let _ = write!(answer, "{header}\r\n");
    }
    answer + "\r\n" + body
}

/// A request, once all of it has come.
fn read(stream: &mut impl BufRead) -> Option<String> {
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        head.push_str(&line);
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    let request = head + &String::from_utf8_lossy(&body);
    (!request.trim().is_empty()).then_some(request)
}
