//! One event a line, for programs.

use super::Render;
use crate::run::event::Event;

/// JSON lines on standard output.
pub(super) struct Json;

impl Render for Json {
    fn event(&mut self, event: &Event) {
        if let Ok(text) = serde_json::to_string(event) {
            super::line(&text);
        }
    }
}
