//! Live progress on a terminal: what has happened scrolls by as text, and below it stands
//! what each running step does now and for how long.

use std::collections::HashMap;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{Render, clean::clean, text::Text};
use crate::run::event::{Event, EventKind};

/// Lines above, running steps below.
pub(super) struct Live {
    text: Text,
    bars: MultiProgress,
    running: HashMap<String, ProgressBar>,
}

impl Live {
    pub(super) fn new(colour: bool) -> Self {
        Self {
            text: Text::new(colour),
            bars: MultiProgress::new(),
            running: HashMap::new(),
        }
    }

    fn started(&mut self, step: &str) {
        let style = ProgressStyle::with_template("{spinner} {prefix}  {wide_msg} {elapsed}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = self.bars.add(ProgressBar::new_spinner().with_style(style));
        bar.set_prefix(step.to_owned());
        bar.enable_steady_tick(std::time::Duration::from_millis(100));
        self.running.insert(step.to_owned(), bar);
    }
}

impl Render for Live {
    fn event(&mut self, event: &Event) {
        let step = event.step.as_deref().unwrap_or_default();
        match &event.kind {
            EventKind::StepStarted { .. } if !self.running.contains_key(step) => self.started(step),
            EventKind::StepProgress { message } => {
                if let Some(bar) = self.running.get(step) {
                    bar.set_message(clean(message).replace('\n', " "));
                }
                return;
            }
            EventKind::StepFinished { .. } => {
                if let Some(bar) = self.running.remove(step) {
                    bar.finish_and_clear();
                }
            }
            _ => {}
        }
        for line in self.text.event(event) {
            let _ = self.bars.println(line);
        }
    }

    fn end(&mut self) {
        let _ = self.bars.clear();
    }
}
