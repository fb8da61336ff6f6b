//! Where a value is put in, where its placeholder stays, and what is said then.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::Request;

use super::*;
use crate::secret::SecretValue;

const TOKEN: &str = "sluice-secret-00000000000000000000000000000001";
const VALUE: &str = "p&ss \"wörd\"";

fn held(placement: Placement, at: Option<&str>, value: &str) -> StepSecrets {
    StepSecrets::from(vec![Held {
        name: "it".to_owned(),
        token: TOKEN.to_owned(),
        placeholder: TOKEN.to_owned(),
        dummy: false,
        derived: false,
        value: Some(SecretValue::new(value.to_owned())),
        hosts: vec!["api.example".parse().expect("it is a host")],
        placement,
        at: at.map(str::to_owned),
    }])
}

/// A request as it is sent: its address, its headers, its body, and what was told.
fn sent(request: Request<String>, secrets: &StepSecrets) -> (String, Vec<String>, String, String) {
    let (mut parts, body) = request.into_parts();
    let host = parts.uri.host().unwrap_or_default().to_owned();
    let secure = parts.uri.scheme_str() == Some("https");
    let (body, told) = super::request(&mut parts, Bytes::from(body), &host, secure, secrets);
    let headers = parts.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        format!("{name}: {value}")
    });
    (
        parts.uri.to_string(),
        headers.collect(),
        String::from_utf8_lossy(&body).into_owned(),
        told.join("\n"),
    )
}

fn post(uri: &str, headers: &[(&str, &str)], body: &str) -> Request<String> {
    let mut request = Request::post(uri.replace("TOKEN", TOKEN));
    for (name, value) in headers {
        request = request.header(*name, value.replace("TOKEN", TOKEN));
    }
    let body = body.replace("TOKEN", TOKEN);
    request.body(body).expect("it is a request")
}

#[test]
fn a_value_stands_in_headers_and_in_basic_credentials() {
    let pair = STANDARD.encode(format!("ci:{TOKEN}"));
    let secrets = held(Placement::Header, None, VALUE);
    let headers = [
        ("x-key", "TOKEN"),
        ("authorization", "Bearer TOKEN"),
        ("authorization", &format!("bAsIC {pair}")),
        ("authorization", "Basic TOKEN"),
        ("cookie", "a=TOKEN; b=TOKEN"),
    ];
    let (_, headers, _, told) = sent(post("https://api.example/", &headers, ""), &secrets);
    let basic = STANDARD.encode(format!("ci:{VALUE}"));
    assert_eq!(
        headers,
        [
            format!("x-key: {VALUE}"),
            format!("authorization: Bearer {VALUE}"),
            format!("authorization: Basic {basic}"),
            format!("authorization: Basic {VALUE}"),
            format!("cookie: a={VALUE}; b={VALUE}"),
        ]
    );
    assert_eq!(told, "");
}

#[test]
fn a_value_stands_at_one_place_of_a_json_body_and_nothing_else_changes() {
    let json = [("content-type", "application/JSON; charset=utf-8")];
    for (pointer, body, expected) in [
        (
            "/token",
            r#"{ "token":"TOKEN" , "n":1.10 }"#,
            r#"{ "token":"VALUE" , "n":1.10 }"#,
        ),
        (
            "/a/1/b~1c",
            r#"{"a":[0,{"b/c":"x TOKEN"}]}"#,
            r#"{"a":[0,{"b/c":"x VALUE"}]}"#,
        ),
        (
            "/token",
            r#"{"id":123456789012345678901234567890,"token":"TOKEN"}"#,
            r#"{"id":123456789012345678901234567890,"token":"VALUE"}"#,
        ),
    ] {
        let secrets = held(Placement::Header, Some(pointer), VALUE);
        let (_, _, body, told) = sent(post("https://api.example/", &json, body), &secrets);
        let expected = expected.replace("VALUE", r#"p&ss \"wörd\""#);
        assert_eq!(body, expected, "{pointer}");
        assert_eq!(told, "");
    }
}

#[test]
fn a_value_stands_in_the_fields_of_a_form_and_nothing_else_changes() {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let secrets = held(Placement::Header, Some("/a b"), VALUE);
    let body = "x=%20+&a+b=TOKEN&y&a%20b=1%2bTOKEN&a+b=2";
    let (_, _, body, told) = sent(post("https://api.example/", &form, body), &secrets);
    let encoded = "p%26ss+%22w%C3%B6rd%22";
    assert_eq!(
        body,
        format!("x=%20+&a+b={encoded}&y&a%20b=1%2B{encoded}&a+b=2")
    );
    assert_eq!(told, "");
}

#[test]
fn a_value_is_the_beginning_of_an_address() {
    let secrets = held(Placement::Url, None, "https://api.example/hooks/abc/?key=1");
    for (uri, expected) in [
        (
            "https://api.example/TOKEN",
            "https://api.example/hooks/abc/?key=1",
        ),
        (
            "https://API.example/TOKEN",
            "https://API.example/hooks/abc/?key=1",
        ),
        (
            "https://api.example:443/TOKEN?a=b",
            "https://api.example:443/hooks/abc/?key=1&a=b",
        ),
        (
            "https://api.example/TOKEN/send",
            "https://api.example/hooks/abc/send?key=1",
        ),
    ] {
        let (uri, _, _, told) = sent(post(uri, &[], ""), &secrets);
        assert_eq!((uri.as_str(), told.as_str()), (expected, ""));
    }
}

#[test]
fn a_placeholder_in_any_other_place_is_sent_as_it_is_and_the_place_told() {
    let pair = STANDARD.encode(format!("ci:{TOKEN}"));
    let basic = format!("Basic {pair}");
    let json = ("content-type", "application/json");
    let header = || held(Placement::Header, None, VALUE);
    let body = || held(Placement::Header, Some("/token"), VALUE);
    let url = || held(Placement::Url, None, "https://api.example/hooks/abc");
    let here = "https://api.example/";
    let headers_only = "it is declared for headers; a place in a body is declared by `at`, an address by `as: url`";
    let body_only = "it is declared for `/token` of a JSON or form body (`at`)";
    let address_only = "it is declared for the address (`as: url`), of which it is the beginning";
    let large = format!(r#"{{"token":"TOKEN","x":"{}"}}"#, "x".repeat(1 << 20));
    for (secrets, request, places, why) in [
        (
            header(),
            post(here, &[json], r#"{"token":"TOKEN"}"#),
            "the body",
            headers_only,
        ),
        (
            header(),
            post("https://api.example/TOKEN?q=TOKEN", &[], ""),
            "the path and the query",
            headers_only,
        ),
        (
            header(),
            post(
                "https://other.example/",
                &[("x-key", "TOKEN"), ("authorization", &basic)],
                "TOKEN",
            ),
            "header `x-key` and header `authorization` and the body",
            "`other.example` is none of its `hosts`",
        ),
        (
            header(),
            post("http://api.example/", &[("x-key", "TOKEN")], ""),
            "header `x-key`",
            "a secret is sent over https only",
        ),
        (
            header(),
            post(here, &[(TOKEN, "1")], ""),
            "the name of a header",
            headers_only,
        ),
        (
            held(Placement::Header, None, "two\nlines"),
            post(here, &[("x-key", "TOKEN")], ""),
            "header `x-key`",
            "its value has a line break or another sign that no header can hold",
        ),
        (
            body(),
            post(here, &[json, ("x-key", "TOKEN")], r#"{"text":"TOKEN"}"#),
            "header `x-key` and the body",
            body_only,
        ),
        (
            body(),
            post(here, &[json], r#"{"token":["TOKEN"]}"#),
            "the body",
            body_only,
        ),
        (
            body(),
            post(here, &[json], r#"{"token":"TOKEN","token":1}"#),
            "the body",
            body_only,
        ),
        (
            body(),
            post(here, &[], r#"{"token":"TOKEN"}"#),
            "the body",
            "only a body whose `content-type` says JSON or a form has a place `/token`",
        ),
        (
            body(),
            post(here, &[json], r#"{"token":"TOKEN""#),
            "the body",
            "the body is not the JSON that it says to be: EOF while parsing an object at line 1 column 57",
        ),
        (
            body(),
            post(
                here,
                &[json, ("content-encoding", "gzip")],
                r#"{"token":"TOKEN"}"#,
            ),
            "the body",
            "a body with a `content-encoding` is not searched for `/token`",
        ),
        (
            body(),
            post(here, &[json], &large),
            "the body",
            "a body longer than 1 MiB is not searched for `/token`",
        ),
        (
            url(),
            post("https://api.example/v1/TOKEN", &[], ""),
            "the path",
            address_only,
        ),
        (
            url(),
            post("https://api.example/TOKENx", &[], ""),
            "the path",
            address_only,
        ),
        (
            url(),
            post("https://api.example:8443/TOKEN", &[], ""),
            "the path",
            "the request goes to another host or port than its address names",
        ),
    ] {
        let (mut before, text) = request.into_parts();
        let host = before.uri.host().unwrap_or_default().to_owned();
        let secure = before.uri.scheme_str() == Some("https");
        let as_written = (before.uri.clone(), before.headers.clone());
        let body = Bytes::from(text);
        let (after, told) = super::request(&mut before, body.clone(), &host, secure, &secrets);
        assert_eq!(
            told,
            [format!(
                "the placeholder of secret `it` was sent as it is in {places}: {why}"
            )]
        );
        assert_eq!((before.uri, before.headers), as_written, "{why}");
        assert_eq!(after, body, "{why}");
    }
}
