//! A commit's words as data within Markdown: whatever a subject holds, it formats nothing,
//! links nowhere and mentions nobody, on any forge.

/// Comes between what a forge looks for, and is seen by nobody (U+2060, word joiner).
const APART: char = '\u{2060}';

/// The longest text, in characters.
const LONGEST: usize = 160;

/// One line of data.
pub(crate) fn data(text: &str) -> String {
    let line: Vec<char> = text.trim().chars().filter(|&c| is_seen(c)).collect();
    let mut written = String::new();
    for (at, &c) in line.iter().enumerate().take(LONGEST) {
        let before = at.checked_sub(1).map(|at| line[at]);
        let after = line.get(at + 1).copied();
        if is_markup(c, before, after) {
            written.push('\\');
        }
        written.push(if c.is_whitespace() { ' ' } else { c });
        // A backslash keeps Markdown from a link, but not what looks at the page afterwards.
        let reference = "@#!%$&~^".contains(c) && after.is_some_and(|c| !c.is_whitespace());
        let address = c == ':' && after == Some('/') || c == '.' && ends_in_www(&line[..at]);
        if reference || address {
            written.push(APART);
        }
    }
    if line.len() > LONGEST {
        written.push('…');
    }
    written
}

/// Control characters, and those that turn the direction or have no width.
fn is_seen(c: char) -> bool {
    let hidden = matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    );
    c == '\t' || !(c.is_control() || hidden)
}

fn is_markup(c: char, before: Option<char>, after: Option<char>) -> bool {
    let in_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    match c {
        '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '~' | '|' | '&' | '$' | '#' => true,
        // `snake_case` reads better as it is, and is no emphasis.
        '_' => !(in_word(before) && in_word(after)),
        // A list within the list, or a line below a heading.
        '-' | '+' | '=' => before.is_none(),
        _ => false,
    }
}

fn ends_in_www(line: &[char]) -> bool {
    line.ends_with(&['w', 'w', 'w']) || line.ends_with(&['W', 'W', 'W'])
}

#[cfg(test)]
mod tests {
    use super::{APART, LONGEST, data};

    #[test]
    fn what_a_subject_holds_is_data() {
        let cases = [
            ("add the endpoint", "add the endpoint"),
            (
                "keep snake_case and _not_ this",
                r"keep snake_case and \_not\_ this",
            ),
            ("[x](http://evil.example)", r"\[x\](http:|//evil.example)"),
            ("see https://evil.example/a", "see https:|//evil.example/a"),
            ("www.evil.example", "www.|evil.example"),
            (
                "thanks @everyone, @org/team",
                "thanks @|everyone, @|org/team",
            ),
            ("mail a@b.example", "mail a@|b.example"),
            (
                "closes #12, !7, %v1 and &3",
                r"closes \#|12, !|7, %|v1 and \&|3",
            ),
            ("a & b", r"a \& b"),
            ("&lt;b&gt; <b>", r"\&|lt;b\&|gt; \<b\>"),
            ("`code` *b* ~~s~~ a|b", r"\`code\` \*b\* \~|\~|s\~|\~ a\|b"),
            ("# heading", r"\# heading"),
            ("- list", r"\- list"),
            ("a\u{202e}\u{1b}[31m\tb", r"a\[31m b"),
            ("$x^2$", r"\$|x^|2\$"),
        ];
        for (text, expected) in cases {
            let expected = expected
                .replace(r"\|", "\0")
                .replace('|', &APART.to_string());
            assert_eq!(data(text), expected.replace('\0', r"\|"), "{text}");
        }
    }

    #[test]
    fn a_long_subject_is_cut() {
        let cut = data(&"ü".repeat(LONGEST + 1));
        assert_eq!(cut, format!("{}…", "ü".repeat(LONGEST)));
        assert_eq!(data(&"ü".repeat(LONGEST)).chars().count(), LONGEST);
    }
}
