//! How long a service asks to be left alone. The header `Retry-After` in either form of
//! RFC 9110: seconds, or a date as IMF-fixdate; the obsolete forms of dates are left out.
//! And numbers of seconds, as JSON bodies have them.

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// From 1 March of the year 0 to 1 January 1970, in days.
const EPOCH: u64 = 719_468;

/// The milliseconds from `now` (since the epoch) until another attempt makes sense: at
/// least a second. `None` for what is neither form.
pub(crate) fn after(header: &str, now: u64) -> Option<u64> {
    let header = header.trim();
    let wait = match header.parse::<u64>() {
        Ok(seconds) => seconds.checked_mul(1_000)?,
        Err(_) => date(header)?.checked_mul(1_000)?.saturating_sub(now),
    };
    Some(wait.max(1_000))
}

/// Seconds, parts of one too, in milliseconds: at least a second, or a service that says 0
/// would be told without pause; at most what a day has. `None` for what is no span of time.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked before"
)]
pub(crate) fn seconds(seconds: f64) -> Option<u64> {
    let millis = (seconds * 1_000.0).ceil();
    (0.0..=86_400_000.0)
        .contains(&millis)
        .then(|| (millis as u64).max(1_000))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` in seconds since the epoch.
fn date(text: &str) -> Option<u64> {
    let (_, text) = text.split_once(", ")?;
    let mut parts = text.split(' ');
    let day: u64 = parts.next()?.parse().ok()?;
    let name = parts.next()?;
    let month = 1 + MONTHS.iter().position(|month| *month == name)? as u64;
    let year: u64 = parts.next()?.parse().ok()?;
    let mut clock = parts
        .next()?
        .split(':')
        .map(|part| part.parse::<u64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let sane = (1970..10_000).contains(&year)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    (sane && parts.next() == Some("GMT") && clock.next().is_none()).then(|| {
        let days = days(year, month, day);
        ((days * 24 + hour) * 60 + minute) * 60 + second
    })
}

/// Days since the epoch, in a calendar whose years begin in March: the leap day is last.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year / 4 - year / 100 + year / 400;
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - EPOCH
}

#[cfg(test)]
mod tests {
    use super::after;

    #[test]
    fn both_forms_of_the_header_are_read() {
        // 784111777 is the date of RFC 9110's own example.
        let now = 784_111_700_000;
        let cases = [
            ("30", Some(30_000)),
            (" 1 ", Some(1_000)),
            ("0", Some(1_000)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(77_000)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(1_000)),
            ("Thu, 29 Feb 1996 00:00:00 GMT", Some(825_552_000_000 - now)),
            (
                "Sat, 01 Mar 2025 00:00:00 GMT",
                Some(1_740_787_200_000 - now),
            ),
            ("soon", None),
            ("-1", None),
            ("1.5", None),
            ("", None),
            ("99999999999999999999", None),
            ("Sun, 06 Nov 1994 08:49:37 CET", None),
            ("Sun, 06 Foo 1994 08:49:37 GMT", None),
            ("Sun, 00 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 0000 08:49:37 GMT", None),
        ];
        let read: Vec<_> = cases
            .iter()
            .map(|(text, _)| (*text, after(text, now)))
            .collect();
        assert_eq!(read, cases);
    }
}
