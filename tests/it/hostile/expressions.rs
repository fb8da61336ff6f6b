//! Expressions that are made to cost more than they say: refused before anything starts, and
//! in the process that reads them, which goes on.

use super::{Class, attacks::Attempt};
use crate::sluice::Sluice;

#[test]
fn expressions_that_would_take_long_or_deep_are_refused() {
    let cases = [
        ("brackets", "(".repeat(1_500)),
        ("calls", "has(".repeat(500)),
        ("brackets_that_do_not_match", "(}".repeat(700)),
        (
            "brackets_behind_a_text_without_end",
            format!("'{}", "has(".repeat(400)),
        ),
        (
            "brackets_behind_an_unknown_escape",
            format!("'\\q{}", "(".repeat(1_500)),
        ),
        (
            "brackets_behind_a_raw_text",
            format!("r'\\' + {}", "(".repeat(1_500)),
        ),
        ("lists", "[".repeat(1_500)),
        ("maps", "{'a':".repeat(400)),
        ("not", "!".repeat(2_000)),
        ("minus", "-".repeat(2_000)),
        ("sums", format!("1{}", "+1".repeat(1_000))),
        ("choices", "true ? 1 : ".repeat(180)),
        (
            "comprehension",
            "[1,2].map(x, [1,2].map(y, [1,2].map(z, x + y + z)))".to_owned(),
        ),
        ("pattern", "'a'.matches('(a+)+$')".to_owned()),
        ("length", format!("'{}'", "a".repeat(3_000))),
        ("number", "9".repeat(2_000)),
    ];
    for (name, text) in cases {
        let attempt = Attempt::new(Class::Expressions, name);
        let text = text.replace('\'', "''").replace('\n', " ");
        let file = format!("name: bomb\nsteps:\n  a: {{ uses: deploy, if: '{text}' }}\n");
        let said = Sluice::pipeline(&file).run(&["check", "pipeline.yaml"]);
        assert_eq!(said.code, Some(2), "{name}: {}\n{}", said.out, said.err);
        assert!(
            said.err.contains("expression")
                || said.err.contains("not supported")
                || said.err.contains("not expected")
                || said.err.contains("no function"),
            "{name}: {}",
            said.err
        );
        attempt.blocked();
    }
}
