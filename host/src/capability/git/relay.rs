//! Carries refs from one remote to another: what the other lacks is streamed from one
//! connection into the other, as differences to what it has where that is shorter. Nothing
//! is kept.

use std::collections::{BTreeSet, HashMap};

use gix_hash::ObjectId;
use sluice_pipeline::permission::RefChange;

use super::{
    GitCalls, Reach, carry, check, effect,
    wire::{Advert, Entry, Fetch, Link, list},
};
use crate::{
    bindings::sluice::git::remote::{Effect as Outcome, Error, RefUpdate},
    run::event::Effect,
};

/// Refs beyond that many are not asked for by their names: all are.
const NAMED: usize = 100;

/// What refs point to, by their names.
pub(super) type Standing = HashMap<String, ObjectId>;

/// What became of one ref.
pub(super) type End = Result<Outcome, Error>;

/// Refs that are to be carried.
pub(super) struct Relay {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) moves: Vec<Move>,
    pub(super) atomic: bool,
}

/// One ref of the remote that is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Move {
    pub(super) name: String,
    pub(super) old: Option<ObjectId>,
    pub(super) new: Option<ObjectId>,
    /// The word that permits it.
    pub(super) change: RefChange,
}

impl GitCalls {
    pub(super) async fn relay(
        &self,
        from: &str,
        to: &str,
        updates: Vec<RefUpdate>,
        atomic: bool,
    ) -> Result<Vec<End>, Error> {
        self.check_read(from)?;
        let mut moves = moves(updates)?;
        for one in &mut moves {
            self.permit(from, to, one).await?;
        }
        if moves.is_empty() {
            return Ok(Vec::new());
        }
        let relay = Relay {
            from: from.to_owned(),
            to: to.to_owned(),
            moves,
            atomic,
        };
        match self.remotes.reach {
            Reach::Offline => {
                let moves = relay.moves.iter();
                Ok(moves.map(|one| Ok(self.plan(&relay, one))).collect())
            }
            Reach::DryRun => {
                let mut link = self.link(to)?;
                let now = self.unless_cancelled(relay.look(&mut link)).await?;
                let end = |one| {
                    let stands = relay.stands(one, &now);
                    stands.map(|()| self.plan(&relay, one))
                };
                Ok(relay.moves.iter().map(end).collect())
            }
            Reach::Live | Reach::Rehearsal => {
                let (source, target) = (self.link(from)?, self.link(to)?);
                // It goes on by itself when the plugin is gone, so that its effects can still
                // be told.
                let (calls, hold) = (self.clone(), self.effects.hold());
                let carrying = tokio::spawn(async move {
                    let _hold = hold;
                    carry::carry(&calls, source, target, relay).await
                });
                let lost = |error| Error::Unknown(format!("the change was lost: {error}"));
                carrying.await.unwrap_or_else(|error| Err(lost(error)))
            }
        }
    }

    /// The move's change, if the step may make it: whether it goes forward is asked of the
    /// history only where that decides.
    async fn permit(&self, from: &str, to: &str, one: &mut Move) -> Result<(), Error> {
        let (old, new) = (one.old, one.new);
        let [shown_old, shown_new] = [old, new].map(|id| id.map(|id| id.to_string()));
        let detail = effect::identity(shown_old.as_deref(), shown_new.as_deref(), false);
        let check = |changes: &[RefChange]| self.check_change(to, &one.name, changes, &detail);
        let (Some(old), Some(new)) = (old, new) else {
            one.change = check(&[one.change])?;
            return Ok(());
        };
        let free = self.permits(to, RefChange::Force, &one.name);
        if free {
            one.change = RefChange::Force;
            return Ok(());
        }
        check(&[RefChange::Update])?;
        if self.remotes.reach == Reach::Offline {
            return Ok(());
        }
        let range = Fetch {
            wants: vec![new],
            haves: vec![old],
            history: true,
            thin: false,
        };
        let mut link = self.link(from)?;
        let reading = self.range(&mut link, from, &range);
        let commits = self.unless_cancelled(reading).await?;
        // The commit before the old one, on the way down from the new one to it, is not among
        // the old one's ancestors, and so in the range.
        if commits.parents().any(|parent| parent == old) {
            return Ok(());
        }
        check(&[RefChange::Force]).map(drop)
    }

    fn plan(&self, relay: &Relay, one: &Move) -> Outcome {
        self.effects.plan(&relay.effect(one));
        Outcome::Planned
    }
}

/// The updates, each with the change that it is as far as that can be seen.
fn moves(updates: Vec<RefUpdate>) -> Result<Vec<Move>, Error> {
    let mut names = BTreeSet::new();
    let mut moves = Vec::with_capacity(updates.len());
    for RefUpdate { name, old, new } in updates {
        check::name(&name)?;
        let [old, new] = [old, new].map(|id| id.as_deref().map(check::id).transpose());
        let (old, new) = (old?, new?);
        let change = match (old, new) {
            (None, Some(_)) => RefChange::Create,
            (Some(_), None) => RefChange::Delete,
            (Some(old), Some(new)) if old != new => RefChange::Update,
            _ => {
                return Err(Error::Invalid(format!(
                    "{name} is to stay what it is: leave it out"
                )));
            }
        };
        if !names.insert(name.clone()) {
            return Err(Error::Invalid(format!("{name} is named twice")));
        }
        moves.push(Move {
            name,
            old,
            new,
            change,
        });
    }
    Ok(moves)
}

impl Relay {
    pub(super) fn effect(&self, one: &Move) -> Effect {
        let [old, new] = [one.old, one.new].map(|id| id.map(|id| id.to_string()));
        let mut detail = effect::identity(old.as_deref(), new.as_deref(), false);
        detail["from"] = self.from.clone().into();
        effect::effect(&self.to, one.change, &one.name, detail)
    }

    /// What the refs of its moves point to on the remote that is changed.
    pub(super) async fn look(&self, target: &mut Link) -> Result<Standing, Error> {
        let names = self.moves.iter().map(|one| one.name.clone());
        let names = names.take(NAMED + 1).collect::<Vec<_>>();
        let prefixes = if names.len() > NAMED { &[] } else { &names[..] };
        let (_, refs) = list(target, prefixes).await?;
        Ok(standing(&refs))
    }

    /// Whether what the remote has is what the move is to change.
    pub(super) fn stands(&self, one: &Move, now: &Standing) -> Result<(), Error> {
        let now = now.get(&one.name).copied();
        if now == one.old {
            return Ok(());
        }
        let words = |id: Option<ObjectId>| id.map_or("nothing".to_owned(), |id| id.to_string());
        Err(Error::Conflict(format!(
            "{} of remote `{}` points to {} and not to {}",
            one.name,
            self.to,
            words(now),
            words(one.old)
        )))
    }

    /// What has to be fetched for these moves, from what the target says that it has; nothing
    /// where it has all of it.
    pub(super) fn missing(&self, moves: &[usize], target: &Advert) -> Option<Fetch> {
        let entries = target.refs.iter();
        let haves = entries.flat_map(|entry| [Some(entry.id), entry.peeled].into_iter().flatten());
        let haves = haves.collect::<BTreeSet<_>>();
        let wants = moves.iter().filter_map(|index| self.moves[*index].new);
        let wants = wants.filter(|id| !haves.contains(id));
        let wants = wants.collect::<BTreeSet<_>>();
        (!wants.is_empty()).then(|| Fetch {
            wants: wants.into_iter().collect(),
            haves: haves.into_iter().collect(),
            history: false,
            thin: true,
        })
    }
}

pub(super) fn standing(refs: &[Entry]) -> Standing {
    let entries = refs.iter();
    entries
        .map(|entry| (entry.name.clone(), entry.id))
        .collect()
}
