//! Signatures that others verify, and keys that are refused.

use ring::signature::{
    ECDSA_P256_SHA256_FIXED, KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    VerificationAlgorithm,
};

use super::*;

/// A key that opens nothing.
const RSA: &str = include_str!("rsa-for-tests.pem");
const LONG: &str = "a secret of thirty-two bytes and more";

#[test]
fn the_hmac_is_that_of_rfc_4231() {
    let message = b"what do ya want for nothing?";
    let text = |encoding| hmac("Jefe", message, encoding).expose().to_owned();
    assert_eq!(
        text(Encoding::Hex),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
    assert_eq!(
        text(Encoding::Base64),
        "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="
    );
    assert_eq!(
        text(Encoding::Base64Url),
        "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM"
    );
}

/// The decoded header, claims, signed text and signature of a token.
fn parts(token: &SecretValue) -> (String, String, String, Vec<u8>) {
    let (message, signature) = token.expose().rsplit_once('.').expect("it is signed");
    let (header, claims) = message.split_once('.').expect("it has claims");
    let text = |part: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(part).expect("it is base64");
        String::from_utf8(bytes).expect("it is JSON")
    };
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("it is base64");
    (text(header), text(claims), message.to_owned(), signature)
}

#[test]
fn a_token_has_its_header_completed_its_claims_as_written_and_a_signature_that_verifies() {
    let made = jwt(
        LONG,
        Algorithm::Hs256,
        r#"{"kid":"1"}"#,
        r#"{ "iss":"ci" }"#,
    );
    let (header, claims, message, signature) = parts(&made.expect("it is signed"));
    assert_eq!(header, r#"{"kid":"1","alg":"HS256","typ":"JWT"}"#);
    assert_eq!(claims, r#"{ "iss":"ci" }"#);
    let key = Key::new(HMAC_SHA256, LONG.as_bytes());
    ring::hmac::verify(&key, message.as_bytes(), &signature).expect("it verifies");

    let made = rcgen::KeyPair::generate().expect("a key can be made");
    let pair = EcdsaKeyPair::from_pkcs8(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        &made.serialize_der(),
        &SystemRandom::new(),
    );
    let public = pair.expect("it is on P-256").public_key().as_ref().to_vec();
    verifies(
        &made.serialize_pem(),
        Algorithm::Es256,
        &ECDSA_P256_SHA256_FIXED,
        &public,
    );
    let PrivateKeyDer::Pkcs8(der) = pem(RSA).expect("it is PEM") else {
        panic!("it is in PKCS #8");
    };
    let pair = rsa::KeyPair::from_pkcs8(der.secret_pkcs8_der()).expect("it is an RSA key");
    let public = pair.public_key().as_ref().to_vec();
    verifies(RSA, Algorithm::Rs256, &RSA_PKCS1_2048_8192_SHA256, &public);
}

#[track_caller]
fn verifies(
    key: &str,
    algorithm: Algorithm,
    verification: &'static dyn VerificationAlgorithm,
    public: &[u8],
) {
    let token = jwt(key, algorithm, r#"{"typ":"at+jwt"}"#, "{}").expect("it is signed");
    let (header, _, message, signature) = parts(&token);
    assert!(header.starts_with(r#"{"typ":"at+jwt","alg":""#), "{header}");
    UnparsedPublicKey::new(verification, public)
        .verify(message.as_bytes(), &signature)
        .expect("it verifies");
}

#[test]
fn what_cannot_be_signed_is_said_without_the_key() {
    for (key, algorithm, header, claims, why) in [
        (
            "short-secret",
            Algorithm::Hs256,
            "{}",
            "{}",
            "the secret is shorter than the 32 bytes that HS256 asks for",
        ),
        (
            LONG,
            Algorithm::Rs256,
            "{}",
            "{}",
            "the secret is no private key in PEM",
        ),
        (
            LONG,
            Algorithm::Es256,
            "{}",
            "{}",
            "the secret is no private key in PEM",
        ),
        (
            RSA,
            Algorithm::Es256,
            "{}",
            "{}",
            "the secret is no key on P-256: WrongAlgorithm",
        ),
        (
            LONG,
            Algorithm::Hs256,
            r#"{"alg":"none"}"#,
            "{}",
            r#"the header says `alg` "none", the call HS256"#,
        ),
        (
            LONG,
            Algorithm::Hs256,
            "{}",
            "[]",
            "the claims is no JSON object: invalid type: sequence, expected a map at line 1 column 0",
        ),
    ] {
        let refused = jwt(key, algorithm, header, claims).err();
        assert_eq!(refused.as_deref(), Some(why));
    }
}
