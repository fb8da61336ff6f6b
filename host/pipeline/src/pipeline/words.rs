//! What a plugin says that a step will do, where that takes a word of its own in the
//! permission: refused here, and not in the middle of a rollback.

use crate::catalog::{DeclaredEffect, Foreseen, ForeseenWith, Way};
use crate::diagnostic::{Problem, Span};
use crate::permission::{GitRule, KubeRule, Permissions};

/// An action on a workload that a permission has to name beside the images.
struct Word {
    action: &'static str,
    key: &'static str,
    does: &'static str,
    given: fn(&KubeRule) -> bool,
}

const WORDS: [Word; 2] = [
    Word {
        action: "restart",
        key: "restart",
        does: "restarts",
        given: |rule| rule.restart,
    },
    Word {
        action: "delete-pod",
        key: "delete-pods",
        does: "deletes pods of",
        given: |rule| rule.delete_pods,
    },
];

/// A change of refs that a permission has to name beside those that lose nothing.
struct RefWord {
    action: &'static str,
    key: &'static str,
    given: fn(&GitRule) -> bool,
}

const REF_WORDS: [RefWord; 2] = [
    RefWord {
        action: "force-ref",
        key: "force",
        given: |rule| !rule.force.is_empty(),
    },
    RefWord {
        action: "delete-ref",
        key: "delete",
        given: |rule| !rule.delete.is_empty(),
    },
];

/// The words that the permissions lack for what the step is sure to do. `permissions` are
/// those for every input that was tried; `place` is where they stand in the file.
pub(super) fn missing(
    id: &str,
    effects: &[DeclaredEffect],
    with: &ForeseenWith,
    permissions: &[Permissions],
    place: Span,
) -> Vec<Problem> {
    let mut problems = missing_of_refs(id, effects, with, permissions, place);
    for word in &WORDS {
        let declared = effects.iter().filter(|declared| {
            declared.capability == "kube-apply"
                && declared.action == word.action
                && declared.is_certain(with)
        });
        for declared in declared {
            let Some(target) = target(declared, effects, with) else {
                continue;
            };
            let lacks = |permissions: &&Permissions| {
                let of_it = |rule: &&KubeRule| {
                    target == format!("{} {}/{}", rule.kind, rule.namespace, rule.name)
                };
                let mut rules = permissions.kube_apply.iter().filter(of_it).peekable();
                rules.peek().is_some() && !rules.any(|rule| (word.given)(rule))
            };
            if permissions.iter().any(|one| lacks(&one)) {
                let when = match declared.on {
                    Way::Run => "",
                    Way::Failure => " when it fails",
                };
                let (does, key) = (word.does, word.key);
                let problem = Problem::error(format!(
                    "step `{id}` {does} {target}{when}, and its permission does not say `{key}: true`"
                ));
                problems.push(problem.at(place).help(format!(
                    "add `{key}: true` to the entry of {target}, or do without it in `with`"
                )));
                break;
            }
        }
    }
    problems
}

fn missing_of_refs(
    id: &str,
    effects: &[DeclaredEffect],
    with: &ForeseenWith,
    permissions: &[Permissions],
    place: Span,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for RefWord { action, key, given } in &REF_WORDS {
        let mut declared = effects.iter().filter(|declared| {
            declared.capability == "git" && declared.action == *action && declared.is_certain(with)
        });
        let remote = declared.find_map(|declared| match declared.foresee(with) {
            // What is known of it ends in the middle of a ref's name.
            Foreseen::Effect { target, .. } => {
                let (remote, _) = target.text.split_once(' ')?;
                Some(remote.to_owned())
            }
            _ => None,
        });
        let Some(remote) = remote else {
            continue;
        };
        let lacks = |permissions: &Permissions| {
            let mut rules = permissions.git.iter().filter(|rule| rule.remote == remote);
            !rules.any(given)
        };
        if permissions.iter().any(lacks) {
            let problem = Problem::error(format!(
                "step `{id}` is to {key} refs of `{remote}`, and its permission has no `{key}` there"
            ));
            problems.push(problem.at(place).help(format!(
                "say which: `- {{ remote: {remote}, {key}: ['refs/heads/**'] }}`, or do without it in `with`"
            )));
        }
    }
    problems
}

/// The workload that it is done to, where that is known.
fn target(
    declared: &DeclaredEffect,
    effects: &[DeclaredEffect],
    with: &ForeseenWith,
) -> Option<String> {
    match declared.foresee(with) {
        Foreseen::Effect { target, .. } => target.whole.then_some(target.text),
        Foreseen::PodsOf(action) => {
            let mut before = effects.iter().filter(|one| one.action == action);
            before.find_map(|one| match one.foresee(with) {
                Foreseen::Effect { target, .. } => target.whole.then_some(target.text),
                _ => None,
            })
        }
        Foreseen::Nothing | Foreseen::Undo => None,
    }
}
