//! The transfer of a relay: two connections at once, and the life of its effects.

use std::sync::{Arc, Mutex};

use futures::{StreamExt, TryStreamExt};
use serde_json::{Value, json};

use super::{
    GitCalls, ancestry, check, effect,
    pack::empty,
    relay::{End, Move, Relay, Standing, few, standing},
    wire::{
        Advert, Body, Command, Link, Lost, Pack, Pushed, Service, can_filter, fetch_from, push,
    },
};
use crate::{
    bindings::sluice::git::remote::{Effect as Outcome, Error},
    run::Started,
};

/// Carries what stands to be carried, and ends each move.
pub(super) async fn carry(
    calls: &GitCalls,
    mut source: Link,
    mut target: Link,
    relay: &mut Relay,
) -> Result<(), Error> {
    let preparing = prepare(calls, &mut source, &mut target, relay);
    let Some((advert, prepared)) = calls.unless_cancelled(preparing).await? else {
        return Ok(());
    };
    let going = relay.going();
    let started = start(calls, relay, &going).await?;
    let became = send(calls, relay, &mut target, &advert, &going, prepared).await;
    for ((index, started), became) in going.into_iter().zip(started).zip(became) {
        let end = finish(started, became, &relay.moves[index]);
        relay.end(index, end);
    }
    Ok(())
}

/// The pack as it comes from the source, and why it broke off, if it did.
struct Prepared {
    pack: Pack,
    broken: Arc<Mutex<Option<Error>>>,
}

impl Prepared {
    fn new(pack: impl Into<Pack>) -> Self {
        let broken = Arc::default();
        Self {
            pack: pack.into(),
            broken,
        }
    }

    fn stream(pack: Body) -> Self {
        let broken = Arc::<Mutex<_>>::default();
        let slot = broken.clone();
        let pack = pack.inspect_err(move |error: &Error| {
            *slot.lock().expect("no holder of the lock panics") = Some(error.clone());
        });
        let pack = Pack::Stream(pack.boxed());
        Self { pack, broken }
    }
}

/// Everything up to the first byte of a change; nothing where there is none to make.
async fn prepare(
    calls: &GitCalls,
    source: &mut Link,
    target: &mut Link,
    relay: &mut Relay,
) -> Result<Option<(Advert, Prepared)>, Error> {
    let there = target.open(Service::ReceivePack).await?;
    relay.check_standing(&standing(&there.refs));
    let mut judged = relay.updates().is_empty();
    if !judged {
        let advert = source.open(Service::UploadPack).await?;
        check_hashes(relay, &advert, &there)?;
        judged = can_filter(&advert) || relay.missing(&there.refs).is_none();
        if judged {
            judge_by_commits(calls, source, relay).await?;
        }
    }
    if !relay.is_under_way() {
        return Ok(None);
    }
    let Some(missing) = relay.missing(&there.refs) else {
        let nothing = empty(there.hash);
        return Ok(Some((there, Prepared::new(nothing))));
    };
    let advert = source.open(Service::UploadPack).await?;
    check_hashes(relay, &advert, &there)?;
    let progress = calls.progress(&relay.from);
    let fetched = fetch_from(source, &advert, &missing, progress).await?;
    check::whole(&relay.from, &fetched.shallow)?;
    let mut pack = fetched.pack.into_body();
    if !judged {
        let (known, whole) = ancestry::ahead(pack, there.hash).await?;
        pack = whole;
        // What the pack does not tell is asked beside it.
        let mut aside = calls.link(&relay.from)?;
        calls.judge(&mut aside, relay, &known).await?;
    }
    let is_under_way = relay.is_under_way();
    Ok(is_under_way.then(|| (there, Prepared::stream(pack))))
}

/// Reads the commits between the old ends of the updates and the new ones.
async fn judge_by_commits(
    calls: &GitCalls,
    source: &mut Link,
    relay: &mut Relay,
) -> Result<(), Error> {
    let updates = relay.updates();
    let moves = updates.iter().map(|index| &relay.moves[*index]);
    let wants = moves.clone().filter_map(|one| one.new).collect();
    let haves = moves.filter_map(|one| one.old).collect();
    let read = calls.ancestry(source, &relay.from, wants, haves).await;
    let known = few(read)?.unwrap_or_default();
    calls.judge(source, relay, &known).await
}

fn check_hashes(relay: &Relay, from: &Advert, to: &Advert) -> Result<(), Error> {
    if from.hash == to.hash {
        return Ok(());
    }
    Err(Error::Unsupported(format!(
        "remote `{}` has ids of {} and remote `{}` of {}: nothing can be carried between them",
        relay.from, from.hash, relay.to, to.hash
    )))
}

/// Starts the effect of each move, or none.
async fn start(calls: &GitCalls, relay: &Relay, going: &[usize]) -> Result<Vec<Started>, Error> {
    let mut all = Vec::with_capacity(going.len());
    for index in going {
        if calls.effects.closed() || calls.cancel.is_cancelled() {
            none(all, "the step was cancelled before it was sent");
            return Err(Error::Cancelled);
        }
        match calls
            .effects
            .start(relay.effect(&relay.moves[*index]))
            .await
        {
            Ok(started) => all.push(started),
            Err(outside) => {
                none(all, "another ref of the same push is not within the plan");
                return Err(Error::Denied(outside.why));
            }
        }
    }
    if calls.effects.closed() {
        none(all, "the step ended before it was sent");
        return Err(Error::Cancelled);
    }
    Ok(all)
}

fn none(all: Vec<Started>, why: &str) {
    for started in all {
        started.failed(why);
    }
}

/// Pushes the moves; of each what became of it: `Err` with [`Error::Unknown`] where nobody
/// knows.
async fn send(
    calls: &GitCalls,
    relay: &Relay,
    target: &mut Link,
    advert: &Advert,
    going: &[usize],
    Prepared { pack, broken }: Prepared,
) -> Vec<Result<Value, Error>> {
    let null = advert.hash.null();
    let moves = going.iter().map(|index| &relay.moves[*index]);
    let moves = moves.collect::<Vec<_>>();
    let commands = moves.iter().map(|one| Command {
        name: one.name.clone(),
        old: one.old.unwrap_or(null),
        new: one.new.unwrap_or(null),
    });
    let commands = commands.collect::<Vec<_>>();
    // Where all is deletion no pack is sent, not even an empty one.
    let pack = if moves.iter().all(|one| one.new.is_none()) {
        Pack::None
    } else {
        pack
    };
    let progress = calls.progress(&relay.to);
    let sent = push(target, advert, &commands, pack, relay.atomic, progress).await;
    let broken = broken.lock().expect("no holder of the lock panics").take();
    match (sent, broken) {
        (Ok(Pushed { refs, said }), _) => {
            let now = if refs.iter().any(Result::is_err) {
                look(calls, relay).await
            } else {
                None
            };
            let ends = refs.into_iter().zip(&moves);
            ends.map(|(end, one)| {
                end.map(|()| json!({})).map_err(|why| {
                    let moved = now.as_ref().map(|now| relay.stands(one, now));
                    match moved {
                        Some(Err(conflict)) => conflict,
                        _ => effect::rejected(&relay.to, &one.name, &why, &said),
                    }
                })
            })
            .collect()
        }
        // The pack did not come to its end, without which no server takes it.
        (Err(_), Some(error)) | (Err(Lost::Before(error)), None) => {
            moves.iter().map(|_| Err(error.clone())).collect()
        }
        (Err(Lost::After(error)), None) => {
            let now = look(calls, relay).await;
            let ends = moves.iter().map(|one| match &now {
                Some(now) if now.get(&one.name).copied() == one.new => {
                    Ok(json!({ "looked": true }))
                }
                _ => Err(Error::Unknown(format!(
                    "{}; whether remote `{}` has changed {} is not known",
                    effect::words(&error),
                    relay.to,
                    one.name
                ))),
            });
            ends.collect()
        }
    }
}

fn finish(started: Started, became: Result<Value, Error>, one: &Move) -> End {
    match became {
        Ok(detail) => {
            started.done(detail);
            let id = one.new.map(|id| id.to_string());
            Ok(one.relayed(Outcome::Done(id.unwrap_or_default()), None))
        }
        Err(Error::Unknown(why)) => {
            started.unknown(&why);
            Err(Error::Unknown(why))
        }
        Err(error) => {
            started.failed(&effect::words(&error));
            Err(error)
        }
    }
}

/// What the refs point to now, if the remote says so.
async fn look(calls: &GitCalls, relay: &Relay) -> Option<Standing> {
    let mut link = calls.link(&relay.to).ok()?;
    relay.look(&mut link).await.ok()
}
