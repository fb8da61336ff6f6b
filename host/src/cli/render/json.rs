//! One event a line, for programs.

use super::{Out, Render};
use crate::run::event::Event;

/// JSON lines on standard output.
#[derive(Default)]
pub(super) struct Json(Out);

impl Render for Json {
    fn event(&mut self, event: &Event) {
        if let Ok(text) = serde_json::to_string(event) {
            self.0.line(&text);
        }
    }

    fn flush(&mut self) {
        self.0.flush();
    }
}
