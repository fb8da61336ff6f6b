//! Whether a rollout has succeeded, has failed or goes on: dated facts in, a verdict
//! out. Graces, settling and success are decided here, without a clock or a cluster.

use sluice_plugin_with::duration;

use crate::bindings::exports::sluice::plugin::step::Failure;
use crate::bindings::sluice::kube::apply::{ContainerImage, Facts, Pod, Revision, Workload};
use crate::cause::Cause;
use crate::config::{Digests, Patience};
use crate::explain::{self, Reason};
use crate::verify::{self, Finding};
use crate::wording::{self, Notice, Words};

/// What the rollout is held against.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Aim {
    pub(crate) workload: Workload,
    pub(crate) uid: String,
    /// The generation that our change made; facts of an older one are from before it.
    pub(crate) generation: u64,
    pub(crate) images: Vec<ContainerImage>,
    /// What a registry says of them, by container.
    pub(crate) digests: Vec<(String, Digests)>,
}

/// What the facts of one moment amount to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It goes on. Ask again at `until` (milliseconds since the epoch) or on news.
    Wait { until: u64, saying: String },
    /// The new pods are up and stayed so.
    Success(Success),
    /// The new pods do not come up: what a rollback is for.
    Broken(Failure),
    /// It ended otherwise.
    Failure(Failure),
}

/// A rollout that succeeded.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Success {
    /// The name of the new revision.
    pub(crate) revision: String,
    /// How many pods of it are ready.
    pub(crate) pods: u32,
    /// Why it is not known that the pods run the images asked for.
    pub(crate) doubt: Option<String>,
}

/// A verdict, with what is to be told beside it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Judgement {
    pub(crate) notices: Vec<Notice>,
    pub(crate) verdict: Verdict,
}

/// The memory of one rollout: what has been seen, and since when. Lists, not maps: they
/// are short, and each kind of map adds 10 kB to the component.
#[derive(Debug)]
pub(crate) struct Judge {
    aim: Aim,
    patience: Patience,
    end: u64,
    sightings: Vec<Sighting>,
    settling: Option<Settling>,
}

/// One reason of one pod's container.
#[derive(Debug)]
struct Sighting {
    first: u64,
    last: u64,
    reason: Reason,
}

/// All pods are up, since when, and with how many restarts each.
#[derive(Debug)]
struct Settling {
    since: u64,
    restarts: Vec<Restarts>,
}

/// How often a container of a pod was started again.
#[derive(Debug, PartialEq)]
struct Restarts {
    pod: String,
    container: String,
    count: u32,
}

impl Judge {
    /// Begins at `now`, from which `wait` counts. A reason counts from when this judge
    /// first sees it, whatever the cluster's own dates say: their clocks may differ, and
    /// a step that runs again gives its pods the whole grace again.
    pub(crate) fn new(aim: Aim, patience: Patience, now: u64) -> Self {
        let end = now.saturating_add(patience.wait);
        Self {
            aim,
            patience,
            end,
            sightings: Vec::new(),
            settling: None,
        }
    }

    /// When `wait` is over, in milliseconds since the epoch.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// The verdict at `now` on what the cluster showed last.
    pub(crate) fn judge(&mut self, facts: &Facts, now: u64) -> Judgement {
        let mut notices = Vec::new();
        let verdict = self.decide(facts, now, &mut notices);
        Judgement { notices, verdict }
    }

    fn decide(&mut self, facts: &Facts, now: u64, notices: &mut Vec<Notice>) -> Verdict {
        if let Some(failure) = self.lost(facts) {
            return Verdict::Failure(failure);
        }
        if facts.object.generation < self.aim.generation {
            return self.wait(now, "waiting for the cluster to show the change");
        }
        let mut seen = explain::reasons(facts, &self.aim.workload);
        let observed = facts.observed_generation >= self.aim.generation;
        if !observed {
            // Of a rollout that has not begun one thing counts: why it cannot begin.
            seen.retain(|reason| reason.kind == self.aim.workload.kind);
        }
        notices.extend(self.remember(facts, &seen, now));
        if let Some(verdict) = self.borne(&seen, now) {
            return verdict;
        }
        if !observed {
            return self.wait(now, "waiting for the controller to see the change");
        }
        if let Some(condition) = facts
            .conditions
            .iter()
            .find(|c| c.kind == "Progressing" && c.reason == "ProgressDeadlineExceeded")
        {
            return Verdict::Broken(self.words().deadline(&condition.message, &seen));
        }
        self.settle(facts, now)
    }

    /// Why the object is no longer ours to follow.
    fn lost(&self, facts: &Facts) -> Option<Failure> {
        if facts.deleted {
            return Some(self.words().deleted());
        }
        if facts.object.uid != self.aim.uid {
            return Some(self.words().replaced());
        }
        // Facts from before our change show the old image, and that is no news.
        if facts.object.generation < self.aim.generation {
            return None;
        }
        let object = &facts.object;
        let template = || object.containers.iter().chain(&object.init_containers);
        for ours in &self.aim.images {
            let live = template().find(|entry| entry.container == ours.container);
            if live.is_none_or(|live| live.image != ours.image) {
                let manager = template()
                    .position(|entry| entry.container == ours.container)
                    .and_then(|position| object.image_managers.get(position));
                let manager = manager.map(String::as_str).unwrap_or_default();
                return Some(self.words().superseded(ours, live, manager));
            }
        }
        None
    }

    /// Keeps what is seen, drops what has passed, and says what is new in either. Fifty
    /// pods with one trouble are told once, each with a grace of its own.
    fn remember(&mut self, facts: &Facts, seen: &[Reason], now: u64) -> Vec<Notice> {
        let mut notices = Vec::new();
        for reason in seen {
            if !self.holds(|other| other.is_like(reason)) {
                notices.push(wording::seen(reason));
            }
            let known = self
                .sightings
                .iter_mut()
                .find(|sighting| sighting.reason.is_same(reason));
            match known {
                Some(sighting) => {
                    sighting.last = now;
                    sighting.reason = reason.clone();
                }
                None => self.sightings.push(Sighting {
                    first: now,
                    last: now,
                    reason: reason.clone(),
                }),
            }
        }
        let (stay, go) = std::mem::take(&mut self.sightings)
            .into_iter()
            .partition(|sighting| {
                seen.iter().any(|reason| reason.is_same(&sighting.reason))
                    || crashes_on(sighting, facts, self.patience.settle, now)
            });
        self.sightings = stay;
        let mut passed: Vec<Reason> = Vec::new();
        for Sighting { reason, .. } in go {
            // One trouble that gives way to another of the same pod has not passed.
            let lasts =
                self.holds(|other| other.is_like(&reason) || other.subject == reason.subject);
            if !lasts && !passed.iter().any(|other| other.is_like(&reason)) {
                notices.push(wording::passed(&reason));
                passed.push(reason);
            }
        }
        notices
    }

    fn holds(&self, wanted: impl Fn(&Reason) -> bool) -> bool {
        self.sightings
            .iter()
            .any(|sighting| wanted(&sighting.reason))
    }

    /// The worst of what is remembered: what never passes before what may.
    fn worst(&self) -> Option<&Reason> {
        let reasons = self.sightings.iter().map(|sighting| &sighting.reason);
        reasons.min_by_key(|reason| reason.cause)
    }

    /// The end of a rollout with a reason that never passes, or has lasted for its grace.
    fn borne(&self, seen: &[Reason], now: u64) -> Option<Verdict> {
        let over = |sighting: &&Sighting| {
            let reason = &sighting.reason;
            let grace = reason.cause.grace(&self.patience.grace);
            grace.is_none_or(|(_, grace)| now >= sighting.first.saturating_add(grace))
                && seen.iter().any(|shown| shown.is_same(reason))
        };
        let sighting = self
            .sightings
            .iter()
            .filter(over)
            .min_by_key(|sighting| sighting.reason.cause)?;
        let reason = &sighting.reason;
        let others = seen.iter().filter(|shown| shown.is_like(reason)).count() - 1;
        let grace = reason.cause.grace(&self.patience.grace);
        Some(Verdict::Broken(self.words().stopped(reason, grace, others)))
    }

    /// Success once all pods are up and stayed so; until then, what is missing.
    fn settle(&mut self, facts: &Facts, now: u64) -> Verdict {
        let Some(revision) = explain::current(facts) else {
            self.settling = None;
            return self.wait(now, "waiting for the new pods to be created");
        };
        if !complete(facts, revision) {
            self.settling = None;
            return self.wait(now, &wording::counts(facts));
        }
        let pods: Vec<_> = explain::live_pods(revision).collect();
        if wanted(facts) == 0 {
            let why = if facts.object.replicas == 0 {
                "no pods are wanted: none could be watched".to_owned()
            } else {
                partitioned(facts)
            };
            return Verdict::Success(Success {
                revision: revision.name.clone(),
                pods: 0,
                doubt: Some(why),
            });
        }
        let restarts = restarts(&pods);
        let same = self.settling.as_ref().is_some_and(|settling| {
            restarts
                .iter()
                .all(|count| settling.restarts.contains(count))
        });
        let since = match &self.settling {
            Some(settling) if same => settling.since,
            _ => now,
        };
        self.settling = Some(Settling { since, restarts });
        let settled = since.saturating_add(self.patience.settle);
        if now >= settled {
            let doubt = match verify::verify(&self.aim.images, &pods, &self.aim.digests) {
                Finding::Wrong(why) => return Verdict::Failure(self.words().wrong(&why)),
                Finding::Open(why) => Some(why),
                Finding::Right if facts.object.partition > 0 => Some(partitioned(facts)),
                Finding::Right => None,
            };
            return Verdict::Success(Success {
                revision: revision.name.clone(),
                pods: u32::try_from(pods.len()).unwrap_or(u32::MAX),
                doubt,
            });
        }
        let saying = format!(
            "{}; watching for {} that they stay so",
            wording::counts(facts),
            duration::format(self.patience.settle)
        );
        match self.wait(now, &saying) {
            Verdict::Wait { until, saying } => Verdict::Wait {
                until: until.min(settled),
                saying,
            },
            ended => ended,
        }
    }

    /// Waits on, saying also the first reason that keeps it, until the next grace or
    /// `wait` is over.
    fn wait(&self, now: u64, saying: &str) -> Verdict {
        let saying = match self.worst() {
            Some(reason) => format!("{saying}; {}", reason.line()),
            None => saying.to_owned(),
        };
        if now >= self.end {
            return Verdict::Failure(self.words().still(&saying, self.worst()));
        }
        let graces = &self.patience.grace;
        let until = self
            .sightings
            .iter()
            .filter_map(|sighting| {
                let (_, grace) = sighting.reason.cause.grace(graces)?;
                Some(sighting.first.saturating_add(grace))
            })
            // A crash loop between two crashes outlives its grace until the next one.
            .filter(|moment| *moment > now)
            .fold(self.end, u64::min);
        Verdict::Wait { until, saying }
    }

    fn words(&self) -> Words<'_> {
        Words {
            workload: &self.aim.workload,
            images: &self.aim.images,
            wait: self.patience.wait,
        }
    }
}

/// Whether a crash loop that does not show now is still on: between two crashes the
/// container runs, which ends the loop only when it is ready and stays so for `settle`.
fn crashes_on(sighting: &Sighting, facts: &Facts, settle: u64, now: u64) -> bool {
    if sighting.reason.cause != Cause::CrashLoop {
        return false;
    }
    let Some(revision) = explain::current(facts) else {
        return false;
    };
    let ready = explain::live_pods(revision)
        .find(|pod| pod.name == sighting.reason.subject)
        .and_then(|pod| {
            let mut containers = pod.containers.iter();
            containers.find(|status| status.name == sighting.reason.container)
        })
        .map(|status| status.ready);
    match ready {
        Some(true) => now < sighting.last.saturating_add(settle),
        Some(false) => true,
        None => false,
    }
}

/// How many pods of the new revision are wanted: below its partition a StatefulSet keeps
/// the old one.
pub(crate) fn wanted(facts: &Facts) -> u32 {
    let object = &facts.object;
    object.replicas.saturating_sub(object.partition)
}

fn partitioned(facts: &Facts) -> String {
    let object = &facts.object;
    format!(
        "`partition` is {}: {} of {} pods have the new revision",
        object.partition,
        wanted(facts),
        object.replicas
    )
}

/// All wanted pods are of this revision, ready and available, and the old ones are gone:
/// what `kubectl rollout status` waits for, and the pods' own word for it.
pub(crate) fn complete(facts: &Facts, revision: &Revision) -> bool {
    let wanted = wanted(facts);
    let ready = explain::live_pods(revision).filter(|pod| pod.ready).count();
    let old = facts.total.saturating_sub(facts.updated);
    facts.updated >= wanted
        && (old == 0 || old <= facts.object.partition)
        && facts.available >= facts.updated
        && u64::from(wanted) <= ready as u64
}

fn restarts(pods: &[&Pod]) -> Vec<Restarts> {
    let mut restarts = Vec::new();
    for pod in pods {
        restarts.extend(pod.containers.iter().map(|status| Restarts {
            pod: pod.name.clone(),
            container: status.name.clone(),
            count: status.restarts,
        }));
    }
    restarts
}

#[cfg(test)]
mod tests;
