//! An object that was sent as its difference to another. See `gitformat-pack(5)`, *deltified
//! representation*.

/// The object that the difference makes of its base; `None` where the difference is not one
/// of this base. It cannot be larger than `most` bytes.
pub(in super::super) fn apply(base: &[u8], delta: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut delta = delta.iter().copied();
    if size(&mut delta)? != base.len() {
        return None;
    }
    let length = size(&mut delta).filter(|length| *length <= most)?;
    let mut made = Vec::with_capacity(length);
    while let Some(instruction) = delta.next() {
        if instruction & 0x80 == 0 {
            // 0 is kept for the future.
            let count = usize::from(instruction);
            let end = made.len() + count;
            made.extend(delta.by_ref().take(count));
            if count == 0 || made.len() != end {
                return None;
            }
        } else {
            let mut operand = |bits: std::ops::Range<u8>| {
                let mut value = 0_usize;
                for (place, bit) in bits.enumerate() {
                    if instruction & (1 << bit) != 0 {
                        value |= usize::from(delta.next()?) << (8 * place);
                    }
                }
                Some(value)
            };
            let from = operand(0..4)?;
            let count = match operand(4..7)? {
                0 => 0x1_0000,
                count => count,
            };
            made.extend_from_slice(base.get(from..from.checked_add(count)?)?);
        }
        if made.len() > length {
            return None;
        }
    }
    (made.len() == length).then_some(made)
}

/// A number in groups of seven bits, the lowest first.
fn size(bytes: &mut impl Iterator<Item = u8>) -> Option<usize> {
    let (mut value, mut shift) = (0_usize, 0);
    loop {
        let byte = bytes.next()?;
        value |= usize::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
        shift += 7;
        if shift > 56 {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::apply;

    #[test]
    fn difference_copies_from_its_base_and_inserts() {
        // To 11 bytes: the base's first six, then five of its own.
        let delta = [&[12, 11, 0x90, 6, 5][..], b"there"].concat();
        let made = apply(b"hello, world", &delta, 100);
        assert_eq!(made.as_deref(), Some(&b"hello,there"[..]));
    }

    #[test]
    fn difference_that_does_not_fit_is_none() {
        let base = b"hello, world";
        let cases: [(&str, &[u8]); 8] = [
            ("another base", &[11, 1, 0x90, 1]),
            ("longer than it says", &[12, 1, 0x90, 2]),
            ("shorter than it says", &[12, 3, 0x90, 2]),
            ("from behind the base", &[12, 2, 0x91, 11, 2]),
            ("cut off in an operand", &[12, 2, 0x90]),
            ("cut off in an insertion", &[12, 2, 2, b'x']),
            ("the instruction without a meaning", &[12, 0, 0]),
            ("too large", &[12, 0xff, 0xff, 0x7f]),
        ];
        for (what, delta) in cases {
            assert_eq!(apply(base, delta, 100), None, "{what}");
        }
        assert_eq!(apply(base, &[], 100), None);
    }
}
