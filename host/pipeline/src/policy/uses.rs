//! Which plugins a policy lets steps use.

use std::fmt;
use std::str::FromStr;

use super::path::PathPattern;
use crate::permission::{ImageBound, ImageRef, parse_digest};
use crate::reference::Reference;

/// An entry of a policy's `uses`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PluginPattern {
    /// A built-in plugin.
    BuiltIn(String),
    /// The component with this digest, wherever it comes from.
    Digest(String),
    /// Component files.
    File(PathPattern),
    /// Components in a registry.
    Registry(ImageBound),
}

impl PluginPattern {
    /// Whether a step may use what it names so, a component with that digest.
    pub(crate) fn matches(&self, uses: &str, digest: &str) -> bool {
        match (self, Reference::parse(uses)) {
            (Self::Digest(known), _) => known == digest,
            (Self::BuiltIn(known), Reference::BuiltIn(name)) => known == name,
            (Self::File(pattern), Reference::File(path)) => pattern.matches(path),
            (Self::Registry(bound), Reference::Registry(reference)) => {
                let image = reference.parse::<ImageRef>();
                image.is_ok_and(|image| bound.matches(&image))
            }
            _ => false,
        }
    }
}

impl FromStr for PluginPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("sha256:") {
            return parse_digest(text, text).map(Self::Digest);
        }
        if text == "*" {
            return Err(
                "`*` is no plugin: list the built-in ones by their names, and digests, paths or repositories for others"
                    .to_owned(),
            );
        }
        match Reference::parse(text) {
            Reference::BuiltIn(name) => Ok(Self::BuiltIn(name.to_owned())),
            Reference::File(path) => path.parse().map(Self::File),
            Reference::Registry(reference) => reference.parse().map(Self::Registry),
        }
    }
}

impl fmt::Display for PluginPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn(text) | Self::Digest(text) => f.write_str(text),
            Self::File(path) => path.fmt(f),
            Self::Registry(bound) => bound.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PluginPattern;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn a_plugin_is_allowed_by_name_digest_path_or_repository() {
        let other = DIGEST.replace('0', "f");
        let cases = [
            ("deploy", "deploy", true),
            ("deploy", "./deploy", false),
            ("deploy", "deploy.wasm", false),
            ("deploy", "notify", false),
            (DIGEST, "./mine.wasm", true),
            (DIGEST, "deploy", true),
            (&other, "./mine.wasm", false),
            ("/opt/plugins/*", "/opt/plugins/mine.wasm", true),
            ("/opt/plugins/*", "/opt/plugins/../../tmp/evil.wasm", false),
            ("./plugins/**", "plugins/mine.wasm", true),
            ("./plugins/**", "mine.wasm", false),
            ("ghcr.io/acme/*:*", "ghcr.io/acme/mine:1", true),
            ("ghcr.io/acme/*@*", "ghcr.io/acme/mine:1", false),
            ("ghcr.io/acme/*:*", "ghcr.io/evil/mine:1", false),
            ("ghcr.io/acme/*:*", "ghcr.io/acme/mine.wasm", false),
        ];
        for (pattern, uses, expected) in cases {
            let parsed: PluginPattern = pattern.parse().unwrap();
            assert_eq!(parsed.matches(uses, DIGEST), expected, "{pattern} {uses}");
        }
    }

    #[test]
    fn what_is_no_plugin_says_why() {
        for wrong in ["*", "sha256:12", "ghcr.io/acme/*", "acme/*:*", "../x.wasm"] {
            assert!(wrong.parse::<PluginPattern>().is_err(), "{wrong}");
        }
    }
}
