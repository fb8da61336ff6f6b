//! Image patterns as regular expressions of RE2, which is what CEL's `matches` takes: over
//! the text that a workload has, and equal in meaning to the pattern over its parsed form.

use crate::permission::{ImagePattern, Version, is_registry};

const TAG: &str = "[0-9A-Za-z_][0-9A-Za-z_.-]{0,127}";
const DIGEST: &str = "sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}";
/// The registry that a reference without one means, and its other names.
const DEFAULT: &str = "docker.io";
const DEFAULT_NAMES: &str = r"(?i:docker\.io|index\.docker\.io|registry-1\.docker\.io)";

/// The expression for a pattern, which also wants the text to be ASCII: without that, the
/// Kelvin sign would be a `k` where upper and lower case are one.
pub(super) fn expression(pattern: &ImagePattern) -> String {
    let name = name(&pattern.registry, &pattern.repository);
    let any_tag = format!("(?::{TAG})?");
    let version = match &pattern.version {
        Version::Any => format!("{any_tag}(?:@(?:{DIGEST}))?"),
        Version::AnyDigest => format!("{any_tag}@(?:{DIGEST})"),
        Version::Digest(digest) => format!("{any_tag}@{digest}"),
        Version::Tag(tag) => unless_latest(tag == LATEST, &escaped(tag)),
        Version::TagPrefix(prefix) => {
            let rest = format!("[0-9A-Za-z_.-]{{0,{}}}", 128 - prefix.len());
            let tag = format!("{}{rest}", escaped(prefix));
            unless_latest(LATEST.starts_with(prefix.as_str()), &tag)
        }
    };
    format!("^{name}{version}$")
}

/// The tag of a reference that has none.
const LATEST: &str = "latest";

/// A tag, which may be left out where it covers `latest`.
fn unless_latest(covers_latest: bool, tag: &str) -> String {
    if covers_latest {
        format!("(?::{tag})?")
    } else {
        format!(":{tag}")
    }
}

fn name(registry: &str, repository: &str) -> String {
    if registry != DEFAULT {
        // `localhost` is a registry only in lower case: without a dot or a port, nothing
        // else tells it from a repository.
        let registry = if is_registry(&registry.to_ascii_uppercase()) {
            format!("(?i:{})", escaped(registry))
        } else {
            escaped(registry)
        };
        return format!("{registry}/{}", escaped(repository));
    }
    if let Some(official) = repository
        .strip_prefix("library/")
        .filter(|rest| !rest.contains('/'))
    {
        return format!("(?:{DEFAULT_NAMES}/)?(?:library/)?{}", escaped(official));
    }
    let first = repository.split('/').next().unwrap_or_default();
    let may_be_left_out = if is_registry(first) { "" } else { "?" };
    format!(
        "(?:{DEFAULT_NAMES}/){may_be_left_out}{}",
        escaped(repository)
    )
}

/// A text of a reference with its dots taken literally; nothing else in it has a meaning.
fn escaped(text: &str) -> String {
    text.replace('.', r"\.")
}

#[cfg(test)]
mod tests {
    use regex::{Regex, RegexBuilder};

    use super::expression;
    use crate::permission::{ImagePattern, ImageRef};

    const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    /// Among ASCII, folding without Unicode is what RE2 does with it.
    fn compiled(pattern: &ImagePattern) -> Regex {
        let mut builder = RegexBuilder::new(&expression(pattern));
        builder.unicode(false).build().unwrap()
    }

    /// What the policy asks: only ASCII, and the expression.
    fn matches(compiled: &Regex, text: &str) -> bool {
        text.bytes().all(|byte| byte.is_ascii_graphic()) && compiled.is_match(text)
    }

    #[test]
    fn the_expression_of_a_pattern_can_be_read() {
        let cases = [
            (
                "ghcr.io/acme/web:v1.*",
                r"^(?i:ghcr\.io)/acme/web:v1\.[0-9A-Za-z_.-]{0,125}$",
            ),
            (
                "nginx:latest",
                r"^(?:(?i:docker\.io|index\.docker\.io|registry-1\.docker\.io)/)?(?:library/)?nginx(?::latest)?$",
            ),
            ("localhost/web:1", "^localhost/web:1$"),
        ];
        for (pattern, expected) in cases {
            assert_eq!(expression(&pattern.parse().unwrap()), expected);
        }
    }

    /// Every pattern against every reference that could be made of these parts, well formed
    /// or not.
    #[test]
    fn the_expression_means_what_the_pattern_means() {
        let names = [
            "web",
            "library/web",
            "acme/web",
            "a.b/web",
            "a.b",
            "localhost/web",
            "LOCALHOST/web",
            "localhost:5000/web",
            "Localhost:5000/web",
            "docker.io/web",
            "Docker.io/library/web",
            "doc\u{212a}er.io/web",
            "index.docker.io/acme/web",
            "registry-1.docker.io/a.b/web",
            "docker.io/a.b/web",
            "docker.io/localhost/web",
            "docker.io:443/web",
            "docker.io/library/a/web",
            "library/a/web",
            "ghcr.io/acme/web",
            "GHCR.io/acme/web",
            "ghcr.io/Acme/web",
            "ghcr.io/acme/web/",
            "ghcr.io//acme/web",
            "ghcr.io/acme/../web",
            "ghcrxio/acme/web",
            "ghcr.io/acme%2fweb",
            "ghcr.io/acme/web2",
            "ghcr.io:443/acme/web",
            "ghcr.io/acme",
            "https://ghcr.io/acme/web",
            " ghcr.io/acme/web",
            "",
            "/web",
            "@",
            "r-1.example:05000/a__b/c-d.e",
            "r-1.example:5000/a__b/c-d.e",
        ];
        let long = "v".repeat(128);
        let digest = format!("@sha256:{HEX}");
        let other = format!("@sha512:{HEX}{HEX}");
        let upper = digest.to_ascii_uppercase();
        let versions = [
            String::new(),
            ":".into(),
            ":v1".into(),
            ":v1.2".into(),
            ":v1x2".into(),
            ":V1".into(),
            ":latest".into(),
            ":late".into(),
            ":-v1".into(),
            ":_v".into(),
            ":v1:v1".into(),
            ":v1\n".into(),
            ":v1 ".into(),
            ":5000/web".into(),
            ":*".into(),
            format!(":{long}"),
            format!(":{long}v"),
            "@".into(),
            digest.clone(),
            other.clone(),
            upper,
            format!(":v1{digest}"),
            format!("{digest}:v1"),
            format!("{digest}{digest}"),
            format!("{digest}0"),
            format!(":v1:v2{digest}"),
            "@sha256:0".into(),
            format!(":{digest}"),
            format!("@md5:{HEX}"),
        ];
        let patterns = [
            ":*",
            ":v1",
            ":v*",
            ":v1.*",
            ":latest",
            ":l*",
            ":latestx*",
            "@*",
            &digest,
            &other,
            &format!(":{long}"),
        ];
        let mut both = (0, 0);
        for pattern_name in names {
            for version in patterns {
                let Ok(pattern) = format!("{pattern_name}{version}").parse::<ImagePattern>() else {
                    continue;
                };
                let compiled = compiled(&pattern);
                for name in names {
                    for version in &versions {
                        let text = format!("{name}{version}");
                        let expected = text
                            .parse::<ImageRef>()
                            .is_ok_and(|image| pattern.matches(&image));
                        assert_eq!(matches(&compiled, &text), expected, "{pattern} {text}");
                        *(if expected { &mut both.0 } else { &mut both.1 }) += 1;
                    }
                }
            }
        }
        assert!(both.0 > 500 && both.1 > 50_000, "{both:?}");
    }
}
