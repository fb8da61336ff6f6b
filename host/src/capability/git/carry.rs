//! The transfer of a relay: two connections at once, and the life of its effects.

use std::sync::{Arc, Mutex};

use futures::{StreamExt, TryStreamExt};
use serde_json::{Value, json};

use super::{
    GitCalls, effect,
    pack::empty,
    relay::{End, Move, Relay, Standing, standing},
    wire::{Advert, Command, Fetch, Link, Lost, Pack, Pushed, Service, fetch, push},
};
use crate::{
    bindings::sluice::git::remote::{Effect as Outcome, Error},
    run::Started,
};

/// Carries what stands to be carried; of each move, in their order, what became of it.
pub(super) async fn carry(
    calls: &GitCalls,
    mut source: Link,
    mut target: Link,
    relay: Relay,
) -> Result<Vec<End>, Error> {
    let advert = calls
        .unless_cancelled(target.open(Service::ReceivePack))
        .await?;
    let now = standing(&advert.refs);
    let mut ends = relay.moves.iter().map(|_| None).collect::<Vec<_>>();
    let mut going = Vec::new();
    for (index, one) in relay.moves.iter().enumerate() {
        match relay.stands(one, &now) {
            Ok(()) => going.push(index),
            Err(error) => ends[index] = Some(Err(error)),
        }
    }
    if relay.atomic && going.len() < relay.moves.len() {
        let others =
            || Error::Conflict("not sent: another ref has moved, and it is all or none".to_owned());
        return Ok(ends
            .into_iter()
            .map(|end| end.unwrap_or_else(|| Err(others())))
            .collect());
    }
    if !going.is_empty() {
        let missing = relay.missing(&going, &advert);
        let prepared = prepare(calls, &relay, &mut source, &advert, missing);
        let prepared = calls.unless_cancelled(prepared).await?;
        let started = start(calls, &relay, &going).await?;
        let became = send(calls, &relay, &mut target, &advert, &going, prepared).await;
        for (((index, started), became), one) in going
            .iter()
            .zip(started)
            .zip(became)
            .zip(going.iter().map(|index| &relay.moves[*index]))
        {
            ends[*index] = Some(finish(started, became, one));
        }
    }
    let lost = || Err(Error::Other("nothing is known of it".to_owned()));
    Ok(ends
        .into_iter()
        .map(|end| end.unwrap_or_else(lost))
        .collect())
}

/// The pack as it comes from the source, and why it broke off, if it did.
struct Prepared {
    pack: Pack,
    broken: Arc<Mutex<Option<Error>>>,
}

async fn prepare(
    calls: &GitCalls,
    relay: &Relay,
    source: &mut Link,
    advert: &Advert,
    missing: Option<Fetch>,
) -> Result<Prepared, Error> {
    let broken = Arc::new(Mutex::new(None));
    let Some(missing) = missing else {
        let pack = empty(advert.hash).into();
        return Ok(Prepared { pack, broken });
    };
    let fetched = fetch(source, &missing, calls.progress(&relay.from)).await?;
    if fetched.hash != advert.hash {
        return Err(Error::Unsupported(format!(
            "remote `{}` has ids of {} and remote `{}` of {}: nothing can be carried between them",
            relay.from, fetched.hash, relay.to, advert.hash
        )));
    }
    if let Some(id) = fetched.shallow.first() {
        return Err(Error::Unsupported(format!(
            "remote `{}` does not have its whole history itself (shallow): it ends at {id}",
            relay.from
        )));
    }
    let slot = broken.clone();
    let pack = fetched.pack.into_body().inspect_err(move |error| {
        *slot.lock().expect("no holder of the lock panics") = Some(error.clone());
    });
    Ok(Prepared {
        pack: Pack::Stream(pack.boxed()),
        broken,
    })
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
            Ok(Outcome::Done(id.unwrap_or_default()))
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
