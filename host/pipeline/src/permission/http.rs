//! Which requests a step may send: scheme, host, port, method and path; and which addresses
//! beyond the public ones may be dialled for them.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use super::bound::{Bound, outside, word};
use super::{AddressClass, HostPattern, Segments, classify, flow};

/// The schemes of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// `http`
    Http,
    /// `https`
    Https,
}

impl Scheme {
    /// The scheme as it stands in a URL.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port where a URL names none.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The parts of a request that a permission is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The scheme.
    pub scheme: Scheme,
    /// The host: a name or an address.
    pub host: String,
    /// The port, also where it is the scheme's own.
    pub port: u16,
    /// The method in upper case.
    pub method: String,
    /// The path as it will be sent, without the query.
    pub path: String,
}

/// A permission to send requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRule {
    /// The scheme.
    pub scheme: Scheme,
    /// The hosts.
    pub host: HostPattern,
    /// The port.
    pub port: u16,
    /// The methods in upper case; empty for any.
    pub methods: Vec<String>,
    /// The paths; empty for any.
    pub paths: Vec<Segments>,
    /// Whether a dry run may really send it.
    pub read: bool,
    /// Ranges that may be dialled although they are not public.
    pub addresses: Vec<IpNet>,
}

impl HttpRule {
    /// The short form: https on port 443, any method and path.
    pub fn any_on(host: HostPattern) -> Self {
        Self {
            scheme: Scheme::Https,
            host,
            port: Scheme::Https.default_port(),
            methods: Vec::new(),
            paths: Vec::new(),
            read: false,
            addresses: Vec::new(),
        }
    }

    /// Whether a request may be sent.
    pub fn permits(&self, request: &HttpRequest) -> bool {
        self.scheme == request.scheme
            && self.port == request.port
            && self.host.matches(&request.host)
            && (self.methods.is_empty() || self.methods.contains(&request.method))
            && (self.paths.is_empty() || self.permits_path(&request.path))
    }

    fn permits_path(&self, path: &str) -> bool {
        is_plain_path(path) && self.paths.iter().any(|pattern| pattern.matches(path))
    }

    /// Whether an address may be dialled for a request that this rule permits.
    pub fn dials(&self, address: IpAddr) -> bool {
        classify(address) == AddressClass::Public
            || self.addresses.iter().any(|range| range.contains(&address))
    }
}

impl Bound<HttpRule> for HttpRule {
    fn beyond(&self, rule: &HttpRule) -> Vec<String> {
        let mut beyond = Vec::new();
        if self.scheme != rule.scheme {
            beyond.push(format!("`scheme: {}`", rule.scheme));
        }
        if !self.host.contains(&rule.host) {
            beyond.push(format!("host `{}`", rule.host));
        }
        if self.port != rule.port {
            beyond.push(format!("`port: {}`", rule.port));
        }
        if !self.methods.is_empty() {
            if rule.methods.is_empty() {
                beyond.push("any method".to_owned());
            }
            let methods = outside(&self.methods, &rule.methods, String::eq);
            beyond.extend(methods.map(|method| format!("method `{method}`")));
        }
        if !self.paths.is_empty() {
            if rule.paths.is_empty() {
                beyond.push("any path".to_owned());
            }
            let paths = outside(&self.paths, &rule.paths, Segments::contains);
            beyond.extend(paths.map(|path| format!("path `/{path}`")));
        }
        beyond.extend(word("read", self.read, rule.read));
        let within = |wide: &IpNet, narrow: &IpNet| wide.contains(narrow);
        let ranges = outside(&self.addresses, &rule.addresses, within);
        beyond.extend(ranges.map(|range| format!("`addresses: {range}`")));
        beyond
    }

    fn is_about(&self, rule: &HttpRule) -> bool {
        self.host.contains(&rule.host)
    }
}

/// A path that every server reads alike: one with `..`, an encoded `/` or doubled slashes
/// may mean another path than the one that the pattern saw.
pub fn is_plain_path(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let Some(segments) = lower.strip_prefix('/') else {
        return false;
    };
    let ambiguous = ["%2f", "%5c", "%00", "\\", ";", "?", "#"];
    let segments: Vec<_> = segments.split('/').collect();
    let last = segments.len() - 1;
    !ambiguous.iter().any(|part| lower.contains(part))
        && segments.iter().enumerate().all(|(index, segment)| {
            let dots = segment.replace("%2e", ".");
            dots != "." && dots != ".." && (!segment.is_empty() || index == last)
        })
}

impl fmt::Display for HttpRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme, self.host, self.port)?;
        if !self.methods.is_empty() {
            write!(f, ", methods: {}", flow(&self.methods))?;
        }
        if !self.paths.is_empty() {
            write!(
                f,
                ", paths: {}",
                flow(self.paths.iter().map(|path| format!("/{path}")))
            )?;
        }
        if self.read {
            f.write_str(", read: true")?;
        }
        if !self.addresses.is_empty() {
            write!(f, ", addresses: {}", flow(&self.addresses))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Bound, HttpRequest, HttpRule, Scheme};

    fn request(path: &str) -> HttpRequest {
        HttpRequest {
            scheme: Scheme::Https,
            host: "api.example.com".into(),
            port: 443,
            method: "GET".into(),
            path: path.into(),
        }
    }

    fn rule() -> HttpRule {
        HttpRule {
            methods: vec!["GET".into(), "POST".into()],
            paths: vec!["/v1/**".parse().unwrap()],
            ..HttpRule::any_on("*.example.com".parse().unwrap())
        }
    }

    #[test]
    fn a_rule_permits_a_request_that_fits_in_every_part() {
        assert!(rule().permits(&request("/v1/items")));
        assert!(!rule().permits(&HttpRequest {
            scheme: Scheme::Http,
            ..request("/v1/items")
        }));
        assert!(!rule().permits(&HttpRequest {
            port: 8443,
            ..request("/v1/items")
        }));
        assert!(!rule().permits(&HttpRequest {
            method: "DELETE".into(),
            ..request("/v1/items")
        }));
        assert!(!rule().permits(&HttpRequest {
            host: "example.com".into(),
            ..request("/v1/items")
        }));
        assert!(!rule().permits(&request("/v2/items")));
    }

    #[test]
    fn a_path_that_servers_read_differently_is_not_permitted_by_a_pattern() {
        for path in [
            "/v1/../admin",
            "/v1/%2e%2E/admin",
            "/v1/a%2f..",
            "/v1//a",
            "//v1/a",
            "/v1/a\\b",
            "/v1/./a",
            "v1/a",
            "/v1/..;/a",
        ] {
            assert!(!rule().permits(&request(path)), "{path}");
        }
        assert!(rule().permits(&request("/v1/")));
        let any = HttpRule {
            paths: Vec::new(),
            ..rule()
        };
        assert!(any.permits(&request("/v1/../admin")));
    }

    #[test]
    fn a_rule_contains_what_is_narrower_in_every_field() {
        let narrow = HttpRule {
            methods: vec!["GET".into()],
            paths: vec!["/v1/a".parse().unwrap()],
            ..rule()
        };
        assert!(rule().contains(&narrow));
        assert!(!narrow.contains(&rule()));
        assert!(!rule().contains(&HttpRule {
            paths: Vec::new(),
            ..rule()
        }));
        assert!(!rule().contains(&HttpRule {
            methods: Vec::new(),
            ..rule()
        }));
        assert!(!rule().contains(&HttpRule {
            read: true,
            ..rule()
        }));
        let addresses = vec!["10.0.0.0/8".parse().unwrap()];
        let wide = HttpRule {
            addresses,
            ..rule()
        };
        let inner = HttpRule {
            addresses: vec!["10.1.0.0/16".parse().unwrap()],
            ..rule()
        };
        assert!(wide.contains(&inner) && !inner.contains(&wide) && !rule().contains(&inner));
        let elsewhere = HttpRule {
            scheme: Scheme::Http,
            host: "example.org".parse().unwrap(),
            port: 80,
            methods: vec!["GET".into(), "DELETE".into()],
            paths: vec!["/v2/**".parse().unwrap()],
            read: true,
            ..wide
        };
        assert_eq!(
            rule().beyond(&elsewhere),
            [
                "`scheme: http`",
                "host `example.org`",
                "`port: 80`",
                "method `DELETE`",
                "path `/v2/**`",
                "`read: true`",
                "`addresses: 10.0.0.0/8`",
            ]
        );
    }

    #[test]
    fn only_public_addresses_are_dialled_unless_a_range_is_named() {
        let rule = HttpRule {
            addresses: vec!["10.1.0.0/16".parse().unwrap()],
            ..rule()
        };
        assert!(rule.dials("93.184.215.14".parse().unwrap()));
        assert!(rule.dials("10.1.2.3".parse().unwrap()));
        assert!(!rule.dials("10.2.2.3".parse().unwrap()));
        assert!(!rule.dials("::ffff:10.1.2.3".parse().unwrap()));
    }
}
