//! Names that an author may have meant, and lists of names in words.

use strsim::damerau_levenshtein;

/// The known name that is nearest to a mistyped one, if one is near enough to be meant.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    // A third of the letters may be wrong: more than that suggests nonsense.
    let limit = (typed.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|name| (damerau_levenshtein(&typed, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// A question for the caret's label.
pub(crate) fn did_you_mean<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    nearest(typed, known).map(|name| format!("did you mean `{name}`?"))
}

/// Names as `` `a`, `b` or `c` ``; empty for none.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>, before_last: &str) -> String {
    let names: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} {before_last} {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{listed, nearest};

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        let cases = [
            ("biuld", Some("build")),
            ("Build", Some("build")),
            ("deploi", Some("deploy")),
            ("x", None),
            ("release", None),
        ];
        for (typed, expected) in cases {
            assert_eq!(nearest(typed, ["build", "deploy"]), expected, "{typed}");
        }
    }

    #[test]
    fn names_are_listed_in_words() {
        assert_eq!(listed([], "or"), "");
        assert_eq!(listed(["a"], "or"), "`a`");
        assert_eq!(listed(["a", "b", "c"], "or"), "`a`, `b` or `c`");
    }
}
