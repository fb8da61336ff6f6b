//! A pack as a stream of its objects: each is inflated as it arrives and let go where nobody
//! wants it, so that memory is that of one object. At the end the pack's own hash is compared.

use bytes::{Buf, Bytes};
use flate2::{Decompress, FlushDecompress, Status};
use futures::StreamExt;
use gix_hash::{Hasher, ObjectId};

use super::super::wire::Body;
use crate::bindings::sluice::git::remote::Error;

/// The largest object that can be kept, in bytes.
pub(in super::super) const LARGEST: u64 = 16 << 20;

/// What an object of a pack is, or of what it is the difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Kind {
    Commit,
    Tree,
    Blob,
    Tag,
    /// To the object that begins there in the pack.
    DifferenceAt(u64),
    /// To an object that may be elsewhere.
    DifferenceTo(ObjectId),
}

/// One object of a pack.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Entry {
    /// Where it begins in the pack.
    pub(in super::super) at: u64,
    pub(in super::super) kind: Kind,
    /// The object, or the difference; empty where it was not wanted.
    pub(in super::super) data: Vec<u8>,
}

/// What stands before the data of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Head {
    /// Where the object begins in the pack.
    pub(in super::super) at: u64,
    pub(in super::super) kind: Kind,
    /// Of its data, or of the difference, in bytes.
    pub(in super::super) size: u64,
}

/// Reads a pack.
pub(in super::super) struct Reader {
    body: Body,
    chunk: Bytes,
    at: u64,
    left: u32,
    hash: gix_hash::Kind,
    hasher: Hasher,
    buffer: Box<[u8]>,
}

impl Reader {
    /// Reads the pack's head.
    pub(in super::super) async fn new(body: Body, hash: gix_hash::Kind) -> Result<Self, Error> {
        let mut reader = Self {
            body,
            chunk: Bytes::new(),
            at: 0,
            left: 0,
            hash,
            hasher: gix_hash::hasher(hash),
            buffer: vec![0; 32 << 10].into(),
        };
        let head = reader.bytes::<12>().await?;
        let [.., version] = [head[4], head[5], head[6], head[7]];
        if &head[..4] != b"PACK" || !matches!(version, 2 | 3) {
            return Err(malformed("it begins as none does"));
        }
        reader.left = u32::from_be_bytes([head[8], head[9], head[10], head[11]]);
        Ok(reader)
    }

    /// The next object, with its data if `wanted` says so; `None` at the end of a pack that
    /// is what it says.
    pub(in super::super) async fn next(
        &mut self,
        wanted: impl FnOnce(&Kind) -> bool,
    ) -> Result<Option<Entry>, Error> {
        let Some(head) = self.head().await? else {
            return Ok(None);
        };
        let wanted = wanted(&head.kind);
        self.data(head, wanted).await.map(Some)
    }

    /// The head of the next object, whose data has to be read then; `None` at the end.
    pub(in super::super) async fn head(&mut self) -> Result<Option<Head>, Error> {
        if self.left == 0 {
            self.end().await?;
            return Ok(None);
        }
        self.left -= 1;
        let at = self.at;
        let mut byte = self.byte().await?;
        let kind = byte >> 4 & 7;
        let (mut size, mut shift) = (u64::from(byte & 0xf), 4);
        while byte & 0x80 != 0 {
            byte = self.byte().await?;
            if shift > 56 {
                return Err(malformed("an object is too large"));
            }
            size |= u64::from(byte & 0x7f) << shift;
            shift += 7;
        }
        let kind = match kind {
            1 => Kind::Commit,
            2 => Kind::Tree,
            3 => Kind::Blob,
            4 => Kind::Tag,
            6 => Kind::DifferenceAt(self.base(at).await?),
            7 => Kind::DifferenceTo(self.id().await?),
            other => return Err(malformed(&format!("there is no object of type {other}"))),
        };
        Ok(Some(Head { at, kind, size }))
    }

    /// The object after its head; its data only if it is wanted.
    pub(in super::super) async fn data(
        &mut self,
        Head { at, kind, size }: Head,
        wanted: bool,
    ) -> Result<Entry, Error> {
        let mut data = Vec::new();
        if !wanted {
            self.inflate(size, |_| {}).await?;
        } else if size > LARGEST {
            return Err(Error::Unsupported(format!(
                "the remote has a commit or tag of {} MiB; {} MiB are read",
                size >> 20,
                LARGEST >> 20
            )));
        } else {
            self.inflate(size, |part| data.extend_from_slice(part))
                .await?;
        }
        Ok(Entry { at, kind, data })
    }

    /// What has not been taken from its source.
    pub(in super::super) fn into_body(self) -> Body {
        self.body
    }

    /// Where the base of the object that begins at `at` begins.
    async fn base(&mut self, at: u64) -> Result<u64, Error> {
        let mut byte = self.byte().await?;
        let mut back = u64::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            byte = self.byte().await?;
            back = (back + 1)
                .checked_mul(128)
                .ok_or_else(|| malformed("a difference to nothing"))?
                | u64::from(byte & 0x7f);
        }
        at.checked_sub(back)
            .filter(|base| *base >= 12 && *base < at)
            .ok_or_else(|| malformed("a difference to nothing"))
    }

    /// Inflates one object, and is content only with as many bytes as were announced.
    async fn inflate(&mut self, size: u64, mut take: impl FnMut(&[u8])) -> Result<(), Error> {
        let mut inflater = Decompress::new(true);
        loop {
            if self.chunk.is_empty() {
                self.fill().await?;
            }
            let (read, made) = (inflater.total_in(), inflater.total_out());
            let status = inflater
                .decompress(&self.chunk, &mut self.buffer, FlushDecompress::None)
                .map_err(|_| malformed("an object does not inflate"))?;
            let made = index(inflater.total_out() - made);
            take(&self.buffer[..made]);
            let read = index(inflater.total_in() - read);
            self.pass(read);
            if inflater.total_out() > size {
                return Err(malformed("an object is larger than it says"));
            }
            match status {
                Status::StreamEnd if inflater.total_out() == size => return Ok(()),
                Status::StreamEnd => return Err(malformed("an object is smaller than it says")),
                // Neither took nor gave anything, though there was something to take.
                _ if read == 0 && made == 0 && !self.chunk.is_empty() => {
                    return Err(malformed("an object does not inflate"));
                }
                _ => {}
            }
        }
    }

    /// The pack's own hash, after which nothing comes.
    async fn end(&mut self) -> Result<(), Error> {
        let hasher = std::mem::replace(&mut self.hasher, gix_hash::hasher(self.hash));
        let computed = hasher
            .try_finalize()
            .map_err(|error| malformed(&error.to_string()))?;
        let stated = self.id().await?;
        if stated != computed {
            return Err(malformed(&format!(
                "it says that its hash is {stated}, and it is {computed}"
            )));
        }
        if self.chunk.is_empty() {
            match self.body.next().await {
                None => return Ok(()),
                Some(Err(error)) => return Err(error),
                Some(Ok(_)) => {}
            }
        }
        Err(malformed("it goes on after its end"))
    }

    async fn id(&mut self) -> Result<ObjectId, Error> {
        Ok(match self.hash {
            gix_hash::Kind::Sha1 => ObjectId::Sha1(self.bytes::<20>().await?),
            gix_hash::Kind::Sha256 => ObjectId::Sha256(self.bytes::<32>().await?),
            other => return Err(malformed(&format!("its hash is {other}"))),
        })
    }

    async fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        for place in &mut bytes {
            *place = self.byte().await?;
        }
        Ok(bytes)
    }

    async fn byte(&mut self) -> Result<u8, Error> {
        while self.chunk.is_empty() {
            self.fill().await?;
        }
        let byte = self.chunk[0];
        self.pass(1);
        Ok(byte)
    }

    /// Goes on by that many bytes of the chunk.
    fn pass(&mut self, count: usize) {
        self.hasher.update(&self.chunk[..count]);
        self.chunk.advance(count);
        self.at += count as u64;
    }

    async fn fill(&mut self) -> Result<(), Error> {
        match self.body.next().await {
            Some(chunk) => self.chunk = chunk?,
            None => return Err(malformed("it ends too soon")),
        }
        Ok(())
    }
}

/// A count of bytes in a buffer.
fn index(count: u64) -> usize {
    usize::try_from(count).expect("no more than the buffer holds")
}

fn malformed(why: &str) -> Error {
    Error::Other(format!("the remote's pack is damaged: {why}"))
}

#[cfg(test)]
mod tests;
