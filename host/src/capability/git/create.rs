//! Creates a ref: a lightweight one that names an object which the remote has, or a tag with
//! an object of its own, which is all that is sent.

use gix_hash::{Kind, ObjectId};
use jiff::Timestamp;
use serde_json::{Value, json};
use sluice_pipeline::permission::RefChange;

use super::{
    GitCalls, Reach, check, effect,
    pack::{empty, of_one},
    tag,
    wire::{Command, Link, Lost, Pushed, Service, list, push},
};
use crate::{
    bindings::sluice::git::remote::{Annotation, Effect as Outcome, Error},
    run::event::Effect,
};

impl GitCalls {
    pub(super) async fn create_ref(
        &self,
        remote: &str,
        name: &str,
        target: &str,
        annotation: Option<Annotation>,
    ) -> Result<Outcome, Error> {
        check::name(name)?;
        let target = check::id(target)?;
        let detail = effect::identity(None, Some(&target.to_string()), annotation.is_some());
        self.check_change(remote, name, RefChange::Create, &detail)?;
        let creation = Creation {
            made: Made::of(
                name,
                target,
                annotation.as_ref(),
                self.reporter.clock().now(),
            )?,
            remote: remote.to_owned(),
            name: name.to_owned(),
            detail,
        };
        match self.remotes.reach {
            Reach::DryRun => self.foresee(&creation).await,
            Reach::Offline => {
                self.effects.plan(&creation.effect());
                Ok(Outcome::Planned)
            }
            Reach::Live | Reach::Rehearsal => {
                let link = self.link(remote)?;
                // It goes on by itself when the plugin is gone, so that its effect can still
                // be told.
                let (calls, hold) = (self.clone(), self.effects.hold());
                let creating = tokio::spawn(async move {
                    let _hold = hold;
                    calls.create(link, creation).await
                });
                let lost = |error| Error::Unknown(format!("the change was lost: {error}"));
                creating.await.unwrap_or_else(|error| Err(lost(error)))
            }
        }
    }

    async fn foresee(&self, creation: &Creation) -> Result<Outcome, Error> {
        let mut link = self.link(&creation.remote)?;
        let looking = list(&mut link, std::slice::from_ref(&creation.name));
        let (hash, refs) = self.unless_cancelled(looking).await?;
        creation.check(hash, &refs)?;
        self.effects.plan(&creation.effect());
        Ok(Outcome::Planned)
    }

    async fn create(&self, mut link: Link, creation: Creation) -> Result<Outcome, Error> {
        let opening = link.open(Service::ReceivePack);
        let advert = self.unless_cancelled(opening).await?;
        creation.check(advert.hash, &advert.refs)?;
        if self.effects.closed() || self.cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let started = self.effects.start(creation.effect()).await;
        let started = started.map_err(|outside| Error::Denied(outside.why))?;
        if self.effects.closed() {
            return Err(Error::Cancelled);
        }
        let Creation {
            remote, name, made, ..
        } = &creation;
        let command = Command {
            name: name.clone(),
            old: advert.hash.null(),
            new: made.id,
        };
        let progress = self.progress(remote);
        let commands = [command];
        let pack = made.pack.clone();
        let sent = push(&mut link, &advert, &commands, pack, false, progress).await;
        let became = match sent {
            Ok(Pushed { refs, said }) => match refs.into_iter().next() {
                Some(Err(why)) => Err(self.refused(&creation, &why, &said).await),
                _ => Ok(json!({ "id": made.id.to_string() })),
            },
            Err(Lost::Before(error)) => Err(error),
            Err(Lost::After(error)) => match self.look(&creation).await {
                Some(id) if id == made.id => {
                    Ok(json!({ "id": made.id.to_string(), "looked": true }))
                }
                _ => Err(Error::Unknown(format!(
                    "{}; whether remote `{remote}` has created {name} is not known",
                    effect::words(&error)
                ))),
            },
        };
        match became {
            Ok(detail) => {
                started.done(detail);
                Ok(Outcome::Done(made.id.to_string()))
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

    /// What the remote's refusal means: somebody else may have been faster.
    async fn refused(&self, creation: &Creation, why: &str, said: &[String]) -> Error {
        let Creation { remote, name, .. } = creation;
        match self.look(creation).await {
            Some(id) => there_already(remote, name, &id),
            None => effect::rejected(remote, name, why, said),
        }
    }

    /// What the ref points to now, if the remote has it and says so.
    async fn look(&self, creation: &Creation) -> Option<ObjectId> {
        let mut link = self.link(&creation.remote).ok()?;
        let (_, refs) = list(&mut link, std::slice::from_ref(&creation.name))
            .await
            .ok()?;
        let mut refs = refs.into_iter();
        Some(refs.find(|entry| entry.name == creation.name)?.id)
    }
}

/// A ref that is to be created.
struct Creation {
    remote: String,
    name: String,
    made: Made,
    detail: Value,
}

/// What the ref is to point to, and the pack that brings it.
struct Made {
    id: ObjectId,
    pack: Vec<u8>,
}

impl Made {
    fn of(
        name: &str,
        target: ObjectId,
        annotation: Option<&Annotation>,
        at: Timestamp,
    ) -> Result<Self, Error> {
        let hash = target.kind();
        Ok(match annotation {
            None => Self {
                id: target,
                pack: empty(hash),
            },
            Some(annotation) => {
                let (id, data) = tag::object(name, &target, annotation, at)?;
                let pack = of_one(&data, hash);
                Self { id, pack }
            }
        })
    }
}

impl Creation {
    fn effect(&self) -> Effect {
        let detail = self.detail.clone();
        effect::effect(&self.remote, RefChange::Create, &self.name, detail)
    }

    /// The remote has no such ref yet, and ids of this kind.
    fn check(&self, hash: Kind, refs: &[super::wire::Entry]) -> Result<(), Error> {
        let Self {
            remote, name, made, ..
        } = self;
        if made.id.kind() != hash {
            return Err(Error::Invalid(format!(
                "remote `{remote}` has ids of {hash}, and {name} is to point to one of {}",
                made.id.kind()
            )));
        }
        match refs.iter().find(|entry| entry.name == *name) {
            Some(entry) => Err(there_already(remote, name, &entry.id)),
            None => Ok(()),
        }
    }
}

fn there_already(remote: &str, name: &str, id: &ObjectId) -> Error {
    Error::Conflict(format!(
        "remote `{remote}` has {name} already: it points to {id}"
    ))
}
