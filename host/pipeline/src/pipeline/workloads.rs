//! Every workload that a step may ever change: a `kube-apply` entry for all values together
//! that the inputs named in it may have.

use std::cell::RefCell;

use super::fields::Fields;
use super::grants::{inserted, kube};
use super::input::Input;
use super::{Pipeline, Step, keys};
use crate::diagnostic::{Problem, Problems};
use crate::document::Node;
use crate::permission::KubeRule;

/// The most rules that one entry may stand for.
const MOST: usize = 1000;

impl Pipeline {
    /// The `kube-apply` rules of each step, for every run that the inputs allow.
    ///
    /// `Err` where an entry means nothing for some of them, or stands for too many rules.
    pub fn workloads(&self) -> Result<Vec<(&Step, Vec<KubeRule>)>, Problems> {
        let mut problems = Problems::new();
        let steps = self.steps.iter().map(|step| {
            let rules = step
                .grants
                .entry()
                .and_then(|entry| {
                    let place = entry.key_span;
                    let keys = keys::PERMISSIONS;
                    Fields::read(&entry.value, keys, "`permissions`", place, &mut problems)
                })
                .filter(|fields| fields.entry("kube-apply").is_some())
                .and_then(|fields| fields.list("kube-apply", &mut problems))
                .unwrap_or_default();
            let rules = rules
                .iter()
                .flat_map(|item| expanded(item, &self.inputs, &mut problems));
            (step, rules.collect())
        });
        let steps = steps.collect();
        problems.into_result()?;
        Ok(steps)
    }
}

/// One entry for all values of its inputs.
fn expanded(item: &Node, inputs: &[Input], problems: &mut Problems) -> Vec<KubeRule> {
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
                .help("write the workloads out, or in pipelines of their own"),
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
        kube(&inserted(item, &insert, inputs, problems), problems)
    });
    rules.collect()
}
