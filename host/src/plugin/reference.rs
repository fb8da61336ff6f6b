//! What `uses` names: a built-in plugin, a file, or something in a registry.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// What `uses` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// A built-in plugin: a bare word.
    BuiltIn(String),
    /// A component file, relative to the pipeline file: begins with `.` or `/`, or ends
    /// with `.wasm`.
    File(PathBuf),
    /// An OCI reference: anything else.
    Registry(String),
}

impl Reference {
    /// Reads the text of `uses`, in a file in that folder.
    pub(super) fn parse(uses: &str, folder: &Path) -> Self {
        let path = Path::new(uses);
        if uses.starts_with(['.', '/']) || path.extension().is_some_and(|end| end == "wasm") {
            Self::File(folder.join(path))
        } else if uses
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        {
            Self::BuiltIn(uses.to_owned())
        } else {
            Self::Registry(uses.to_owned())
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn(name) | Self::Registry(name) => f.write_str(name),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_says_by_its_form_where_the_plugin_comes_from() {
        let cases = [
            ("deploy", Reference::BuiltIn("deploy".into())),
            ("svu-tag", Reference::BuiltIn("svu-tag".into())),
            ("./mine.wasm", Reference::File("/p/./mine.wasm".into())),
            ("../x/mine", Reference::File("/p/../x/mine".into())),
            ("mine.wasm", Reference::File("/p/mine.wasm".into())),
            ("/abs/mine.wasm", Reference::File("/abs/mine.wasm".into())),
            (
                "ghcr.io/acme/mine:1",
                Reference::Registry("ghcr.io/acme/mine:1".into()),
            ),
        ];
        for (uses, expected) in cases {
            assert_eq!(Reference::parse(uses, Path::new("/p")), expected, "{uses}");
        }
    }
}
