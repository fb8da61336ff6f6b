//! Paths and refs by their segments: `*` for exactly one, `v*` for one that begins so, and a
//! trailing `**` for the rest.

use std::fmt;
use std::str::FromStr;

/// A pattern over the segments between `/`. A leading `/` is of no account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Segments {
    segments: Vec<Segment>,
    /// It ends with `**`: zero or more further segments.
    rest: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Exact(String),
    /// The segment begins so. `*` alone is the empty prefix.
    Prefix(String),
}

impl Segments {
    /// Whether a path or ref is meant.
    pub fn matches(&self, path: &str) -> bool {
        let segments: Vec<_> = split(path).collect();
        let enough = if self.rest {
            segments.len() >= self.segments.len()
        } else {
            segments.len() == self.segments.len()
        };
        enough
            && self
                .segments
                .iter()
                .zip(segments)
                .all(|(pattern, segment)| pattern.matches(segment))
    }

    /// Whether every path that `other` matches is matched by this one.
    pub fn contains(&self, other: &Segments) -> bool {
        let lengths = if self.rest {
            other.segments.len() >= self.segments.len()
        } else {
            !other.rest && other.segments.len() == self.segments.len()
        };
        lengths
            && self
                .segments
                .iter()
                .zip(&other.segments)
                .all(|(wide, narrow)| wide.contains(narrow))
    }
}

impl Segment {
    fn matches(&self, segment: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == segment,
            Self::Prefix(prefix) => segment.starts_with(prefix.as_str()),
        }
    }

    fn contains(&self, other: &Segment) -> bool {
        match (self, other) {
            (Self::Exact(wide), Self::Exact(narrow)) => wide == narrow,
            (Self::Exact(_), Self::Prefix(_)) => false,
            (Self::Prefix(prefix), Self::Exact(text) | Self::Prefix(text)) => {
                text.starts_with(prefix.as_str())
            }
        }
    }
}

fn split(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

impl FromStr for Segments {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut segments: Vec<_> = split(text).collect();
        let rest = segments.last() == Some(&"**");
        if rest {
            segments.pop();
        }
        let last = segments.len().saturating_sub(1);
        let segments = segments.into_iter().enumerate().map(|(index, segment)| {
            let trailing_slash = index == last && index > 0 && !rest;
            if segment.is_empty() && text != "/" && !trailing_slash {
                return Err(format!("`{text}` has an empty segment"));
            }
            if matches!(segment, "." | "..") {
                return Err(format!("`{text}`: `{segment}` is not allowed in a pattern"));
            }
            if segment == "**" {
                return Err(format!("`{text}`: `**` may only stand at the end"));
            }
            match segment.split_once('*') {
                None => Ok(Segment::Exact(segment.to_owned())),
                Some((prefix, "")) => Ok(Segment::Prefix(prefix.to_owned())),
                Some(_) => Err(format!("`{text}`: `*` may only end a segment")),
            }
        });
        Ok(Self {
            segments: segments.collect::<Result<_, _>>()?,
            rest,
        })
    }
}

impl fmt::Display for Segments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = self.segments.iter().map(|segment| match segment {
            Segment::Exact(text) => text.clone(),
            Segment::Prefix(prefix) => format!("{prefix}*"),
        });
        let texts: Vec<_> = texts.chain(self.rest.then(|| "**".to_owned())).collect();
        f.write_str(&texts.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::Segments;

    fn words(alphabet: &[&str], longest: usize) -> Vec<Vec<String>> {
        let mut all: Vec<Vec<String>> = vec![];
        let mut last: Vec<Vec<String>> = vec![vec![]];
        for _ in 0..longest {
            last = last
                .iter()
                .flat_map(|word| {
                    alphabet.iter().map(|segment| {
                        let mut word = word.clone();
                        word.push((*segment).to_owned());
                        word
                    })
                })
                .collect();
            all.extend(last.clone());
        }
        all
    }

    #[test]
    fn patterns_match_whole_segments() {
        let cases = [
            ("refs/tags/v*", "refs/tags/v1.2", true),
            ("refs/tags/v*", "refs/tags/x1", false),
            ("refs/tags/v*", "refs/tags/v1/x", false),
            ("refs/heads/*", "refs/heads/main", true),
            ("refs/heads/*", "refs/heads/a/b", false),
            ("refs/heads/**", "refs/heads/a/b", true),
            ("refs/heads/**", "refs/heads", true),
            ("refs/heads/**", "refs/headsx", false),
            ("/api/*/items", "/api/1/items", true),
            ("/api/*/items", "/api/1/2/items", false),
            ("/", "/", true),
            ("/**", "/", true),
            ("/**", "/a/b", true),
            ("/a/", "/a/", true),
            ("/a/", "/a", false),
        ];
        for (pattern, path, expected) in cases {
            let parsed: Segments = pattern.parse().unwrap();
            assert_eq!(parsed.matches(path), expected, "{pattern} {path}");
        }
        for pattern in ["", "a//b", "a/../b", "**/a", "a*b", "a/**/b", "./a"] {
            assert!(pattern.parse::<Segments>().is_err(), "{pattern}");
        }
    }

    /// A slow matcher that goes letter by letter stands beside the real one, and containment
    /// is asked of every word that could tell two patterns apart.
    #[test]
    fn matching_and_containment_are_exact() {
        fn model(pattern: &[String], path: &[String]) -> bool {
            match (pattern.split_first(), path.split_first()) {
                (None, None) => true,
                (Some((first, [])), _) if first == "**" => true,
                (Some((first, pattern)), Some((segment, path))) => {
                    let fits = match first.strip_suffix('*') {
                        Some(prefix) => segment.starts_with(prefix),
                        None => first == segment,
                    };
                    fits && model(pattern, path)
                }
                _ => false,
            }
        }
        // `aac` and `c` begin as no pattern of the alphabet but the shorter prefixes does.
        let paths = words(&["a", "aa", "b", "aac", "c"], 4);
        let mut patterns = words(&["a", "aa", "a*", "*"], 2);
        patterns.extend(
            words(&["a", "aa", "a*", "*"], 2)
                .into_iter()
                .map(|mut pattern| {
                    pattern.push("**".to_owned());
                    pattern
                }),
        );
        let parsed: Vec<Segments> = patterns
            .iter()
            .map(|pattern| pattern.join("/").parse().unwrap())
            .collect();
        let sets: Vec<Vec<bool>> = patterns
            .iter()
            .map(|pattern| paths.iter().map(|path| model(pattern, path)).collect())
            .collect();
        for (pattern, set) in parsed.iter().zip(&sets) {
            for (path, expected) in paths.iter().zip(set) {
                assert_eq!(
                    pattern.matches(&path.join("/")),
                    *expected,
                    "{pattern} {path:?}"
                );
            }
        }
        for (wide, wide_set) in parsed.iter().zip(&sets) {
            for (narrow, narrow_set) in parsed.iter().zip(&sets) {
                let model = narrow_set
                    .iter()
                    .zip(wide_set)
                    .all(|(narrow, wide)| !narrow || *wide);
                assert_eq!(wide.contains(narrow), model, "{wide} {narrow}");
            }
        }
    }
}
