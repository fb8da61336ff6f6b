//! The commits of a range, taken out of a pack and put in order. What is kept is bounded;
//! trees and files that a server sent all the same are let go as they come.

use std::collections::{BinaryHeap, HashMap};

use gix_hash::{Kind as Hash, ObjectId};
use gix_object::{CommitRef, CommitRefIter};

use super::{
    pack::{Entry, Head, Kind, Reader, apply},
    tag,
};
use crate::bindings::sluice::git::remote::{Commit, Error, Signature};

/// What the commits of a range may amount to, in bytes.
const MOST: usize = 64 << 20;
/// What is handed over at once may amount to, in bytes: an instance's memory is small.
const BATCH: usize = 1 << 20;

/// Commits in their order, handed over a few at a time.
#[derive(Debug)]
pub struct Commits {
    hash: Hash,
    /// In reverse.
    left: Vec<(ObjectId, Vec<u8>)>,
}

impl Commits {
    /// Takes the commits out of a pack.
    pub(super) async fn read(mut pack: Reader, hash: Hash, filtered: bool) -> Result<Self, Error> {
        let mut found = Found::new(hash);
        loop {
            let wanted = |kind: &Kind| found.wants(kind);
            match pack.next(wanted).await? {
                Some(entry) => found.take(entry)?,
                None => break,
            }
        }
        found.resolve(filtered)?;
        let mut left = order(found.commits, hash)?;
        left.reverse();
        Ok(Self { hash, left })
    }

    /// The next ones, at most so many.
    pub(super) fn next(&mut self, at_most: u32) -> Result<Vec<Commit>, Error> {
        let (mut batch, mut size) = (Vec::new(), 0);
        let at_most = usize::try_from(at_most).unwrap_or(usize::MAX).max(1);
        while batch.len() < at_most && size < BATCH {
            let Some((id, data)) = self.left.pop() else {
                break;
            };
            size += data.len();
            batch.push(commit(&id, &data, self.hash)?);
        }
        Ok(batch)
    }

    /// Each commit with its parents.
    pub(super) fn parents(&self) -> impl Iterator<Item = (ObjectId, Vec<ObjectId>)> {
        let commits = self.left.iter();
        commits.map(|(id, data)| (*id, parents(data, self.hash).collect()))
    }
}

/// The commits with which a pack begins, each with its parents: git writes commits first,
/// and then what belongs to them. Reads until another object comes, or until `enough`.
pub(super) async fn beginning(
    pack: &mut Reader,
    hash: Hash,
    mut enough: impl FnMut(&Head) -> bool,
) -> Result<Vec<(ObjectId, Vec<ObjectId>)>, Error> {
    let mut found = Found::new(hash);
    while let Some(head) = pack.head().await? {
        if matches!(head.kind, Kind::Tree | Kind::Blob) || enough(&head) {
            break;
        }
        let wanted = found.wants(&head.kind);
        found.take(pack.data(head, wanted).await?)?;
    }
    let commits = found.commits.into_iter();
    let commits = commits.map(|(id, data)| (id, parents(&data, hash).collect()));
    Ok(commits.collect())
}

/// What a pack has brought so far.
struct Found {
    hash: Hash,
    commits: Vec<(ObjectId, Vec<u8>)>,
    by_place: HashMap<u64, usize>,
    by_id: HashMap<ObjectId, usize>,
    /// Differences whose base has not come yet.
    waiting: Vec<Entry>,
    size: usize,
}

impl Found {
    fn new(hash: Hash) -> Self {
        Self {
            hash,
            commits: Vec::new(),
            by_place: HashMap::new(),
            by_id: HashMap::new(),
            waiting: Vec::new(),
            size: 0,
        }
    }

    /// A difference to an object that is elsewhere may be one to a commit that comes later.
    fn wants(&self, kind: &Kind) -> bool {
        match kind {
            Kind::Commit | Kind::DifferenceTo(_) => true,
            Kind::DifferenceAt(place) => {
                self.by_place.contains_key(place)
                    || self.waiting.iter().any(|entry| entry.at == *place)
            }
            Kind::Tree | Kind::Blob | Kind::Tag => false,
        }
    }

    fn take(&mut self, entry: Entry) -> Result<(), Error> {
        match (&entry.kind, self.base(&entry.kind)) {
            (Kind::Commit, _) => self.add(entry.at, entry.data),
            (_, Some(base)) => self.differ(entry.at, base, &entry.data),
            (Kind::DifferenceAt(_) | Kind::DifferenceTo(_), None) if !entry.data.is_empty() => {
                self.grow(entry.data.len())?;
                self.waiting.push(entry);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The commit to which a difference is.
    fn base(&self, kind: &Kind) -> Option<usize> {
        match kind {
            Kind::DifferenceAt(place) => self.by_place.get(place).copied(),
            Kind::DifferenceTo(id) => self.by_id.get(id).copied(),
            Kind::Commit | Kind::Tree | Kind::Blob | Kind::Tag => None,
        }
    }

    fn differ(&mut self, at: u64, base: usize, data: &[u8]) -> Result<(), Error> {
        let made = apply(&self.commits[base].1, data, MOST).ok_or_else(|| {
            Error::Other("the remote's pack is damaged: a difference does not fit".to_owned())
        })?;
        self.add(at, made)
    }

    fn add(&mut self, at: u64, data: Vec<u8>) -> Result<(), Error> {
        self.grow(data.len())?;
        let id = tag::id(self.hash, gix_object::Kind::Commit, &data)?;
        let index = *self.by_id.entry(id).or_insert_with(|| {
            self.commits.push((id, data));
            self.commits.len() - 1
        });
        self.by_place.insert(at, index);
        Ok(())
    }

    fn grow(&mut self, by: usize) -> Result<(), Error> {
        self.size += by;
        if self.size > MOST {
            return Err(Error::Unsupported(format!(
                "the range holds more than {} MiB of commits: exclude what is known, such as tags",
                MOST >> 20
            )));
        }
        Ok(())
    }

    /// Makes commits of the differences whose base came after them. In a pack of nothing but
    /// commits and tags each has one; in another they may be trees and files.
    fn resolve(&mut self, filtered: bool) -> Result<(), Error> {
        loop {
            let (ready, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting)
                .into_iter()
                .partition(|entry| self.base(&entry.kind).is_some());
            self.waiting = waiting;
            if ready.is_empty() {
                break;
            }
            for entry in ready {
                self.take(entry)?;
            }
        }
        if filtered && !self.waiting.is_empty() {
            return Err(Error::Other(
                "the remote's pack is damaged: it has differences to what it does not hold"
                    .to_owned(),
            ));
        }
        Ok(())
    }
}

/// Newest first by the time of the committer, and each after all its children.
fn order(commits: Vec<(ObjectId, Vec<u8>)>, hash: Hash) -> Result<Vec<(ObjectId, Vec<u8>)>, Error> {
    let index = commits.iter().enumerate();
    let index = index
        .map(|(index, (id, _))| (*id, index))
        .collect::<HashMap<_, _>>();
    let mut facts = Vec::with_capacity(commits.len());
    let mut children = vec![0_usize; commits.len()];
    for (id, data) in &commits {
        let known = parents(data, hash);
        let known = known.filter_map(|parent| index.get(&parent).copied());
        let known = known.collect::<Vec<_>>();
        for parent in &known {
            children[*parent] += 1;
        }
        let read = read(id, data, hash)?;
        let time = read.committer().map_or(0, |committer| committer.seconds());
        facts.push((time, known));
    }
    // Of equal times the one that the remote sent first.
    let key = |place: usize| (facts[place].0, std::cmp::Reverse(place));
    let mut ready = (0..commits.len())
        .filter(|place| children[*place] == 0)
        .map(key)
        .collect::<BinaryHeap<_>>();
    let mut commits = commits.into_iter().map(Some).collect::<Vec<_>>();
    let mut ordered = Vec::with_capacity(commits.len());
    while let Some((_, std::cmp::Reverse(place))) = ready.pop() {
        ordered.extend(commits[place].take());
        for parent in &facts[place].1 {
            children[*parent] -= 1;
            if children[*parent] == 0 {
                ready.push(key(*parent));
            }
        }
    }
    Ok(ordered)
}

fn parents(data: &[u8], hash: Hash) -> impl Iterator<Item = ObjectId> {
    CommitRefIter::from_bytes(data, hash)
        .parent_ids()
        .collect::<Vec<_>>()
        .into_iter()
}

fn read<'a>(id: &ObjectId, data: &'a [u8], hash: Hash) -> Result<CommitRef<'a>, Error> {
    CommitRef::from_bytes(data, hash)
        .map_err(|error| Error::Other(format!("commit {id} of the remote cannot be read: {error}")))
}

fn commit(id: &ObjectId, data: &[u8], hash: Hash) -> Result<Commit, Error> {
    let read = read(id, data, hash)?;
    Ok(Commit {
        id: id.to_string(),
        parents: read.parents().map(|parent| parent.to_string()).collect(),
        author: signed(read.author().ok()),
        committer: signed(read.committer().ok()),
        message: String::from_utf8_lossy(read.message).into_owned(),
    })
}

/// Old tools wrote signatures that cannot be read: those are empty.
fn signed(signature: Option<gix_actor::SignatureRef<'_>>) -> Signature {
    let Some(signature) = signature else {
        return Signature {
            name: String::new(),
            email: String::new(),
            time: 0,
            offset: 0,
        };
    };
    let time = signature.time().unwrap_or_default();
    Signature {
        name: String::from_utf8_lossy(signature.name).into_owned(),
        email: String::from_utf8_lossy(signature.email).into_owned(),
        time: time.seconds,
        offset: time.offset / 60,
    }
}

#[cfg(test)]
mod tests;
