//! One event a line, for programs.

use std::fmt::Write;

use super::{Out, Render, clean::is_steering};
use crate::run::event::Event;

/// JSON lines on standard output.
#[derive(Default)]
pub(super) struct Json(Out);

impl Render for Json {
    fn event(&mut self, event: &Event) {
        if let Ok(text) = serde_json::to_string(event) {
            self.0.line(&harmless(text));
        }
    }

    fn flush(&mut self) {
        self.0.flush();
    }
}

/// The same JSON with nothing in it that would steer a terminal, or that a CI system takes
/// for a command: outside of strings none of it stands, and in them it can be escaped.
fn harmless(text: String) -> String {
    let harmful = |c: char| c.is_control() || is_steering(c);
    let commands = [("##[", "#\\u0023["), ("##vso[", "#\\u0023vso[")];
    if !text.contains(harmful) && !commands.iter().any(|(command, _)| text.contains(command)) {
        return text;
    }
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if harmful(c) {
            // All of them lie in the first plane.
            let _ = write!(safe, "\\u{:04x}", u32::from(c));
        } else {
            safe.push(c);
        }
    }
    for (command, instead) in commands {
        safe = safe.replace(command, instead);
    }
    safe
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::harmless;

    #[test]
    fn lines_mean_the_same_and_steer_nothing() {
        let value = json!({"a": "\u{9b}2J \u{202e}x\u{2028}y\u{7f} ##[error] ##vso[x] ### ü"});
        let text = harmless(value.to_string());
        assert_eq!(
            text,
            r#"{"a":"\u009b2J \u202ex\u2028y\u007f #\u0023[error] #\u0023vso[x] ### ü"}"#
        );
        assert_eq!(serde_json::from_str::<Value>(&text).ok(), Some(value));
    }
}
