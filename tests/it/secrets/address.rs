//! A secret that is an address: it arrives whole and is seen nowhere else.

use super::seen_nowhere;
use crate::echo::Echo;
use crate::sluice::Sluice;

const SECRET: &str = "services-T0-B0-abcdefgh";

/// A pipeline that posts to the server's secret address.
fn pipeline(echo: &Echo) -> Sluice {
    telling(echo, "slack: '${{ secrets.hook }}'")
}

/// A pipeline whose `notify` has that in its `with`.
fn telling(echo: &Echo, with: &str) -> Sluice {
    let port = echo.port;
    Sluice::pipeline(&format!(
        "name: secret
on: [manual]
secrets:
  hook: {{ env: HOOK, as: url, hosts: [localhost] }}
steps:
  tell:
    uses: notify
    with: {{ {with} }}
    permissions:
      http: [{{ host: localhost, port: {port}, addresses: ['127.0.0.0/8', '::1/128'] }}]
"
    ))
    .env("HOOK", format!("https://localhost:{port}/{SECRET}"))
}

#[test]
fn secret_address_arrives_whole_and_is_hidden_even_where_the_server_echoes_it() {
    let echo = Echo::of_lines();
    let sluice = pipeline(&echo);
    let said = echo.trusted_by(sluice).events(&[]);
    let request = echo.line(&said);
    assert_eq!(request, format!("POST /{SECRET} HTTP/1.1"));
    seen_nowhere(SECRET, &said);
    let end = said.of_step("step.finished", "tell");
    let message = end["error"]["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("you asked: POST /*** HTTP/1.1"),
        "{message}"
    );
    assert_eq!(
        said.effects(),
        [
            format!("http POST https://localhost:{}/*** started", echo.port),
            format!("http POST https://localhost:{}/*** done", echo.port),
        ]
    );
}

#[test]
fn slash_at_the_end_of_a_secret_address_is_kept_and_hidden() {
    let echo = Echo::of_lines();
    let sluice = pipeline(&echo);
    let said = echo
        .trusted_by(sluice)
        .env("HOOK", format!("https://localhost:{}/{SECRET}/", echo.port))
        .events(&[]);
    let request = echo.line(&said);
    assert_eq!(request, format!("POST /{SECRET}/ HTTP/1.1"));
    seen_nowhere(SECRET, &said);
}

#[test]
fn what_a_plugin_writes_below_a_secret_address_stands_after_it() {
    let echo = Echo::of_lines();
    let cases = [
        (
            "telegram: { url: '${{ secrets.hook }}', chat: 7 }",
            "/sendMessage",
        ),
        ("discord: '${{ secrets.hook }}'", "?wait=true"),
        (
            "discord: '${{ secrets.hook }}', update: 'discord:1155'",
            "/messages/1155",
        ),
    ];
    for (with, below) in cases {
        let sluice = telling(&echo, with);
        let said = echo.trusted_by(sluice).events(&[]);
        let request = echo.line(&said);
        let (_, line) = request.split_once(' ').expect("a method and a path");
        assert_eq!(line, format!("/{SECRET}{below} HTTP/1.1"));
        seen_nowhere(SECRET, &said);
    }
}

#[test]
fn server_whose_certificate_is_not_trusted_receives_nothing() {
    let echo = Echo::of_lines();
    let sluice = pipeline(&echo);
    let others = rcgen::generate_simple_self_signed(["localhost".to_owned()])
        .expect("a certificate can be made");
    let authorities = sluice.folder().join("ca.pem");
    std::fs::write(&authorities, others.cert.pem()).expect("the folder is ours");
    let said = sluice.env("SSL_CERT_FILE", &authorities).events(&[]);
    assert_eq!(said.code, Some(1), "{}", said.out);
    assert_eq!(echo.asked(), None);
    seen_nowhere(SECRET, &said);
    let states = said.all("effect");
    assert_eq!(
        states.last().map(|event| event["state"].clone()),
        Some("failed".into())
    );
}

#[test]
fn secret_whose_value_is_for_another_host_fails_its_step_before_anything_is_sent() {
    let echo = Echo::of_lines();
    let said = pipeline(&echo)
        .env("HOOK", format!("https://127.0.0.1:{}/{SECRET}", echo.port))
        .events(&[]);
    assert_eq!(said.code, Some(1));
    assert_eq!(echo.asked(), None);
    seen_nowhere(SECRET, &said);
    assert_eq!(
        said.of_step("step.finished", "tell")["error"]["message"],
        "secret `hook` is declared `as: url`, but its value's host is none of its `hosts`"
    );
}

#[test]
fn dry_run_neither_needs_nor_reads_the_secret() {
    let echo = Echo::of_lines();
    let said = pipeline(&echo).env("HOOK", "").events(&["--dry-run"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(
        said.effects(),
        [format!(
            "http POST https://localhost:{}/*** planned",
            echo.port
        )]
    );
}
