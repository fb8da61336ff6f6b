//! Where the values of secrets come from: the environment and files. A value is read
//! when a step that uses it is going to run, not before.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use sluice_pipeline::{
    permission::Permissions,
    pipeline::{Placement, Secret, SecretSource},
};

use super::{
    Mask,
    placeholder::{StepSecrets, permitted_origin},
};
use crate::run::event::{Blame, ErrorKind, StepError};

/// The shortest value that is taken: a shorter one could not be hidden in a log without
/// hiding half of it.
const SHORTEST: usize = 8;

/// Where values are looked up.
#[derive(Clone)]
pub enum Sources {
    /// The environment given and files, relative to a folder.
    Real {
        /// The variables, usually the process's.
        environment: Arc<HashMap<String, String>>,
        /// The folder of the pipeline file.
        folder: PathBuf,
    },
    /// Dummies: a rehearsal must not need, nor touch, what is real.
    Dummies,
    /// None: a dry run resolves nothing.
    None,
}

/// The secrets that a pipeline declares, and where their values are.
#[derive(Clone)]
pub struct Vault {
    declared: Arc<Vec<Secret>>,
    sources: Sources,
}

impl Vault {
    /// A vault of the declared secrets.
    pub fn new(declared: Vec<Secret>, sources: Sources) -> Self {
        Self {
            declared: Arc::new(declared),
            sources,
        }
    }

    /// Why the named secret cannot be had, without keeping its value.
    pub fn missing(&self, name: &str, permissions: &Permissions) -> Option<StepError> {
        self.value(name, permissions).err()
    }

    /// The named secrets for a step with these permissions, each behind a placeholder of its own, their
    /// values known to `mask` from now on.
    pub fn resolve(
        &self,
        names: &[String],
        permissions: &Permissions,
        mask: &Mask,
    ) -> Result<StepSecrets, StepError> {
        let mut held = StepSecrets::default();
        for name in names {
            let value = self.value(name, permissions)?;
            if let Some(value) = &value
                && !matches!(self.sources, Sources::Dummies)
            {
                mask.add(value);
            }
            held.add(name, self.secret(name)?, value, permissions)?;
        }
        Ok(held)
    }

    /// The value of a secret that only the host uses, known to `mask` from now on.
    pub fn reveal(&self, name: &str, mask: &Mask) -> Result<String, StepError> {
        let value = self.value(name, &Permissions::default())?;
        let value = value.ok_or_else(|| {
            let message = format!("secret `{name}` is not resolved in this run");
            StepError::new(Blame::Sluice, ErrorKind::Internal, message)
        })?;
        mask.add(&value);
        Ok(value)
    }

    fn secret(&self, name: &str) -> Result<&Secret, StepError> {
        self.declared
            .iter()
            .find(|secret| secret.name == name)
            .ok_or_else(|| {
                let message = format!("secret `{name}` passed the check without being declared");
                StepError::new(Blame::Sluice, ErrorKind::Internal, message)
            })
    }

    /// The value of a secret; `None` where none is to be resolved.
    fn value(&self, name: &str, permissions: &Permissions) -> Result<Option<String>, StepError> {
        let secret = self.secret(name)?;
        let value = match &self.sources {
            Sources::None => return Ok(None),
            Sources::Dummies => return Ok(Some(dummy(name, secret, permissions))),
            Sources::Real {
                environment,
                folder,
            } => match &secret.source {
                SecretSource::Env(variable) => from_environment(name, variable, environment)?,
                SecretSource::File(path) => from_file(name, &folder.join(path))?,
            },
        };
        if value.len() < SHORTEST {
            return Err(refused(format!(
                "secret `{name}` is shorter than {SHORTEST} bytes, too short to be hidden in logs; use a longer one"
            )));
        }
        Ok(Some(value))
    }
}

fn from_environment(
    name: &str,
    variable: &str,
    environment: &HashMap<String, String>,
) -> Result<String, StepError> {
    match environment.get(variable) {
        Some(value) if !value.is_empty() => Ok(value.clone()),
        Some(_) => Err(refused(format!(
            "secret `{name}` is empty: the environment variable `{variable}` has no value"
        ))),
        None => Err(refused(format!(
            "secret `{name}` is missing: the environment variable `{variable}` is not set"
        ))),
    }
}

fn from_file(name: &str, path: &Path) -> Result<String, StepError> {
    let value = std::fs::read_to_string(path).map_err(|error| {
        refused(format!(
            "secret `{name}` is missing: cannot read `{}`: {error}",
            path.display()
        ))
    })?;
    Ok(value.trim_end_matches(['\n', '\r']).to_owned())
}

/// A value of the right form that opens nothing.
fn dummy(name: &str, secret: &Secret, permissions: &Permissions) -> String {
    match secret.placement {
        Placement::Url => format!("{}/practice/{name}", permitted_origin(secret, permissions)),
        Placement::Header => format!("practice-{name}"),
    }
}

fn refused(message: String) -> StepError {
    StepError::new(Blame::Author, ErrorKind::Secret, message)
}
