//! Image references: what is read has one form, which means the same; and what is accepted is
//! what the grammar of the container runtimes accepts, written down as one regular expression.

use std::sync::LazyLock;

use proptest::{prop_assert, prop_assert_eq};
use regex::Regex;

use super::bounded::{holds, mutated};
use crate::permission::{ImageBound, ImagePattern, ImageRef};

const TOKENS: &[&str] = &[
    "/",
    ":",
    "@",
    ".",
    "-",
    "_",
    "__",
    "..",
    "%2f",
    " ",
    "\n",
    "\0",
    "*",
    "A",
    "é",
    "localhost",
    ":5000",
    ":v1",
    ":latest",
    "@sha256:",
    "@sha512:",
    "index.docker.io/",
    "docker.io/",
    "library/",
    "ghcr.io/",
    "[::1]",
    "sha256:",
    "https://",
    "+",
    "#",
    "?",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
];

fn corpus() -> Vec<String> {
    let lines = include_str!("corpus/images.txt").lines();
    lines.map(str::to_owned).collect()
}

/// The grammar of the distribution's references, `github.com/distribution/reference`, with
/// digests held to the two kinds that runtimes know. Registries in brackets are left out.
static GRAMMAR: LazyLock<Regex> = LazyLock::new(|| {
    let label = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
    let domain = format!("{label}(?:\\.{label})*(?::[0-9]+)?");
    let component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
    let digest = "(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})";
    let whole = format!(
        "^(?:{domain}/)?{component}(?:/{component})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?(?:@{digest})?$"
    );
    Regex::new(&whole).expect("it is one")
});

#[test]
fn references_are_read_as_the_grammar_says() {
    let strategy = mutated(corpus(), TOKENS);
    holds("src/fuzz/regressions/image.txt", &strategy, |text| {
        let Ok(image) = text.parse::<ImageRef>() else {
            return Ok(());
        };
        prop_assert!(GRAMMAR.is_match(&text), "{:?} is none", text);
        let shown = image.to_string();
        prop_assert_eq!(shown.parse::<ImageRef>(), Ok(image));
        // Nothing but the name's short forms is added, and nothing is lost.
        prop_assert!(
            shown
                .to_lowercase()
                .ends_with(&text.rsplit('/').next().unwrap_or_default().to_lowercase()),
            "{:?} became {:?}",
            text,
            shown
        );
        Ok(())
    });
}

#[test]
fn patterns_match_what_they_name_and_nothing_of_another_repository() {
    let strategy = (mutated(corpus(), TOKENS), mutated(corpus(), TOKENS));
    holds(
        "src/fuzz/regressions/pattern.txt",
        &strategy,
        |(pattern, image)| {
            let (Ok(pattern), Ok(image)) =
                (pattern.parse::<ImagePattern>(), image.parse::<ImageRef>())
            else {
                return Ok(());
            };
            let any = ImagePattern::any_tag_of(&image);
            prop_assert!(any.matches(&image));
            let again = pattern.to_string().parse::<ImagePattern>();
            prop_assert_eq!(again, Ok(pattern.clone()));
            if pattern.matches(&image) {
                prop_assert_eq!(pattern.repository(), any.repository());
                let bound = any.to_string().parse::<ImageBound>();
                prop_assert!(bound.is_ok_and(|bound| bound.contains(&pattern)));
            }
            Ok(())
        },
    );
}
