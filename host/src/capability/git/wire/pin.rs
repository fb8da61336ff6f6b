//! The keys that a host may show: what its author wrote down of it, and nothing learnt on the
//! way.

use std::str::FromStr;

use russh::keys::{Algorithm, PublicKey, ssh_key::Fingerprint};

use crate::bindings::sluice::git::remote::Error;

/// What a host has to show.
#[derive(Debug, PartialEq)]
pub(super) enum Pin {
    Key(Box<PublicKey>),
    Fingerprint(Fingerprint),
}

impl Pin {
    /// The keys that the author wrote down, each a line of `known_hosts`, a public key, or a
    /// fingerprint.
    pub(super) fn all(name: &str, text: Option<&str>) -> Result<Vec<Self>, Error> {
        let text = text.unwrap_or_default();
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let pins = lines
            .map(|line| {
                Self::read(line).ok_or_else(|| {
                    Error::Invalid(format!(
                        "the `known-host` of remote `{name}` is neither a host key, such as `ssh-ed25519 AAAA…`, nor a fingerprint, such as `SHA256:…`"
                    ))
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        if pins.is_empty() {
            return Err(Error::Forbidden(format!(
                "remote `{name}` has no `known-host`, and no host is trusted at first sight: `ssh-keyscan -t ed25519 HOST` prints what to compare and write there"
            )));
        }
        Ok(pins)
    }

    fn read(line: &str) -> Option<Self> {
        if let Ok(fingerprint) = Fingerprint::from_str(line) {
            return Some(Self::Fingerprint(fingerprint));
        }
        let words = line.split_whitespace().collect::<Vec<_>>();
        let at = words
            .iter()
            .position(|word| Algorithm::from_str(word).is_ok())?;
        let key = PublicKey::from_openssh(&words.get(at..at + 2)?.join(" ")).ok()?;
        // A line of `known_hosts` has names before the key; a mark before these is another matter.
        (at <= 1 && !line.starts_with('@')).then(|| Self::Key(Box::new(key)))
    }

    /// The algorithm of a pinned key; a fingerprint does not say.
    pub(super) fn algorithm(&self) -> Option<Algorithm> {
        match self {
            Self::Key(key) => Some(key.algorithm()),
            Self::Fingerprint(_) => None,
        }
    }

    /// Whether that is the key that the host shows.
    pub(super) fn is(&self, shown: &PublicKey) -> bool {
        match self {
            Self::Key(key) => key.key_data() == shown.key_data(),
            Self::Fingerprint(pinned) => shown.fingerprint(pinned.algorithm()) == *pinned,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    const PRINT: &str = "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU";

    #[test]
    fn host_is_pinned_by_its_key_or_its_fingerprint() {
        let shown = PublicKey::from_openssh(KEY).unwrap();
        let other = KEY.replace("IOMqqnk", "IOMqqnl");
        for (text, is) in [
            (KEY.to_owned(), true),
            (format!("{KEY} a comment"), true),
            (format!("github.com,140.82.112.3 {KEY}"), true),
            (format!("{other}\n{KEY}"), true),
            (PRINT.to_owned(), true),
            (other.clone(), false),
        ] {
            let pins = Pin::all("r", Some(&text)).expect("it reads");
            assert_eq!(pins.iter().any(|pin| pin.is(&shown)), is, "{text}");
        }
    }

    #[test]
    fn nothing_that_is_no_key_pins_a_host() {
        for text in [
            "yes",
            "ssh-ed25519",
            "ssh-ed25519 AAAA",
            "SHA256:",
            "MD5:aa:bb",
        ] {
            let pins = Pin::all("r", Some(text));
            assert!(matches!(pins, Err(Error::Invalid(_))), "{text}: {pins:?}");
        }
        let marked = format!("@cert-authority *.example {KEY}");
        assert!(matches!(
            Pin::all("r", Some(&marked)),
            Err(Error::Invalid(_))
        ));
        for none in [None, Some(""), Some("\n")] {
            assert!(matches!(Pin::all("r", none), Err(Error::Forbidden(_))));
        }
    }
}
