//! The computations, on `ring`, which TLS brings. Pure but for the random numbers of ECDSA.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    hmac::{HMAC_SHA256, Key, sign},
    rand::SystemRandom,
    rsa,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256},
};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use serde_json::{Map, Value};

use crate::{
    bindings::sluice::secret::derive::{Algorithm, Encoding},
    secret::SecretValue,
};

/// The shortest key of an HS256 token, in bytes (RFC 7518, section 3.2): whoever has a
/// token could guess a shorter one at leisure.
const HS256_KEY: usize = 32;

/// The HMAC of the message.
pub(super) fn hmac(key: &str, message: &[u8], encoding: Encoding) -> SecretValue {
    let tag = sign(&Key::new(HMAC_SHA256, key.as_bytes()), message);
    SecretValue::new(match encoding {
        Encoding::Hex => hex(tag.as_ref()),
        Encoding::Base64 => STANDARD.encode(tag),
        Encoding::Base64Url => URL_SAFE_NO_PAD.encode(tag),
    })
}

/// The token, or why there is none.
pub(super) fn jwt(
    key: &str,
    algorithm: Algorithm,
    header: &str,
    claims: &str,
) -> Result<SecretValue, String> {
    let mut fields = object("header", header)?;
    object("claims", claims)?;
    let name = match algorithm {
        Algorithm::Hs256 => "HS256",
        Algorithm::Rs256 => "RS256",
        Algorithm::Es256 => "ES256",
    };
    if let Some(other) = fields.get("alg").filter(|other| **other != name) {
        return Err(format!("the header says `alg` {other}, the call {name}"));
    }
    fields.insert("alg".to_owned(), name.into());
    fields.entry("typ").or_insert_with(|| "JWT".into());
    let header = URL_SAFE_NO_PAD.encode(Value::Object(fields).to_string());
    let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims));
    let signature = match algorithm {
        Algorithm::Hs256 => hs256(key, message.as_bytes()),
        Algorithm::Rs256 => rs256(key, message.as_bytes()),
        Algorithm::Es256 => es256(key, message.as_bytes()),
    };
    let signature = URL_SAFE_NO_PAD.encode(signature?);
    Ok(SecretValue::new(format!("{message}.{signature}")))
}

fn hs256(key: &str, message: &[u8]) -> Result<Vec<u8>, String> {
    if key.len() < HS256_KEY {
        return Err(format!(
            "the secret is shorter than the {HS256_KEY} bytes that HS256 asks for"
        ));
    }
    let tag = sign(&Key::new(HMAC_SHA256, key.as_bytes()), message);
    Ok(tag.as_ref().to_vec())
}

fn rs256(key: &str, message: &[u8]) -> Result<Vec<u8>, String> {
    let pair = match pem(key)? {
        PrivateKeyDer::Pkcs8(key) => rsa::KeyPair::from_pkcs8(key.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(key) => rsa::KeyPair::from_der(key.secret_pkcs1_der()),
        _ => return Err("the secret is no RSA key".to_owned()),
    };
    let pair = pair.map_err(|error| format!("the secret is no RSA key that can sign: {error}"))?;
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        message,
        &mut signature,
    )
    .map_err(|_| "the RSA key cannot sign".to_owned())?;
    Ok(signature)
}

fn es256(key: &str, message: &[u8]) -> Result<Vec<u8>, String> {
    let PrivateKeyDer::Pkcs8(key) = pem(key)? else {
        return Err(
            "the secret is no key in PKCS #8; `openssl pkcs8 -topk8 -nocrypt` makes one".to_owned(),
        );
    };
    let random = SystemRandom::new();
    let pair = EcdsaKeyPair::from_pkcs8(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        key.secret_pkcs8_der(),
        &random,
    )
    .map_err(|error| format!("the secret is no key on P-256: {error}"))?;
    let signature = pair.sign(&random, message);
    let signature = signature.map_err(|_| "the key cannot sign".to_owned())?;
    Ok(signature.as_ref().to_vec())
}

fn pem(key: &str) -> Result<PrivateKeyDer<'static>, String> {
    // What is wrong inside is not said: it would quote the key.
    PrivateKeyDer::from_pem_slice(key.as_bytes())
        .map_err(|_| "the secret is no private key in PEM".to_owned())
}

fn object(what: &str, text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("the {what} is no JSON object: {error}"))
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).expect("it is below 16");
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(digit).collect()
}

#[cfg(test)]
mod tests;
