//! Many small histories from a seed: merges, several tags on a line and on a commit, tags
//! off the branch, ahead of it and in histories of their own, prereleases, odd messages,
//! clocks that go back. On each the plugin answers as the model does.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Value, json};

use crate::model::{self, Answer};
use crate::testing::{Repository, Story};

const SEED: u64 = 0x5eed_0f5f;
const HISTORIES: u64 = 300;
/// How many options are tried on each.
const OPTIONS: usize = 3;

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.number() % limit
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    fn one<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let at = usize::try_from(self.below(all.len() as u64)).expect("an index");
        &all[at]
    }
}

const MESSAGES: [&str; 40] = [
    "chore: x",
    "chore: x",
    "docs: x",
    "refactor: x",
    "perf: x",
    "update things",
    "fix: x",
    "fix: x",
    "fix(api): x",
    "Fix: x",
    "prefix: x",
    "hotfix(a)(b): x",
    "fixed: x",
    "fix : x",
    "fix(a: x",
    "fix:x",
    "feat: x",
    "feat(api): x",
    "FEAT(a b): x",
    "defeat: x",
    "feature: x",
    "feat (api): x",
    "Revert \"feat: x\"",
    "Revert \"fix: x\"\n\nThis reverts commit 1.",
    "docs: explain feat: syntax",
    "chore: squash\n\n- feat: x\n- fix: y\n- feat!: z",
    "docs: x\n\nbreaking change: no",
    "docs: BREAKING CHANGE: no",
    "docs: x\n\nBREAKING_CHANGE: no",
    "feat!: x",
    "chore(api)!: x",
    "docs: say hello world!: fun",
    "what (is this)!: x",
    "a) b!c: x",
    "docs: x\n\nBREAKING CHANGE: y",
    "docs: x\nthis is no BREAKING-CHANGE: at all",
    "\n\nfeat: after blank lines",
    "ünï: cödé 🎉\n\nbody\r\nwith returns\r\n",
    "-x\n--\n--format=%s",
    " ",
];

fn name(random: &mut Random) -> String {
    let (a, b, c) = (random.below(3), random.below(3), random.below(4));
    match random.below(40) {
        0 => format!("{a}.{b}.{c}"),
        1 => format!("v{a}.{b}"),
        2 => format!("v{a}"),
        3 => format!("v{a}.{b}.{c}+build.{c}"),
        4 => format!("v{a}.0{b}.{c}"),
        5 => format!("v{a}.{b}.1{c}"),
        6..=15 => {
            let kinds = [
                "rc.1", "rc.2", "rc.10", "rc", "alpha.3", "beta.x", "a.b.7", "rc1",
            ];
            format!("v{a}.{b}.{c}-{}", random.one(&kinds))
        }
        16 => {
            let names = [
                "release",
                "latest",
                "zz",
                "stable-1",
                "v",
                "v1.2.3.4",
                "v1.0.0-01",
            ];
            (*random.one(&names)).to_owned()
        }
        17 => format!("web/v{a}.{b}.{c}"),
        _ => format!("v{a}.{b}.{c}"),
    }
}

fn history(random: &mut Random) -> Repository {
    let mut story = Story::default();
    story.time = 1_700_000_000;
    let mut heads: BTreeMap<&str, usize> = BTreeMap::new();
    let mut commits = Vec::new();
    let branches = ["main", "main", "main", "side", "other", "alone"];
    for _ in 0..1 + random.below(14) {
        story.time = match random.below(10) {
            0 => story.time,
            1 => story.time - random.below(7_200),
            _ => story.time + random.below(3_600),
        };
        let branch = *random.one(&branches);
        let message = *random.one(&MESSAGES);
        let mut parents: Vec<usize> = heads.get(branch).copied().into_iter().collect();
        // Only `alone` begins from nothing, unless it is the first of all.
        if parents.is_empty() && branch != "alone" && !commits.is_empty() {
            parents.push(*random.one(&commits));
        }
        if random.percent(20) && !parents.is_empty() {
            let other = *random.one(&commits);
            if !parents.contains(&other) {
                parents.push(other);
            }
        }
        let commit = story.commit(branch, &parents, message);
        heads.insert(branch, commit);
        commits.push(commit);
    }
    if !heads.contains_key("main") {
        story.commit("main", &[*random.one(&commits)], "chore: begin");
    }
    // Later than all branches, so that some are ahead of the head.
    if random.percent(20) {
        let head = heads.get("main").copied().unwrap_or(commits[0]);
        commits.push(story.commit("ahead", &[head], "feat: ahead"));
    }
    let mut taken = Vec::new();
    for _ in 0..random.below(12) {
        let name = name(random);
        // A ref cannot be a folder of others too.
        if taken.contains(&name) || name == "web" {
            continue;
        }
        let commit = *random.one(&commits);
        if random.percent(30) {
            story.annotated(&name, commit);
        } else {
            story.tag(&name, commit);
        }
        taken.push(name);
    }
    story.end()
}

fn options(random: &mut Random) -> Value {
    let mut with = json!({});
    if random.percent(50) {
        with["mode"] = "current".into();
    }
    match random.below(20) {
        0..=9 => with["pattern"] = "v*".into(),
        10 => {
            with["pattern"] = "web/*".into();
            with["prefix"] = "web/v".into();
        }
        11..=13 => {
            with["pattern"] =
                (*random.one(&["v[12].*", "*-rc.*", "v?.?.?", "{v*,web/*}", "[!vw]*"])).into()
        }
        14 => with["prefix"] = "".into(),
        _ => {}
    }
    let command = *random.one(&[
        "next",
        "next",
        "next",
        "next",
        "next",
        "next",
        "prerelease",
        "prerelease",
        "major",
        "minor",
        "patch",
        "current",
    ]);
    with["command"] = command.into();
    for flag in ["v0", "always"] {
        if random.percent(25) {
            with[flag] = true.into();
        }
    }
    if command == "prerelease" && random.percent(85) || random.percent(10) {
        with["prerelease"] = (*random.one(&[
            "rc", "rc", "alpha", "beta.4", "a.b", "x.y.z", "-1", "01", "r c",
        ]))
        .into();
    }
    if random.percent(10) {
        with["metadata"] = (*random.one(&["build.7", "007", "a+b"])).into();
    }
    with
}

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
