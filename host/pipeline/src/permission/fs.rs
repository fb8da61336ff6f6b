//! Which directories a step may open.

use std::fmt;
use std::str::FromStr;

use super::bound::Bound;

/// Whether a directory may be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// It may be read.
    Read,
    /// It may be read and changed.
    ReadWrite,
}

impl FromStr for Access {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "read" => Ok(Self::Read),
            "read-write" => Ok(Self::ReadWrite),
            _ => Err(format!(
                "`{text}` is not an access: one of `read`, `read-write`"
            )),
        }
    }
}

/// A permission to open one directory and what is under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FsRule {
    /// The directory, without `.`, `..` and doubled or trailing slashes.
    path: String,
    /// Whether it may be changed.
    pub access: Access,
}

impl FsRule {
    /// A permission on a directory; `Err` where the path has `..` or is empty.
    pub fn new(path: &str, access: Access) -> Result<Self, String> {
        let parts: Vec<_> = path
            .split('/')
            .filter(|part| !matches!(*part, "" | "."))
            .collect();
        if parts.contains(&"..") {
            return Err(format!("`{path}`: `..` is not allowed"));
        }
        if path.is_empty() || path.contains('\0') {
            return Err("a directory is missing".to_owned());
        }
        let root = if path.starts_with('/') { "/" } else { "" };
        let path = format!("{root}{}", parts.join("/"));
        Ok(Self { path, access })
    }

    /// The directory; empty for the one in which the run takes place.
    pub fn path(&self) -> &str {
        &self.path
    }

    fn shown(&self) -> &str {
        if self.path.is_empty() {
            "."
        } else {
            &self.path
        }
    }

    /// Whether the other directory is this one or under it.
    fn has_under(&self, other: &FsRule) -> bool {
        let absolute = |path: &str| path.starts_with('/');
        match other.path.strip_prefix(&self.path) {
            Some(rest) => {
                absolute(&self.path) == absolute(&other.path)
                    && (rest.is_empty()
                        || rest.starts_with('/')
                        || matches!(self.path.as_str(), "" | "/"))
            }
            None => false,
        }
    }
}

impl Bound<FsRule> for FsRule {
    fn beyond(&self, rule: &FsRule) -> Vec<String> {
        let mut beyond = Vec::new();
        if !self.has_under(rule) {
            beyond.push(format!("directory `{}`", rule.shown()));
        }
        if self.access < rule.access {
            beyond.push("`access: read-write`".to_owned());
        }
        beyond
    }

    fn is_about(&self, rule: &FsRule) -> bool {
        self.has_under(rule)
    }
}

impl fmt::Display for FsRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = match self.access {
            Access::Read => "read",
            Access::ReadWrite => "read-write",
        };
        write!(f, "{{ path: {}, access: {access} }}", self.shown())
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, Bound, FsRule};

    #[test]
    fn a_directory_contains_what_is_under_it() {
        let cases = [
            ("/srv", "/srv", true),
            ("/srv/", "/srv//a/.", true),
            ("/srv", "/srvx", false),
            ("/", "/srv", true),
            (".", "a/b", true),
            (".", "/a", false),
            ("a", ".", false),
        ];
        for (wide, narrow, expected) in cases {
            let wide = FsRule::new(wide, Access::Read).unwrap();
            let narrow = FsRule::new(narrow, Access::Read).unwrap();
            assert_eq!(wide.contains(&narrow), expected, "{wide} {narrow}");
        }
        let read = FsRule::new("a", Access::Read).unwrap();
        let write = FsRule::new("a", Access::ReadWrite).unwrap();
        assert!(write.contains(&read) && !read.contains(&write));
        let elsewhere = FsRule::new("/b", Access::ReadWrite).unwrap();
        assert_eq!(
            read.beyond(&elsewhere),
            ["directory `/b`", "`access: read-write`"]
        );
        assert!(FsRule::new("a/../b", Access::Read).is_err());
    }
}
