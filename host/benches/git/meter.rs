//! What a command takes: time, memory, bytes written to disk; and what travels to it.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// What one command took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taken {
    pub(crate) time: Duration,
    /// The peak resident memory of the largest process, in kilobytes.
    pub(crate) memory: u64,
    /// Written to file systems, in bytes.
    pub(crate) written: u64,
}

/// Runs a command under GNU time; `program` and its arguments stand in it already.
#[track_caller]
pub(crate) fn run(command: &Command) -> Taken {
    let report = tempfile::NamedTempFile::new().expect("a file can be made");
    let mut time = Command::new("/usr/bin/time");
    time.args(["-f", "%M %O", "-o"])
        .arg(report.path())
        .arg(command.get_program())
        .args(command.get_args())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    for (key, value) in command.get_envs() {
        if let Some(value) = value {
            time.env(key, value);
        }
    }
    if let Some(folder) = command.get_current_dir() {
        time.current_dir(folder);
    }
    let started = Instant::now();
    let output = time.output().expect("GNU time is installed");
    let elapsed = started.elapsed();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{said}");
    let report = std::fs::read_to_string(report.path()).expect("it was written");
    let mut numbers = report.split_whitespace().map(str::parse::<u64>);
    let mut number = || numbers.next().and_then(Result::ok).unwrap_or_default();
    Taken {
        time: elapsed,
        memory: number(),
        // In blocks of 512 bytes.
        written: number() * 512,
    }
}

impl std::ops::Add for Taken {
    type Output = Self;

    /// One after the other.
    fn add(self, other: Self) -> Self {
        Self {
            time: self.time + other.time,
            memory: self.memory.max(other.memory),
            written: self.written + other.written,
        }
    }
}

/// The median by time.
pub(crate) fn median(mut all: Vec<Taken>) -> Taken {
    all.sort_by_key(|taken| taken.time);
    all[all.len() / 2]
}

pub(crate) fn millis(time: Duration) -> String {
    format!("{:.0} ms", time.as_secs_f64() * 1e3)
}

pub(crate) fn megabytes(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let megabytes = bytes as f64 / 1e6;
    format!("{megabytes:.1} MB")
}

pub(crate) fn kilobytes(bytes: u64) -> String {
    format!("{} kB", bytes.div_ceil(1000))
}

/// Stands before a server and counts what comes from it.
pub(crate) struct Counter {
    port: u16,
    received: Arc<AtomicU64>,
}

impl Counter {
    /// Before the server of that URL.
    pub(crate) fn before(url: &str) -> Self {
        let there = url
            .trim_start_matches("http://")
            .trim_end_matches('/')
            .to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let received = Arc::new(AtomicU64::new(0));
        let count = received.clone();
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let far = TcpStream::connect(&there).expect("the server listens");
                let copy = |stream: &TcpStream| stream.try_clone().expect("a socket can be shared");
                let (near_in, far_out) = (copy(&near), copy(&far));
                let nobody = Arc::default();
                std::thread::spawn(move || pass(near_in, far_out, &nobody));
                let count = count.clone();
                std::thread::spawn(move || pass(far, near, &count));
            }
        });
        Self { port, received }
    }

    pub(crate) fn url(&self, repository: &str) -> String {
        format!(
            "http://ci:right-password@127.0.0.1:{}/{repository}",
            self.port
        )
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The bytes since the last time that this was asked.
    pub(crate) fn taken(&self) -> u64 {
        self.received.swap(0, Ordering::SeqCst)
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, count: &AtomicU64) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        count.fetch_add(read as u64, Ordering::SeqCst);
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
