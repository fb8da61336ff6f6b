//! Every entry of a step's permissions with its place, for all values together that the inputs
//! named in it may have: what the step may do in any run.

use std::cell::RefCell;

use super::fields::Fields;
use super::grants::{fs, git, http, inserted, kube};
use super::input::Input;
use super::{Pipeline, Step, keys};
use crate::diagnostic::{Placed, Problem, Problems};
use crate::document::Node;
use crate::permission::{Capability, FsRule, GitRule, HttpRule, KubeRule};

/// The most rules that one entry may stand for.
const MOST: usize = 1000;

/// The entries of one step.
pub(crate) struct Entries {
    pub(crate) kube_apply: Vec<Placed<KubeRule>>,
    pub(crate) http: Vec<Placed<HttpRule>>,
    pub(crate) git: Vec<Placed<GitRule>>,
    pub(crate) fs: Vec<Placed<FsRule>>,
}

impl Pipeline {
    /// All entries of a step. A problem is an entry that means nothing for some values of the
    /// inputs, or stands for too many rules.
    pub(crate) fn entries(&self, step: &Step, problems: &mut Problems) -> Entries {
        let remotes: Vec<String> = self
            .remotes
            .iter()
            .map(|remote| remote.name.clone())
            .collect();
        let read_git = |node: &Node, problems: &mut Problems| git(node, &remotes, problems);
        Entries {
            kube_apply: self.workloads_of(step, problems),
            http: self.of(step, Capability::Http, http, problems),
            git: self.of(step, Capability::Git, read_git, problems),
            fs: self.of(step, Capability::Fs, fs, problems),
        }
    }

    /// The `kube-apply` entries of a step.
    pub(super) fn workloads_of(
        &self,
        step: &Step,
        problems: &mut Problems,
    ) -> Vec<Placed<KubeRule>> {
        self.of(step, Capability::KubeApply, kube, problems)
    }

    fn of<Rule>(
        &self,
        step: &Step,
        capability: Capability,
        read: impl Fn(&Node, &mut Problems) -> Option<Rule>,
        problems: &mut Problems,
    ) -> Vec<Placed<Rule>> {
        let entry = step.grants.entry();
        let fields = entry.and_then(|entry| {
            let place = entry.key_span;
            let keys = keys::PERMISSIONS;
            Fields::read(&entry.value, keys, "`permissions`", place, problems)
        });
        let items = fields
            .filter(|fields| fields.entry(capability.key()).is_some())
            .and_then(|fields| fields.list(capability.key(), problems))
            .unwrap_or_default();
        let placed = |item: &Node| {
            let span = item.span;
            let rules = expanded(item, &self.inputs, &read, problems);
            rules.into_iter().map(move |value| Placed { value, span })
        };
        items.iter().flat_map(placed).collect()
    }
}

/// One entry for all values of its inputs.
fn expanded<Rule>(
    item: &Node,
    inputs: &[Input],
    read: impl Fn(&Node, &mut Problems) -> Option<Rule>,
    problems: &mut Problems,
) -> Vec<Rule> {
    let named = RefCell::new(Vec::new());
    let note = |name: &str| {
        let input = inputs.iter().find(|input| input.name == name)?;
        let mut named = named.borrow_mut();
        if !named.iter().any(|known: &&Input| known.name == name) {
            named.push(input);
        }
        input.values().first().cloned()
    };
    inserted(item, &note, inputs, problems);
    let named = named.into_inner();
    let count = named.iter().map(|input| input.values().len());
    let count = count.fold(1_usize, usize::saturating_mul);
    if count > MOST {
        let problem = Problem::error(format!(
            "this entry stands for {count} permissions, and {MOST} are the most"
        ));
        problems.push(
            problem
                .at(item.span)
                .help("write the entries out, or in pipelines of their own"),
        );
        return Vec::new();
    }
    let rules = (0..count).filter_map(|mut index| {
        let mut values = Vec::new();
        for input in &named {
            let of_input = input.values();
            values.push((input.name.as_str(), &of_input[index % of_input.len()]));
            index /= of_input.len();
        }
        let insert = |name: &str| {
            let found = values.iter().find(|(known, _)| *known == name)?;
            Some(found.1.clone())
        };
        read(&inserted(item, &insert, inputs, problems), problems)
    });
    rules.collect()
}
