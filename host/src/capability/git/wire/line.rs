//! Pkt-lines out of a stream of bytes, and into one.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{StreamExt, stream::BoxStream};
use gix_packetline::{
    PacketLineRef,
    decode::{Stream as Decoded, streaming},
};

use crate::bindings::sluice::git::remote::Error;

/// How long a remote may say nothing at all. Servers that count or compress for long send
/// empty progress in between, every five seconds.
const SILENCE: Duration = Duration::from_mins(2);

/// Bytes on their way.
pub(in super::super) type Body = BoxStream<'static, Result<Bytes, Error>>;

/// One pkt-line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Line {
    /// A payload, as it came.
    Data(Bytes),
    /// `0000`
    Flush,
    /// `0001`
    Delimiter,
    /// `0002`
    End,
}

/// The lines of an answer.
pub(in super::super) struct Lines {
    body: Body,
    rest: BytesMut,
}

impl Lines {
    pub(super) fn new(body: Body) -> Self {
        Self {
            body,
            rest: BytesMut::new(),
        }
    }

    /// The next line; `None` where the answer ends between two.
    pub(super) async fn next(&mut self) -> Result<Option<Line>, Error> {
        loop {
            let (line, length) = match streaming(&self.rest) {
                Err(error) => return Err(malformed(&error.to_string())),
                Ok(Decoded::Incomplete { .. }) => {
                    if self.fill().await? {
                        continue;
                    }
                    if self.rest.is_empty() {
                        return Ok(None);
                    }
                    return Err(broken_off());
                }
                Ok(Decoded::Complete {
                    line,
                    bytes_consumed,
                }) => (kind(line), bytes_consumed),
            };
            let mut line_bytes = self.rest.split_to(length);
            return Ok(Some(match line {
                Kind::Data => Line::Data(line_bytes.split_off(4).freeze()),
                Kind::Flush => Line::Flush,
                Kind::Delimiter => Line::Delimiter,
                Kind::End => Line::End,
            }));
        }
    }

    /// The next line, where the protocol has one.
    pub(super) async fn expect(&mut self) -> Result<Line, Error> {
        self.next().await?.ok_or_else(broken_off)
    }

    /// Reads what is left, where nothing should be, so that the connection can be used again.
    pub(super) async fn finish(&mut self) {
        while let Ok(Some(_)) = self.next().await {}
    }

    /// Takes up what came; `false` at the end.
    async fn fill(&mut self) -> Result<bool, Error> {
        match tokio::time::timeout(SILENCE, self.body.next()).await {
            Err(_) => Err(Error::Unavailable(format!(
                "the remote said nothing for {SILENCE:?}"
            ))),
            Ok(None) => Ok(false),
            Ok(Some(bytes)) => {
                self.rest.extend_from_slice(&bytes?);
                Ok(true)
            }
        }
    }
}

enum Kind {
    Data,
    Flush,
    Delimiter,
    End,
}

fn kind(line: PacketLineRef<'_>) -> Kind {
    match line {
        PacketLineRef::Data(_) => Kind::Data,
        PacketLineRef::Flush => Kind::Flush,
        PacketLineRef::Delimiter => Kind::Delimiter,
        PacketLineRef::ResponseEnd => Kind::End,
    }
}

/// Appends a line of text to a request.
pub(in super::super) fn text(request: &mut Vec<u8>, line: &str) {
    debug_assert!(line.len() < 65_000, "lines of requests are short");
    request.extend_from_slice(format!("{:04x}{line}\n", line.len() + 5).as_bytes());
}

/// Appends a flush.
pub(in super::super) fn flush(request: &mut Vec<u8>) {
    request.extend_from_slice(b"0000");
}

/// The remote ended its answer too soon.
pub(super) fn broken_off() -> Error {
    Error::Unavailable("the remote closed the connection in the middle of its answer".to_owned())
}

/// What came is not git's protocol.
pub(super) fn malformed(why: &str) -> Error {
    Error::Other(format!("the remote's answer is not git's protocol: {why}"))
}

/// What an `ERR` line means.
pub(super) fn refused(why: &str) -> Error {
    let why = why.trim();
    let absent = [
        "not our ref",
        "not found",
        "does not appear to be a git repository",
    ];
    if absent.iter().any(|words| why.contains(words)) {
        Error::NotFound(format!("the remote says: {why}"))
    } else {
        Error::Rejected(why.to_owned())
    }
}

#[cfg(test)]
mod fuzz;

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    fn lines(chunks: &[&'static [u8]]) -> Lines {
        let chunks = chunks
            .iter()
            .map(|chunk| Ok(Bytes::from_static(chunk)))
            .collect::<Vec<_>>();
        Lines::new(stream::iter(chunks).boxed())
    }

    #[tokio::test]
    async fn lines_are_found_wherever_the_stream_is_cut() {
        let mut lines = lines(&[b"00", b"0ahello\n", b"00000", b"001"]);
        let hello = Line::Data(Bytes::from_static(b"hello\n"));
        assert_eq!(lines.next().await, Ok(Some(hello)));
        assert_eq!(lines.next().await, Ok(Some(Line::Flush)));
        assert_eq!(lines.next().await, Ok(Some(Line::Delimiter)));
        assert_eq!(lines.next().await, Ok(None));
    }

    #[tokio::test]
    async fn answers_that_are_cut_off_or_no_protocol_are_errors() {
        assert_eq!(
            lines(&[b"000ahel"]).next().await,
            Err(broken_off()),
            "in a line"
        );
        assert!(matches!(
            lines(&[b"<html>"]).next().await,
            Err(Error::Other(why)) if why.starts_with("the remote's answer is not git's protocol")
        ));
        assert_eq!(
            lines(&[b""]).expect().await,
            Err(broken_off()),
            "where a line has to come"
        );
    }

    #[test]
    fn what_a_remote_says_instead_of_an_answer_is_its_own_refusal() {
        assert_eq!(
            refused("access denied\n"),
            Error::Rejected("access denied".to_owned())
        );
        assert!(matches!(
            refused("upload-pack: not our ref abc"),
            Error::NotFound(_)
        ));
    }

    #[test]
    fn requests_are_made_of_lines() {
        let mut request = Vec::new();
        text(&mut request, "command=ls-refs");
        flush(&mut request);
        assert_eq!(request, b"0014command=ls-refs\n0000");
    }
}
