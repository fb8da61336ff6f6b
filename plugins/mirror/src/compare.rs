//! What is to be done so that one list of refs becomes the other. Pure.

use std::collections::BTreeMap;

use crate::bindings::sluice::git::remote::RefEntry;
use crate::config::Config;

/// A ref that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) name: String,
    /// What it points to on the target; `None` where it is to be created.
    pub(crate) old: Option<String>,
    /// What it points to on the source; `None` where it is to be deleted.
    pub(crate) new: Option<String>,
}

/// Both sides, compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Compared {
    /// By name.
    pub(crate) changes: Vec<Change>,
    /// Refs that are the same.
    pub(crate) same: Vec<String>,
    /// Refs that the target alone has, where they are not to be deleted.
    pub(crate) extra: Vec<String>,
    /// How many refs of the target take part.
    pub(crate) there: usize,
}

impl Compared {
    pub(crate) fn new(config: &Config, source: &[RefEntry], target: &[RefEntry]) -> Self {
        let (source, target) = (by_name(config, source), by_name(config, target));
        let mut compared = Self {
            changes: Vec::new(),
            same: Vec::new(),
            extra: Vec::new(),
            there: target.len(),
        };
        let owned = |id: Option<&&str>| id.map(|id| (*id).to_owned());
        for (name, new) in &source {
            let old = target.get(name);
            if old == Some(new) {
                compared.same.push((*name).to_owned());
            } else {
                compared.changes.push(Change {
                    name: (*name).to_owned(),
                    old: owned(old),
                    new: owned(Some(new)),
                });
            }
        }
        for (name, old) in target
            .iter()
            .filter(|(name, _)| !source.contains_key(*name))
        {
            if config.prune.is_some() {
                compared.changes.push(Change {
                    name: (*name).to_owned(),
                    old: owned(Some(old)),
                    new: None,
                });
            } else {
                compared.extra.push((*name).to_owned());
            }
        }
        compared.changes.sort_by(|a, b| a.name.cmp(&b.name));
        compared
    }

    /// The refs that would be deleted, if those are more than so many percent.
    pub(crate) fn too_many_deletions(&self, limit: u64) -> Option<Vec<&str>> {
        let deleted = self.changes.iter().filter(|change| change.new.is_none());
        let deleted: Vec<_> = deleted.map(|change| change.name.as_str()).collect();
        let there = u64::try_from(self.there).unwrap_or(u64::MAX);
        let count = u64::try_from(deleted.len()).unwrap_or(u64::MAX);
        let too_many = count.saturating_mul(100) > there.saturating_mul(limit);
        too_many.then_some(deleted)
    }
}

fn by_name<'r>(config: &Config, refs: &'r [RefEntry]) -> BTreeMap<&'r str, &'r str> {
    let chosen = refs.iter().filter(|entry| config.selects(&entry.name));
    chosen
        .map(|entry| (entry.name.as_str(), entry.id.as_str()))
        .collect()
}
