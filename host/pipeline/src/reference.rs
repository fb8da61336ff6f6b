//! What `uses` names: a built-in plugin, a file, or something in a registry. Told by its form
//! alone, so that a policy and whoever loads the component cannot read it differently.

use std::path::Path;

/// What `uses` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference<'a> {
    /// A built-in plugin: a bare word.
    BuiltIn(&'a str),
    /// A component file, relative to the pipeline file: begins with `.` or `/`, or ends
    /// with `.wasm`.
    File(&'a str),
    /// An OCI reference: anything else.
    Registry(&'a str),
}

impl<'a> Reference<'a> {
    /// Reads the text of `uses`.
    pub fn parse(uses: &'a str) -> Self {
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let component = Path::new(uses).extension().is_some_and(|end| end == "wasm");
        if uses.starts_with(['.', '/']) || component {
            Self::File(uses)
        } else if uses.chars().all(word) {
            Self::BuiltIn(uses)
        } else {
            Self::Registry(uses)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Reference;

    #[test]
    fn a_reference_says_by_its_form_where_the_plugin_comes_from() {
        let cases = [
            ("deploy", Reference::BuiltIn("deploy")),
            ("svu-tag", Reference::BuiltIn("svu-tag")),
            ("./mine.wasm", Reference::File("./mine.wasm")),
            ("../x/mine", Reference::File("../x/mine")),
            ("mine.wasm", Reference::File("mine.wasm")),
            ("/abs/mine.wasm", Reference::File("/abs/mine.wasm")),
            (
                "ghcr.io/acme/mine:1",
                Reference::Registry("ghcr.io/acme/mine:1"),
            ),
        ];
        for (uses, expected) in cases {
            assert_eq!(Reference::parse(uses), expected, "{uses}");
        }
    }
}
