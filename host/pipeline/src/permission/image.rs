//! Image references as the container runtimes read them, and patterns over the parsed form.

use std::fmt;
use std::str::FromStr;

use super::version::{Version, parse_digest, parse_tag, split_tag};

/// A parsed image reference: `nginx` is `docker.io/library/nginx`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImageRef {
    /// The registry's host, with a port where one was given.
    pub registry: String,
    /// The path within the registry.
    pub repository: String,
    /// The tag; a reference with neither tag nor digest means `latest`.
    pub tag: Option<String>,
    /// The digest, which decides what runs whatever the tag says.
    pub digest: Option<String>,
}

impl FromStr for ImageRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(parse_digest(digest, text)?)),
            None => (text, None),
        };
        let (name, tag) = split_tag(name);
        let tag = tag.map(|tag| parse_tag(tag, text)).transpose()?;
        let (registry, repository) = parse_name(name, text)?;
        Ok(Self {
            registry,
            repository,
            tag,
            digest,
        })
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// A pattern over the references of one repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImagePattern {
    pub(crate) registry: String,
    pub(crate) repository: String,
    pub(crate) version: Version,
}

impl ImagePattern {
    /// Whether a reference is meant.
    pub fn matches(&self, image: &ImageRef) -> bool {
        if (&self.registry, &self.repository) != (&image.registry, &image.repository) {
            return false;
        }
        self.version.matches(image)
    }

    /// The registry and the repository, as a reference begins with them.
    pub fn repository(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// The pattern for any tag of an image's repository.
    pub fn any_tag_of(image: &ImageRef) -> Self {
        Self {
            registry: image.registry.clone(),
            repository: image.repository.clone(),
            version: Version::Any,
        }
    }
}

impl FromStr for ImagePattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, version) = Version::split(text)?;
        let (registry, repository) = parse_name(name, text)?;
        Ok(Self {
            registry,
            repository,
            version,
        })
    }
}

impl fmt::Display for ImagePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}{}", self.registry, self.repository, self.version)
    }
}

fn parse_name(name: &str, whole: &str) -> Result<(String, String), String> {
    let (registry, repository) = match name.split_once('/') {
        Some((first, rest)) if is_registry(first) => {
            (parse_registry(first, whole)?, rest.to_owned())
        }
        _ => ("docker.io".to_owned(), name.to_owned()),
    };
    let repository = if registry == "docker.io" && !repository.contains('/') {
        format!("library/{repository}")
    } else {
        repository
    };
    if repository.len() > 255 || !repository.split('/').all(is_component) {
        let hint = if repository.contains(|c: char| c.is_ascii_uppercase()) {
            ": repositories are in lower case"
        } else {
            ""
        };
        return Err(format!("`{whole}` is not an image reference{hint}"));
    }
    Ok((registry, repository))
}

/// A registry in its one form.
pub(super) fn parse_registry(first: &str, whole: &str) -> Result<String, String> {
    let registry = match first.to_ascii_lowercase().as_str() {
        "index.docker.io" | "registry-1.docker.io" => "docker.io".to_owned(),
        registry => registry.to_owned(),
    };
    if is_authority(&registry) {
        Ok(registry)
    } else {
        Err(format!("`{whole}`: `{registry}` is not a registry"))
    }
}

/// Whether the first component of a name is a registry, not part of the repository.
pub(crate) fn is_registry(first: &str) -> bool {
    first.contains(['.', ':']) || first == "localhost"
}

fn is_authority(registry: &str) -> bool {
    let (host, port) = match registry.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (registry, None),
    };
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let digits = |port: &str| !port.starts_with('+') && port.parse::<u16>().is_ok();
    host.split('.').all(label) && port.is_none_or(digits)
}

/// Letters and digits in runs, parted by one `.`, one or two `_`, or any number of `-`.
fn is_component(component: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut separators = component.split(|c: char| c.is_ascii() && alphanumeric(c as u8));
    let edges = component.bytes().next().is_some_and(alphanumeric)
        && component.bytes().next_back().is_some_and(alphanumeric);
    edges
        && separators.all(|separator| {
            matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-')
        })
}

#[cfg(test)]
mod tests {
    use super::{ImagePattern, ImageRef};

    const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn a_reference_is_read_as_the_runtimes_read_it() {
        let pinned = format!("ghcr.io/acme/web:v1@sha256:{HEX}");
        let cases = [
            ("nginx", "docker.io/library/nginx"),
            ("acme/web:1", "docker.io/acme/web:1"),
            ("index.docker.io/nginx:1", "docker.io/library/nginx:1"),
            ("localhost/web", "localhost/web"),
            ("localhost:5000/web:a", "localhost:5000/web:a"),
            ("GHCR.io/acme/web", "ghcr.io/acme/web"),
            ("r.example:5000/a/b__c-d.e:T", "r.example:5000/a/b__c-d.e:T"),
            (&pinned, &pinned),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<ImageRef>().unwrap().to_string(), expected);
        }
    }

    #[test]
    fn what_is_not_a_reference_is_refused() {
        let short = "ghcr.io/a@sha256:0123";
        let upper = format!("ghcr.io/a@sha256:{}", HEX.to_uppercase());
        let cases = [
            "",
            " ",
            "ghcr.io/Acme/web",
            "ghcr.io/a/../b",
            "ghcr.io/a%2fb",
            "a b",
            "ghcr.io/",
            "ghcr.io/a:",
            "ghcr.io//a",
            ":v1",
            "ghcr.io/a@",
            "ghcr.io/a:v 1",
            "ghcr.io/a:-v",
            "https://ghcr.io/a",
            "ghcr.io:99999/a",
            "a/b/",
            "/a",
            "a@sha256:x",
            "ghcr.io/-a",
            "ghcr.io/a..b",
            "ghcr.io/a:b:c",
            "ghcr.io/é",
            "-ghcr.io/a",
            "ghcr-.io/a",
            short,
            &upper,
        ];
        for text in cases {
            assert!(text.parse::<ImageRef>().is_err(), "{text}");
        }
        for text in [
            "ghcr.io/a",
            "ghcr.io/a:*x",
            "ghcr.io/*:v",
            "ghcr.io/a:v@*",
            "*",
            "ghcr.io/a@sha256:*",
        ] {
            assert!(text.parse::<ImagePattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_pattern_matches_the_versions_that_it_names() {
        let other = HEX.replace('0', "f");
        let versions = [
            String::new(),
            ":latest".into(),
            ":v1".into(),
            ":v12".into(),
            ":v2".into(),
            ":x".into(),
            format!("@sha256:{HEX}"),
            format!("@sha256:{other}"),
            format!(":v1@sha256:{HEX}"),
            format!(":x@sha256:{other}"),
        ];
        let images: Vec<ImageRef> = ["ghcr.io/a", "ghcr.io/b", "a"]
            .iter()
            .flat_map(|name| {
                versions
                    .iter()
                    .map(move |version| format!("{name}{version}").parse().unwrap())
            })
            .collect();
        let matched = |pattern: &str| -> Vec<String> {
            let pattern: ImagePattern = pattern.parse().unwrap();
            images
                .iter()
                .filter(|image| pattern.matches(image))
                .map(ImageRef::to_string)
                .collect()
        };
        assert_eq!(matched("ghcr.io/a:v1"), ["ghcr.io/a:v1"]);
        assert_eq!(
            matched("ghcr.io/a:v*"),
            ["ghcr.io/a:v1", "ghcr.io/a:v12", "ghcr.io/a:v2"]
        );
        assert_eq!(
            matched("ghcr.io/a:latest"),
            ["ghcr.io/a", "ghcr.io/a:latest"]
        );
        assert_eq!(matched("ghcr.io/a@*").len(), 4);
        assert_eq!(matched("ghcr.io/a:*").len(), versions.len());
        assert_eq!(matched("a:*").len(), versions.len());
    }
}
