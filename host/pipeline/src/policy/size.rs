//! Sizes as a policy writes them: `64 MiB`, `512KiB`.

/// The bytes of a whole number with a unit of powers of 1024.
pub(super) fn parse_size(text: &str) -> Option<usize> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let number: usize = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim_start_matches(' ') {
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(unit)
}

/// Bytes as they are written, in the largest unit that fits.
pub fn show_size(bytes: usize) -> String {
    match bytes {
        0 => "0 KiB".to_owned(),
        _ if bytes.is_multiple_of(1 << 30) => format!("{} GiB", bytes >> 30),
        _ if bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ => format!("{} KiB", bytes >> 10),
    }
}

#[cfg(test)]
mod tests {
    use super::{parse_size, show_size};

    #[test]
    fn sizes_are_whole_numbers_with_a_unit() {
        let cases = [
            ("0 KiB", Some(0)),
            ("512 KiB", Some(512 << 10)),
            ("64 MiB", Some(64 << 20)),
            ("2 GiB", Some(2 << 30)),
            ("64", None),
            ("64MB", None),
            ("1.5MiB", None),
            ("-1MiB", None),
            ("MiB", None),
            ("", None),
            ("99999999999GiB", None),
            ("99999999999999999999KiB", None),
        ];
        for (text, bytes) in cases {
            assert_eq!(parse_size(text), bytes, "{text}");
            if let Some(bytes) = bytes {
                assert_eq!(show_size(bytes), text);
            }
        }
        assert_eq!(parse_size("64MiB"), parse_size("64 MiB"));
    }
}
