//! What stands for a secret inside a plugin: a text that cannot be guessed and is worth
//! nothing outside its run and step.

use sluice_pipeline::{
    permission::{HostPattern, Permissions, Scheme},
    pipeline::{Placement, Secret},
};
use url::{Position, Url};

use super::SecretValue;
use crate::run::event::{Blame, ErrorKind, StepError};

/// The secrets of one attempt.
#[derive(Default)]
pub struct StepSecrets(Vec<Held>);

/// One secret and what stands for it.
pub struct Held {
    /// Its name in the pipeline.
    pub name: String,
    /// What the plugin sees where the value belongs, without an origin.
    pub token: String,
    /// What the plugin gets in its `with`: the token, after its origin for a URL.
    pub placeholder: String,
    /// The value; `None` in a dry run.
    pub value: Option<SecretValue>,
    /// The hosts it may be sent to.
    pub hosts: Vec<HostPattern>,
    /// Where in a request it may stand, unless `at` says so.
    pub placement: Placement,
    /// The JSON pointer at which it may stand in a body, and then nowhere else.
    pub at: Option<String>,
}

#[cfg(test)]
impl From<Vec<Held>> for StepSecrets {
    fn from(held: Vec<Held>) -> Self {
        Self(held)
    }
}

impl StepSecrets {
    /// Adds a secret behind a fresh placeholder.
    pub(super) fn add(
        &mut self,
        name: &str,
        secret: &Secret,
        value: Option<SecretValue>,
        permissions: &Permissions,
    ) -> Result<(), StepError> {
        let token = token()?;
        let placeholder = match secret.placement {
            Placement::Url => format!(
                "{}/{token}",
                origin(name, secret, value.as_ref(), permissions)?
            ),
            Placement::Header => token.clone(),
        };
        self.0.push(Held {
            name: name.to_owned(),
            token,
            placeholder,
            value,
            hosts: secret.hosts.clone(),
            placement: secret.placement,
            at: secret.at.clone(),
        });
        Ok(())
    }

    /// What the plugin gets for the named secret.
    pub fn placeholder(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|held| held.name == name)
            .map(|held| held.placeholder.as_str())
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Held> {
        self.0.iter()
    }

    /// There are none: nothing needs to be looked for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The origin that the plugin may know: the value's, or in a dry run, which has no value,
/// that of the secret's first host as the step is permitted it.
fn origin(
    name: &str,
    secret: &Secret,
    value: Option<&SecretValue>,
    permissions: &Permissions,
) -> Result<String, StepError> {
    let refused = |why: &str| {
        let message = format!("secret `{name}` is declared `as: url`, but {why}");
        StepError::new(Blame::Author, ErrorKind::Secret, message)
    };
    let Some(value) = value else {
        return Ok(permitted_origin(secret, permissions));
    };
    let url = Url::parse(value.expose()).map_err(|_| refused("its value is not a URL"))?;
    let Some(host) = url.host_str() else {
        return Err(refused("its value has no host"));
    };
    if !secret.hosts.iter().any(|pattern| pattern.matches(host)) {
        return Err(refused("its value's host is none of its `hosts`"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused(
            "its value carries a user name or password before the host",
        ));
    }
    Ok(url[..Position::BeforePath].to_owned())
}

/// What of an address is secret: everything after its origin, without the slashes at its
/// ends. `None` for what is no address.
pub(super) fn secret_part(value: &str) -> Option<String> {
    let url = Url::parse(value).ok().filter(Url::has_host)?;
    Some(url[Position::BeforePath..].trim_matches('/').to_owned())
}

/// The origin of the secret's first host, as the step is permitted it: where there is no
/// value, or none that is real.
pub(super) fn permitted_origin(secret: &Secret, permissions: &Permissions) -> String {
    let host = secret
        .hosts
        .first()
        .map(ToString::to_string)
        .unwrap_or_default();
    let host = host
        .strip_prefix("*")
        .map_or(host.clone(), |suffix| format!("any{suffix}"));
    let rules = permissions.http.iter();
    let mut rules = rules.filter(|rule| rule.scheme == Scheme::Https && rule.host.matches(&host));
    match rules.next().map_or(443, |rule| rule.port) {
        443 => format!("https://{host}"),
        port => format!("https://{host}:{port}"),
    }
}

/// 128 bits from the system, in letters and digits that every place of a request takes.
fn token() -> Result<String, StepError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        let message = format!("the system gives no random bytes: {error}");
        StepError::new(Blame::World, ErrorKind::Unavailable, message)
    })?;
    Ok(format!("sluice-secret-{:032x}", u128::from_ne_bytes(bytes)))
}
