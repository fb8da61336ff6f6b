//! Durations as authors write them: `500ms`, `30s`, `5m`, `1h30m`.

use std::fmt::Write as _;
use std::time::Duration;

/// The longest duration: what is longer is a mistake, and sums of it would overflow.
const LONGEST: Duration = Duration::from_hours(365 * 24);

/// The units, from the longest to the shortest, in milliseconds.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// A duration as authors write it, to the millisecond.
pub fn show_duration(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, length) in UNITS {
        if rest >= length {
            let _ = write!(text, "{}{unit}", rest / length);
            rest %= length;
        }
    }
    if text.is_empty() {
        text.push_str("0s");
    }
    text
}

/// Reads numbers with units, from the longest unit to the shortest, each at most once.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    let mut units = UNITS.as_slice();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        let after = &rest[digits..];
        let unit_end = after
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(after.len());
        let position = units
            .iter()
            .position(|(name, _)| *name == &after[..unit_end])?;
        total = total.checked_add(Duration::from_millis(
            number.checked_mul(units[position].1)?,
        ))?;
        units = &units[position + 1..];
        rest = &after[unit_end..];
    }
    (!text.is_empty() && total <= LONGEST).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::{parse_duration, show_duration};

    #[test]
    fn durations_are_numbers_with_units() {
        let cases = [
            ("500ms", Some(500)),
            ("30s", Some(30_000)),
            ("5m", Some(300_000)),
            ("1h30m", Some(5_400_000)),
            ("2d", Some(172_800_000)),
            ("0s", Some(0)),
            ("", None),
            ("5", None),
            ("m5", None),
            ("5m1h", None),
            ("5m5m", None),
            ("1.5h", None),
            ("-5s", None),
            ("5 m", None),
            ("99999999999999999999s", None),
            ("9999999h", None),
        ];
        for (text, milliseconds) in cases {
            assert_eq!(
                parse_duration(text).map(|duration| duration.as_millis()),
                milliseconds,
                "{text}"
            );
            if let Some(duration) = parse_duration(text) {
                assert_eq!(show_duration(duration), text);
            }
        }
    }
}
