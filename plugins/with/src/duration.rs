//! Spans of time as pipeline files write them: `500ms`, `90s`, `5m`, `1h30m`.
//! Milliseconds everywhere else. Days are left out: no rollout is waited for that long.

const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Reads `1h30m` and the like; `0` needs no unit. `None` for anything else, and for
/// what does not fit.
pub fn parse(text: &str) -> Option<u64> {
    if text == "0" {
        return Some(0);
    }
    let mut rest = text;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let (_, size) = UNITS.iter().find(|(unit, _)| *unit == &rest[..letters])?;
        rest = &rest[letters..];
        total = total.checked_add(number.checked_mul(*size)?)?;
    }
    (!text.is_empty()).then_some(total)
}

/// Writes milliseconds as [`parse`] reads them. From a second on, parts of a second
/// are left out: people read this.
pub fn format(millis: u64) -> String {
    if millis < 1_000 {
        return if millis == 0 {
            "0s".to_owned()
        } else {
            format!("{millis}ms")
        };
    }
    let mut rest = millis;
    let mut text = String::new();
    for (unit, size) in &UNITS[..3] {
        let count = rest / size;
        rest %= size;
        if count > 0 {
            text.push_str(&count.to_string());
            text.push_str(unit);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{format, parse};

    #[test]
    fn durations_are_read_in_milliseconds() {
        let cases = [
            ("0", Some(0)),
            ("0s", Some(0)),
            ("500ms", Some(500)),
            ("90s", Some(90_000)),
            ("5m", Some(300_000)),
            ("1h30m", Some(5_400_000)),
            ("", None),
            ("5", None),
            ("m", None),
            ("5 m", None),
            ("-5m", None),
            ("1.5h", None),
            ("5d", None),
            ("99999999999999999999s", None),
            ("9999999999999999999h", None),
        ];
        let read: Vec<_> = cases.iter().map(|(text, _)| (*text, parse(text))).collect();
        assert_eq!(read, cases);
    }

    #[test]
    fn durations_are_written_for_people() {
        let written: Vec<_> = [0, 20, 1_000, 61_500, 3_600_000, 5_430_000]
            .into_iter()
            .map(format)
            .collect();
        assert_eq!(written, ["0s", "20ms", "1s", "1m1s", "1h", "1h30m30s"]);
    }
}
