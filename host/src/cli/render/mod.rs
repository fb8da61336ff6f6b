//! What people and programs read: events as lines, as live progress or as JSON, and
//! problems with their places. Words and colours live here, decisions do not.

mod clean;
mod json;
mod live;
mod text;

pub(crate) use clean::clean;

use std::io::{IsTerminal, Write};

use sluice_pipeline::diagnostic::{Problems, Source};

use crate::run::event::Event;
use text::Text;

/// How events are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Lines for people; live progress on a terminal.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Shows the events of a run, one by one.
pub(crate) trait Render {
    /// Shows one event.
    fn event(&mut self, event: &Event);
    /// What was shown is to be seen now: no event is at hand.
    fn flush(&mut self) {}
    /// The last event was shown.
    fn end(&mut self) {}
}

/// The rendering that the format and the terminal ask for.
pub(crate) fn renderer(format: Format) -> Box<dyn Render> {
    let terminal = std::io::stdout().is_terminal();
    match format {
        Format::Json => Box::new(json::Json::default()),
        Format::Text if terminal => Box::new(live::Live::new(colour_on(terminal))),
        Format::Text => Box::new(Lines {
            text: Text::new(colour_on(false)),
            out: Out::default(),
        }),
    }
}

/// Plain lines, for a pipe or a file.
struct Lines {
    text: Text,
    out: Out,
}

impl Render for Lines {
    fn event(&mut self, event: &Event) {
        for line in self.text.event(event) {
            self.out.line(&line);
        }
    }

    fn flush(&mut self) {
        self.out.flush();
    }
}

/// Lines for standard output, written together.
#[derive(Default)]
struct Out(String);

impl Out {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn flush(&mut self) {
        // A reader that went away is no failure: the run goes on.
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(self.0.as_bytes()).and_then(|()| out.flush());
        self.0.clear();
    }
}

/// `NO_COLOR` (no-color.org) and `TERM=dumb` turn colours off, `CLICOLOR_FORCE` on.
fn colour_on(terminal: bool) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if set("NO_COLOR") {
        return false;
    }
    set("CLICOLOR_FORCE")
        || (terminal && std::env::var_os("TERM").is_none_or(|term| term != "dumb"))
}

/// Prints a line. A reader that went away is no failure: the run goes on.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Says an error that has no place in a file.
pub(crate) fn error(message: &str) {
    let _ = writeln!(std::io::stderr().lock(), "error: {}", clean(message));
}

/// Says a warning that has no place in a file.
pub(crate) fn warn(message: &str) {
    let _ = writeln!(std::io::stderr().lock(), "warning: {}", clean(message));
}

/// Says problems with their places.
pub(crate) fn problems(problems: &Problems, source: &Source) {
    if problems.is_empty() {
        return;
    }
    let text = problems.render(source, colour_on(std::io::stderr().is_terminal()));
    let _ = writeln!(std::io::stderr().lock(), "{}", text.trim_end());
}
