//! `docs/security.md`: each of its promises names tests, and these exist.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::grid::tests;

/// The page's promises, each from its `- ` to the next.
fn promises() -> Vec<String> {
    let page = fs::read_to_string("../docs/security.md").expect("the page is there");
    let promised = page.split("## What is promised").nth(1);
    let promised = promised.and_then(|rest| rest.split("## What is not defended").next());
    let promised = promised.expect("the page has both parts");
    let promises = promised.split("\n- ").skip(1);
    promises
        .map(|promise| promise.split("\n\n").next().unwrap_or_default().to_owned())
        .collect()
}

/// The names of all functions in the sources that are marked as tests.
fn unit_tests() -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = ["src", "pipeline/src"].map(PathBuf::from).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("it is in the tree").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                names.extend(tests_of(&path));
            }
        }
    }
    names
}

fn tests_of(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).expect("it was just found");
    let parts = ["#[test]", "#[tokio::test]"].map(|mark| {
        let parts = text.split(mark).skip(1);
        let names = parts.filter_map(|part| part.split("fn ").nth(1)?.split('(').next());
        names.map(str::to_owned).collect::<Vec<_>>()
    });
    parts.concat()
}

#[test]
fn each_promise_names_tests_that_exist() {
    let (known, units) = (tests(), unit_tests());
    let promises = promises();
    assert!(promises.len() > 20, "{} promises", promises.len());
    for promise in promises {
        let held = promise.split("Held by ").nth(1);
        let held = held.unwrap_or_else(|| panic!("nothing holds: {promise}"));
        let named = held.split('`').skip(1).step_by(2);
        let named = named.collect::<Vec<_>>();
        assert!(!named.is_empty(), "nothing holds: {promise}");
        for test in named {
            // Those of other crates have no path here.
            let exists = if test.contains("::") {
                known.iter().any(|known| known == test)
            } else {
                units.iter().any(|known| known == test)
            };
            assert!(exists, "there is no test `{test}`");
        }
    }
}
