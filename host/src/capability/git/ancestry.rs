//! Whether a ref moves forward: its old commit is an ancestor of the new one. Read off the
//! commits between the two, which come without trees and files where the remote can filter,
//! and else stand at the beginning of the pack that is to be carried.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use gix_hash::{Kind as Hash, ObjectId};

use super::{
    GitCalls, history,
    pack::Reader,
    wire::{Body, Fetch, Link},
};
use crate::bindings::sluice::git::remote::Error;

/// How much of a pack is kept while its commits are read, in bytes.
const KEPT: usize = 8 << 20;

/// Commits with their parents, as far as they had to be read.
#[derive(Debug, Default)]
pub(super) struct Ancestry {
    parents: HashMap<ObjectId, Vec<ObjectId>>,
    /// What the remote was asked for and does not have.
    absent: BTreeSet<ObjectId>,
}

impl Ancestry {
    /// Whether the way from `new` down leads to `old`; `None` where that cannot be seen here.
    fn leads(&self, new: ObjectId, old: ObjectId) -> Option<bool> {
        if self.absent.contains(&old) {
            return Some(false);
        }
        let (mut seen, mut ends) = (HashSet::new(), self.parents.is_empty());
        let mut left = vec![new];
        while let Some(id) = left.pop() {
            if id == old {
                return Some(true);
            }
            match self.parents.get(&id) {
                Some(parents) if seen.insert(id) => left.extend(parents),
                Some(_) => {}
                None => ends = true,
            }
        }
        // Where it ends at commits that were left out, it may go on below them.
        (!ends).then_some(false)
    }

    /// How many of these commits lead to `id`, itself among them; `None` where it is none of
    /// them: the object of a tag, or what is had already.
    pub(super) fn count(&self, id: ObjectId) -> Option<u64> {
        let (mut seen, mut left) = (HashSet::new(), vec![id]);
        while let Some(id) = left.pop() {
            if let Some(parents) = self.parents.get(&id)
                && seen.insert(id)
            {
                left.extend(parents);
            }
        }
        (!seen.is_empty()).then_some(seen.len() as u64)
    }
}

impl GitCalls {
    /// The commits that lead to `wants` and not to `haves`.
    pub(super) async fn ancestry(
        &self,
        source: &mut Link,
        from: &str,
        wants: BTreeSet<ObjectId>,
        haves: BTreeSet<ObjectId>,
    ) -> Result<Ancestry, Error> {
        let wanted = Fetch {
            wants: wants.into_iter().collect(),
            haves: haves.iter().copied().collect(),
            history: true,
            asks: true,
            ..Fetch::default()
        };
        let (commits, common) = self.range(source, from, &wanted).await?;
        Ok(Ancestry {
            parents: commits.parents().collect(),
            absent: common.map_or_else(BTreeSet::new, |common| &haves - &common),
        })
    }

    /// Whether `old` is an ancestor of `new`. What is known already may tell.
    pub(super) async fn is_forward(
        &self,
        source: &mut Link,
        from: &str,
        known: &Ancestry,
        (old, new): (ObjectId, ObjectId),
    ) -> Result<bool, Error> {
        if let Some(answer) = known.leads(new, old) {
            return Ok(answer);
        }
        let [wants, haves] = [new, old].map(|id| BTreeSet::from([id]));
        let own = self.ancestry(source, from, wants, haves).await?;
        // Only what leads to `old` is left out here.
        Ok(own.leads(new, old) == Some(true))
    }
}

/// The commits at the beginning of a pack, and the whole pack again.
pub(super) async fn ahead(pack: Body, hash: Hash) -> Result<(Ancestry, Body), Error> {
    let kept = Arc::new(Mutex::new(Kept::default()));
    let keeping = kept.clone();
    let pack = pack.inspect_ok(move |part| {
        let mut kept = keeping.lock().expect("no holder of the lock panics");
        if kept.keeps {
            kept.size += part.len();
            kept.parts.push(part.clone());
        }
    });
    let full = || kept.lock().expect("no holder of the lock panics").size > KEPT;
    let mut reader = Reader::new(pack.boxed(), hash).await?;
    let parents = history::beginning(&mut reader, hash, |head| {
        // An object that is far too large for a commit would be kept as well.
        full() || head.size > KEPT as u64
    });
    let parents = parents.await?.into_iter().collect();
    let mut kept = kept.lock().expect("no holder of the lock panics");
    kept.keeps = false;
    let parts = std::mem::take(&mut kept.parts);
    let pack = stream::iter(parts.into_iter().map(Ok)).chain(reader.into_body());
    let absent = BTreeSet::new();
    Ok((Ancestry { parents, absent }, pack.boxed()))
}

/// What a pack has brought.
struct Kept {
    keeps: bool,
    parts: Vec<Bytes>,
    size: usize,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            keeps: true,
            parts: Vec::new(),
            size: 0,
        }
    }
}
