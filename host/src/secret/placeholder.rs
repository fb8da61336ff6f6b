//! What stands for a secret inside a plugin: a text that cannot be guessed and is worth
//! nothing outside its run and step.

use std::sync::{Arc, RwLock};

use sluice_pipeline::{
    permission::{HostPattern, Permissions, Scheme},
    pipeline::{Placement, Secret},
};
use url::{Position, Url};

use super::{Mask, SecretValue};
use crate::run::event::{Blame, ErrorKind, StepError};

/// How many values a step may derive: each is kept, and looked for in all that is said.
const DERIVED: usize = 64;

/// The secrets of one step, and what it derived from them.
#[derive(Default)]
pub struct StepSecrets(RwLock<Vec<Arc<Held>>>);

/// Why nothing is derived.
pub enum Underived {
    /// The text is no placeholder of the step.
    Unknown,
    /// The value does not serve, in words.
    Invalid(String),
    /// The step has derived so many, and may not derive more.
    TooMany(usize),
    /// The system gives no placeholder.
    Lost(StepError),
}

/// One secret and what stands for it.
pub struct Held {
    /// Its name in the pipeline.
    pub name: String,
    /// What the plugin sees where the value belongs, without an origin.
    pub token: String,
    /// What the plugin gets in its `with`: the token, after its origin for a URL.
    pub placeholder: String,
    /// It is a made-up value's, which serves no computation.
    pub dummy: bool,
    /// It was derived from another.
    pub derived: bool,
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
        Self(RwLock::new(held.into_iter().map(Arc::new).collect()))
    }
}

impl StepSecrets {
    /// Adds a secret behind a fresh placeholder.
    pub(super) fn add(
        &self,
        name: &str,
        secret: &Secret,
        value: Option<SecretValue>,
        real: bool,
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
        self.push(Held {
            name: name.to_owned(),
            token,
            placeholder,
            dummy: !real,
            derived: false,
            value,
            hosts: secret.hosts.clone(),
            placement: secret.placement,
            at: secret.at.clone(),
        });
        Ok(())
    }

    /// A placeholder of what `make` computes from the secret behind `key`, bound as that is.
    pub fn derive(
        &self,
        key: &str,
        mask: &Mask,
        make: impl FnOnce(&str) -> Result<SecretValue, String>,
    ) -> Result<String, Underived> {
        let key = self.iter().find(|held| held.placeholder == key);
        let key = key.ok_or(Underived::Unknown)?;
        if self.iter().filter(|held| held.derived).count() >= DERIVED {
            return Err(Underived::TooMany(DERIVED));
        }
        if key.placement == Placement::Url {
            let why = format!("secret `{}` is an address (`as: url`) and no key", key.name);
            return Err(Underived::Invalid(why));
        }
        let value = match &key.value {
            None => None,
            Some(value) if key.dummy => Some(SecretValue::new(value.expose().to_owned())),
            Some(value) => {
                let made = make(value.expose()).map_err(|why| {
                    Underived::Invalid(format!("secret `{}` does not serve: {why}", key.name))
                })?;
                mask.add(made.expose());
                Some(made)
            }
        };
        let token = token().map_err(Underived::Lost)?;
        self.push(Held {
            name: key.name.clone(),
            token: token.clone(),
            placeholder: token.clone(),
            dummy: key.dummy,
            derived: true,
            value,
            hosts: key.hosts.clone(),
            placement: key.placement,
            at: key.at.clone(),
        });
        Ok(token)
    }

    /// What the plugin gets for the named secret.
    pub fn placeholder(&self, name: &str) -> Option<String> {
        let held = self
            .iter()
            .find(|held| held.name == name && !held.derived)?;
        Some(held.placeholder.clone())
    }

    /// All of them, as they are now.
    pub fn iter(&self) -> impl Iterator<Item = Arc<Held>> {
        let held = self.0.read().expect("no holder of the lock panics");
        held.clone().into_iter()
    }

    /// There are none: nothing needs to be looked for.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    fn push(&self, held: Held) {
        let mut all = self.0.write().expect("no holder of the lock panics");
        all.push(Arc::new(held));
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
