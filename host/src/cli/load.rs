//! From a file's name to its pipeline, for every command that takes one.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use sluice_pipeline::{
    diagnostic::{Problems, Source},
    document::Document,
    pipeline::{self, Pipeline},
};

use super::render;
use crate::plugin::{Cache, Compiler, Library};

/// The largest file that is read, in bytes; the document has a smaller limit of its own
/// and words it.
const LARGEST: u64 = 8 << 20;

/// A file and the components that it uses.
pub(super) struct Loaded {
    pub(super) source: Source,
    pub(super) library: Library,
    pub(super) folder: PathBuf,
}

impl Loaded {
    /// Reads the file.
    pub(super) fn read(file: &Path) -> Result<Self, String> {
        let folder = file.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self::of(source(file)?, folder))
    }

    /// A text, as if it were a file in that folder.
    pub(super) fn of(source: Source, folder: PathBuf) -> Self {
        let cache = Cache::of_user().unwrap_or_else(|error| {
            render::warn(&format!("compiled plugins are not kept: {error}"));
            Cache::none()
        });
        Self {
            source,
            library: Library::new(&folder, cache, compiler()),
            folder,
        }
    }

    /// The file's pipeline, or all its problems.
    pub(super) async fn pipeline(&self) -> Result<Pipeline, Problems> {
        let document = Document::read(&self.source)?;
        self.library
            .expect_steps(pipeline::steps_of(&document).len());
        let uses = pipeline::uses_of(&document);
        let catalog = self.library.catalog(&uses).await;
        Pipeline::read(&document, &catalog)
    }

    /// Says the problems, and that nothing was started.
    pub(super) fn say(&self, problems: &Problems) {
        render::problems(problems, &self.source);
    }
}

/// The text of a file, under the name that was typed.
pub(super) fn source(file: &Path) -> Result<Source, String> {
    let mut text = String::new();
    if !std::fs::metadata(file).is_ok_and(|found| found.is_dir() || found.is_file())
        && file.exists()
    {
        return Err(format!("`{}` is not a file", file.display()));
    }
    std::fs::File::open(file)
        .and_then(|file| file.take(LARGEST).read_to_string(&mut text))
        .map_err(|error| format!("cannot read `{}`: {error}", file.display()))?;
    Ok(Source::new(file.display().to_string(), text))
}

/// What comes from outside is compiled by a child. A system that does not say which program
/// this is leaves the process to do it, without limits, which is worth a word.
pub(super) fn compiler() -> Compiler {
    Compiler::child().unwrap_or_else(|error| {
        render::warn(&format!(
            "components are compiled without limits: this program cannot find itself: {error}"
        ));
        Compiler::Here
    })
}

/// A runtime for looking at files: no thread of its own.
pub(super) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}
