//! The remotes of a pipeline: where they are, and what the host says there to be let in.
//! Credentials are read when a remote is first asked, and stay in the host.

use std::collections::BTreeMap;

use sluice_pipeline::{permission::Permissions, pipeline::Remote};
use url::Url;

use super::{
    GitCalls,
    wire::{Address, Login},
};
use crate::{
    bindings::sluice::git::remote::Error,
    run::event::StepError,
    secret::{Sources, Vault},
};

/// How far remotes can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Changes take place.
    Live,
    /// Reads go through; changes are foreseen.
    DryRun,
    /// Nothing is asked.
    Offline,
    /// A rehearsal, which has nothing real in reach: stand-ins are changed.
    Rehearsal,
}

/// The remotes of one run.
#[derive(Clone)]
pub struct Remotes {
    /// How far they can be reached.
    pub reach: Reach,
    /// Where the credentials are. They are the host's alone, so that a dry run reads by them
    /// too.
    pub vault: Vault,
    /// What stands in for each in a rehearsal, by name.
    pub stand_ins: BTreeMap<String, Url>,
}

impl Remotes {
    /// Remotes that are not to be let in to anywhere.
    pub fn without(reach: Reach) -> Self {
        Self::with(reach, Vault::new(Vec::new(), Sources::None))
    }

    /// Remotes with credentials.
    pub fn with(reach: Reach, vault: Vault) -> Self {
        Self {
            reach,
            vault,
            stand_ins: BTreeMap::new(),
        }
    }

    /// Why a secret that a remote names cannot be had.
    pub fn missing(&self, name: &str) -> Option<StepError> {
        match self.reach {
            Reach::Live | Reach::DryRun => self.vault.missing(name, &Permissions::default()),
            Reach::Offline | Reach::Rehearsal => None,
        }
    }
}

impl GitCalls {
    /// Where a remote of the pipeline is, with what lets the host in.
    pub(super) fn address(&self, name: &str) -> Result<Address, Error> {
        match self.remotes.reach {
            Reach::Live | Reach::DryRun => {}
            Reach::Offline => {
                return Err(Error::Unavailable(format!(
                    "remote `{name}` is not asked: the dry run is offline"
                )));
            }
            Reach::Rehearsal => return self.stand_in(name),
        }
        let schedule = self.schedule.as_deref();
        let schedule = schedule.ok_or_else(|| no_remote(name))?;
        let remote = schedule.remotes.iter().find(|remote| remote.name == name);
        let remote = remote.ok_or_else(|| no_remote(name))?;
        let revealed = self.reveal(remote)?;
        let reveal = |name: &str| revealed.get(name).cloned().unwrap_or_default();
        let credentials = schedule
            .credentials(remote, &reveal)
            .map_err(|problem| Error::Invalid(format!("remote `{name}`: {}", problem.message)))?;
        let user = credentials.user.or_else(|| {
            let user = remote.url.username();
            (!user.is_empty()).then(|| user.to_owned())
        });
        if remote.url.scheme() == "ssh" {
            let login = credentials.key.map_or(Login::Nobody, |key| Login::Key {
                user: user.unwrap_or_else(|| "git".to_owned()),
                key,
                known_host: credentials.known_host,
            });
            return Ok(Address {
                name: name.to_owned(),
                url: remote.url.clone(),
                login,
            });
        }
        let login = match (user, credentials.password) {
            (_, None) => Login::Nobody,
            (Some(user), Some(password)) => Login::Basic { user, password },
            (None, Some(token)) => Login::Bearer(token),
        };
        Ok(Address {
            name: name.to_owned(),
            url: remote.url.clone(),
            login,
        })
    }

    /// What stands in for a remote, which nobody has to be let in to.
    fn stand_in(&self, name: &str) -> Result<Address, Error> {
        let url = self.remotes.stand_ins.get(name).ok_or_else(|| {
            Error::Unsupported(format!(
                "remote `{name}` has no stand-in: a rehearsal makes it by `git`, which is not on this machine"
            ))
        })?;
        Ok(Address {
            name: name.to_owned(),
            url: url.clone(),
            login: Login::Nobody,
        })
    }

    /// The values of the secrets that a remote names, masked from now on.
    fn reveal(&self, remote: &Remote) -> Result<BTreeMap<String, String>, Error> {
        let mask = self.reporter.mask();
        let secrets = remote.auth.secrets();
        let revealed = secrets.map(|name| {
            let value = self.remotes.vault.reveal(name, mask);
            let value = value.map_err(|error| {
                Error::Forbidden(format!("remote `{}`: {}", remote.name, error.message))
            })?;
            Ok((name.to_owned(), value))
        });
        revealed.collect()
    }
}

fn no_remote(name: &str) -> Error {
    Error::NotFound(format!(
        "there is no remote `{name}`: declare it under the pipeline's `remotes`"
    ))
}
