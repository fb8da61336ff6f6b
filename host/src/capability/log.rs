//! `sluice:plugin/log`, and what a plugin writes to its standard output and error: all
//! of it becomes log lines of its step. Needs no permission; bounded by the reporter.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime::component::HasData;
use wasmtime_wasi::{
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamResult},
};

use crate::{
    bindings::sluice::plugin::log::{Host, Level as Said},
    run::{LINE_LIMIT, Reporter, event::Level},
};

/// Marks the log among what a store holds.
pub struct Log;

impl HasData for Log {
    type Data<'a> = LogCalls<'a>;
}

/// The calls of one plugin.
pub struct LogCalls<'a>(pub &'a Reporter);

impl Host for LogCalls<'_> {
    fn log(
        &mut self,
        level: Said,
        message: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        let level = match level {
            Said::Debug => Level::Debug,
            Said::Info => Level::Info,
            Said::Warn => Level::Warn,
            Said::Error => Level::Error,
        };
        self.0.log(level, &message, fields);
        Ok(())
    }

    fn progress(&mut self, line: String) -> wasmtime::Result<()> {
        self.0.progress(&line);
        Ok(())
    }
}

/// A standard stream whose lines are logged: a panic's message is worth having.
#[derive(Clone)]
pub struct LineLog {
    reporter: Reporter,
    level: Level,
    line: Arc<Mutex<Vec<u8>>>,
}

impl LineLog {
    /// A stream whose lines are logged at `level`.
    pub fn new(reporter: Reporter, level: Level) -> Self {
        Self {
            reporter,
            level,
            line: Arc::default(),
        }
    }

    /// Takes what was written; logs each line that is complete, or too long to wait for.
    fn take(&self, bytes: &[u8]) {
        let mut line = self.line.lock().expect("no holder of the lock panics");
        for &byte in bytes {
            if byte != b'\n' {
                line.push(byte);
            }
            if byte == b'\n' || line.len() >= LINE_LIMIT {
                self.flush(&mut line);
            }
        }
    }

    fn flush(&self, line: &mut Vec<u8>) {
        let text = String::from_utf8_lossy(line);
        if !text.trim().is_empty() {
            self.reporter.log(self.level, text.trim_end(), Vec::new());
        }
        line.clear();
    }

    /// Logs a last line without its end.
    pub fn finish(&self) {
        let mut line = self.line.lock().expect("no holder of the lock panics");
        self.flush(&mut line);
    }
}

impl IsTerminal for LineLog {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LineLog {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

impl OutputStream for LineLog {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(LINE_LIMIT)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for LineLog {
    async fn ready(&mut self) {}
}

impl AsyncWrite for LineLog {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
