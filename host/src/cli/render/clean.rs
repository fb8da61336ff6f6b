//! Makes harmless what a plugin or a server says: control characters that would steer a
//! terminal, marks that would turn text around, and what a CI system takes for commands.

use std::fmt::Write;

/// The text with nothing in it but text and line ends.
pub(crate) fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => clean.push('\n'),
            '\t' => clean.push_str("    "),
            c if c.is_control() || is_steering(c) => {
                let _ = write!(clean, "\\u{{{:x}}}", u32::from(c));
            }
            c => clean.push(c),
        }
    }
    // GitHub and Azure find these anywhere in a line; commands with `::` only at its
    // start, where every line here has a prefix.
    clean.replace("##[", "## [").replace("##vso[", "## vso[")
}

/// Directional marks and invisible separators.
pub(super) fn is_steering(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_a_terminal_or_a_ci_system_is_shown_instead() {
        let cases = [
            ("plain — text ✓\nnext", "plain — text ✓\nnext"),
            ("\u{1b}[31mred\u{7}\r", r"\u{1b}[31mred\u{7}\u{d}"),
            ("\u{9b}2J", r"\u{9b}2J"),
            ("a\u{202e}b", r"a\u{202e}b"),
            ("x ##[error]boo", "x ## [error]boo"),
            ("##vso[task.setvariable]", "## vso[task.setvariable]"),
        ];
        for (text, expected) in cases {
            assert_eq!(clean(text), expected);
        }
    }
}
