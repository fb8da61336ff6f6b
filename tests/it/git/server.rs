//! Git's own server program behind HTTP on loopback, with a password, and with whatever may
//! go wrong between it and its client.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
};

/// `ci:right-password` in base64.
pub(super) const LOGIN: &str = "Basic Y2k6cmlnaHQtcGFzc3dvcmQ=";

/// A request as it came.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

/// What the client is to get.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// The connection ends after that many bytes of the body.
    pub(super) cut: Option<usize>,
}

/// What goes wrong: the request may be changed before git sees it, the answer after.
pub(super) trait Fault: Send + Sync {
    fn before(&self, _: &mut Request) -> Option<Answer> {
        None
    }
    fn after(&self, _: &Request, _: &mut Answer) {}
}

/// Nothing goes wrong.
pub(super) struct Fine;
impl Fault for Fine {}

/// What becomes of the answers to requests of one service.
pub(super) struct Tamper<F>(pub(super) &'static str, pub(super) F);

impl<F: Fn(&mut Answer) + Send + Sync> Fault for Tamper<F> {
    fn after(&self, request: &Request, answer: &mut Answer) {
        if request.method == "POST" && request.path.ends_with(self.0) {
            (self.1)(answer);
        }
    }
}

/// Answers everything with one answer.
pub(super) struct Always(pub(super) fn() -> Answer);

impl Fault for Always {
    fn before(&self, _: &mut Request) -> Option<Answer> {
        Some(self.0())
    }
}

/// An answer of that status.
pub(super) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let headers = headers.iter();
    Answer {
        status,
        headers: headers
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: body.as_bytes().to_vec(),
        cut: None,
    }
}

/// A server for the repositories in a folder.
pub(super) struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(super) fn start(root: &Path, fault: impl Fault + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (root, seen) = (root.to_owned(), requests.clone());
        let fault: Arc<dyn Fault> = Arc::new(fault);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (root, seen, fault) = (root.clone(), seen.clone(), fault.clone());
                std::thread::spawn(move || serve(&stream, &root, &seen, &*fault));
            }
        });
        Self { address, requests }
    }

    /// The URL of a repository.
    pub(super) fn url(&self, repository: &str) -> String {
        format!("http://{}/{repository}", self.address)
    }

    /// Each request so far as `METHOD path?query`.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no test panics in it").clone()
    }
}

/// Serves requests of one connection until it ends.
fn serve(stream: &TcpStream, root: &PathBuf, seen: &Mutex<Vec<String>>, fault: &dyn Fault) {
    let mut reader = BufReader::new(stream);
    while let Some(mut request) = read(&mut reader) {
        let mut line = format!("{} {}", request.method, request.path);
        if !request.query.is_empty() {
            let _ = write!(line, "?{}", request.query);
        }
        seen.lock().expect("no test panics in it").push(line);
        let answer = match fault.before(&mut request) {
            Some(answer) => answer,
            None if request.headers.get("authorization").map(String::as_str) == Some(LOGIN) => {
                let mut answer = backend(root, &request);
                fault.after(&request, &mut answer);
                answer
            }
            None => Answer {
                status: 401,
                headers: vec![("WWW-Authenticate".into(), "Basic realm=git".into())],
                body: Vec::new(),
                cut: None,
            },
        };
        if !write(stream, &answer) {
            break;
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Request> {
    let mut line = || {
        let mut line = String::new();
        let read = reader.read_line(&mut line).ok().filter(|read| *read > 0);
        read.map(|_| line.trim_end().to_owned())
    };
    let first = line()?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let header = line()?;
        let Some((name, value)) = header.split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let mut body = Vec::new();
    if let Some(length) = headers.get("content-length") {
        body.resize(length.parse().ok()?, 0);
        reader.read_exact(&mut body).ok()?;
    } else if headers.contains_key("transfer-encoding") {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size).ok()?;
            let size = usize::from_str_radix(size.trim_end(), 16).ok()?;
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk).ok()?;
            if size == 0 {
                break;
            }
            body.extend_from_slice(&chunk[..size]);
        }
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    Some(Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body,
    })
}

/// What git itself answers, as a CGI program.
fn backend(root: &PathBuf, request: &Request) -> Answer {
    let header = |name: &str| request.headers.get(name).cloned().unwrap_or_default();
    let mut git = Command::new("git")
        .arg("http-backend")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REMOTE_USER", "ci")
        .env("REMOTE_ADDR", "127.0.0.1")
        .env("REQUEST_METHOD", &request.method)
        .env("PATH_INFO", &request.path)
        .env("QUERY_STRING", &request.query)
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .env("GIT_PROTOCOL", header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("git is there");
    let mut input = git.stdin.take().expect("it is piped");
    let body = request.body.clone();
    let writing = std::thread::spawn(move || input.write_all(&body));
    let output = git.wait_with_output().expect("it ends").stdout;
    let _ = writing.join();
    let end = memchr::memmem::find(&output, b"\r\n\r\n").expect("CGI has a head");
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let (mut status, mut headers) = (200, Vec::new());
    for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
        if name == "Status" {
            status = value[..3].parse().expect("a status is a number");
        } else {
            headers.push((name.to_owned(), value.to_owned()));
        }
    }
    Answer {
        status,
        headers,
        body: output[end + 4..].to_vec(),
        cut: None,
    }
}

/// Sends the answer; `false` where the connection is to end.
fn write(mut stream: &TcpStream, answer: &Answer) -> bool {
    let mut head = format!("HTTP/1.1 {} x\r\n", answer.status);
    for (name, value) in &answer.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let _ = write!(head, "Content-Length: {}\r\n\r\n", answer.body.len());
    let body = &answer.body[..answer.cut.unwrap_or(answer.body.len())];
    let head = if answer.cut == Some(0) { "" } else { &head };
    stream.write_all(head.as_bytes()).is_ok()
        && stream.write_all(body).is_ok()
        && answer.cut.is_none()
}
