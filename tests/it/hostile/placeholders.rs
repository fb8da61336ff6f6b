//! Placeholders of secrets, probed: the value is sent in the place that it is declared for, to
//! the hosts that it is bound to, over TLS, and is seen nowhere else.

use serde_json::{Value, json};

use super::{Attacks, Class, attacks::count};
use crate::{echo::Echo, guests::guest};

const VALUE: &str = "correct-horse-battery-staple";
const TOKEN: &str = "${{ secrets.token }}";

/// What a plugin sends, and what of it says the value where it arrives.
struct Case {
    name: &'static str,
    request: Value,
    arrives: Option<&'static str>,
}

fn kept(name: &'static str, request: Value) -> Case {
    Case {
        name,
        request,
        arrives: None,
    }
}

fn cases() -> Vec<Case> {
    let header = |name: &str| json!({ "headers": { name: TOKEN } });
    let disguised = |how: &str| json!({ "headers": { "x-token": TOKEN }, "disguise": how });
    let body = |kind: &str, text: &str| json!({ "method": "POST", "headers": { "content-type": kind }, "body": text });
    let guessed = "sluice-secret-00000000000000000000000000000000";
    vec![
        // The way that it is meant.
        Case {
            name: "header",
            request: header("authorization"),
            arrives: Some("authorization: correct-horse-battery-staple\r\n"),
        },
        Case {
            name: "basic_credentials",
            request: json!({ "headers": { "authorization": TOKEN }, "disguise": "basic" }),
            // `ci:` and the value.
            arrives: Some("authorization: Basic Y2k6Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5LXN0YXBsZQ==\r\n"),
        },
        // Other places.
        kept("path", json!({ "path": format!("/{TOKEN}") })),
        kept("query", json!({ "path": format!("/?token={TOKEN}") })),
        kept(
            "json",
            body("application/json", &json!({ "text": TOKEN }).to_string()),
        ),
        kept(
            "form",
            body(
                "application/x-www-form-urlencoded",
                &format!("text={TOKEN}"),
            ),
        ),
        kept("plain_body", body("text/plain", TOKEN)),
        // Disguises, of which a server that works with the plugin would know the way back.
        kept("percent", disguised("percent")),
        kept("hexadecimal", disguised("hexadecimal")),
        kept("capitals", disguised("capitals")),
        kept("backwards", disguised("backwards")),
        kept("spaced", disguised("spaced")),
        kept("halves", disguised("halves")),
        kept("escaped", disguised("escaped")),
        kept("base64", disguised("base64")),
        kept("basic_elsewhere", disguised("basic")),
        // What was not given.
        kept("guessed", json!({ "headers": { "x-token": guessed } })),
        kept(
            "expression",
            json!({ "headers": { "x-token": "$${{ secrets.token }}" } }),
        ),
        // Other hosts and no TLS.
        kept(
            "other_host",
            json!({ "authority": "127.0.0.1:PORT", "headers": { "authorization": TOKEN } }),
        ),
        kept(
            "without_tls",
            json!({ "scheme": "http", "headers": { "authorization": TOKEN } }),
        ),
    ]
}

#[test]
fn value_stands_where_it_is_declared_for_and_nowhere_else() {
    let echo = Echo::of_lines();
    let port = echo.port.to_string();
    let cases = cases();
    let requests = cases.iter().map(|case| {
        let mut request = case.request.clone();
        let authority = request["authority"].as_str().unwrap_or("localhost:PORT");
        request["authority"] = authority.replace("PORT", &port).into();
        for (key, default) in [("scheme", "https"), ("path", "/")] {
            if request[key].is_null() {
                request[key] = default.into();
            }
        }
        request
    });
    let requests = requests.collect::<Value>();
    let permission = |scheme: &str, host: &str| {
        format!(
            "        - {{ scheme: {scheme}, host: {host}, port: {port}, addresses: ['127.0.0.0/8', '::1/128'] }}\n"
        )
    };
    let permissions = [
        ("https", "localhost"),
        ("https", "127.0.0.1"),
        ("http", "localhost"),
    ]
    .map(|(scheme, host)| permission(scheme, host))
    .concat();
    // YAML takes JSON, in which the expressions stand as they are.
    let rest = format!(
        "    with: {{ do: send, requests: {requests} }}\n    permissions:\n      http:\n{permissions}"
    );
    let attacks = Attacks::of(Class::Placeholders)
        .head("secrets:\n  token: { env: TOKEN, hosts: [localhost] }\n")
        .step("asking", &guest("requests"), &rest);
    let sluice = attacks.sluice().env("TOKEN", VALUE);
    let said = echo.trusted_by(sluice).events(&[]);
    assert!(
        !said.out.contains(VALUE) && !said.err.contains(VALUE),
        "{}",
        said.out
    );
    let mut after = attacks.after(said);
    let whole = std::iter::from_fn(|| echo.asked()).collect::<Vec<_>>();
    let telling = whole.iter().filter(|text| tells(text)).collect::<Vec<_>>();
    let expected = cases.iter().filter_map(|case| case.arrives);
    let expected = expected.collect::<Vec<_>>();
    assert_eq!(telling.len(), expected.len(), "{whole:#?}");
    for (text, expected) in telling.iter().zip(expected) {
        assert!(text.contains(expected), "{text}");
    }
    // All but the two that cannot come there, which have other certificates or none.
    assert_eq!(whole.len(), cases.len() - 2, "{}", after.said.out);
    after.blocked("asking");
    let names = cases.iter().filter(|case| case.arrives.is_none());
    let names = names.map(|case| case.name).collect::<Vec<_>>();
    count(Class::Placeholders, &names);
    after.all_judged();
}

/// Whether the value can be read in it, in any of the ways that the guest knows.
fn tells(text: &str) -> bool {
    let lower = text.to_lowercase();
    let digits = VALUE.bytes().map(|byte| format!("{byte:02x}"));
    let hexadecimal = digits.collect::<Vec<_>>().concat();
    let backwards = VALUE.chars().rev().collect::<String>();
    [VALUE, &hexadecimal, &backwards].iter().any(|form| lower.contains(*form))
        // The value in base64, behind `ci:` and alone.
        || text.contains("Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5LXN0YXBsZ")
}

#[test]
fn placeholder_is_worth_nothing_in_another_step() {
    let echo = Echo::of_lines();
    let port = echo.port;
    let permission = format!(
        "    permissions:
      http: [{{ host: localhost, port: {port}, addresses: ['127.0.0.0/8', '::1/128'] }}]
"
    );
    let request = |value: &str| json!([{ "scheme": "https", "authority": format!("localhost:{port}"), "path": "/", "headers": { "x-token": value } }]);
    // The first step hands its placeholder on, the second one has one of its own.
    let leaked = json!({ "text": TOKEN }).to_string();
    let attacks = Attacks::of(Class::Placeholders)
        .head("secrets:\n  token: { env: TOKEN, hosts: [localhost] }\n")
        .doing(
            "leak",
            &format!("do: answer, text: {}", json!(leaked)),
            &permission,
        )
        .step(
            "use_of_it",
            &guest("requests"),
            &format!(
                "    with: {{ do: send, requests: {} }}\n{permission}",
                request("${{ steps.leak.outputs.text }}")
            ),
        )
        .step(
            "beside_its_own",
            &guest("requests"),
            &format!(
                "    with: {{ do: send, requests: {} }}\n{permission}",
                request("${{ steps.leak.outputs.text }} ${{ secrets.token }}")
            ),
        );
    let sluice = attacks.sluice().env("TOKEN", VALUE);
    let file = sluice.folder().join("pipeline.yaml");
    let text = std::fs::read_to_string(&file).expect("it was written just now");
    // These two follow the one that leaks.
    let text = text.replacen("needs: []", "needs: [ ]", 1);
    let text = text.replace("needs: []", "needs: [leak]");
    std::fs::write(&file, text).expect("the folder is ours");
    let said = echo.trusted_by(sluice).events(&[]);
    let mut after = attacks.after(said);
    let whole = std::iter::from_fn(|| echo.asked()).collect::<Vec<_>>();
    assert_eq!(whole.len(), 2, "{}", after.said.out);
    let with_value = whole.iter().filter(|text| text.contains(VALUE));
    let with_value = with_value.collect::<Vec<_>>();
    // Its own placeholder is replaced, that of the other step is not.
    assert_eq!(with_value.len(), 1, "{whole:#?}");
    assert!(
        with_value[0].contains("x-token: sluice-secret-"),
        "{whole:#?}"
    );
    assert!(!after.said.out.contains(VALUE), "{}", after.said.out);
    for id in ["leak", "use_of_it", "beside_its_own"] {
        assert_eq!(after.end(id)["outcome"], "success", "{id}");
        after.blocked(id);
    }
    after.all_judged();
}
