//! Images of many repositories: `ghcr.io/acme/*:*`, over the parsed reference as the patterns
//! of permissions are.

use std::fmt;
use std::str::FromStr;

use crate::permission::image::parse_registry;
use crate::permission::version::Version;
use crate::permission::{ImagePattern, ImageRef, Segments, is_registry};

/// Repositories of one registry, and which images of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageBound {
    registry: String,
    repositories: Segments,
    version: Version,
}

impl ImageBound {
    /// Whether a reference is meant.
    pub fn matches(&self, image: &ImageRef) -> bool {
        self.registry == image.registry
            && self.repositories.matches(&image.repository)
            && self.version.matches(image)
    }

    /// Whether every reference that `pattern` matches is matched by this one.
    pub fn contains(&self, pattern: &ImagePattern) -> bool {
        self.registry == pattern.registry
            && self.repositories.matches(&pattern.repository)
            && self.version.contains(&pattern.version)
    }
}

impl FromStr for ImageBound {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, version) = Version::split(text)?;
        if !name.contains('*') {
            let ImagePattern {
                registry,
                repository,
                version,
            } = text.parse()?;
            return Ok(Self {
                registry,
                repositories: repository.parse()?,
                version,
            });
        }
        // `acme/*` is short for Docker Hub's: with a pattern behind it, too short to be seen.
        let Some((first, rest)) = name.split_once('/').filter(|(first, _)| is_registry(first))
        else {
            return Err(format!(
                "`{text}` does not name the registry, as `docker.io/acme/*:*` does"
            ));
        };
        if rest.starts_with('/') || rest.contains(|c: char| c.is_ascii_uppercase()) {
            return Err(format!("`{text}` matches no repository"));
        }
        Ok(Self {
            registry: parse_registry(first, text)?,
            repositories: rest.parse()?,
            version,
        })
    }
}

impl fmt::Display for ImageBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}{}", self.registry, self.repositories, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::ImageBound;
    use crate::permission::{ImagePattern, ImageRef};

    const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn a_bound_is_over_the_parsed_reference() {
        let cases = [
            ("ghcr.io/acme/*:*", "ghcr.io/acme/web:1", true),
            ("ghcr.io/acme/*:*", "GHCR.io/acme/web", true),
            ("ghcr.io/acme/*:*", "ghcr.io/acme/team/web:1", false),
            ("ghcr.io/acme/**:*", "ghcr.io/acme/team/web:1", true),
            ("ghcr.io/acme/**:*", "ghcr.io/acme-evil/web:1", false),
            ("ghcr.io/acme/web-*:v*", "ghcr.io/acme/web-api:v1", true),
            ("ghcr.io/acme/web-*:v*", "ghcr.io/acme/web-api", false),
            ("docker.io/library/*:*", "nginx", true),
            ("nginx:*", "docker.io/library/nginx:1", true),
            ("ghcr.io/acme/*@*", "ghcr.io/acme/web:1", false),
            ("ghcr.io/**:*", "ghcr.io:5000/acme/web:1", false),
        ];
        for (bound, image, expected) in cases {
            let parsed: ImageBound = bound.parse().unwrap();
            let image: ImageRef = image.parse().unwrap();
            assert_eq!(parsed.matches(&image), expected, "{bound} {image}");
        }
        let digests: ImageBound = "ghcr.io/acme/*@*".parse().unwrap();
        let pinned = format!("ghcr.io/acme/web:1@sha256:{HEX}");
        assert!(digests.matches(&pinned.parse().unwrap()));
    }

    #[test]
    fn what_is_no_bound_says_why() {
        for wrong in [
            "*",
            "*:*",
            "acme/*:*",
            "ghcr.io/acme/*",
            "ghcr.io/*/web:**",
            "ghcr.io/ac*me/web:*",
            "ghcr.io/**/web:*",
            "ghcr.io//*:*",
            "ghcr.io/Acme/*:*",
            "*.io/acme/web:*",
        ] {
            assert!(wrong.parse::<ImageBound>().is_err(), "{wrong}");
        }
    }

    /// Every bound against every pattern, by what they match among many references.
    #[test]
    fn containment_is_exact() {
        let names = ["r.io/a", "r.io/b", "r.io/a/x", "r.io/ab", "s.io/a"];
        let versions = [
            ":v1".to_owned(),
            ":v12".to_owned(),
            ":v2".to_owned(),
            ":x".to_owned(),
            String::new(),
            format!("@sha256:{HEX}"),
            format!(":v1@sha256:{HEX}"),
            format!("@sha256:{}", HEX.replace('0', "f")),
        ];
        let images: Vec<ImageRef> = names
            .iter()
            .flat_map(|name| {
                versions
                    .iter()
                    .map(move |version| format!("{name}{version}").parse().unwrap())
            })
            .collect();
        let other = HEX.replace('0', "f");
        let pins = [HEX, &other].map(|hex| format!("@sha256:{hex}"));
        let ends = [":*", ":v*", ":v1*", ":v1", ":x", "@*", &pins[0], &pins[1]];
        let patterns = names
            .iter()
            .flat_map(|name| ends.map(|end| format!("{name}{end}")));
        let patterns: Vec<ImagePattern> = patterns.map(|text| text.parse().unwrap()).collect();
        let wide = [
            "r.io/**",
            "r.io/*",
            "r.io/a*",
            "r.io/a/**",
            "r.io/a",
            "s.io/*",
        ];
        for bound in wide
            .iter()
            .flat_map(|name| ends.map(|end| format!("{name}{end}")))
        {
            let bound: ImageBound = bound.parse().unwrap();
            for pattern in &patterns {
                let model = images
                    .iter()
                    .all(|image| !pattern.matches(image) || bound.matches(image));
                assert_eq!(bound.contains(pattern), model, "{bound} {pattern}");
            }
        }
    }
}
