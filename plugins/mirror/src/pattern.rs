//! The patterns that choose among refs, which are those of a `git` permission: a `*` ends a
//! segment, a trailing `**` stands for all further ones.

/// A pattern over the full names of refs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// Each with whether the segment may go on.
    segments: Vec<(String, bool)>,
    /// More segments may follow.
    rest: bool,
}

impl Pattern {
    /// Reads a pattern; the error says what is wrong with it.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        if !text.starts_with("refs/") {
            return Err(format!(
                "`{text}` does not begin with `refs/`: branches are `refs/heads/…`, tags `refs/tags/…`"
            ));
        }
        let (text, rest) = match text.strip_suffix("/**") {
            Some(text) => (text, true),
            None => (text, false),
        };
        let segment = |segment: &str| match segment.strip_suffix('*') {
            _ if segment.is_empty() => Err(format!("`{text}` has an empty segment")),
            Some(begin) if begin.contains('*') => Err(two(segment)),
            Some(begin) => Ok((begin.to_owned(), true)),
            None if segment.contains('*') => Err(two(segment)),
            None => Ok((segment.to_owned(), false)),
        };
        let segments = text.split('/').map(segment).collect::<Result<_, _>>()?;
        Ok(Self { segments, rest })
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        let mut parts = name.split('/');
        let mut segments = self.segments.iter();
        let all = segments.all(|(begin, open)| {
            parts.next().is_some_and(|part| match open {
                true => part.starts_with(begin.as_str()),
                false => part == begin,
            })
        });
        all && (self.rest || parts.next().is_none())
    }

    /// With what every name that it matches begins.
    pub(crate) fn prefix(&self) -> String {
        let mut prefix = String::new();
        for (at, (begin, open)) in self.segments.iter().enumerate() {
            if at > 0 {
                prefix.push('/');
            }
            prefix.push_str(begin);
            if *open {
                break;
            }
        }
        prefix
    }
}

fn two(segment: &str) -> String {
    format!(
        "`{segment}` has a `*` that does not end it: a `*` ends a segment, and a trailing `**` stands for all further ones"
    )
}

#[cfg(test)]
mod tests {
    use sluice_pipeline::permission::Segments;

    use super::Pattern;

    const NAMES: [&str; 9] = [
        "refs/heads/main",
        "refs/heads/feature",
        "refs/heads/feature/a",
        "refs/heads/feature/a/b",
        "refs/heads/",
        "refs/heads",
        "refs/tags/v1",
        "refs/tags/web/v1",
        "refs/notes/commits",
    ];

    #[test]
    fn patterns_mean_what_those_of_a_permission_mean() {
        for text in [
            "refs/heads/main",
            "refs/heads/*",
            "refs/heads/**",
            "refs/heads/feature/*",
            "refs/heads/feature/**",
            "refs/heads/f*",
            "refs/*/*",
            "refs/*/v*",
            "refs/tags/*/v1",
            "refs/**",
        ] {
            let pattern = Pattern::read(text).expect(text);
            let permission: Segments = text.parse().expect(text);
            for name in NAMES {
                let matches = pattern.matches(name);
                assert_eq!(matches, permission.matches(name), "{text} {name}");
                assert!(!matches || name.starts_with(&pattern.prefix()), "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_pattern_is_no_permission_either() {
        for (text, why) in [
            (
                "heads/*",
                "`heads/*` does not begin with `refs/`: branches are `refs/heads/…`, tags `refs/tags/…`",
            ),
            ("refs/heads//a", "`refs/heads//a` has an empty segment"),
            (
                "refs/heads/*-x",
                "`*-x` has a `*` that does not end it: a `*` ends a segment, and a trailing `**` stands for all further ones",
            ),
            (
                "refs/**/main",
                "`**` has a `*` that does not end it: a `*` ends a segment, and a trailing `**` stands for all further ones",
            ),
        ] {
            assert_eq!(Pattern::read(text), Err(why.to_owned()));
        }
    }
}
