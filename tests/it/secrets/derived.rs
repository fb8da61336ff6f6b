//! What a plugin lets the host compute from a secret: the receiver verifies it, and the
//! plugin sees neither the secret nor what was computed.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    hmac::{HMAC_SHA256, Key, verify},
    signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey},
};

use super::{VALUE, courier, permission, seen_nowhere, warnings};
use crate::echo::{Echo, answer};
use crate::sluice::Said;

const KEY: &str = "a secret of thirty-two bytes and more";

/// A server that hands the signature back.
fn server() -> Echo {
    Echo::over_tls(|request| {
        let line = request.lines().find(|line| line.starts_with("x-signed: "));
        answer("200 OK", &[], line.unwrap_or("nothing was signed"))
    })
}

/// A run whose step signs in that way, with its secret's value.
fn run(echo: &Echo, declared: &str, with: &str, value: &str, args: &[&str]) -> Said {
    let with = format!("headers: ['x-signed: SIGNED'], {with}");
    let sluice = courier(echo, declared, "/", &with).env("KEY", value);
    echo.trusted_by(sluice).events(args)
}

/// What the server got as the signature, which nobody else saw.
#[track_caller]
fn signature(echo: &Echo, said: &Said) -> String {
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    let request = echo.asked().expect("it was sent");
    let line = request
        .lines()
        .find_map(|line| line.strip_prefix("x-signed: "));
    let signed = line.expect("it was signed").to_owned();
    seen_nowhere(&signed, said);
    let outputs = &said.of_step("step.finished", "send")["outputs"];
    let backwards = outputs["backwards"].as_str().unwrap_or_default();
    assert!(backwards.starts_with("*** :dengis-x"), "{backwards}");
    assert_eq!(warnings(said), Vec::<String>::new());
    signed
}

#[test]
fn the_hmac_of_a_body_is_verified_by_its_receiver_and_seen_by_nobody_else() {
    let echo = server();
    let body = "{\"ref\":\"main\"}";
    let with = format!("sign: hmac, body: '{body}'");
    let said = run(&echo, "hosts: [localhost]", &with, VALUE, &[]);
    let signed = signature(&echo, &said);
    let bytes = signed.as_bytes().chunks(2).map(|digits| {
        let digits = std::str::from_utf8(digits).expect("they are digits");
        u8::from_str_radix(digits, 16).expect("they are hexadecimal")
    });
    let key = Key::new(HMAC_SHA256, VALUE.as_bytes());
    verify(&key, body.as_bytes(), &bytes.collect::<Vec<_>>()).expect("it verifies");
}

#[test]
fn tokens_are_verified_by_their_receiver_and_seen_by_nobody_else() {
    let echo = server();
    let said = run(&echo, "hosts: [localhost]", "sign: hs256", KEY, &[]);
    let (message, tag) = parts(&signature(&echo, &said));
    let key = Key::new(HMAC_SHA256, KEY.as_bytes());
    verify(&key, message.as_bytes(), &tag).expect("it verifies");

    let made = rcgen::KeyPair::generate().expect("a key can be made");
    let said = run(
        &echo,
        "hosts: [localhost]",
        "sign: es256",
        &made.serialize_pem(),
        &[],
    );
    let (message, tag) = parts(&signature(&echo, &said));
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, made.public_key_raw())
        .verify(message.as_bytes(), &tag)
        .expect("it verifies");
}

/// What is signed, and the signature.
fn parts(token: &str) -> (String, Vec<u8>) {
    let (message, signature) = token.rsplit_once('.').expect("it is signed");
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("it is base64");
    (message.to_owned(), signature)
}

#[test]
fn what_is_derived_is_bound_like_its_secret() {
    let echo = server();
    let sluice = courier(
        &echo,
        "hosts: [api.example]",
        "/",
        "headers: ['x-signed: SIGNED'], sign: hmac",
    );
    let path = sluice.folder().join("pipeline.yaml");
    let text = std::fs::read_to_string(&path).expect("it is there");
    let both = format!("http: [api.example, {}", permission(echo.port));
    let text = text.replace(&format!("http: [{}", permission(echo.port)), &both);
    std::fs::write(path, text).expect("the folder is ours");
    let said = echo.trusted_by(sluice).events(&[]);
    let request = echo
        .asked()
        .unwrap_or_else(|| panic!("{}\n{}", said.out, said.err));
    assert!(
        request.contains("\r\nx-signed: sluice-secret-"),
        "{request}"
    );
    assert_eq!(
        warnings(&said),
        [
            "the placeholder of secret `key` was sent as it is in header `x-signed`: `localhost` is none of its `hosts`"
        ]
    );
}

#[test]
fn what_cannot_be_derived_is_said_without_the_secret() {
    let echo = server();
    let address = format!("https://localhost:{}/hooks/abcdefgh", echo.port);
    for (declared, sign, value, why) in [
        (
            "hosts: [localhost]",
            "foreign",
            VALUE,
            "no placeholder of this step",
        ),
        (
            "hosts: [localhost]",
            "many",
            VALUE,
            "a step derives 64 values from its secrets at most",
        ),
        (
            "hosts: [localhost]",
            "hs256",
            VALUE,
            "secret `key` does not serve: the secret is shorter than the 32 bytes that HS256 asks for",
        ),
        (
            "hosts: [localhost]",
            "es256",
            VALUE,
            "secret `key` does not serve: the secret is no private key in PEM",
        ),
        (
            "as: url, hosts: [localhost]",
            "hmac",
            &address,
            "secret `key` is an address (`as: url`) and no key",
        ),
    ] {
        let said = run(&echo, declared, &format!("sign: {sign}"), value, &[]);
        assert_eq!(said.code, Some(1), "{}\n{}", said.out, said.err);
        let error = &said.of_step("step.finished", "send")["error"];
        assert_eq!(error["message"], why);
        seen_nowhere(value, &said);
    }
    assert_eq!(echo.asked(), None);
}

#[test]
fn a_dry_run_derives_without_the_secret_and_a_rehearsal_without_a_real_key() {
    let echo = server();
    let said = run(
        &echo,
        "hosts: [localhost]",
        "sign: es256",
        "",
        &["--dry-run"],
    );
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    assert!(
        !said.out.contains("x-signed: sluice-secret-"),
        "{}",
        said.out
    );
    let said = run(
        &echo,
        "hosts: [localhost]",
        "sign: es256",
        "",
        &["--practice"],
    );
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    assert_eq!(echo.asked(), None);
}
