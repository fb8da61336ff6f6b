//! The order in which git lists versions (`--sort=version:refname` with
//! `versionsort.suffix=-`): numbers within names count as numbers, and a name that goes
//! on with a hyphen comes before the one that does not.
//!
//! strverscmp(3) says what is done about zeros in front; `versionsort.suffix` is told of
//! in git-config(1).

use std::cmp::Ordering;

/// How the two names compare; the lower version first.
pub(crate) fn compare(one: &str, other: &str) -> Ordering {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let same = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let (common, one, other) = (&one[..same], &one[same..], &other[same..]);
    // A hyphen that both names have has been compared; one that only one has decides.
    if common.last() != Some(&b'-') {
        match (one.first(), other.first()) {
            (Some(b'-'), _) => return Ordering::Less,
            (_, Some(b'-')) => return Ordering::Greater,
            _ => {}
        }
    }
    let by_characters = one.first().cmp(&other.first());
    let by_length = || digits(one).cmp(&digits(other)).then(by_characters);
    let is_digit = |rest: &[u8]| digits(rest) > 0;
    let (digit, other_digit) = (is_digit(one), is_digit(other));
    match part_before(common) {
        Part::Integer if digit && other_digit => by_length(),
        Part::Integer => digit.cmp(&other_digit).then(by_characters),
        Part::Text if digit && other_digit && one[0] != b'0' && other[0] != b'0' => by_length(),
        // `1.0` goes on to a longer fraction, which is the smaller one.
        Part::Zeros if digit != other_digit => other_digit.cmp(&digit),
        Part::Text | Part::Zeros | Part::Fraction => by_characters,
    }
}

/// What two names have in common, as far as its end is part of a number.
enum Part {
    Text,
    Integer,
    Zeros,
    /// Digits after zeros.
    Fraction,
}

fn part_before(common: &[u8]) -> Part {
    let text = common.iter().rposition(|byte| !byte.is_ascii_digit());
    let number = &common[text.map_or(0, |at| at + 1)..];
    match number.first() {
        None => Part::Text,
        Some(b'0') if number.iter().all(|&digit| digit == b'0') => Part::Zeros,
        Some(b'0') => Part::Fraction,
        Some(_) => Part::Integer,
    }
}

fn digits(rest: &[u8]) -> usize {
    rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

#[cfg(test)]
mod tests {
    use super::compare;

    #[test]
    fn names_are_listed_as_git_lists_them() {
        // As `git -c versionsort.suffix=- tag --sort=version:refname` prints them.
        let listed = [
            "000",
            "001",
            "00",
            "01",
            "0",
            "1.0.0",
            "2",
            "9",
            "10",
            "release",
            "v-1",
            "v1.0-rc",
            "v1.02",
            "v1.0",
            "v1.0.0-rc",
            "v1.0.0-rc.2",
            "v1.0.0-rc.10",
            "v1.0.0-rc1",
            "v1.0.0",
            "v1.0.0+meta",
            "v1.2-x",
            "v1.2",
            "v1.2.0",
            "v1.10.0",
            "v2.0.0",
            "web/v3.0.0",
            "zz",
        ];
        let mut sorted = listed;
        sorted.reverse();
        sorted.sort_by(|one, other| compare(one, other));
        assert_eq!(sorted, listed);
    }
}
