use futures::stream;
use gix_hash::Kind as Hash;

use super::{
    super::write::{empty, of_one},
    *,
};

/// The pack in pieces of that many bytes.
fn body(pack: &[u8], piece: usize) -> Body {
    let pieces = pack
        .chunks(piece)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect::<Vec<_>>();
    stream::iter(pieces).boxed()
}

/// All objects of the pack.
async fn read(pack: &[u8], piece: usize, hash: Hash) -> Result<Vec<Entry>, Error> {
    let mut reader = Reader::new(body(pack, piece), hash).await?;
    let mut entries = Vec::new();
    while let Some(entry) = reader.next(|_| true).await? {
        entries.push(entry);
    }
    Ok(entries)
}

#[tokio::test]
async fn pack_is_read_wherever_the_stream_is_cut() {
    let text = b"a tag that is longer than sixteen bytes, and than a hundred and twenty-seven, so that its length takes several groups of seven bits";
    for hash in [Hash::Sha1, Hash::Sha256] {
        let pack = of_one(text, hash);
        for piece in [1, 2, 7, 100, 1000] {
            let entry = Entry {
                at: 12,
                kind: Kind::Tag,
                data: text.to_vec(),
            };
            assert_eq!(read(&pack, piece, hash).await, Ok(vec![entry]), "{piece}");
        }
        assert_eq!(read(&empty(hash), 5, hash).await, Ok(vec![]));
    }
}

#[tokio::test]
async fn pack_that_lies_about_its_hash_is_damaged() {
    let mut pack = of_one(b"tag", Hash::Sha1);
    let last = pack.len() - 1;
    pack[last] ^= 1;
    let why = read(&pack, 100, Hash::Sha1).await.unwrap_err();
    assert!(
        matches!(&why, Error::Other(why) if why.starts_with("the remote's pack is damaged: it says that its hash is")),
        "{why:?}"
    );
}

#[tokio::test]
async fn damage_of_every_byte_is_seen() {
    let pack = of_one(b"a tag", Hash::Sha1);
    for at in 0..pack.len() {
        // The version may be 2 or 3.
        for bit in (0..8).filter(|bit| (at, *bit) != (7, 0)) {
            let mut damaged = pack.clone();
            damaged[at] ^= 1 << bit;
            assert!(
                read(&damaged, 100, Hash::Sha1).await.is_err(),
                "byte {at}, bit {bit}"
            );
        }
    }
    for length in 0..pack.len() {
        assert!(read(&pack[..length], 100, Hash::Sha1).await.is_err());
    }
    let longer = [&pack[..], b"x"].concat();
    assert!(read(&longer, 100, Hash::Sha1).await.is_err());
}
