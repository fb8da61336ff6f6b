//! Where the values of secrets come from: the environment and files. A value is read
//! when a step that uses it is going to run, not before.

use std::{
    ffi::OsString,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use sluice_pipeline::{
    permission::Permissions,
    pipeline::{Placement, Secret, SecretSource},
};

use zeroize::Zeroize;

use super::{
    Mask, SecretValue,
    form::SHORTEST,
    placeholder::{StepSecrets, permitted_origin, secret_part},
};
use crate::run::event::{Blame, ErrorKind, StepError};

/// The longest value that is taken, in bytes: a key, a kubeconfig, not a file that was
/// named by mistake.
const LONGEST: usize = 64 << 10;

/// Looks a variable up. Asked when a value is needed: a copy of the whole environment
/// would hold every secret for as long as the run.
pub type Environment = fn(&str) -> Option<OsString>;

/// Where values are looked up.
#[derive(Clone)]
pub enum Sources {
    /// The environment given and files, relative to a folder.
    Real {
        /// The variables, usually the process's.
        environment: Environment,
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
        let held = StepSecrets::default();
        for name in names {
            let value = self.value(name, permissions)?;
            let real = !matches!(self.sources, Sources::Dummies);
            if let Some(value) = &value
                && real
            {
                mask.add(value.expose());
            }
            held.add(name, self.secret(name)?, value, real, permissions)?;
        }
        Ok(held)
    }

    /// The value of a secret that only the host uses, known to `mask` from now on.
    pub fn reveal(&self, name: &str, mask: &Mask) -> Result<SecretValue, StepError> {
        let value = self.value(name, &Permissions::default())?;
        let value = value.ok_or_else(|| {
            let message = format!("secret `{name}` is not resolved in this run");
            StepError::new(Blame::Sluice, ErrorKind::Internal, message)
        })?;
        mask.add(value.expose());
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
    fn value(
        &self,
        name: &str,
        permissions: &Permissions,
    ) -> Result<Option<SecretValue>, StepError> {
        let secret = self.secret(name)?;
        let value = match &self.sources {
            Sources::None => return Ok(None),
            Sources::Dummies => return Ok(Some(dummy(name, secret, permissions))),
            Sources::Real {
                environment,
                folder,
            } => match &secret.source {
                SecretSource::Env(variable) => from_environment(name, variable, *environment)?,
                SecretSource::File(path) => from_file(name, &folder.join(path))?,
            },
        };
        long_enough(name, secret, &value)?;
        Ok(Some(value))
    }
}

/// A short value is a part of ordinary words: hiding it would tear logs and outputs to
/// pieces, and guessing it takes no log at all.
fn long_enough(name: &str, secret: &Secret, value: &SecretValue) -> Result<(), StepError> {
    if value.expose().trim().len() < SHORTEST {
        return Err(refused(format!(
            "secret `{name}` is shorter than {SHORTEST} bytes, too short to be hidden in logs; use a longer one"
        )));
    }
    if secret.placement == Placement::Url
        && secret_part(value.expose()).is_some_and(|part| part.len() < SHORTEST)
    {
        return Err(refused(format!(
            "secret `{name}` is declared `as: url`, and what follows its host is shorter than {SHORTEST} bytes, too short to be hidden in logs; an address without a secret in it needs no secret"
        )));
    }
    Ok(())
}

fn from_environment(
    name: &str,
    variable: &str,
    environment: Environment,
) -> Result<SecretValue, StepError> {
    let Some(value) = environment(variable) else {
        return Err(refused(format!(
            "secret `{name}` is missing: the environment variable `{variable}` is not set"
        )));
    };
    let value = value.into_string().map_err(|value| {
        value.into_encoded_bytes().zeroize();
        refused(format!(
            "secret `{name}` is no text: the environment variable `{variable}` is not UTF-8"
        ))
    })?;
    if value.is_empty() {
        return Err(refused(format!(
            "secret `{name}` is empty: the environment variable `{variable}` has no value"
        )));
    }
    Ok(SecretValue::new(value))
}

/// The file's text, without the line ends at its end.
fn from_file(name: &str, path: &Path) -> Result<SecretValue, StepError> {
    // Room for all of it: a text that has to grow leaves a copy behind.
    let mut value = String::with_capacity(2 * LONGEST);
    let read = File::open(path).and_then(|file| {
        let mut file = file.take(LONGEST as u64 + 1);
        file.read_to_string(&mut value)
    });
    let problem = match read {
        Err(error) => format!(
            "secret `{name}` is missing: cannot read `{}`: {error}",
            path.display()
        ),
        Ok(length) if length > LONGEST => format!(
            "secret `{name}` is longer than {} KiB: is `{}` the right file?",
            LONGEST >> 10,
            path.display()
        ),
        Ok(_) => {
            let length = value.trim_end_matches(['\n', '\r']).len();
            value.truncate(length);
            return Ok(SecretValue::new(value));
        }
    };
    value.zeroize();
    Err(refused(problem))
}

/// A value of the right form that opens nothing.
fn dummy(name: &str, secret: &Secret, permissions: &Permissions) -> SecretValue {
    SecretValue::new(match secret.placement {
        Placement::Url => format!("{}/practice/{name}", permitted_origin(secret, permissions)),
        Placement::Header => format!("practice-{name}"),
    })
}

fn refused(message: String) -> StepError {
    StepError::new(Blame::Author, ErrorKind::Secret, message)
}
