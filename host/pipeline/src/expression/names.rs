//! What may be named, and where in the file.

use super::Type;

/// A part of the file in which expressions stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A step's `if`.
    Condition,
    /// A step's `with`.
    With,
    /// `remotes`.
    Remote,
    /// `concurrency.group`.
    Group,
    /// The pipeline's `outputs`.
    Output,
}

impl Place {
    pub(crate) fn allows_secrets(self) -> bool {
        matches!(self, Self::With | Self::Remote)
    }

    pub(crate) fn allows_status(self) -> bool {
        self == Self::Condition
    }

    /// The place in words.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Condition => "a condition",
            Self::With => "`with`",
            Self::Remote => "`remotes`",
            Self::Group => "`concurrency.group`",
            Self::Output => "`outputs`",
        }
    }
}

/// The names that expressions of one place may use, with their types.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    roots: Vec<(&'static str, Type)>,
}

impl Names {
    /// What started the run, as expressions see it. Absent texts are empty.
    pub(crate) fn trigger() -> (&'static str, Type) {
        let text = |name: &str| (name.to_owned(), Type::String);
        let fields = [
            text("event"),
            text("ref"),
            text("sha"),
            ("files".to_owned(), Type::list(Type::String)),
            text("sender"),
        ];
        ("trigger", Type::fields(fields))
    }

    /// The run itself, as expressions see it.
    pub(crate) fn run() -> (&'static str, Type) {
        let fields = [
            ("id".to_owned(), Type::String),
            ("pipeline".to_owned(), Type::String),
            ("attempt".to_owned(), Type::Integer),
        ];
        ("run", Type::fields(fields))
    }

    /// A step with the type of its outputs, as expressions see it.
    pub(crate) fn step(outputs: Type) -> Type {
        Type::fields([
            ("outputs".to_owned(), outputs),
            ("outcome".to_owned(), Type::String),
        ])
    }

    /// The steps with these types, made by [`Names::step`] once for all that see them.
    pub(crate) fn steps(steps: impl IntoIterator<Item = (String, Type)>) -> (&'static str, Type) {
        ("steps", Type::fields(steps))
    }

    pub(crate) fn new(roots: impl IntoIterator<Item = (&'static str, Type)>) -> Self {
        Self {
            roots: roots.into_iter().collect(),
        }
    }

    pub(crate) fn get(&self, root: &str) -> Option<&Type> {
        let found = self.roots.iter().find(|(name, _)| *name == root);
        found.map(|(_, ty)| ty)
    }

    pub(crate) fn roots(&self) -> impl Iterator<Item = &'static str> {
        self.roots.iter().map(|(name, _)| *name)
    }
}

/// All that is needed to settle the names of an expression.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) place: Place,
    pub(crate) names: &'a Names,
    /// The pipeline's secrets.
    pub(crate) secrets: &'a [String],
    /// Every step of the pipeline, also those that may not be named here.
    pub(crate) all_steps: &'a [String],
}
