//! A run that is refused before anything starts: whose it is and why, for people and, as
//! the only event, for programs.

use jiff::Timestamp;
use serde_json::json;
use sluice_pipeline::{
    diagnostic::{Problem, Problems, Severity, Source},
    schedule::Outcome,
};

use super::render::{self, Format};
use crate::run::event::{Blame, ErrorKind, StepError};

/// Why nothing was started.
#[derive(Debug)]
pub(super) struct Refused {
    blame: Blame,
    kind: ErrorKind,
    problems: Problems,
    /// The file that the problems are of, where that is not the pipeline's.
    source: Option<Source>,
}

impl Refused {
    /// For one reason that has no place in the file.
    pub(super) fn because(blame: Blame, kind: ErrorKind, message: impl Into<String>) -> Self {
        let mut problems = Problems::new();
        problems.push(Problem::error(message));
        Self {
            blame,
            kind,
            problems,
            source: None,
        }
    }

    /// For what its author can mend in the file, its inputs or its secrets.
    pub(super) fn author(kind: ErrorKind, problems: Problems) -> Self {
        Self {
            blame: Blame::Author,
            kind,
            problems,
            source: None,
        }
    }

    /// The same, for problems of another file than the pipeline's.
    pub(super) fn in_file(mut self, source: Source) -> Self {
        self.source = Some(source);
        self
    }

    /// Says it where no pipeline file has been read yet.
    pub(super) fn say_to_people(&self) {
        self.say(&Source::new("", ""), Format::Text);
    }

    /// Says it, of a pipeline file with this text.
    pub(super) fn say(&self, pipeline: &Source, format: Format) {
        let source = self.source.as_ref().unwrap_or(pipeline);
        render::problems(&self.problems, source);
        if format == Format::Json {
            let errors = self.problems.iter();
            let mut errors = errors.filter(|problem| problem.severity == Severity::Error);
            let first = errors.next().map(|problem| problem.message.as_str());
            let error = StepError::new(self.blame, self.kind, first.unwrap_or_default());
            let event = json!({
                "event": "run.finished",
                "at": Timestamp::now(),
                "outcome": Outcome::Failure,
                "error": error,
                "problems": self.problems.to_json(source),
            });
            render::line(&event.to_string());
        }
    }
}
