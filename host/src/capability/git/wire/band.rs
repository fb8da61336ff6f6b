//! The side band: a pack, or a report, with what the remote says beside it for people.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::{StreamExt, stream};

use super::line::{Body, Line, Lines, broken_off, malformed, refused};
use crate::bindings::sluice::git::remote::Error;

/// Takes a line that the remote says for people.
pub(in super::super) type Progress = Arc<dyn Fn(&str) + Send + Sync>;

/// The bytes of the first band, once the others are taken out.
pub(in super::super) struct Band {
    lines: Lines,
    first: Option<Line>,
    progress: Progress,
    /// The beginning of a line whose end has not come.
    unfinished: Vec<u8>,
    /// When something was told last.
    told: Instant,
}

/// How often a line is told that the next one replaces: a server writes one for each percent.
const OFTEN: Duration = Duration::from_secs(1);

impl Band {
    /// The band whose first line was read already, if one was.
    pub(super) fn new(lines: Lines, first: Option<Line>, progress: Progress) -> Self {
        Self {
            lines,
            first,
            progress,
            unfinished: Vec::new(),
            told: Instant::now(),
        }
    }

    /// The next bytes; `None` once the remote says that these were all.
    pub(in super::super) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let line = match self.first.take() {
                Some(line) => line,
                None => self.lines.expect().await?,
            };
            let Line::Data(mut data) = line else {
                return Ok(None);
            };
            if data.is_empty() {
                return Err(broken_off());
            }
            let rest = data.split_off(1);
            match data[0] {
                1 => return Ok(Some(rest)),
                2 => self.said(&rest, Instant::now()),
                3 => return Err(refused(&String::from_utf8_lossy(&rest))),
                _ if data[0] == b'E' && rest.starts_with(b"RR ") => {
                    return Err(refused(&String::from_utf8_lossy(&rest[3..])));
                }
                other => return Err(malformed(&format!("there is no band {other}"))),
            }
        }
    }

    /// The bytes as a stream.
    pub(in super::super) fn into_body(self) -> Body {
        let bytes = stream::try_unfold(self, |mut band| async move {
            Ok(band.next().await?.map(|bytes| (bytes, band)))
        });
        bytes.boxed()
    }

    fn tell(&mut self) {
        if !self.unfinished.is_empty() {
            (self.progress)(&String::from_utf8_lossy(&self.unfinished));
            self.unfinished.clear();
        }
    }

    /// Lines that replace each other end with a carriage return.
    fn said(&mut self, bytes: &[u8], now: Instant) {
        for byte in bytes {
            match byte {
                b'\r' if now < self.told + OFTEN => self.unfinished.clear(),
                b'\r' | b'\n' => {
                    self.tell();
                    self.told = now;
                }
                byte if self.unfinished.len() < 4096 => self.unfinished.push(*byte),
                _ => {}
            }
        }
    }
}

impl Drop for Band {
    fn drop(&mut self) {
        self.tell();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn lines_that_are_replaced_are_told_once_a_second() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let keep = told.clone();
        let progress: Progress = Arc::new(move |line| keep.lock().unwrap().push(line.to_owned()));
        let mut band = Band::new(Lines::new(stream::empty().boxed()), None, progress);
        let began = band.told;
        for (tenths, said) in [
            (4, "count 1%\rcount 2%\r"),
            (8, "count 3%\rcou"),
            (12, "nt 4%\rcount 5%\r"),
            (18, "count 6%\r"),
            (19, "count 7, done.\nlast"),
        ] {
            band.said(said.as_bytes(), began + OFTEN / 10 * tenths);
        }
        drop(band);
        assert_eq!(
            *told.lock().unwrap(),
            ["count 4%", "count 7, done.", "last"]
        );
    }
}
