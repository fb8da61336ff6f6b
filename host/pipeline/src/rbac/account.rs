//! The service account that pipelines run under.

use std::str::FromStr;

/// A service account. Every object that is made for it is called after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Account {
    /// The user that the API server knows it as.
    pub fn username(&self) -> String {
        format!("system:serviceaccount:{}:{}", self.namespace, self.name)
    }

    /// The name of its Roles, its policy and their bindings. A namespace has no dot, so that
    /// no two accounts have the same.
    pub(super) fn object(&self) -> String {
        format!("sluice.{}.{}", self.namespace, self.name)
    }
}

impl FromStr for Account {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (namespace, name) = text
            .split_once('/')
            .ok_or_else(|| format!("`{text}` is not `NAMESPACE/NAME`"))?;
        if namespace.len() > 63 || !is_label(namespace) {
            return Err(format!("`{namespace}` is not a name of a namespace"));
        }
        // 253 is the longest name of an object, and the Roles' begins with both.
        if text.len() > 253 - "sluice.".len() || !name.split('.').all(is_label) {
            return Err(format!("`{name}` is not a name of a service account"));
        }
        Ok(Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }
}

/// A label of DNS (RFC 1123), but for its length.
fn is_label(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(allowed) && !text.starts_with('-') && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::Account;

    #[test]
    fn an_account_is_a_namespace_and_a_name() {
        let account: Account = "ci/deploy.web".parse().unwrap();
        assert_eq!(account.username(), "system:serviceaccount:ci:deploy.web");
        assert_eq!(account.object(), "sluice.ci.deploy.web");
        for text in [
            "", "runner", "/", "a/", "/a", "a.b/c", "A/b", "a/-b", "a/b c", "a/b/c", "a/b..c",
            "a/b\nc",
        ] {
            assert!(text.parse::<Account>().is_err(), "{text}");
        }
    }
}
