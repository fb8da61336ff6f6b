//! Addresses of git remotes, as patterns: a remote's name is the pipeline author's, its
//! address is what an operator knows.

use std::fmt;
use std::str::FromStr;

use url::Url;

use crate::permission::{HostPattern, Segments, is_plain_path};

/// `https://forge.example/acme/*`: scheme, host, port and path of remotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemotePattern {
    scheme: String,
    /// `None` for `file`.
    host: Option<HostPattern>,
    port: Option<u16>,
    path: Segments,
}

impl RemotePattern {
    /// Whether a remote at this address is meant. One that servers could read in two ways,
    /// or with a query, never is.
    pub fn matches(&self, url: &Url) -> bool {
        let host = match (&self.host, url.host_str()) {
            (Some(pattern), Some(host)) => !host.contains('%') && pattern.matches(host),
            (None, None) => true,
            _ => false,
        };
        self.scheme == url.scheme()
            && host
            && self.port == url.port().or(usual_port(url.scheme()))
            && url.query().is_none()
            && url.fragment().is_none()
            && is_plain_path(url.path())
            && self.path.matches(url.path())
    }
}

/// The port where a URL names none.
fn usual_port(scheme: &str) -> Option<u16> {
    match scheme {
        "https" => Some(443),
        "http" => Some(80),
        "ssh" => Some(22),
        _ => None,
    }
}

impl FromStr for RemotePattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("`{text}` {why}"));
        let Some((scheme, rest)) = text.split_once("://") else {
            return wrong("is not the address of remotes, such as `https://forge.example/acme/*`");
        };
        if !matches!(scheme, "https" | "http" | "ssh" | "file") {
            return wrong("is neither `https` nor `ssh`");
        }
        let Some((authority, path)) = rest.split_once('/') else {
            return wrong("has no path: end it with `/**` for any");
        };
        if authority.contains('@') {
            return wrong(
                "names a user, who is of no account here: leave out what stands before `@`",
            );
        }
        if path.contains(['?', '#']) {
            return wrong("has a query, which no remote has");
        }
        let path = path.parse()?;
        if scheme == "file" {
            if !authority.is_empty() {
                return wrong("names a host, and `file` is of this machine: `file:///…`");
            }
            return Ok(Self {
                scheme: scheme.to_owned(),
                host: None,
                port: None,
                path,
            });
        }
        // An IPv6 address has colons of its own, within brackets.
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let port = match port.map(str::parse::<u16>) {
            None => usual_port(scheme),
            Some(Ok(port)) => Some(port),
            Some(Err(_)) => return wrong("has a port that is none"),
        };
        Ok(Self {
            scheme: scheme.to_owned(),
            host: Some(host.parse()?),
            port,
            path,
        })
    }
}

impl fmt::Display for RemotePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme)?;
        if let Some(host) = &self.host {
            host.fmt(f)?;
        }
        if let Some(port) = self
            .port
            .filter(|port| usual_port(&self.scheme) != Some(*port))
        {
            write!(f, ":{port}")?;
        }
        write!(f, "/{}", self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::RemotePattern;

    #[test]
    fn an_address_is_matched_in_every_part() {
        let cases = [
            (
                "https://f.example/acme/*",
                "https://f.example/acme/web.git",
                true,
            ),
            (
                "https://f.example/acme/*",
                "https://F.example:443/acme/web.git",
                true,
            ),
            (
                "https://f.example/acme/*",
                "https://f.example:8443/acme/web.git",
                false,
            ),
            (
                "https://f.example:8443/acme/*",
                "https://f.example:8443/acme/web.git",
                true,
            ),
            (
                "https://f.example/acme/*",
                "http://f.example/acme/web.git",
                false,
            ),
            (
                "https://f.example/acme/*",
                "https://f.example.evil/acme/web.git",
                false,
            ),
            (
                "https://f.example/acme/*",
                "https://f.example/acme/a/b.git",
                false,
            ),
            (
                "https://f.example/acme/**",
                "https://f.example/acme/a/b.git",
                true,
            ),
            (
                "https://f.example/acme/**",
                "https://f.example/acme/../evil/b.git",
                false,
            ),
            (
                "https://f.example/acme/**",
                "https://f.example/acme/..%2fevil/b.git",
                false,
            ),
            (
                "https://f.example/acme/**",
                "https://f.example/acme/%2e%2e/evil",
                false,
            ),
            (
                "https://f.example/acme/**",
                "https://f.example/acme//b.git",
                false,
            ),
            (
                "https://f.example/acme/*",
                "https://f.example/acme/web.git?x=/evil",
                false,
            ),
            (
                "https://f.example/**",
                "https://evil.example/f.example/",
                false,
            ),
            (
                "https://f.example/**",
                "https://f.example@evil.example/a",
                false,
            ),
            (
                "https://*.example/acme/web.git",
                "https://a.b.example/acme/web.git",
                true,
            ),
            (
                "ssh://github.com/acme/*",
                "ssh://git@github.com/acme/web.git",
                true,
            ),
            (
                "ssh://github.com/acme/*",
                "ssh://git@GitHub.com:22/acme/web.git",
                true,
            ),
            (
                "ssh://github.com/acme/*",
                "ssh://git@github.com:2222/acme/web.git",
                false,
            ),
            (
                "ssh://github.com/acme/*",
                "ssh://git@%67ithub.com/acme/web.git",
                false,
            ),
            ("ssh://[::1]:2222/a/*", "ssh://git@[::1]:2222/a/b", true),
            ("file:///srv/git/**", "file:///srv/git/a/b.git", true),
            ("file:///srv/git/**", "file:///srv/other", false),
            ("file:///srv/git/**", "file:///srv/git/../other", false),
        ];
        for (pattern, url, expected) in cases {
            let parsed: RemotePattern = pattern.parse().unwrap();
            assert_eq!(
                parsed.matches(&url.parse().unwrap()),
                expected,
                "{pattern} {url}"
            );
            assert_eq!(parsed.to_string(), pattern);
        }
    }

    #[test]
    fn what_is_no_address_says_why() {
        for wrong in [
            "forge.example/acme/*",
            "https://forge.example",
            "ftp://forge.example/a",
            "https://ci@forge.example/a",
            "https://forge.example/a?b",
            "https://forge.example/../a",
            "https://forge.example:x/a",
            "https:///a",
            "https://*/a",
            "file://host/a",
        ] {
            assert!(wrong.parse::<RemotePattern>().is_err(), "{wrong}");
        }
    }
}
