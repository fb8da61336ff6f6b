//! Hosts, and `*.suffix` for the hosts under one. Names are compared as ASCII in lower case,
//! addresses as addresses, so that one host has one form.

use std::fmt;
use std::str::FromStr;

use url::Host;

/// A host or the hosts under a suffix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostPattern {
    /// One name or IP address.
    Exact(Host),
    /// `*.suffix`: one or more labels before the suffix, never the suffix itself.
    Under(String),
}

impl HostPattern {
    /// Whether a host (a name, or an IP address; IPv6 with or without brackets) is meant.
    pub fn matches(&self, host: &str) -> bool {
        let Ok(host) = parse(host) else { return false };
        match (self, host) {
            (Self::Exact(exact), host) => *exact == host,
            (Self::Under(suffix), Host::Domain(name)) => is_under(&name, suffix),
            (Self::Under(_), _) => false,
        }
    }

    /// Whether every host that `other` matches is matched by this one.
    pub fn contains(&self, other: &HostPattern) -> bool {
        match (self, other) {
            (Self::Exact(wide), Self::Exact(narrow)) => wide == narrow,
            (Self::Under(suffix), Self::Exact(Host::Domain(name))) => is_under(name, suffix),
            (Self::Exact(_), Self::Under(_)) | (Self::Under(_), Self::Exact(_)) => false,
            (Self::Under(wide), Self::Under(narrow)) => wide == narrow || is_under(narrow, wide),
        }
    }
}

fn is_under(name: &str, suffix: &str) -> bool {
    name.strip_suffix(suffix)
        .and_then(|front| front.strip_suffix('.'))
        .is_some_and(|labels| !labels.is_empty())
}

fn parse(text: &str) -> Result<Host, String> {
    let bracketed = if text.contains(':') && !text.starts_with('[') {
        format!("[{text}]")
    } else {
        text.to_owned()
    };
    match Host::parse(&bracketed) {
        Ok(Host::Domain(name)) if !is_name(&name) => Err(format!("`{text}` is not a host name")),
        Ok(host) => Ok(host),
        Err(_) => Err(format!("`{text}` is not a host name or address")),
    }
}

/// Labels of letters, digits, `-` and `_`, none empty: a final dot would make a second name
/// for the same host.
fn is_name(name: &str) -> bool {
    name.len() <= 253
        && name.split('.').all(|label| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            (1..=63).contains(&label.len()) && label.bytes().all(allowed)
        })
}

impl FromStr for HostPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains("://") || text.contains('/') {
            return Err(format!("`{text}` is not a host: leave out scheme and path"));
        }
        let Some(suffix) = text.strip_prefix("*.") else {
            if text.contains('*') {
                return Err(format!(
                    "`{text}`: `*` may only stand for the first labels, as in `*.example.com`"
                ));
            }
            return parse(text).map(Self::Exact);
        };
        match parse(suffix)? {
            Host::Domain(suffix) => Ok(Self::Under(suffix)),
            _ => Err(format!("`{text}`: an address has no names under it")),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(host) => host.fmt(f),
            Self::Under(suffix) => write!(f, "*.{suffix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::HostPattern;

    #[test]
    fn a_host_has_one_form() {
        let cases = [
            ("Hooks.Slack.COM", "hooks.slack.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("127.1", "127.0.0.1"),
            ("::1", "[::1]"),
            ("[2001:DB8::0]", "[2001:db8::]"),
            ("*.Example.com", "*.example.com"),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<HostPattern>().unwrap().to_string(), expected);
        }
        for text in [
            "",
            "*",
            "a.*.b",
            "*a.b",
            "https://a.b",
            "a/b",
            "a b",
            "a..b",
            "a.b.",
            "*.127.0.0.1",
            "a.b:80:1",
        ] {
            assert!(text.parse::<HostPattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_suffix_matches_the_names_under_it_alone() {
        let cases = [
            ("*.example.com", "a.example.com", true),
            ("*.example.com", "A.b.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "evilexample.com", false),
            ("*.example.com", ".example.com", false),
            ("example.com", "example.com", true),
            ("example.com", "example.com.", false),
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "0xa.0.0.1", true),
            ("::1", "[::1]", true),
        ];
        for (pattern, host, expected) in cases {
            let pattern: HostPattern = pattern.parse().unwrap();
            assert_eq!(pattern.matches(host), expected, "{pattern} {host}");
        }
    }

    /// Every name of up to four labels over `a` and `b` is asked.
    #[test]
    fn containment_is_exact() {
        let mut names = vec![String::new()];
        let mut all = Vec::new();
        for _ in 0..4 {
            names = names
                .iter()
                .flat_map(|name| {
                    ["a", "b"].map(|label| {
                        format!("{label}{}{name}", if name.is_empty() { "" } else { "." })
                    })
                })
                .collect();
            all.extend(names.clone());
        }
        let short: Vec<_> = all.iter().filter(|name| name.len() <= 5).collect();
        let patterns: Vec<HostPattern> = short
            .iter()
            .flat_map(|name| [name.parse().unwrap(), format!("*.{name}").parse().unwrap()])
            .collect();
        for wide in &patterns {
            for narrow in &patterns {
                // No pattern has more than three labels, so that four tell any two apart.
                let model = all
                    .iter()
                    .all(|name| !narrow.matches(name) || wide.matches(name));
                let vacuous = !all.iter().any(|name| narrow.matches(name));
                assert!(!vacuous);
                assert_eq!(wide.contains(narrow), model, "{wide} {narrow}");
            }
        }
    }
}
