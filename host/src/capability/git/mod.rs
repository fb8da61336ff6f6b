//! `sluice:git/remote`: each call of a plugin is checked on its values against the step's
//! `git` permission, then done by a client that speaks git's protocol with credentials of
//! its own. There is no clone: what travels is read, or carried on, as it comes.

mod ancestry;
mod carry;
mod check;
mod create;
mod effect;
mod history;
mod pack;
mod relay;
mod remotes;
mod tag;
mod wire;

use std::{collections::BTreeSet, sync::Arc};

use gix_hash::ObjectId;
use sluice_pipeline::{permission::Authority, schedule::Schedule};
use tokio_util::sync::CancellationToken;
use wasmtime::component::{HasData, Resource, ResourceTable};

pub use history::Commits;
pub use remotes::{Reach, Remotes};

use self::{
    pack::Reader,
    wire::{Fetch, Link, Progress, fetch, list},
};
use crate::{
    bindings::sluice::git::remote::{
        Annotation, Commit, Effect as Outcome, Error, Host, HostCommits, RefEntry, RefUpdate,
        Relayed,
    },
    run::{Effects, Reporter, event::Level},
};

/// What the calls of one plugin need.
#[derive(Clone)]
pub struct GitCalls {
    /// The step's identifier, for what a refusal says.
    pub step: String,
    /// What the step may do.
    pub authority: Authority,
    /// Keeps the changes.
    pub effects: Effects,
    /// Says what a person should know of them.
    pub reporter: Reporter,
    /// Ends transfers.
    pub cancel: CancellationToken,
    /// What the run knows of its remotes; none where a plugin is only described.
    pub schedule: Option<Arc<Schedule>>,
    /// The remotes, as far as the run's mode lets them be reached.
    pub remotes: Remotes,
}

/// Marks the capability among what a store holds.
pub struct Git;

impl HasData for Git {
    type Data<'a> = GitView<'a>;
}

/// The calls together with the store's resources.
pub struct GitView<'a> {
    /// The calls.
    pub calls: &'a GitCalls,
    /// Where ranges of commits are kept.
    pub table: &'a mut ResourceTable,
}

impl Host for GitView<'_> {
    async fn list_refs(
        &mut self,
        remote: String,
        prefixes: Vec<String>,
    ) -> wasmtime::Result<Result<Vec<RefEntry>, Error>> {
        let reading = self.calls.list_refs(&remote, &prefixes);
        let read = self.calls.unless_cancelled(reading).await;
        Ok(read.map_err(|error| self.calls.masked(error)))
    }

    async fn log(
        &mut self,
        remote: String,
        tips: Vec<String>,
        known: Vec<String>,
    ) -> wasmtime::Result<Result<Resource<Commits>, Error>> {
        let reading = self.calls.log(&remote, &tips, &known);
        match self.calls.unless_cancelled(reading).await {
            Ok(commits) => Ok(Ok(self.table.push(commits)?)),
            Err(error) => Ok(Err(self.calls.masked(error))),
        }
    }

    async fn create_ref(
        &mut self,
        remote: String,
        name: String,
        target: String,
        annotation: Option<Annotation>,
    ) -> wasmtime::Result<Result<Outcome, Error>> {
        let calls = self.calls;
        let created = calls.create_ref(&remote, &name, &target, annotation).await;
        Ok(created.map_err(|error| calls.masked(error)))
    }

    async fn relay(
        &mut self,
        from: String,
        to: String,
        updates: Vec<RefUpdate>,
        atomic: bool,
    ) -> wasmtime::Result<Result<Vec<Result<Relayed, Error>>, Error>> {
        let calls = self.calls;
        let masked = |error| calls.masked(error);
        let ends = calls.relay(&from, &to, updates, atomic).await;
        let ends = ends.map(|ends| ends.into_iter().map(|end| end.map_err(masked)).collect());
        Ok(ends.map_err(masked))
    }
}

impl HostCommits for GitView<'_> {
    async fn next(
        &mut self,
        commits: Resource<Commits>,
        at_most: u32,
    ) -> wasmtime::Result<Result<Vec<Commit>, Error>> {
        Ok(self.table.get_mut(&commits)?.next(at_most))
    }

    async fn drop(&mut self, commits: Resource<Commits>) -> wasmtime::Result<()> {
        self.table.delete(commits)?;
        Ok(())
    }
}

impl GitCalls {
    async fn list_refs(&self, remote: &str, prefixes: &[String]) -> Result<Vec<RefEntry>, Error> {
        self.check_read(remote)?;
        check::prefixes(prefixes)?;
        let mut link = self.link(remote)?;
        let (_, refs) = list(&mut link, prefixes).await?;
        let shown = |entry: wire::Entry| RefEntry {
            name: entry.name,
            id: entry.id.to_string(),
            peeled: entry.peeled.map(|id| id.to_string()),
            symref: entry.symref,
        };
        Ok(refs.into_iter().map(shown).collect())
    }

    async fn log(&self, remote: &str, tips: &[String], known: &[String]) -> Result<Commits, Error> {
        self.check_read(remote)?;
        let wanted = Fetch {
            wants: check::ids(tips)?,
            haves: check::ids(known)?,
            history: true,
            ..Fetch::default()
        };
        if wanted.wants.is_empty() {
            return Err(Error::Invalid(
                "a range wants at least one commit to begin at".to_owned(),
            ));
        }
        let reading = self.range(&mut self.link(remote)?, remote, &wanted).await?;
        Ok(reading.0)
    }

    /// The commits of a range, and which of what is had the remote has, where that was asked.
    async fn range(
        &self,
        link: &mut Link,
        name: &str,
        wanted: &Fetch,
    ) -> Result<(Commits, Option<BTreeSet<ObjectId>>), Error> {
        let fetched = fetch(link, wanted, self.progress(name)).await?;
        if !fetched.filtered {
            let line = format!(
                "remote `{name}` cannot leave out trees and files: they travel too, and are not kept"
            );
            self.reporter.log(Level::Info, &line, Vec::new());
        }
        check::whole(name, &fetched.shallow)?;
        let pack = Reader::new(fetched.pack.into_body(), fetched.hash).await?;
        let commits = Commits::read(pack, fetched.hash, fetched.filtered).await?;
        Ok((commits, fetched.common))
    }

    /// A way to a remote that may be reached in this mode.
    fn link(&self, remote: &str) -> Result<Link, Error> {
        Link::new(self.address(remote)?)
    }

    /// The error as a plugin may read it: a remote may say again what it was sent.
    fn masked(&self, error: Error) -> Error {
        effect::reworded(error, |text| self.reporter.mask().text(text))
    }

    /// Shows what a remote says as what the step does now.
    fn progress(&self, remote: &str) -> Progress {
        let (reporter, remote) = (self.reporter.clone(), remote.to_owned());
        Arc::new(move |line| reporter.progress(&format!("{remote}: {}", line.trim_end())))
    }

    async fn unless_cancelled<T>(
        &self,
        reading: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Error::Cancelled),
            read = reading => read,
        }
    }
}
