//! Versions as svu reads and counts them. Its parser takes `1`, `1.2` and `v01.2`, its
//! patch of a prerelease is the release itself: the crate `semver` does neither, and
//! comparing is the least of it here.

use std::fmt;

/// A version: three numbers, and the texts after `-` and `+`, empty where there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Version {
    numbers: [u64; 3],
    prerelease: String,
    metadata: String,
}

/// Which number goes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bump {
    None,
    Patch,
    Minor,
    Major,
}

impl Bump {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }
}

impl Version {
    /// Reads a version; one or two numbers are enough, and a `v` before them is let pass.
    /// The error says what is wrong with it.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix('v').unwrap_or(text);
        let (rest, metadata) = match rest.split_once('+') {
            Some((rest, metadata)) => (rest, check_metadata(metadata)?),
            None => (rest, ""),
        };
        let (rest, prerelease) = match rest.split_once('-') {
            Some((rest, prerelease)) => (rest, check_prerelease(prerelease)?),
            None => (rest, ""),
        };
        let mut numbers = [0; 3];
        let mut places = numbers.iter_mut();
        for part in rest.split('.') {
            let place = places.next().ok_or("it has more than three numbers")?;
            if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(format!("`{part}` is not a number"));
            }
            *place = part
                .parse()
                .map_err(|_| format!("the number `{part}` is too large"))?;
        }
        Ok(Self {
            numbers,
            prerelease: prerelease.to_owned(),
            metadata: metadata.to_owned(),
        })
    }

    pub(crate) fn prerelease(&self) -> &str {
        &self.prerelease
    }

    /// Nothing is promised yet.
    pub(crate) fn is_v0(&self) -> bool {
        self.numbers[0] == 0
    }

    /// The version after such a change, without prerelease and metadata. The patch of a
    /// prerelease is its release.
    pub(crate) fn bumped(&self, bump: Bump) -> Result<Self, String> {
        let mut next = self.release();
        let place = match bump {
            Bump::None => return Ok(self.clone()),
            Bump::Patch if !self.prerelease.is_empty() => return Ok(next),
            Bump::Patch => 2,
            Bump::Minor => 1,
            Bump::Major => 0,
        };
        next.numbers[place + 1..].fill(0);
        next.numbers[place] = next.numbers[place]
            .checked_add(1)
            .ok_or_else(|| format!("no number comes after the {} of {self}", bump.word()))?;
        Ok(next)
    }

    /// Its numbers alone.
    pub(crate) fn release(&self) -> Self {
        Self {
            numbers: self.numbers,
            ..Self::default()
        }
    }

    /// Whether its numbers are above those of the other.
    pub(crate) fn is_above(&self, other: &Self) -> bool {
        self.numbers > other.numbers
    }

    pub(crate) fn with_prerelease(mut self, prerelease: &str) -> Result<Self, String> {
        if !prerelease.is_empty() {
            check_prerelease(prerelease)?;
        }
        prerelease.clone_into(&mut self.prerelease);
        Ok(self)
    }

    pub(crate) fn with_metadata(mut self, metadata: &str) -> Result<Self, String> {
        if !metadata.is_empty() {
            check_metadata(metadata)?;
        }
        metadata.clone_into(&mut self.metadata);
        Ok(self)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        write!(f, "{major}.{minor}.{patch}")?;
        if !self.prerelease.is_empty() {
            write!(f, "-{}", self.prerelease)?;
        }
        if !self.metadata.is_empty() {
            write!(f, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

/// Identifiers with dots between them, of which numbers have no zero in front.
fn check_prerelease(text: &str) -> Result<&str, String> {
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    for part in check_metadata(text)?.split('.') {
        if part.len() > 1 && part.starts_with('0') && is_number(part) {
            return Err(format!("`{part}` in the prerelease `{text}` begins with 0"));
        }
    }
    Ok(text)
}

fn check_metadata(text: &str) -> Result<&str, String> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let fits = |part: &str| !part.is_empty() && part.bytes().all(known);
    if text.split('.').all(fits) {
        Ok(text)
    } else {
        Err(format!(
            "`{text}` is not letters, digits and hyphens with dots between them"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::{Bump, Version};

    fn read(text: &str) -> Version {
        Version::read(text).expect("a version")
    }

    #[test]
    fn lenient_versions_are_read_and_written_in_full() {
        let cases = [
            ("1.2.3", "1.2.3"),
            ("v1.2.3", "1.2.3"),
            ("1.2", "1.2.0"),
            ("1", "1.0.0"),
            ("01.02.003", "1.2.3"),
            ("1-rc.1", "1.0.0-rc.1"),
            ("1.2.3-rc-x.10+build.01", "1.2.3-rc-x.10+build.01"),
            ("1.2.3+a-b", "1.2.3+a-b"),
            ("18446744073709551615.0.0", "18446744073709551615.0.0"),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text).to_string(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_version_is_refused_with_its_reason() {
        let cases = [
            ("", "`` is not a number"),
            ("zz", "`zz` is not a number"),
            ("vv1", "`v1` is not a number"),
            ("1.2.3.4", "it has more than three numbers"),
            ("1..3", "`` is not a number"),
            ("1.2.x", "`x` is not a number"),
            ("-1.2.3", "`` is not a number"),
            (
                "1.2.3-",
                "`` is not letters, digits and hyphens with dots between them",
            ),
            (
                "1.2.3-a..b",
                "`a..b` is not letters, digits and hyphens with dots between them",
            ),
            ("1.2.3-01", "`01` in the prerelease `01` begins with 0"),
            (
                "1.2.3+ü",
                "`ü` is not letters, digits and hyphens with dots between them",
            ),
            (
                "99999999999999999999",
                "the number `99999999999999999999` is too large",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(Version::read(text), Err(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_bump_drops_what_follows_and_the_patch_of_a_prerelease_is_its_release() {
        let cases = [
            ("1.2.3", ["1.2.4", "1.3.0", "2.0.0"]),
            ("1.2.3-rc.1", ["1.2.3", "1.3.0", "2.0.0"]),
            ("1.2.3+meta", ["1.2.4", "1.3.0", "2.0.0"]),
            ("0.0.0", ["0.0.1", "0.1.0", "1.0.0"]),
        ];
        for (text, expected) in cases {
            let bumped = [Bump::Patch, Bump::Minor, Bump::Major]
                .map(|bump| read(text).bumped(bump).expect("a version").to_string());
            assert_eq!(bumped, expected, "{text}");
        }
        assert_eq!(
            read("1.18446744073709551615.0").bumped(Bump::Minor),
            Err("no number comes after the minor of 1.18446744073709551615.0".to_owned())
        );
    }
}
