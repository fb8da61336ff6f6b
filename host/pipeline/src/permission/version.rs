//! Which images of a repository: the part of a pattern after its name, and the tags and
//! digests of references.

use std::fmt;

use super::ImageRef;

/// Which references of a repository. A tag beside a digest decides nothing, so only
/// [`Version::Any`] and the digest patterns cover a reference with a digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    /// `repo:*`
    Any,
    /// `repo:v1*`
    TagPrefix(String),
    /// `repo:v1`
    Tag(String),
    /// `repo@*`
    AnyDigest,
    /// `repo@sha256:…`
    Digest(String),
}

impl Version {
    /// A pattern's name, and the versions that it means.
    pub(super) fn split(text: &str) -> Result<(&str, Self), String> {
        if let Some((name, digest)) = text.split_once('@') {
            if split_tag(name).1.is_some() {
                return Err(format!(
                    "`{text}` names a tag and a digest: the digest decides, leave out the tag"
                ));
            }
            let version = match digest {
                "*" => Self::AnyDigest,
                digest => Self::Digest(parse_digest(digest, text)?),
            };
            return Ok((name, version));
        }
        let (name, tag) = split_tag(text);
        let version = match tag {
            None => {
                return Err(format!(
                    "`{text}` does not say which versions: `{text}:*` is any, `{text}@*` any digest"
                ));
            }
            Some("*") => Self::Any,
            Some(tag) => match tag.strip_suffix('*') {
                Some(prefix) => Self::TagPrefix(parse_tag(prefix, text)?),
                None => Self::Tag(parse_tag(tag, text)?),
            },
        };
        Ok((name, version))
    }

    /// Whether a reference to the repository is meant.
    pub(super) fn matches(&self, image: &ImageRef) -> bool {
        let tag = image.tag.as_deref().unwrap_or("latest");
        match (self, &image.digest) {
            (Self::Any, _) | (Self::AnyDigest, Some(_)) => true,
            (Self::TagPrefix(prefix), None) => tag.starts_with(prefix.as_str()),
            (Self::Tag(exact), None) => tag == exact,
            (Self::Digest(exact), Some(digest)) => digest == exact,
            _ => false,
        }
    }

    /// Whether every version that `other` means is meant by this one.
    pub(super) fn contains(&self, other: &Version) -> bool {
        match (self, other) {
            (Self::Any, _) | (Self::AnyDigest, Self::AnyDigest | Self::Digest(_)) => true,
            (Self::TagPrefix(wide), Self::TagPrefix(narrow) | Self::Tag(narrow)) => {
                narrow.starts_with(wide.as_str())
            }
            (wide, narrow) => wide == narrow,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str(":*"),
            Self::TagPrefix(prefix) => write!(f, ":{prefix}*"),
            Self::Tag(tag) => write!(f, ":{tag}"),
            Self::AnyDigest => f.write_str("@*"),
            Self::Digest(digest) => write!(f, "@{digest}"),
        }
    }
}

/// A tag stands after the last `:` behind the last `/`; before that it is a port.
pub(super) fn split_tag(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(':') {
        Some((front, tag)) if !tag.contains('/') => (front, Some(tag)),
        _ => (name, None),
    }
}

pub(super) fn parse_tag(tag: &str, whole: &str) -> Result<String, String> {
    let first = tag
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    if first && tag.len() <= 128 && tag.bytes().all(allowed) {
        Ok(tag.to_owned())
    } else {
        Err(format!("`{whole}`: `{tag}` is not a tag"))
    }
}

pub(crate) fn parse_digest(digest: &str, whole: &str) -> Result<String, String> {
    let length = match digest.split_once(':') {
        Some(("sha256", _)) => 64,
        Some(("sha512", _)) => 128,
        _ => {
            return Err(format!(
                "`{whole}`: `{digest}` is not a digest such as `sha256:…`"
            ));
        }
    };
    let hex = &digest["sha256:".len()..];
    let allowed = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if hex.len() == length && hex.bytes().all(allowed) {
        Ok(digest.to_owned())
    } else {
        Err(format!(
            "`{whole}`: a {} digest has {length} hexadecimal digits in lower case",
            &digest[..6]
        ))
    }
}
