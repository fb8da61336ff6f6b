//! `sluice:secret/derive`: what is computed from a secret for a plugin that only gets a
//! placeholder of it. Needs no permission of its own: whatever is signed goes where the
//! secret may go, and nowhere else.

mod sign;

use wasmtime::component::HasData;

use crate::{
    bindings::sluice::secret::derive::{Algorithm, Encoding, Error, Host},
    secret::{Mask, SecretValue, StepSecrets, Underived},
};

/// The longest message, header or claims, in bytes.
const LONGEST: usize = 1 << 20;

/// Marks the secrets among what a store holds.
pub struct Derive;

impl HasData for Derive {
    type Data<'a> = DeriveCalls<'a>;
}

/// The calls of one plugin.
pub struct DeriveCalls<'a> {
    /// The secrets of its step.
    pub secrets: &'a StepSecrets,
    /// What hides them, and what is derived.
    pub mask: &'a Mask,
}

impl Host for DeriveCalls<'_> {
    fn hmac_sha256(
        &mut self,
        key: String,
        message: Vec<u8>,
        encoding: Encoding,
    ) -> wasmtime::Result<Result<String, Error>> {
        self.derive(&key, message.len(), |key| {
            Ok(sign::hmac(key, &message, encoding))
        })
    }

    fn jwt(
        &mut self,
        key: String,
        algorithm: Algorithm,
        header: String,
        claims: String,
    ) -> wasmtime::Result<Result<String, Error>> {
        self.derive(&key, header.len() + claims.len(), |key| {
            sign::jwt(key, algorithm, &header, &claims)
        })
    }
}

impl DeriveCalls<'_> {
    fn derive(
        &self,
        key: &str,
        length: usize,
        make: impl FnOnce(&str) -> Result<SecretValue, String>,
    ) -> wasmtime::Result<Result<String, Error>> {
        if length > LONGEST {
            let most = LONGEST >> 20;
            return Ok(Err(Error::Limit(format!(
                "what is signed is longer than {most} MiB"
            ))));
        }
        match self.secrets.derive(key, self.mask, make) {
            Ok(placeholder) => Ok(Ok(placeholder)),
            Err(Underived::Unknown) => Ok(Err(Error::Unknown)),
            Err(Underived::Invalid(why)) => Ok(Err(Error::Invalid(why))),
            Err(Underived::TooMany(most)) => Ok(Err(Error::Limit(format!(
                "a step derives {most} values from its secrets at most"
            )))),
            Err(Underived::Lost(error)) => Err(wasmtime::Error::new(error)),
        }
    }
}
