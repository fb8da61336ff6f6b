//! Many small histories from a seed: merges, several tags on a line and on a commit, tags
//! off the branch, ahead of it and in histories of their own, prereleases, odd messages,
//! clocks that go back; and the options to ask with.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::testing::{Repository, Story};

/// `SplitMix64`: small, and the same everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.number() % limit
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    pub(crate) fn one<'a, T>(&mut self, all: &'a [T]) -> &'a T {
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

pub(crate) fn history(random: &mut Random) -> Repository {
    let mut story = Story::default();
    story.time = 1_700_000_000;
    let mut heads: BTreeMap<&str, usize> = BTreeMap::new();
    let mut commits = Vec::new();
    let branches = ["main", "main", "main", "side", "other", "alone"];
    for _ in 0..=random.below(14) {
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

pub(crate) fn options(random: &mut Random) -> Value {
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
            let patterns = ["v[12].*", "*-rc.*", "v?.?.?", "{v*,web/*}", "[!vw]*"];
            with["pattern"] = (*random.one(&patterns)).into();
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
