//! Decisions about URLs: what is decided on is what every reader of the URL would dial.

use http::{Request, header};
use http_body_util::{BodyExt, Empty};
use proptest::{prop_assert, prop_assert_eq};
use sluice_pipeline::permission::HostPattern;
use url::Url;
use wasmtime_wasi_http::WasiBody;

use super::asked;
use crate::fuzz::{holds, mutated};

const TOKENS: &[&str] = &[
    "@",
    ":",
    "/",
    "\\",
    "?",
    "#",
    "[",
    "]",
    "%",
    "%2e",
    "%40",
    "%00",
    ".",
    "..",
    ":80",
    ":443",
    ":0",
    ":65536",
    "0x",
    "0",
    "127.0.0.1",
    "::1",
    "::ffff:",
    "localhost",
    "example.com",
    "*",
    "-",
    "_",
    "~",
    "!",
    "$",
    "&",
    "'",
    "(",
    ")",
    "+",
    ",",
    ";",
    "=",
    "xn--",
    "A",
];

fn corpus() -> Vec<String> {
    let lines = include_str!("authorities.txt").lines();
    lines.map(str::to_owned).collect()
}

fn request(authority: &str) -> Option<Request<WasiBody>> {
    let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
    let uri = http::Uri::builder()
        .scheme("https")
        .authority(authority)
        .path_and_query("/a?b");
    Request::builder().uri(uri.build().ok()?).body(body).ok()
}

#[test]
fn host_that_is_decided_on_is_the_one_that_a_browser_would_dial() {
    let strategy = mutated(corpus(), TOKENS);
    holds(
        "src/fuzz/regressions/authority.txt",
        &strategy,
        |authority| {
            let Some(mut request) = request(&authority) else {
                return Ok(());
            };
            let Ok(asked) = asked(&mut request) else {
                return Ok(());
            };
            let url = Url::parse(&format!("https://{authority}/a?b"));
            let url = url.map_err(|error| {
                proptest::test_runner::TestCaseError::fail(format!("{authority:?}: {error}"))
            })?;
            prop_assert_eq!(url.host_str(), Some(asked.host.as_str()), "{}", authority);
            prop_assert_eq!(
                url.port_or_known_default(),
                Some(asked.port),
                "{}",
                authority
            );
            prop_assert!(url.username().is_empty() && url.password().is_none());
            // What is said to the server is the same.
            let said = request
                .headers()
                .get(header::HOST)
                .and_then(|host| host.to_str().ok());
            let shown = match asked.port {
                443 => asked.host.clone(),
                port => format!("{}:{port}", asked.host),
            };
            prop_assert_eq!(said, Some(shown.as_str()));
            prop_assert_eq!(
                request.uri().authority().map(http::uri::Authority::as_str),
                Some(shown.as_str())
            );
            // A permission for that one host is one for what is dialled, and for no other.
            if let Ok(pattern) = asked.host.parse::<HostPattern>() {
                prop_assert!(pattern.matches(&asked.host));
                prop_assert!(!pattern.matches("other.example") || asked.host == "other.example");
            }
            Ok(())
        },
    );
}
