//! Each case is a sentence and a rollout as the cluster showed it, second by second. What
//! the judge told and decided is compared whole with `cases.txt`; `BLESS=1` writes it.

mod ends;
mod reasons;

use std::fmt::Write as _;

use super::{Aim, Judge, Judgement, Verdict};
use crate::bindings::sluice::kube::apply::{Facts, Pod};
use crate::config::Patience;
use crate::testing::{NEW, OLD, facts, image, pod, workload};

const GONE: &str = "failed to pull and unpack image \"ghcr.io/acme/web:2\": failed to resolve \
                    reference \"ghcr.io/acme/web:2\": ghcr.io/acme/web:2: not found";
const BARE: &str = "Back-off pulling image \"ghcr.io/acme/web:2\"";
const QUOTA: &str = "pods \"web-2-a\" is forbidden: exceeded quota: team, requested: cpu=1, \
                     used: cpu=4, limited: cpu=4";
const ROOM: &str = "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are \
                    available: 3 No preemption victims found for incoming pod.";
const PROBE: &str = "Readiness probe failed: HTTP probe failed with statuscode: 503";

/// A rollout as it was seen: seconds from the beginning, and the facts then.
type Script = Vec<(u64, Facts)>;

struct Case {
    sentence: &'static str,
    patience: Patience,
    script: Script,
}

fn case(sentence: &'static str, script: Script) -> Case {
    Case {
        sentence,
        patience: Patience::default(),
        script,
    }
}

impl Case {
    fn patience(mut self, change: impl FnOnce(&mut Patience)) -> Self {
        change(&mut self.patience);
        self
    }

    /// What the judge said, a line each.
    fn transcript(self) -> String {
        let aim = Aim {
            workload: workload(),
            uid: "u1".to_owned(),
            generation: 2,
            images: vec![image("app", NEW)],
            digests: Vec::new(),
        };
        let mut judge = Judge::new(aim, self.patience, 0);
        let mut text = format!("# {}\n", self.sentence);
        for (second, facts) in &self.script {
            let Judgement { notices, verdict } = judge.judge(facts, second * 1_000);
            for notice in notices {
                let fields: Vec<_> = notice
                    .fields
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                let level = format!("{:?}", notice.level);
                let line = format!("{level} {} [{}]", notice.message, fields.join(" "));
                line_at(&mut text, *second, &line);
            }
            let line = match verdict {
                Verdict::Wait { until, saying } => {
                    format!("wait until {}s: {saying}", until / 1_000)
                }
                Verdict::Success(success) => format!("{success:?}"),
                Verdict::Broken(failure) | Verdict::Failure(failure) => format!(
                    "{:?} {}\n{}",
                    failure.kind, failure.details, failure.message
                ),
            };
            line_at(&mut text, *second, &line);
        }
        text
    }
}

fn line_at(text: &mut String, second: u64, line: &str) {
    let line = line.replace('\n', "\n     ");
    writeln!(text, "{second:>3}s {line}").expect("a string takes all");
}

fn up() -> Facts {
    facts(vec![pod("a"), pod("b")])
}

/// One new pod in this state beside the old ones.
fn first(pod: Pod) -> Facts {
    facts(vec![pod]).beside(vec![old("x"), old("y")])
}

fn old(name: &str) -> Pod {
    pod(name).given(OLD)
}

#[test]
fn every_case_is_judged_as_its_sentence_says() {
    let cases = [
        reasons::images(),
        reasons::containers(),
        reasons::rooms(),
        ends::revisions(),
        ends::ends(),
        reasons::events(),
        ends::partitions(),
    ];
    let transcripts: Vec<_> = cases.into_iter().flatten().map(Case::transcript).collect();
    let judged = transcripts.join("\n");
    if std::env::var_os("BLESS").is_some() {
        let path = "src/judge/cases.txt";
        std::fs::write(path, &judged).expect("the sources can be written");
        return;
    }
    let expected: Vec<_> = include_str!("cases.txt").split("\n\n").collect();
    let judged: Vec<_> = judged.split("\n\n").collect();
    for (judged, expected) in judged.iter().zip(&expected) {
        assert_eq!(judged.trim_end(), expected.trim_end());
    }
    assert_eq!(judged.len(), expected.len(), "cases and verdicts");
}
