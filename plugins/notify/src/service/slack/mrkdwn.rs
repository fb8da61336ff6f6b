//! Slack's own markup. It has no escapes but for `&`, `<` and `>`, so of data that could
//! format, the characters are replaced by ones that look like them.

use crate::text::{LOOK, Link, Markup};

/// In characters.
pub(super) struct Mrkdwn;

impl Markup for Mrkdwn {
    fn text(&self, data: &str) -> String {
        let chars: Vec<char> = data.chars().collect();
        let word = |at: Option<usize>| {
            at.and_then(|at| chars.get(at))
                .is_some_and(char::is_ascii_alphanumeric)
        };
        // `:tada:` needs two of them.
        let emoji = chars.iter().filter(|&&c| c == ':').count() > 1;
        let mut text = String::new();
        for (at, &c) in chars.iter().enumerate() {
            match c {
                '*' => text.push('∗'),
                '~' => text.push('∼'),
                '`' => text.push('ˋ'),
                // Within a word it formats nothing: most names are kept as they are.
                '_' if !(word(at.checked_sub(1)) && word(Some(at + 1))) => text.push('＿'),
                // At the beginning of a line, also an escaped one quotes.
                '>' => text.push_str("\u{200b}&gt;"),
                ':' if emoji => text.push_str(":\u{200b}"),
                c => text.push_str(&escaped(c.encode_utf8(&mut [0; 4]))),
            }
        }
        text
    }

    fn bold(&self, data: &str) -> String {
        format!("*{}*", self.text(data))
    }

    fn code(&self, data: &str) -> String {
        format!("`{}`", escaped(&data.replace('`', "'")))
    }

    fn block(&self, data: &str) -> String {
        format!("```{}```", escaped(&data.replace('`', "'")))
    }

    fn link(&self, link: &Link) -> String {
        format!("<{}|{LOOK}>", escaped(link.address()))
    }

    fn length(&self, text: &str) -> usize {
        text.chars().count()
    }
}

/// <https://docs.slack.dev/messaging/formatting-message-text#escaping>
pub(super) fn escaped(data: &str) -> String {
    data.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
