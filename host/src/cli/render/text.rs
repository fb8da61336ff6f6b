//! An event as lines of text. Pure, but for the width of the widest step, which it
//! remembers so that columns stay in place.

use std::{collections::BTreeMap, fmt::Write, time::Duration};

use jiff::Timestamp;
use serde_json::Value;
use sluice_pipeline::schedule::Outcome;

use super::clean::clean;
use crate::run::event::{
    Blame, Effect, EffectState, Event, EventKind, Interrupted, Level, Mode, StepError,
};

/// Words events.
pub(super) struct Text {
    colour: bool,
    start: Option<Timestamp>,
    width: usize,
}

#[derive(Clone, Copy)]
enum Paint {
    Bold,
    Dim,
    Red,
    Green,
    Yellow,
    Cyan,
}

impl Text {
    pub(super) fn new(colour: bool) -> Self {
        Self {
            colour,
            start: None,
            width: 0,
        }
    }

    /// The event's lines; none for what only a program wants.
    pub(super) fn event(&mut self, event: &Event) -> Vec<String> {
        let start = *self.start.get_or_insert(event.at);
        let body = match &event.kind {
            EventKind::RunStarted {
                pipeline,
                mode,
                steps,
            } => {
                self.width = steps.iter().map(String::len).max().unwrap_or(0);
                let mode = match mode {
                    Mode::Real => "",
                    Mode::Practice => " · practice: nothing real is in reach",
                    Mode::DryRun => " · dry run: nothing is changed",
                };
                let name = self.paint(Paint::Bold, &clean(pipeline));
                return vec![format!("{name} · run {}{mode}", event.run)];
            }
            EventKind::RunFinished {
                outcome,
                outputs,
                error,
                duration_ms,
            } => {
                return self.run_finished(*outcome, outputs, error.as_ref(), *duration_ms);
            }
            EventKind::RunInterrupted(earlier) => return self.interrupted(earlier),
            EventKind::StepSkipped { reason } => {
                self.paint(Paint::Dim, &format!("skipped: {}", clean(reason)))
            }
            EventKind::StepStarted { attempt, uses } => {
                let attempt = if *attempt > 1 {
                    format!(", attempt {attempt}")
                } else {
                    String::new()
                };
                self.paint(Paint::Dim, &format!("started {}{attempt}", clean(uses)))
            }
            EventKind::StepProgress { message } => clean(message),
            EventKind::StepLog {
                level,
                message,
                fields,
            } => self.log(*level, message, fields),
            EventKind::StepRetrying {
                attempt,
                after_ms,
                error,
            } => {
                let after = duration(*after_ms);
                self.paint(
                    Paint::Yellow,
                    &format!(
                        "attempt {attempt} in {after}, because {}",
                        clean(&error.message)
                    ),
                )
            }
            EventKind::Effect(effect) => self.effect(effect),
            EventKind::StepFinished {
                outcome,
                outputs,
                assumed,
                error,
                tolerated,
                duration_ms,
            } => self.step_finished(
                *outcome,
                outputs,
                *assumed,
                error.as_ref(),
                *tolerated,
                *duration_ms,
            ),
        };
        let at = event.at.duration_since(start).as_secs_f64();
        let time = self.paint(Paint::Dim, &format!("{at:7.1}s"));
        let step = event.step.as_deref().unwrap_or_default();
        let name = self.paint(Paint::Cyan, &format!("{step:width$}", width = self.width));
        let blank = " ".repeat(self.width + 8);
        body.lines()
            .enumerate()
            .map(|(index, line)| {
                if index == 0 {
                    format!("{time}  {name}  {line}")
                } else {
                    format!("{blank}  │ {line}")
                }
            })
            .collect()
    }

    /// An earlier run that was killed, and what nobody knows of it.
    fn interrupted(&self, Interrupted { earlier, unknown }: &Interrupted) -> Vec<String> {
        let left = if unknown.is_empty() {
            "every effect that it had started has ended"
        } else {
            "nobody knows whether these effects of it took place; look at the world:"
        };
        let head = format!("run {} was killed: {left}", clean(earlier));
        let effects = unknown.iter().map(|effect| {
            let (step, action) = (clean(&effect.step), clean(&effect.action));
            format!("  {step}: {action} {}", clean(&effect.target))
        });
        std::iter::once(head)
            .chain(effects)
            .map(|line| self.paint(Paint::Yellow, &line))
            .collect()
    }

    fn log(&self, level: Level, message: &str, fields: &BTreeMap<String, String>) -> String {
        let mut text = clean(message);
        for (key, value) in fields {
            let _ = write!(text, "\n{} = {}", clean(key), clean(value));
        }
        match level {
            Level::Debug => self.paint(Paint::Dim, &text),
            Level::Info => text,
            Level::Warn => self.paint(Paint::Yellow, &format!("warning: {text}")),
            Level::Error => self.paint(Paint::Red, &format!("error: {text}")),
        }
    }

    fn effect(&self, effect: &Effect) -> String {
        let what = format!("{} {}", clean(&effect.action), clean(&effect.target));
        let reason = || clean(effect.detail["reason"].as_str().unwrap_or_default());
        match effect.state {
            EffectState::Planned => {
                let head = format!("would {what}");
                let mut text = self.paint(Paint::Bold, &head);
                text.push_str(&self.planned(effect));
                text
            }
            EffectState::Started => self.paint(Paint::Dim, &format!("{what} …")),
            EffectState::Done => {
                let mut text = self.paint(Paint::Green, &format!("{what} done"));
                if let Some(status) = effect.detail["status"].as_u64() {
                    let _ = write!(text, ": answered {status}");
                }
                text.push_str(&self.diff(&effect.detail["diff"]));
                text
            }
            EffectState::Refused => {
                self.paint(Paint::Red, &format!("{what} refused: {}", reason()))
            }
            EffectState::Failed => self.paint(Paint::Red, &format!("{what} failed: {}", reason())),
            EffectState::Unknown => {
                self.paint(Paint::Red, &format!("{what} is unknown: {}", reason()))
            }
        }
    }

    /// What a planned effect would change or send.
    fn planned(&self, effect: &Effect) -> String {
        let mut text = self.diff(&effect.detail["diff"]);
        match &effect.detail["body"] {
            Value::Null => {}
            Value::String(body) if body.is_empty() => {}
            Value::String(body) => {
                let _ = write!(text, "\n{}", clean(body));
            }
            body => {
                let _ = write!(text, "\n{}", clean(&body.to_string()));
            }
        }
        text
    }

    fn diff(&self, diff: &Value) -> String {
        let mut text = String::new();
        let show = |value: &Value| {
            clean(
                &value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned),
            )
        };
        for entry in diff.as_array().into_iter().flatten() {
            let _ = write!(
                text,
                "\n{}",
                clean(entry["path"].as_str().unwrap_or_default())
            );
            if !entry["old"].is_null() {
                let _ = write!(
                    text,
                    "\n{}",
                    self.paint(Paint::Red, &format!("- {}", show(&entry["old"])))
                );
            }
            if !entry["new"].is_null() {
                let _ = write!(
                    text,
                    "\n{}",
                    self.paint(Paint::Green, &format!("+ {}", show(&entry["new"])))
                );
            }
        }
        text
    }

    fn step_finished(
        &self,
        outcome: Outcome,
        outputs: &Value,
        assumed: bool,
        error: Option<&StepError>,
        tolerated: bool,
        duration_ms: u64,
    ) -> String {
        let mut text = self.outcome(outcome);
        let _ = write!(text, " in {}", duration(duration_ms));
        if let Some(error) = error {
            let _ = write!(text, ": {}", clean(&error.message));
            if let Some(whose) = whose(error.blame) {
                let _ = write!(text, "\n{}", self.paint(Paint::Dim, whose));
            }
        }
        if tolerated {
            text.push_str("\nthe run goes on: `continue-on-error`");
        }
        if outputs
            .as_object()
            .is_some_and(|outputs| !outputs.is_empty())
        {
            let outputs = clean(&outputs.to_string());
            let _ = write!(
                text,
                "\n{}",
                self.paint(Paint::Dim, &format!("outputs: {outputs}"))
            );
        }
        if assumed {
            let _ = write!(
                text,
                "\n{}",
                self.paint(Paint::Dim, "assumed: its effects are planned, not done")
            );
        }
        text
    }

    fn run_finished(
        &self,
        outcome: Outcome,
        outputs: &Value,
        error: Option<&StepError>,
        duration_ms: u64,
    ) -> Vec<String> {
        let mut text = format!("{} in {}", self.outcome(outcome), duration(duration_ms));
        if let Some(error) = error {
            let first = clean(&error.message);
            let _ = write!(text, ": {}", first.lines().next().unwrap_or_default());
        }
        for (name, value) in outputs.as_object().into_iter().flatten() {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let value = clean(&value).replace('\n', " ");
            let _ = write!(text, "\n  {} = {value}", clean(name));
        }
        text.lines().map(str::to_owned).collect()
    }

    fn outcome(&self, outcome: Outcome) -> String {
        let paint = match outcome {
            Outcome::Success => Paint::Green,
            Outcome::Failure | Outcome::Unknown => Paint::Red,
            Outcome::Skipped => Paint::Dim,
            Outcome::Cancelled => Paint::Yellow,
        };
        self.paint(paint, outcome.name())
    }

    fn paint(&self, paint: Paint, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let code = match paint {
            Paint::Bold => "1",
            Paint::Dim => "2",
            Paint::Red => "31",
            Paint::Green => "32",
            Paint::Yellow => "33",
            Paint::Cyan => "36",
        };
        // Each line by itself: a prefix stands between them.
        let lines = text
            .lines()
            .map(|line| format!("\u{1b}[{code}m{line}\u{1b}[0m"));
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// Whose a failure is, where saying so helps.
fn whose(blame: Blame) -> Option<&'static str> {
    match blame {
        Blame::Author | Blame::World => None,
        Blame::Plugin => Some("this is a fault of the plugin, not of the pipeline"),
        Blame::Sluice => Some("this is a bug in sluice; please report it"),
    }
}

/// A duration as people say it.
fn duration(millis: u64) -> String {
    let duration = Duration::from_millis(millis);
    match duration.as_secs() {
        0 => format!("{millis} ms"),
        1..60 => format!("{:.1} s", duration.as_secs_f64()),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}
