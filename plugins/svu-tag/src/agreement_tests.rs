//! On many generated histories the plugin answers as the model does, and the model as svu.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::histories::{Random, history, options};
use crate::model::{self, Answer};
use crate::order;
use crate::refname;
use crate::testing::{Repository, Story};

const SEED: u64 = 0x5eed_0f5f;
const HISTORIES: u64 = 300;
/// How many options are tried on each.
const OPTIONS: usize = 3;

/// The plugin's answer in the model's words.
fn answered(repository: &mut Repository, with: &Value) -> Result<Answer, String> {
    let prefix = with["prefix"].as_str().unwrap_or("v");
    let outputs = repository.run(with).map_err(|failure| failure.message)?;
    Ok(Answer {
        version: format!("{prefix}{}", outputs.version),
        previous: outputs.previous,
        commits: outputs.commits,
    })
}

/// The tag of which a failure says that it is there already.
fn taken(why: &str) -> Option<&str> {
    why.strip_prefix("the next version is `")?.split('`').next()
}

/// How often which kind of answer came, and where the two differ.
#[derive(Default)]
struct Tally {
    kinds: BTreeMap<&'static str, u32>,
    differ: Vec<String>,
}

impl Tally {
    fn of(numbers: impl Iterator<Item = u64>) -> Self {
        let mut tally = Self::default();
        for number in numbers {
            let mut random = Random(SEED + number);
            let mut repository = history(&mut random);
            repository.dry = true;
            for _ in 0..OPTIONS {
                let with = options(&mut random);
                let expected = model::answer(&repository, &with);
                let answer = answered(&mut repository, &with);
                let (kind, same) = compare(expected.as_ref(), &answer);
                *tally.kinds.entry(kind).or_default() += 1;
                if !same {
                    let difference = format!("{expected:?}\n{answer:?}");
                    tally
                        .differ
                        .push(format!("history {number}, {with}:\n{difference}"));
                }
            }
        }
        tally
    }
}

fn compare(expected: Option<&Answer>, answer: &Result<Answer, String>) -> (&'static str, bool) {
    match (expected, answer) {
        (None, Err(_)) => ("both fail", true),
        (Some(expected), Ok(answer)) if expected.commits == 0 => ("no commits", expected == answer),
        (Some(expected), Ok(answer)) => ("commits", expected == answer),
        // svu prints a name that `git tag` then refuses.
        (Some(expected), Err(why)) => ("taken", taken(why) == Some(expected.version.as_str())),
        (None, Ok(_)) => ("only the model fails", false),
    }
}

#[test]
fn the_plugin_answers_as_the_model_does_on_many_histories() {
    // Nearly all the time goes into waiting for git.
    let tallies = std::thread::scope(|scope| {
        let threads =
            [0, 1, 2, 3].map(|first| scope.spawn(move || Tally::of((first..HISTORIES).step_by(4))));
        threads.map(|thread| thread.join().expect("it ends"))
    });
    let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
    let mut differ = Vec::new();
    for tally in tallies {
        differ.extend(tally.differ);
        for (kind, count) in tally.kinds {
            *kinds.entry(kind).or_default() += count;
        }
    }
    let all: u32 = kinds.values().sum();
    println!(
        "{all} answers on {HISTORIES} histories, {} differ: {kinds:?}",
        differ.len()
    );
    assert_eq!(differ, Vec::<String>::new());
    // They are of all kinds, or the test would say little.
    assert!(
        kinds["commits"] > all / 3 && kinds["no commits"] > all / 10,
        "{kinds:?}"
    );
    assert!(
        kinds["both fail"] > all / 20 && kinds["taken"] > 2,
        "{kinds:?}"
    );
}

/// With the real svu: `SVU=/path/to/svu cargo test -p sluice-plugin-svu-tag -- --ignored`.
#[test]
#[ignore = "it needs svu, by its path in `SVU`"]
fn svu_itself_answers_as_the_model_does() {
    let svu = std::env::var_os("SVU").expect("`SVU` is the path of svu 3");
    let mut answers = 0;
    for number in 0..HISTORIES {
        let mut random = Random(SEED + number);
        let repository = history(&mut random);
        for _ in 0..OPTIONS {
            let with = options(&mut random);
            let mut command = Command::new(&svu);
            command.current_dir(repository.folder());
            command.arg(with["command"].as_str().expect("a command"));
            for (key, option) in [
                ("mode", "tag.mode"),
                ("pattern", "tag.pattern"),
                ("prefix", "tag.prefix"),
                ("prerelease", "prerelease"),
                ("metadata", "metadata"),
            ] {
                if let Some(value) = with[key].as_str() {
                    command.arg(format!("--{option}={value}"));
                }
            }
            // svu takes them for `next` alone, on its command line.
            let is_next = with["command"] == "next";
            for flag in ["v0", "always"].into_iter().filter(|_| is_next) {
                if with[flag] == true {
                    command.arg(format!("--{flag}"));
                }
            }
            let mut with = with;
            if !is_next {
                with["v0"] = false.into();
                with["always"] = false.into();
            }
            let output = command.output().expect("svu runs");
            let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            let answer = output.status.success().then_some(said);
            let expected = model::answer(&repository, &with).map(|answer| answer.version);
            assert_eq!(answer, expected, "history {number}, {with}");
            answers += 1;
        }
    }
    println!("{answers} answers");
}

#[test]
fn git_lists_names_of_all_kinds_in_the_order_of_the_plugin() {
    let letters: Vec<char> = "v00011299.--+ar".chars().collect();
    let mut random = Random(SEED);
    let mut names = BTreeSet::new();
    while names.len() < 2_000 {
        let length = 1 + random.below(9);
        let name: String = (0..length).map(|_| *random.one(&letters)).collect();
        if refname::check(&format!("refs/tags/{name}")).is_ok() {
            names.insert(name);
        }
    }
    let mut story = Story::default();
    let commit = story.commit("main", &[], "chore: x");
    for name in &names {
        story.tag(name, commit);
    }
    let repository = story.end();
    let sort = [
        "-c",
        "versionsort.suffix=-",
        "tag",
        "--sort=version:refname",
    ];
    let listed = repository.git(&sort);
    let mut sorted: Vec<_> = names.iter().map(String::as_str).collect();
    sorted.sort_by(|one, other| order::compare(one, other));
    assert_eq!(sorted, listed.lines().collect::<Vec<_>>());
}
