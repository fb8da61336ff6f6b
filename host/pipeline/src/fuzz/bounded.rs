//! Properties, tried on values that nobody thought of: for a second each in tests, or for as
//! long as `SLUICE_FUZZ_SECONDS` says (`just fuzz`). What once broke one is kept in
//! `src/fuzz/regressions` and tried first ever after.

use std::{
    env,
    time::{Duration, Instant},
};

use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any},
    sample::{Index, select},
    test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner},
};

/// Tries the property on values of the strategy until the time is up. `regressions` is the
/// file that keeps what broke it.
#[track_caller]
pub(crate) fn holds<S: Strategy>(
    regressions: &'static str,
    strategy: &S,
    property: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let seconds = env::var("SLUICE_FUZZ_SECONDS").ok();
    let seconds = seconds.map_or(1, |text| text.parse().expect("it is a number of seconds"));
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        let mut runner = TestRunner::new(Config {
            cases: 64,
            max_global_rejects: 10_000,
            failure_persistence: Some(Box::new(FileFailurePersistence::Direct(regressions))),
            ..Config::default()
        });
        if let Err(broken) = runner.run(strategy, &property) {
            panic!("{broken}");
        }
    }
}

/// What is done to a text at a place in it.
#[derive(Clone, Debug)]
enum Edit {
    Insert(&'static str),
    /// Often: nesting, and numbers that grow.
    Repeat(&'static str, usize),
    Remove,
    Double,
    Cut,
}

/// Texts of the corpus with a few changes, in which these tokens matter.
pub(crate) fn mutated(
    corpus: Vec<String>,
    tokens: &'static [&'static str],
) -> impl Strategy<Value = String> {
    let edit = proptest::prop_oneof![
        4 => select(tokens).prop_map(Edit::Insert),
        1 => (select(tokens), 2_usize..300).prop_map(|(token, times)| Edit::Repeat(token, times)),
        2 => Just(Edit::Remove),
        2 => Just(Edit::Double),
        1 => Just(Edit::Cut),
    ];
    let edits = vec((any::<Index>(), 1_usize..12, edit), 0..6);
    (select(corpus), edits).prop_map(|(text, edits)| {
        let mut text = text.chars().collect::<Vec<_>>();
        for (place, length, edit) in edits {
            let from = place.index(text.len() + 1);
            let to = (from + length).min(text.len());
            match edit {
                Edit::Insert(token) => drop(text.splice(from..from, token.chars())),
                Edit::Repeat(token, times) => {
                    drop(text.splice(from..from, token.repeat(times).chars()));
                }
                Edit::Remove => drop(text.drain(from..to)),
                Edit::Double => {
                    let part = text[from..to].to_vec();
                    text.splice(from..from, part);
                }
                Edit::Cut => text.truncate(from),
            }
        }
        text.into_iter().collect()
    })
}
