//! Whether a text spells a value: as it is, or as URLs, JSON and HTML write it, in any
//! mixture and case. Comparing as one reads finds what no list of spellings would hold.

/// Escaped text may be escaped again: how often that is followed.
const AGAIN: usize = 4;

/// Where the longest text ends that begins at `at` and spells `value`.
pub(super) fn end_of(text: &[u8], at: usize, value: &str) -> Option<usize> {
    // Mostly one place; where a sign of the value is also how an escape begins, several.
    let mut places = Vec::new();
    let mut next = Vec::new();
    let mut signs = value.chars();
    spell(text, at, signs.next()?, &mut places);
    for sign in signs {
        if places.is_empty() {
            return None;
        }
        for place in places.drain(..) {
            spell(text, place, sign, &mut next);
        }
        next.sort_unstable();
        next.dedup();
        std::mem::swap(&mut places, &mut next);
    }
    places.into_iter().max()
}

/// A spelling of any sign may begin with this.
pub(super) fn is_escape(byte: u8) -> bool {
    matches!(byte, b'%' | b'\\' | b'&' | b'+')
}

/// Adds where the spellings of `sign` end that begin at `at`.
fn spell(text: &[u8], at: usize, sign: char, ends: &mut Vec<usize>) {
    let mut utf8 = [0; 4];
    let utf8 = sign.encode_utf8(&mut utf8).as_bytes();
    let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) else {
        return;
    };
    if rest.starts_with(utf8) {
        ends.push(at + utf8.len());
    }
    match rest[0] {
        b'+' if sign == ' ' => ends.push(at + 1),
        b'%' => ends.extend(percent(rest, utf8).map(|length| at + length)),
        b'\\' => ends.extend(backslash(rest, sign).map(|length| at + length)),
        b'&' => ends.extend(entity(rest, sign).map(|length| at + length)),
        _ => {}
    }
}

/// `%c3%A9`, and `%25c3%25A9` where a URL stands in a URL.
fn percent(rest: &[u8], utf8: &[u8]) -> Option<usize> {
    let mut length = 0;
    for byte in utf8 {
        let mut left = rest.get(length..)?.strip_prefix(b"%")?;
        for _ in 0..AGAIN {
            // The digits of a percent sign, unless it is the one that is looked for.
            match left.strip_prefix(b"25") {
                Some(more) if hex(more, 2).is_some() => left = more,
                _ => break,
            }
        }
        if hex(left, 2)? != u32::from(*byte) {
            return None;
        }
        length = rest.len() - left.len() + 2;
    }
    Some(length)
}

/// `\"`, `\/`, `\n`, `\u00e9`, and the same behind more backslashes where JSON stands in
/// JSON. A backslash itself is two, four or eight of them.
fn backslash(rest: &[u8], sign: char) -> impl Iterator<Item = usize> {
    let count = rest.iter().take_while(|&&byte| byte == b'\\').count();
    let doubled = [2, 4, 8].into_iter();
    let doubled = doubled.filter(move |&length| sign == '\\' && length <= count);
    let after = &rest[count..];
    let letter = match sign {
        '\n' => Some(b'n'),
        '\r' => Some(b'r'),
        '\t' => Some(b't'),
        '"' | '\'' | '/' => u8::try_from(sign).ok(),
        _ => None,
    };
    let short = letter.is_some() && after.first().copied() == letter;
    let short = short.then_some(count + 1);
    let mut units = [0; 2];
    let units = sign.encode_utf16(&mut units);
    let mut length = Some(count);
    for (index, &unit) in units.iter().enumerate() {
        length = length.and_then(|length| {
            // The second of a pair has its own backslash.
            let escape: &[u8] = if index == 0 { b"u" } else { b"\\u" };
            let digits = rest.get(length..)?.strip_prefix(escape)?;
            (hex(digits, 4)? == u32::from(unit)).then_some(length + escape.len() + 4)
        });
    }
    doubled.chain(short).chain(length)
}

/// `&quot;`, `&#34;`, `&#x22;`.
fn entity(rest: &[u8], sign: char) -> Option<usize> {
    let end = rest.iter().take(12).position(|&byte| byte == b';')?;
    let name = std::str::from_utf8(&rest[1..end]).ok()?;
    let found = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    };
    (found == sign).then_some(end + 1)
}

fn hex(digits: &[u8], count: usize) -> Option<u32> {
    let digits = digits.get(..count)?;
    digits.iter().try_fold(0, |number, &digit| {
        Some(number * 16 + char::from(digit).to_digit(16)?)
    })
}

#[cfg(test)]
mod tests {
    use super::end_of;

    #[test]
    fn a_value_is_found_however_urls_json_and_html_write_it() {
        let value = "p/ss w\"rd&é\\😀%x";
        for spelled in [
            value,
            "p%2Fss%20w%22rd%26%C3%A9%5C%F0%9F%98%80%25x",
            "p%2fss+w%22rd%26%c3%a9%5c%f0%9f%98%80%25x",
            "p%252Fss%2520w%2522rd%2526%25C3%25A9%255C%25F0%259F%2598%2580%2525x",
            r#"p\/ss w\"rd\u0026\u00E9\\\ud83d\ude00%x"#,
            r#"p/ss w\\\"rd&é\\\\😀%x"#,
            "p/ss w&quot;rd&amp;é\\😀%x",
            "p&#x2F;ss w&#34;rd&#38;&#233;\\&#x1f600;%x",
            "%70%2fss w%22rd&%c3%a9\\😀%25x",
        ] {
            let text = format!("a{spelled}b");
            let end = end_of(text.as_bytes(), 1, value);
            assert_eq!(end, Some(1 + spelled.len()), "{spelled}");
        }
    }

    #[test]
    fn what_only_begins_like_the_value_or_breaks_off_is_not_it() {
        for text in [
            "hunter",
            "hunter%",
            "hunter%3",
            "hunter\\",
            "hunter\\u00",
            "hunter&#",
            "hunter3",
        ] {
            assert_eq!(end_of(text.as_bytes(), 0, "hunter2"), None, "{text}");
        }
    }
}
