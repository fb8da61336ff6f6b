//! An HTTP address in the three parts that a request needs. Nothing is decoded, encoded
//! or normalised: the path may be a secret's stand-in, and the host reads it again.

/// `https://hooks.example.com/services/x`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Url {
    /// `https`; else `http`.
    pub(crate) secure: bool,
    /// Host and port.
    pub(crate) authority: String,
    /// Path and query, beginning with a slash.
    pub(crate) path: String,
}

impl Url {
    /// Reads an address. The error says what is wrong without repeating it.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text
            .split_once("://")
            .ok_or("it is not an address; write it like `https://host/path`")?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err("it is neither `https` nor `http`".to_owned()),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.is_empty() {
            return Err("it names no host".to_owned());
        }
        if authority.contains('@') {
            return Err("it holds a user or a password; take them out".to_owned());
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err("it holds a space or a line break".to_owned());
        }
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/{path}")
        };
        Ok(Self {
            secure,
            authority: authority.to_owned(),
            path,
        })
    }

    /// An address below this one: `more` is put after its path, `query` after its query.
    pub(crate) fn below(&self, more: &str, query: &str) -> Self {
        let (path, own) = self.path.split_once('?').unwrap_or((&self.path, ""));
        let mut whole = if more.is_empty() {
            path.to_owned()
        } else {
            format!("{}{more}", path.trim_end_matches('/'))
        };
        let queries = [own, query].into_iter().filter(|query| !query.is_empty());
        let queries = queries.collect::<Vec<_>>().join("&");
        if !queries.is_empty() {
            whole = format!("{whole}?{queries}");
        }
        Self {
            path: whole,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Url;

    #[test]
    fn addresses_are_split_into_what_a_request_needs() {
        let cases = [
            (
                "https://hooks.slack.com/services/T0/B0/x",
                true,
                "hooks.slack.com",
                "/services/T0/B0/x",
            ),
            ("http://127.0.0.1:8080", false, "127.0.0.1:8080", "/"),
            ("HTTPS://a.example?x=1#part", true, "a.example", "/?x=1"),
            ("https://[::1]:8443/a?b=/c", true, "[::1]:8443", "/a?b=/c"),
        ];
        for (text, secure, authority, path) in cases {
            let expected = Url {
                secure,
                authority: authority.to_owned(),
                path: path.to_owned(),
            };
            assert_eq!(Url::read(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_put_below_an_address_keeps_its_query() {
        let cases = [
            ("https://a.example/w", "", "wait=true", "/w?wait=true"),
            (
                "https://a.example/w?thread_id=7",
                "/messages/1",
                "",
                "/w/messages/1?thread_id=7",
            ),
            ("https://a.example/w?a=1", "/m", "b=2", "/w/m?a=1&b=2"),
            ("https://a.example/", "/api", "", "/api"),
            ("https://a.example/w/", "", "", "/w/"),
        ];
        for (text, more, query, expected) in cases {
            let url = Url::read(text).expect("an address of the test");
            assert_eq!(url.below(more, query).path, expected);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_it() {
        let cases = [
            (
                "hooks.slack.com/x",
                "it is not an address; write it like `https://host/path`",
            ),
            ("ftp://a.example/", "it is neither `https` nor `http`"),
            ("https:///path", "it names no host"),
            (
                "https://user:password@a.example/",
                "it holds a user or a password; take them out",
            ),
            ("https://a.example/a b", "it holds a space or a line break"),
        ];
        for (text, expected) in cases {
            assert_eq!(Url::read(text), Err(expected.to_owned()), "{text}");
        }
    }
}
