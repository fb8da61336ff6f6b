//! Where a value may stand in a request, as the server sees it, and what it gets instead
//! everywhere else.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{VALUE, courier, permission, seen_nowhere, warnings};
use crate::{
    echo::{Echo, answer},
    guests::guest,
    sluice::{Said, Sluice},
};

fn server() -> Echo {
    Echo::over_tls(|_| answer("200 OK", &[], "thanks"))
}

/// The request that a run sent.
#[track_caller]
fn sent(echo: &Echo, sluice: Sluice) -> (String, Said) {
    let said = echo.trusted_by(sluice).events(&[]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    seen_nowhere(VALUE, &said);
    (echo.asked().expect("it was sent"), said)
}

/// The only placeholder in a text.
#[track_caller]
fn placeholder(text: &str) -> String {
    let at = text
        .find("sluice-secret-")
        .unwrap_or_else(|| panic!("none in {text}"));
    text[at..at + "sluice-secret-".len() + 32].to_owned()
}

#[test]
fn a_value_arrives_in_a_header_in_basic_credentials_and_in_a_body_with_its_length() {
    let echo = server();
    let basic = format!(
        "authorization: Basic {}",
        STANDARD.encode(format!("ci:{VALUE}"))
    );
    let json = serde_json::json!({ "token": VALUE, "n": 1 }).to_string();
    let form = "token=Kx%2F9%2B%22zU+%26+7%3FQ%7E%C3%A9&n=1";
    for (declared, with, header, body) in [
        (
            "hosts: [localhost]",
            "headers: ['x-key: SECRET']",
            format!("x-key: {VALUE}"),
            "",
        ),
        (
            "hosts: [localhost]",
            "headers: ['authorization: Basic BASIC']",
            basic,
            "",
        ),
        (
            "at: /token, hosts: [localhost]",
            r#"headers: ['content-type: application/json'], body: '{"token":"SECRET","n":1}'"#,
            format!("content-length: {}", json.len()),
            json.as_str(),
        ),
        (
            "at: /token, hosts: [localhost]",
            "headers: ['content-type: application/x-www-form-urlencoded'], body: 'token=SECRET&n=1'",
            format!("content-length: {}", form.len()),
            form,
        ),
    ] {
        let (request, said) = sent(&echo, courier(&echo, declared, "/", with));
        let (head, received) = request.split_once("\r\n\r\n").expect("it has a head");
        assert!(head.contains(&format!("\r\n{header}")), "{request}");
        assert_eq!(received, body);
        assert!(head.contains("\r\naccept-encoding: identity"), "{request}");
        assert!(!request.contains("sluice-secret-"), "{request}");
        assert_eq!(warnings(&said), Vec::<String>::new());
    }
}

#[test]
fn a_placeholder_in_another_place_arrives_as_it_is_and_a_warning_names_the_place() {
    let echo = server();
    let json = r#"headers: ['content-type: application/json', 'x-key: SECRET'], body: '{"text":"SECRET"}'"#;
    for (declared, path, with, told) in [
        (
            "hosts: [localhost]",
            "/v1?key=SECRET",
            "",
            "in the query: it is declared for headers; a place in a body is declared by `at`, an address by `as: url`",
        ),
        (
            "at: /token, hosts: [localhost]",
            "/",
            json,
            "in header `x-key` and the body: it is declared for `/token` of a JSON or form body (`at`)",
        ),
        (
            "hosts: [api.example]",
            "/",
            "headers: ['authorization: Basic BASIC', 'x-key: SECRET']",
            "in header `authorization` and header `x-key`: `localhost` is none of its `hosts`",
        ),
    ] {
        let sluice = courier(&echo, declared, path, with);
        // `check` wants a secret's hosts to be within reach.
        let text =
            std::fs::read_to_string(sluice.folder().join("pipeline.yaml")).expect("it is there");
        let text = text.replace("http: [", "http: [api.example, ");
        std::fs::write(sluice.folder().join("pipeline.yaml"), text).expect("the folder is ours");
        let (request, said) = sent(&echo, sluice);
        placeholder(&request.replace("Basic", ""));
        assert!(!request.contains(VALUE), "{request}");
        assert_eq!(
            warnings(&said),
            [format!(
                "the placeholder of secret `key` was sent as it is {told}"
            )]
        );
    }
}

#[test]
fn a_value_is_not_sent_in_the_clear() {
    let echo = Echo::in_the_clear(|_| answer("200 OK", &[], ""));
    let sluice = courier(
        &echo,
        "hosts: [localhost]",
        "/",
        "headers: ['x-key: SECRET']",
    );
    let path = sluice.folder().join("pipeline.yaml");
    let text = std::fs::read_to_string(&path).expect("it is there");
    let text = text
        .replace("https:", "http:")
        .replace("http: [", "http: [{ host: localhost }, ")
        .replace("port:", "scheme: http, port:");
    std::fs::write(path, text).expect("the folder is ours");
    let (request, said) = sent(&echo, sluice);
    placeholder(&request);
    assert_eq!(
        warnings(&said),
        [
            "the placeholder of secret `key` was sent as it is in header `x-key`: a secret is sent over https only"
        ]
    );
}

#[test]
fn a_placeholder_is_worth_nothing_in_another_step_or_run() {
    let echo = server();
    let (courier, permission) = (guest("courier"), permission(echo.port));
    let url = format!("https://localhost:{}/", echo.port);
    let two = || {
        Sluice::pipeline(&format!(
            "name: secret
secrets:
  key: {{ env: KEY, hosts: [localhost] }}
steps:
  one:
    uses: {courier}
    with: {{ url: '{url}', secret: '${{{{ secrets.key }}}}' }}
    permissions: {{ http: [{permission}] }}
  two:
    needs: [one]
    uses: {courier}
    with: {{ url: '{url}', secret: '${{{{ secrets.key }}}}', headers: ['x-other: ${{{{ steps.one.outputs.secret }}}}', 'x-own: SECRET'] }}
    permissions: {{ http: [{permission}] }}
"
        ))
        .env("KEY", VALUE)
    };
    let mut seen = Vec::new();
    for _ in 0..2 {
        let (_, said) = sent(&echo, two());
        let request = echo.asked().expect("the second step sent one too");
        assert!(
            request.contains(&format!("\r\nx-own: {VALUE}\r\n")),
            "{request}"
        );
        let own = |step: &str| {
            let outputs = &said.of_step("step.finished", step)["outputs"];
            outputs["secret"].as_str().unwrap_or_default().to_owned()
        };
        assert_eq!(placeholder(&request), own("one"));
        seen.extend([own("one"), own("two")]);
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 4, "{seen:?}");
}
