use std::io::Write;

use bytes::Bytes;
use flate2::{Compression, write::ZlibEncoder};
use futures::{StreamExt, stream};

use super::*;

const HASH: Hash = Hash::Sha1;

/// The text of a commit at that time.
fn text(parents: &[ObjectId], time: i64, message: &str) -> Vec<u8> {
    let tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    let parents = parents.iter().map(|parent| format!("parent {parent}\n"));
    let parents = parents.collect::<String>();
    format!(
        "tree {tree}\n{parents}author A <a@b> {time} +0000\ncommitter B <b@c> {time} +0100\n\n{message}"
    )
    .into_bytes()
}

fn id(text: &[u8]) -> ObjectId {
    tag::id(HASH, gix_object::Kind::Commit, text).unwrap()
}

/// A pack of objects, each with its type and what stands before its data.
fn pack(objects: &[(u8, Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut pack = b"PACK\0\0\0\x02\0\0\0".to_vec();
    pack.push(u8::try_from(objects.len()).unwrap());
    for (kind, before, data) in objects {
        let size = data.len();
        pack.push(kind << 4 | 0x80 | u8::try_from(size & 0xf).unwrap());
        pack.push(u8::try_from(size >> 4).expect("a small object"));
        pack.extend(before);
        let mut encoder = ZlibEncoder::new(pack, Compression::default());
        encoder.write_all(data).unwrap();
        pack = encoder.finish().unwrap();
    }
    let mut hasher = gix_hash::hasher(HASH);
    hasher.update(&pack);
    pack.extend(hasher.try_finalize().unwrap().as_slice());
    pack
}

async fn read(pack: Vec<u8>, filtered: bool) -> Result<Commits, Error> {
    let body = stream::iter([Ok(Bytes::from(pack))]).boxed();
    Commits::read(Reader::new(body, HASH).await?, HASH, filtered).await
}

fn messages(mut commits: Commits) -> Vec<String> {
    let mut messages = Vec::new();
    loop {
        let batch = commits.next(2).unwrap();
        assert!(batch.len() <= 2);
        if batch.is_empty() {
            return messages;
        }
        messages.extend(batch.into_iter().map(|commit| commit.message));
    }
}

/// The difference that copies all of the base and adds to it.
fn longer(base: &[u8], by: &[u8]) -> Vec<u8> {
    let size = |size: usize| {
        [
            u8::try_from(size & 0x7f | 0x80).unwrap(),
            u8::try_from(size >> 7).unwrap(),
        ]
    };
    let mut delta = [size(base.len()), size(base.len() + by.len())].concat();
    delta.extend([0x90, u8::try_from(base.len()).unwrap()]);
    delta.push(u8::try_from(by.len()).unwrap());
    delta.extend(by);
    delta
}

#[tokio::test]
async fn difference_to_a_commit_that_comes_later_is_that_commit() {
    let base = text(&[], 1, "base");
    let made = [&base[..], b" and more"].concat();
    let further = [&made[..], b" and more"].concat();
    let objects = [
        // To what the second makes, which is a difference itself.
        (
            7,
            id(&made).as_slice().to_vec(),
            longer(&made, b" and more"),
        ),
        (
            7,
            id(&base).as_slice().to_vec(),
            longer(&base, b" and more"),
        ),
        (1, Vec::new(), base.clone()),
    ];
    let commits = read(pack(&objects), true).await.unwrap();
    let mut found = commits.left.iter().map(|(id, _)| *id).collect::<Vec<_>>();
    found.sort();
    let mut expected = [&base, &made, &further].map(|text| id(text)).to_vec();
    expected.sort();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn difference_to_nothing_is_damage_where_only_commits_were_asked_for() {
    let nothing = vec![7; 20];
    let objects = [(7, nothing, longer(b"base", b"x"))];
    assert_eq!(
        messages(read(pack(&objects), false).await.unwrap()),
        [""; 0]
    );
    let error = read(pack(&objects), true).await.unwrap_err();
    assert!(matches!(error, Error::Other(why) if why.contains("damaged")));
}

#[tokio::test]
async fn order_is_by_time_and_never_before_a_child() {
    let root = text(&[], 50, "root");
    // Its clock is wrong: it says that it is older than its parent.
    let left = text(&[id(&root)], 10, "left");
    let right = text(&[id(&root)], 60, "right");
    let merge = text(&[id(&left), id(&right)], 70, "merge");
    for turn in 0..4 {
        let mut all = [&root, &left, &right, &merge].map(|text| (1, Vec::new(), text.clone()));
        all.rotate_left(turn);
        let commits = read(pack(&all), true).await.unwrap();
        assert_eq!(
            messages(commits),
            ["merge", "right", "left", "root"],
            "{turn}"
        );
    }
}

#[tokio::test]
async fn commit_that_cannot_be_read_is_told() {
    let objects = [(1, Vec::new(), b"this is no commit".to_vec())];
    let error = read(pack(&objects), true).await.unwrap_err();
    assert!(matches!(error, Error::Other(why) if why.contains("cannot be read")));
}

#[test]
fn range_has_a_bound() {
    let mut found = Found::new(HASH);
    assert_eq!(found.grow(MOST), Ok(()));
    assert!(matches!(found.grow(1), Err(Error::Unsupported(_))));
}
