//! Lines out of bytes of somebody else: whatever they are and however they are cut, what is
//! read is the same, and it ends.

use bytes::Bytes;
use futures::{FutureExt, StreamExt, stream};
use proptest::{
    collection::vec,
    prelude::{Strategy, any},
    prop_assert, prop_assert_eq, prop_oneof,
    sample::{Index, select},
};

use super::{Error, Line, Lines, flush, text};
use crate::fuzz::holds;

/// What came of an answer: its lines, and why it ended, if not in order.
type Read = (Vec<Line>, Option<Error>);

fn read(chunks: Vec<Bytes>) -> Read {
    // For the timer of a remote that says nothing.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let runtime = runtime.expect("a runtime can be made");
    let _within = runtime.enter();
    let body = stream::iter(chunks.into_iter().map(Ok)).boxed();
    let mut lines = Lines::new(body);
    let mut read = Vec::new();
    loop {
        // Nothing is waited for: all of it is there.
        match lines.next().now_or_never() {
            Some(Ok(Some(line))) => read.push(line),
            Some(Ok(None)) => return (read, None),
            Some(Err(error)) => return (read, Some(error)),
            None => panic!("it waits for what is there"),
        }
    }
}

/// Bytes that are lines for the most part.
fn answers() -> impl Strategy<Value = Vec<u8>> {
    let line = "[ -~]{0,40}".prop_map(|line| {
        let mut bytes = Vec::new();
        text(&mut bytes, &line);
        bytes
    });
    let marks = [
        "0000", "0001", "0002", "0003", "0004", "ffff", "fff0", "fff1", "-001", "00g0", "000",
        "0005a", "00 5",
    ];
    let part = prop_oneof![
        4 => line,
        2 => select(marks.to_vec()).prop_map(|mark| mark.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..8),
        1 => (1_usize..300).prop_map(|length| [format!("{:04x}", length + 4).into_bytes(), vec![b'x'; length]].concat()),
    ];
    vec(part, 0..12).prop_map(|parts| parts.concat())
}

#[test]
fn any_answer_is_read_the_same_however_it_is_cut() {
    let strategy = (answers(), vec(any::<Index>(), 0..6));
    holds(
        "src/fuzz/regressions/packet.txt",
        &strategy,
        |(bytes, cuts)| {
            let whole = read(vec![Bytes::from(bytes.clone())]);
            let mut cuts = cuts
                .iter()
                .map(|cut| cut.index(bytes.len() + 1))
                .collect::<Vec<_>>();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let chunks = cuts
                .windows(2)
                .map(|cut| Bytes::copy_from_slice(&bytes[cut[0]..cut[1]]));
            prop_assert_eq!(&read(chunks.collect()), &whole);
            let single = bytes.iter().map(|byte| Bytes::copy_from_slice(&[*byte]));
            prop_assert_eq!(&read(single.collect()), &whole);
            // No line has more bytes than came.
            let payload = whole.0.iter().map(|line| match line {
                Line::Data(bytes) => bytes.len() + 4,
                _ => 4,
            });
            prop_assert!(payload.sum::<usize>() <= bytes.len());
            Ok(())
        },
    );
}

#[test]
fn lines_that_are_written_are_read_again() {
    holds(
        "src/fuzz/regressions/packet-written.txt",
        &vec("[ -~ä]{0,200}", 0..8),
        |texts| {
            let mut bytes = Vec::new();
            for line in &texts {
                text(&mut bytes, line);
            }
            flush(&mut bytes);
            let lines = texts
                .iter()
                .map(|line| Line::Data(Bytes::from(format!("{line}\n"))));
            let expected = lines.chain([Line::Flush]).collect::<Vec<_>>();
            prop_assert_eq!(read(vec![Bytes::from(bytes)]), (expected, None));
            Ok(())
        },
    );
}
