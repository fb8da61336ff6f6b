//! The packs that are made here: of nothing, and of one object.

use std::io::Write;

use flate2::{Compression, write::ZlibEncoder};
use gix_hash::Kind;

/// The type of a tag in a pack.
const TAG: u8 = 4;

/// A pack without objects: what a push needs that only names objects which are there.
pub(in super::super) fn empty(hash: Kind) -> Vec<u8> {
    finish(head(0), hash)
}

/// A pack of one tag.
pub(in super::super) fn of_one(tag: &[u8], hash: Kind) -> Vec<u8> {
    let mut pack = head(1);
    let mut size = tag.len();
    let mut byte = TAG << 4 | u8::try_from(size & 0xf).expect("four bits");
    size >>= 4;
    while size > 0 {
        pack.push(byte | 0x80);
        byte = u8::try_from(size & 0x7f).expect("seven bits");
        size >>= 7;
    }
    pack.push(byte);
    let mut encoder = ZlibEncoder::new(pack, Compression::default());
    let written = encoder.write_all(tag).and_then(|()| encoder.finish());
    finish(written.expect("a vector takes what is written"), hash)
}

fn head(count: u8) -> Vec<u8> {
    let mut pack = b"PACK".to_vec();
    pack.extend_from_slice(&[0, 0, 0, 2, 0, 0, 0, count]);
    pack
}

fn finish(mut pack: Vec<u8>, hash: Kind) -> Vec<u8> {
    let mut hasher = gix_hash::hasher(hash);
    hasher.update(&pack);
    // Nobody attacks SHA-1 with a text that was made here a moment ago.
    let id = hasher
        .try_finalize()
        .expect("a pack of our own is no collision");
    pack.extend_from_slice(id.as_slice());
    pack
}
