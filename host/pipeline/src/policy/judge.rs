//! A pipeline held against a policy, entry by entry: what reaches beyond is a problem with its
//! place in the pipeline file, and the place in the policy that comes nearest to allowing it.

use super::Policy;
use super::entry::Item;
use crate::diagnostic::{Elsewhere, Placed, Problem, Problems, Span};
use crate::permission::{Bound, Capability, RemoteRule};
use crate::pipeline::{Entries, Pipeline, Secret, Step, show_duration};

impl Policy {
    /// Whether each permission, plugin, secret and timeout of a pipeline lies within one entry
    /// of the policy, for every run that its inputs allow.
    ///
    /// `Err` holds every one that does not.
    pub fn judge(&self, pipeline: &Pipeline) -> Result<(), Problems> {
        let items: Vec<&Item> = self.items_of(&pipeline.name).collect();
        let mut problems = Problems::new();
        if items.is_empty() {
            let name = &pipeline.name;
            let problem = Problem::error(format!(
                "the policy allows nothing to a pipeline named `{name}`"
            ));
            let none = format!("no pattern here fits `{name}`");
            let place = self.place("where one would have to stand", self.place, none);
            problems.push(problem.at(pipeline.name_span).elsewhere(place));
            return Err(problems);
        }
        let judge = Judge {
            policy: self,
            items,
        };
        for secret in &pipeline.secrets {
            judge.secret(secret, &mut problems);
        }
        for step in &pipeline.steps {
            judge.plugin(step, &mut problems);
            judge.timeout(step, &mut problems);
            let entries = pipeline.entries(step, &mut problems);
            judge.permissions(step, &entries, pipeline, &mut problems);
        }
        problems.into_result().map(drop)
    }

    fn place(&self, title: &str, span: Span, label: String) -> Elsewhere {
        Elsewhere {
            title: title.to_owned(),
            source: self.source.clone(),
            span,
            label,
        }
    }
}

/// What of the policy is about the pipeline: at least one item.
struct Judge<'p> {
    policy: &'p Policy,
    items: Vec<&'p Item>,
}

/// Of the entries that do not allow something, the one that comes nearest, and what it lacks.
struct Nearest {
    span: Span,
    /// Whether it is about another thing altogether.
    foreign: bool,
    beyond: Vec<String>,
}

impl Judge<'_> {
    fn permissions(
        &self,
        step: &Step,
        entries: &Entries,
        pipeline: &Pipeline,
        problems: &mut Problems,
    ) {
        let id = &step.id;
        let addressed = entries.git.iter().filter_map(|git| {
            let mut remotes = pipeline.remotes.iter();
            let remote = remotes.find(|remote| remote.name == git.value.remote)?;
            let value = RemoteRule {
                rule: git.value.clone(),
                url: remote.url.clone(),
            };
            Some(Placed {
                value,
                span: git.span,
            })
        });
        let git: Vec<_> = addressed.collect();
        let kube = &entries.kube_apply;
        self.within(
            id,
            Capability::KubeApply,
            kube,
            |item| &item.kube_apply,
            problems,
        );
        self.within(
            id,
            Capability::Http,
            &entries.http,
            |item| &item.http,
            problems,
        );
        self.within(id, Capability::Git, &git, |item| &item.git, problems);
        self.within(id, Capability::Fs, &entries.fs, |item| &item.fs, problems);
    }

    /// Each rule lies within one entry.
    fn within<Rule, B: Bound<Rule>>(
        &self,
        step: &str,
        capability: Capability,
        rules: &[Placed<Rule>],
        entries: impl Fn(&Item) -> &Vec<Placed<B>>,
        problems: &mut Problems,
    ) {
        for rule in rules {
            let bounds = self.items.iter().flat_map(|item| entries(item));
            let Err(nearest) = within_one(&rule.value, bounds) else {
                continue;
            };
            let problem = Problem::error(format!(
                "this `{capability}` permission of step `{step}` reaches beyond the policy"
            ));
            let place = nearest.map_or_else(
                || {
                    let place = self.first(|item| item.places.permissions);
                    let none = format!("no `{capability}` entry is here");
                    self.policy
                        .place("where one would have to stand", place, none)
                },
                |nearest| self.nearest(nearest),
            );
            problems.push(
                problem
                    .at(rule.span)
                    .elsewhere(place)
                    .help("narrow the permission, or have the policy widened by whoever keeps it"),
            );
        }
    }

    fn secret(&self, secret: &Secret, problems: &mut Problems) {
        let bounds = self.items.iter().flat_map(|item| &item.secrets);
        let Err(nearest) = within_one(secret, bounds) else {
            return;
        };
        let name = &secret.name;
        let problem = Problem::error(format!("secret `{name}` reaches beyond the policy"));
        let place = nearest.map_or_else(
            || {
                let place = self.first(|item| item.places.secrets);
                let none = "no secret is allowed here".to_owned();
                self.policy
                    .place("where one would have to stand", place, none)
            },
            |nearest| self.nearest(nearest),
        );
        problems.push(problem.at(secret.span).elsewhere(place));
    }

    fn plugin(&self, step: &Step, problems: &mut Problems) {
        let (uses, digest) = (&step.uses, &step.plugin.facts.digest);
        let mut patterns = self.items.iter().flat_map(|item| &item.uses);
        if patterns.any(|pattern| pattern.value.matches(uses, digest)) {
            return;
        }
        let problem = Problem::error(format!(
            "step `{}` uses `{uses}`, which the policy does not allow",
            step.id
        ));
        let place = self.first(|item| item.places.uses);
        let none = "it is not listed here".to_owned();
        let place = self.policy.place("where it would have to be", place, none);
        problems.push(
            problem
                .at(step.uses_span)
                .elsewhere(place)
                .help(format!("its digest, which can be listed too, is {digest}")),
        );
    }

    /// A timeout that the file asks for is kept or refused, never cut short without a word.
    fn timeout(&self, step: &Step, problems: &mut Problems) {
        let (Some(asked), Some(span)) = (step.timeout, step.timeout_span) else {
            return;
        };
        let limits = self.items.iter().filter_map(|item| {
            let limit = item.limits.timeout.filter(|limit| *limit < asked)?;
            Some((limit, item.places.timeout?))
        });
        if let Some((limit, place)) = limits.min_by_key(|(limit, _)| *limit) {
            let problem = Problem::error(format!(
                "step `{}` may take {}, and the policy allows {}",
                step.id,
                show_duration(asked),
                show_duration(limit)
            ));
            let label = "no attempt of a step may take longer".to_owned();
            let place = self.policy.place("the limit of the policy", place, label);
            problems.push(problem.at(span).elsewhere(place));
        }
    }

    fn nearest(&self, Nearest { span, beyond, .. }: Nearest) -> Elsewhere {
        let label = format!("it does not allow {}", sentence(&beyond));
        let title = "the entry of the policy that comes nearest";
        self.policy.place(title, span, label)
    }

    /// The place of a key in the first item that has it, else the first item's own.
    fn first(&self, place: impl Fn(&Item) -> Option<Span>) -> Span {
        let mut places = self.items.iter().filter_map(|item| place(item));
        let whole = self.items.first().map(|item| item.span);
        places.next().or(whole).unwrap_or(self.policy.place)
    }
}

/// Whether one of the entries allows all of a rule; if not, which comes nearest.
fn within_one<'b, Rule, B: Bound<Rule> + 'b>(
    rule: &Rule,
    bounds: impl Iterator<Item = &'b Placed<B>>,
) -> Result<(), Option<Nearest>> {
    let mut nearest: Option<Nearest> = None;
    for bound in bounds {
        let found = Nearest {
            span: bound.span,
            foreign: !bound.value.is_about(rule),
            beyond: bound.value.beyond(rule),
        };
        if found.beyond.is_empty() {
            return Ok(());
        }
        let rank = |one: &Nearest| (one.foreign, one.beyond.len());
        if nearest
            .as_ref()
            .is_none_or(|known| rank(&found) < rank(known))
        {
            nearest = Some(found);
        }
    }
    Err(nearest)
}

/// Items as *a, b and c*.
fn sentence(items: &[String]) -> String {
    match items.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}
