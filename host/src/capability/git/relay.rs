//! Carries refs from one remote to another: which of them may go is decided here, one by one;
//! those that may not are told and do not hold up the others.

use std::collections::{BTreeSet, HashMap};

use gix_hash::ObjectId;
use sluice_pipeline::permission::RefChange;

use super::{
    GitCalls, Reach,
    ancestry::Ancestry,
    carry, check, effect,
    wire::{Entry, Fetch, Link, list},
};
use crate::{
    bindings::sluice::git::remote::{
        Effect as Outcome, Error, RefChange as Change, RefUpdate, Relayed,
    },
    run::event::Effect,
};

/// Refs beyond that many are not asked for by their names: all are.
const NAMED: usize = 100;

/// What refs point to, by their names.
pub(super) type Standing = HashMap<String, ObjectId>;

/// What became of one ref.
pub(super) type End = Result<Relayed, Error>;

/// Refs that are to be carried.
pub(super) struct Relay {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) atomic: bool,
    pub(super) moves: Vec<Move>,
}

/// One ref of the remote that is changed.
#[derive(Debug)]
pub(super) struct Move {
    pub(super) name: String,
    pub(super) old: Option<ObjectId>,
    pub(super) new: Option<ObjectId>,
    /// What it is as far as it is known: an update may turn out to want force.
    pub(super) change: RefChange,
    force: bool,
    /// How it ended, once it has.
    end: Option<End>,
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
        let mut relay = Relay {
            from: from.to_owned(),
            to: to.to_owned(),
            atomic,
            moves: moves(updates)?,
        };
        relay.settle_each(|relay, one| {
            if one.change == RefChange::Force && !one.force {
                return Err(relay.diverged(one));
            }
            self.permit(&relay.to, one)
        });
        if !relay.is_under_way() {
            return Ok(relay.ends());
        }
        match self.remotes.reach {
            Reach::Offline => self.plan_all(&mut relay, None),
            Reach::DryRun => self.foresee_all(&mut relay).await?,
            Reach::Live | Reach::Rehearsal => {
                let (source, target) = (self.link(from)?, self.link(to)?);
                // It goes on by itself when the plugin is gone, so that its effects can still
                // be told.
                let (calls, hold) = (self.clone(), self.effects.hold());
                let carrying = tokio::spawn(async move {
                    let _hold = hold;
                    carry::carry(&calls, source, target, &mut relay).await?;
                    Ok(relay.ends())
                });
                let lost = |error| Error::Unknown(format!("the change was lost: {error}"));
                return carrying.await.unwrap_or_else(|error| Err(lost(error)));
            }
        }
        Ok(relay.ends())
    }

    /// What the remotes say now, against what is to be done; planned where it could be.
    async fn foresee_all(&self, relay: &mut Relay) -> Result<(), Error> {
        let (mut source, mut target) = (self.link(&relay.from)?, self.link(&relay.to)?);
        let seeing = async {
            let (_, refs) = list(&mut target, &[]).await?;
            relay.check_standing(&standing(&refs));
            let Some(missing) = relay.missing(&refs) else {
                self.judge(&mut source, relay, &Ancestry::default()).await?;
                return Ok(None);
            };
            let (wants, haves) = (missing.wants, missing.haves);
            let (wants, haves) = (wants.into_iter().collect(), haves.into_iter().collect());
            let ancestry = self.ancestry(&mut source, &relay.from, wants, haves).await;
            let ancestry = few(ancestry)?;
            let known = ancestry.as_ref();
            self.judge(&mut source, relay, known.unwrap_or(&Ancestry::default()))
                .await?;
            Ok(ancestry)
        };
        let ancestry = self.unless_cancelled(seeing).await?;
        self.plan_all(relay, ancestry.as_ref());
        Ok(())
    }

    /// Finds out which of the moves go forward, and ends those that may not go where they do.
    pub(super) async fn judge(
        &self,
        source: &mut Link,
        relay: &mut Relay,
        known: &Ancestry,
    ) -> Result<(), Error> {
        for index in relay.updates() {
            let Relay { from, moves, .. } = &*relay;
            let one = &moves[index];
            let (Some(old), Some(new)) = (one.old, one.new) else {
                continue;
            };
            let became = match self.is_forward(source, from, known, (old, new)).await {
                Ok(true) => continue,
                Ok(false) if one.force => Ok(RefChange::Force),
                Ok(false) => Err(relay.diverged(one)),
                // A history that cannot be read through is the ref's own matter.
                Err(error @ Error::Unsupported(_)) => Err(error),
                Err(error) => return Err(error),
            };
            match became {
                Ok(change) => relay.moves[index].change = change,
                Err(error) => relay.moves[index].end = Some(Err(error)),
            }
        }
        relay.settle_each(|relay, one| self.permit(&relay.to, one));
        Ok(())
    }

    fn permit(&self, to: &str, one: &Move) -> Result<(), Error> {
        self.check_change(to, &one.name, one.change, &one.identity())
    }

    /// Puts what is left into the plan.
    fn plan_all(&self, relay: &mut Relay, ancestry: Option<&Ancestry>) {
        for index in relay.going() {
            let one = &relay.moves[index];
            self.effects.plan(&relay.effect(one));
            let counted = one.new.zip(ancestry);
            let commits = counted.and_then(|(new, ancestry)| ancestry.count(new));
            let planned = one.relayed(Outcome::Planned, commits);
            relay.moves[index].end = Some(Ok(planned));
        }
    }
}

/// A range that is too long to be read together may be read ref by ref.
pub(super) fn few(ancestry: Result<Ancestry, Error>) -> Result<Option<Ancestry>, Error> {
    match ancestry {
        Ok(ancestry) => Ok(Some(ancestry)),
        Err(Error::Unsupported(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The updates, each with the change that it is as far as that can be seen.
fn moves(updates: Vec<RefUpdate>) -> Result<Vec<Move>, Error> {
    let mut names = BTreeSet::new();
    let mut moves = Vec::with_capacity(updates.len());
    for update in updates {
        let RefUpdate { name, old, new, .. } = update;
        check::name(&name)?;
        let [old, new] = [old, new].map(|id| id.as_deref().map(check::id).transpose());
        let (old, new) = (old?, new?);
        let change = match (old, new) {
            (None, Some(_)) => RefChange::Create,
            (Some(_), None) => RefChange::Delete,
            // As git has it, a tag never moves forward.
            (Some(old), Some(new)) if old != new && is_tag(&name) => RefChange::Force,
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
            force: update.force,
            end: None,
        });
    }
    Ok(moves)
}

fn is_tag(name: &str) -> bool {
    name.starts_with("refs/tags/")
}

impl Move {
    /// What identifies it among effects.
    fn identity(&self) -> serde_json::Value {
        let [old, new] = [self.old, self.new].map(|id| id.map(|id| id.to_string()));
        effect::identity(old.as_deref(), new.as_deref(), false)
    }

    /// What the plugin is told of it.
    pub(super) fn relayed(&self, effect: Outcome, commits: Option<u64>) -> Relayed {
        let change = match self.change {
            RefChange::Create => Change::Create,
            RefChange::Update => Change::Update,
            RefChange::Force => Change::Force,
            RefChange::Delete => Change::Delete,
        };
        Relayed {
            effect,
            change,
            commits,
        }
    }
}

impl Relay {
    /// The moves that have not ended, by their places.
    pub(super) fn going(&self) -> Vec<usize> {
        let moves = self.moves.iter().enumerate();
        let going = moves.filter(|(_, one)| one.end.is_none());
        going.map(|(index, _)| index).collect()
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.moves.iter().any(|one| one.end.is_none())
    }

    /// The moves of which it has to be found out whether they go forward.
    pub(super) fn updates(&self) -> Vec<usize> {
        let mut going = self.going();
        going.retain(|index| self.moves[*index].change == RefChange::Update);
        going
    }

    /// Ends the moves that fail the check; where it is all or none, then all.
    fn settle_each(&mut self, mut check: impl FnMut(&Self, &Move) -> Result<(), Error>) {
        for index in self.going() {
            if let Err(error) = check(self, &self.moves[index]) {
                self.end(index, Err(error));
            }
        }
        if self.atomic && self.moves.iter().any(|one| matches!(one.end, Some(Err(_)))) {
            for index in self.going() {
                let why = "not sent: another ref is not, and it is all or none".to_owned();
                self.end(index, Err(Error::Conflict(why)));
            }
        }
    }

    /// Ends the moves of refs that are not what they are taken for.
    pub(super) fn check_standing(&mut self, now: &Standing) {
        self.settle_each(|relay, one| relay.stands(one, now));
    }

    pub(super) fn end(&mut self, index: usize, end: End) {
        self.moves[index].end = Some(end);
    }

    /// What became of each, in their order.
    fn ends(self) -> Vec<End> {
        let lost = || Err(Error::Other("nothing is known of it".to_owned()));
        let moves = self.moves.into_iter();
        moves.map(|one| one.end.unwrap_or_else(lost)).collect()
    }

    pub(super) fn effect(&self, one: &Move) -> Effect {
        let mut detail = one.identity();
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

    fn diverged(&self, one: &Move) -> Error {
        let Self { from, to, .. } = self;
        let name = &one.name;
        Error::Diverged(if is_tag(name) {
            format!("{name} is another tag on remote `{to}` than on `{from}`")
        } else {
            format!("{name} of remote `{to}` has commits that `{from}` does not have there")
        })
    }

    /// What has to be fetched for the moves that have not ended, from what the target says
    /// that it has; nothing where it has all of it.
    pub(super) fn missing(&self, target: &[Entry]) -> Option<Fetch> {
        let entries = target.iter();
        let haves = entries.flat_map(|entry| [Some(entry.id), entry.peeled].into_iter().flatten());
        let haves = haves.collect::<BTreeSet<_>>();
        let going = self.moves.iter().filter(|one| one.end.is_none());
        let wants = going.filter_map(|one| one.new);
        let wants = wants.filter(|id| !haves.contains(id));
        let wants = wants.collect::<BTreeSet<_>>();
        (!wants.is_empty()).then(|| Fetch {
            wants: wants.into_iter().collect(),
            haves: haves.into_iter().collect(),
            thin: true,
            ..Fetch::default()
        })
    }
}

pub(super) fn standing(refs: &[Entry]) -> Standing {
    let entries = refs.iter();
    entries
        .map(|entry| (entry.name.clone(), entry.id))
        .collect()
}
