//! Secrets on real sockets: the value arrives where it is meant to, and is seen nowhere
//! else.

mod address;
mod derived;
mod hidden;
mod kept;
mod places;

use crate::echo::Echo;
use crate::{
    guests::guest,
    sluice::{Said, Sluice},
};

/// A value with signs that every encoding writes in its own way.
const VALUE: &str = "Kx/9+\"zU & 7?Q~é";

/// A pipeline with the secret `key` of that declaration, whose step `send` posts to the
/// server what its `with` says beside `url` and `secret`.
fn courier(echo: &Echo, declared: &str, path: &str, with: &str) -> Sluice {
    let (port, courier) = (echo.port, guest("courier"));
    Sluice::pipeline(&format!(
        "name: secret
secrets:
  key: {{ env: KEY, {declared} }}
steps:
  send:
    uses: {courier}
    with: {{ url: 'https://localhost:{port}{path}', secret: '${{{{ secrets.key }}}}', {with} }}
    permissions: {{ http: [{}] }}
",
        permission(port)
    ))
    .env("KEY", VALUE)
}

fn permission(port: u16) -> String {
    format!("{{ host: localhost, port: {port}, addresses: ['127.0.0.0/8', '::1/128'] }}")
}

/// The warnings of a step.
fn warnings(said: &Said) -> Vec<String> {
    let lines = said.all("step.log");
    let lines = lines.iter().filter(|line| line["level"] == "warn");
    lines
        .map(|line| line["message"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[track_caller]
fn seen_nowhere(secret: &str, said: &Said) {
    let json = serde_json::Value::from(secret).to_string();
    for form in [secret, json.trim_matches('"')] {
        assert!(!said.out.contains(form), "{}", said.out);
        assert!(!said.err.contains(form), "{}", said.err);
    }
}
