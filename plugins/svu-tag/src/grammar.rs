//! Conventional Commits 1.0.0, as its specification words it: a title of type, scope, `!`
//! and description, and footers after a blank line.
//!
//! <https://www.conventionalcommits.org/en/v1.0.0/#specification>
//!
//! The crate `git-conventional` lets `feat:x` pass, and takes the first `word:` of a
//! paragraph for a footer.

/// A conventional commit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Commit<'m> {
    pub(crate) title: Title<'m>,
    /// By its `!` or a footer.
    pub(crate) breaking: bool,
}

/// The first line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Title<'m> {
    /// As it was written; types have no case.
    pub(crate) kind: &'m str,
    pub(crate) scope: Option<&'m str>,
    pub(crate) breaking: bool,
    pub(crate) description: &'m str,
}

/// Reads a message; `None` where its title is none.
pub(crate) fn read(message: &str) -> Option<Commit<'_>> {
    // As git does, which shows the first line that is not blank as the subject.
    let message = message.trim_start_matches(['\n', '\r']);
    let (first, rest) = message.split_once('\n').unwrap_or((message, ""));
    let title = title(first)?;
    let breaking = title.breaking || has_breaking_footer(rest);
    Some(Commit { title, breaking })
}

/// Reads a title: `type(scope)!: description`.
pub(crate) fn title(line: &str) -> Option<Title<'_>> {
    let (kind, rest) = split_word(line)?;
    let (scope, rest) = match rest.strip_prefix('(') {
        Some(rest) => {
            let (scope, rest) = rest.split_once(')')?;
            let fits = !scope.trim().is_empty() && !scope.contains('(');
            (Some(fits.then_some(scope)?), rest)
        }
        None => (None, rest),
    };
    let (breaking, rest) = match rest.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let description = rest.strip_prefix(": ")?.trim();
    (!description.is_empty()).then_some(Title {
        kind,
        scope,
        breaking,
        description,
    })
}

/// A noun: letters, digits, hyphens, underscores.
fn split_word(text: &str) -> Option<(&str, &str)> {
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_')))
        .unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// Whether there is a footer that says so. `rest` is what follows the title.
///
/// Footers begin with a paragraph that begins as a footer does, and a footer's value goes
/// on until the next footer: within a paragraph of the body nothing is one.
fn has_breaking_footer(rest: &str) -> bool {
    let mut after_blank = false;
    let mut in_footers = false;
    for line in rest.lines() {
        in_footers |= after_blank && is_footer(line);
        if in_footers && is_breaking(line) {
            return true;
        }
        after_blank = line.trim().is_empty();
    }
    false
}

fn is_breaking(line: &str) -> bool {
    let value = ["BREAKING CHANGE: ", "BREAKING-CHANGE: "]
        .iter()
        .find_map(|token| line.strip_prefix(token));
    value.is_some_and(|value| !value.trim().is_empty())
}

/// `Token: value`, `Token #value` or a breaking change.
fn is_footer(line: &str) -> bool {
    let separated = |rest: &str| rest.starts_with(": ") || rest.starts_with(" #");
    is_breaking(line) || split_word(line).is_some_and(|(_, rest)| separated(rest))
}

#[cfg(test)]
mod tests {
    use super::{Title, has_breaking_footer, title};

    #[test]
    fn a_title_has_a_type_and_a_description_and_may_have_a_scope_and_a_mark() {
        let read = |line| title(line).expect("a title");
        let whole = Title {
            kind: "feat",
            scope: Some("the api"),
            breaking: true,
            description: "say: hello",
        };
        assert_eq!(read("feat(the api)!: say: hello "), whole);
        let short = Title {
            kind: "build-deps",
            scope: None,
            breaking: false,
            description: "x",
        };
        assert_eq!(read("build-deps:  x"), short);
        for line in [
            "",
            "feat",
            "feat x",
            ": x",
            "feat:",
            "feat: ",
            "feat:x",
            "feat :x",
            "a b: x",
            "feat(): x",
            "feat( ): x",
            "feat(a: x",
            "feat(a(b)): x",
            "feat!(a): x",
            "feat!!: x",
        ] {
            assert_eq!(title(line), None, "{line}");
        }
    }

    #[test]
    fn a_breaking_footer_stands_after_a_blank_line_or_another_footer() {
        let cases = [
            ("\nBREAKING CHANGE: x", true),
            ("\nbody\n\nBREAKING-CHANGE: x", true),
            ("\nbody\n\nRefs #12\nBREAKING CHANGE: x\n", true),
            ("\nReviewed-by: A\n\nBREAKING CHANGE: x", true),
            ("\nSigned-off-by: A\n of B\nBREAKING CHANGE: x", true),
            ("BREAKING CHANGE: x", false),
            ("\nbody\nBREAKING CHANGE: x", false),
            ("\nsee BREAKING CHANGE: x", false),
            ("\nBREAKING CHANGE: ", false),
            ("\nBREAKING CHANGE x", false),
            ("\nBREAKING CHANGE #x", false),
            ("\nBreaking Change: x", false),
        ];
        for (rest, expected) in cases {
            assert_eq!(has_breaking_footer(rest), expected, "{rest:?}");
        }
    }
}
