//! What a commit changes for those who use the software, by its message: as svu reads it,
//! or by the grammar of Conventional Commits.

use crate::grammar;
use crate::version::Bump;

/// The weight of a change, the lightest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Change {
    Nothing,
    Fix,
    Feature,
    Breaking,
}

/// Who reads the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rules {
    Svu,
    Strict,
}

impl Change {
    /// What the commit of that message changes.
    pub(crate) fn of(message: &str, rules: Rules) -> Self {
        match rules {
            Rules::Svu => by_svu(message),
            Rules::Strict => by_grammar(message),
        }
    }

    /// The number that goes up for it. With `keep_v0` nothing leads out of 0.
    pub(crate) fn bump(self, keep_v0: bool) -> Bump {
        match self {
            Self::Nothing => Bump::None,
            Self::Fix => Bump::Patch,
            Self::Breaking if !keep_v0 => Bump::Major,
            Self::Feature | Self::Breaking => Bump::Minor,
        }
    }
}

fn by_grammar(message: &str) -> Change {
    let Some(commit) = grammar::read(message) else {
        return Change::Nothing;
    };
    let is = |kind: &str| commit.title.kind.eq_ignore_ascii_case(kind);
    if commit.breaking {
        Change::Breaking
    } else if is("feat") {
        Change::Feature
    } else if is("fix") {
        Change::Fix
    } else {
        Change::Nothing
    }
}

/// svu looks for its words anywhere in the first line, and for the breaking ones anywhere
/// in the rest.
fn by_svu(message: &str) -> Change {
    let (title, body) = message.split_once('\n').unwrap_or((message, ""));
    if has_breaking_line(body) || has_breaking_mark(title) {
        Change::Breaking
    } else if has_type(title, "feat") {
        Change::Feature
    } else if has_type(title, "fix") {
        Change::Fix
    } else {
        Change::Nothing
    }
}

fn has_breaking_line(body: &str) -> bool {
    body.contains("BREAKING CHANGE:") || body.contains("BREAKING-CHANGE:")
}

/// A word, a scope in parentheses or none, and `!:`.
fn has_breaking_mark(title: &str) -> bool {
    // The letters that a regular expression without regard to case takes for `k` and `s`.
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '\u{17f}' | '\u{212a}');
    let ends_in_word = |text: &str| text.ends_with(is_word);
    title.match_indices("!:").any(|(at, _)| {
        let before = &title[..at];
        let scoped = before.strip_suffix(')').is_some_and(|open| {
            open.match_indices('(')
                .any(|(at, _)| ends_in_word(&open[..at]))
        });
        scoped || ends_in_word(before)
    })
}

/// The type, also as the end of a longer word, a scope in parentheses or none, and `:`.
fn has_type(title: &str, kind: &str) -> bool {
    // Bytes that are no ASCII stay as they are: places in both texts are the same.
    let lower = title.to_ascii_lowercase();
    lower.match_indices(kind).any(|(at, _)| {
        let rest = &lower[at + kind.len()..];
        let scoped = |rest: &str| rest.contains("):");
        rest.starts_with(':') || rest.strip_prefix('(').is_some_and(scoped)
    })
}

#[cfg(test)]
mod tests {
    use super::{Change, Rules};

    #[test]
    fn svus_rules_and_the_grammar_read_the_same_messages_each_in_its_way() {
        use Change::{Breaking, Feature, Fix, Nothing};
        let cases = [
            ("feat: x", Feature, Feature),
            ("feat(api): x", Feature, Feature),
            ("FEAT: x", Feature, Feature),
            ("fix: x", Fix, Fix),
            ("feat!: x", Breaking, Breaking),
            ("fix(api)!: x", Breaking, Breaking),
            ("chore!: x", Breaking, Breaking),
            ("docs: x", Nothing, Nothing),
            ("docs: x\n\nBREAKING CHANGE: y", Breaking, Breaking),
            ("docs: x\n\nBREAKING-CHANGE: y", Breaking, Breaking),
            ("docs: x\n\nBREAKING_CHANGE: y", Nothing, Nothing),
            ("docs: x\n\nbreaking change: y", Nothing, Nothing),
            ("docs: BREAKING CHANGE: y", Nothing, Nothing),
            // Where the two differ.
            ("defeat: x", Feature, Nothing),
            ("prefix: y", Fix, Nothing),
            ("Revert \"feat: x\"", Feature, Nothing),
            ("docs: explain feat: syntax", Feature, Nothing),
            ("docs: say hello world!: fun", Breaking, Nothing),
            ("feat(a(b)): x", Feature, Nothing),
            ("feat(): x", Feature, Nothing),
            ("feat:x", Feature, Nothing),
            ("feat: ", Feature, Nothing),
            (" feat: x", Feature, Nothing),
            ("docs: x\n\nno BREAKING CHANGE: at all", Breaking, Nothing),
            ("docs: x\nBREAKING CHANGE: y", Breaking, Nothing),
            ("docs: x\n\nBREAKING CHANGE:y", Breaking, Nothing),
            ("anything\n\nBREAKING CHANGE: y", Breaking, Nothing),
            ("\nfeat: x", Nothing, Feature),
            ("ſ!: x", Breaking, Breaking),
            // What neither takes.
            ("feat : x", Nothing, Nothing),
            ("feature: x", Nothing, Nothing),
            ("fixed: x", Nothing, Nothing),
            ("perf: x", Nothing, Nothing),
            ("revert: x", Nothing, Nothing),
            (
                "chore: x\n\n- feat: a bullet\n- fix: another",
                Nothing,
                Nothing,
            ),
            ("x", Nothing, Nothing),
            ("", Nothing, Nothing),
            (") !: x", Nothing, Nothing),
            ("ü!: x", Nothing, Breaking),
        ];
        for (message, svu, strict) in cases {
            assert_eq!(Change::of(message, Rules::Svu), svu, "svu: {message}");
            assert_eq!(
                Change::of(message, Rules::Strict),
                strict,
                "strict: {message}"
            );
        }
    }
}
