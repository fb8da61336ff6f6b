//! Paths of files as patterns: of components and of secrets' files. By their text: what a
//! link leads to is the business of whoever may make one there.

use std::fmt;
use std::str::FromStr;

use crate::permission::Segments;

/// `/run/secrets/*`, or relative to the pipeline file `./plugins/**`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathPattern {
    absolute: bool,
    path: Segments,
}

impl PathPattern {
    /// Whether a path is meant. One with `..` never is.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
        let parts: Vec<_> = parts.collect();
        self.absolute == path.starts_with('/')
            && !parts.contains(&"..")
            && self.path.matches(&parts.join("/"))
    }
}

impl FromStr for PathPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let relative = text.strip_prefix("./").unwrap_or(text);
        Ok(Self {
            absolute: text.starts_with('/'),
            path: relative.parse()?,
        })
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = if self.absolute { "/" } else { "./" };
        write!(f, "{start}{}", self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::PathPattern;

    #[test]
    fn a_path_is_matched_in_its_one_form() {
        let cases = [
            ("/run/secrets/*", "/run/secrets/web", true),
            ("/run/secrets/*", "/run//secrets/./web", true),
            ("/run/secrets/*", "/run/secrets/web/token", false),
            ("/run/secrets/**", "/run/secrets/web/token", true),
            ("/run/secrets/**", "/run/secrets/../../etc/shadow", false),
            ("/run/secrets/**", "run/secrets/web", false),
            ("./plugins/*", "plugins/mine.wasm", true),
            ("./plugins/*", "./plugins/mine.wasm", true),
            ("./plugins/*", "/plugins/mine.wasm", false),
            ("./plugins/*", "./plugins/../mine.wasm", false),
            ("./**", "anything/at/all", true),
        ];
        for (pattern, path, expected) in cases {
            let parsed: PathPattern = pattern.parse().unwrap();
            assert_eq!(parsed.matches(path), expected, "{pattern} {path}");
            assert_eq!(parsed.to_string(), pattern);
        }
        for wrong in ["", "../plugins/*", "/run/../etc/*", "/run//a", "/a*b/c"] {
            assert!(wrong.parse::<PathPattern>().is_err(), "{wrong}");
        }
    }
}
