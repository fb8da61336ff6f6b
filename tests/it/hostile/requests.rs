//! Requests in disguise: what goes over the wire is the one request that was permitted, with
//! the host that was decided on, whatever a plugin puts into its parts.

use serde_json::{Value, json};

use super::{Attacks, Class, attacks::count, wire::Wire};
use crate::{deploy::running::Running, guests::guest, sluice::Sluice};

/// What a plugin asks for, and what comes of it: what it is told, and all that arrives, where
/// `PORT` stands for the server's.
struct Case {
    name: &'static str,
    request: Value,
    answer: &'static str,
    arrives: Option<&'static str>,
}

fn refused(name: &'static str, request: Value, answer: &'static str) -> Case {
    Case {
        name,
        request,
        answer,
        arrives: None,
    }
}

fn arrives(name: &'static str, request: Value, arrives: &'static str) -> Case {
    Case {
        name,
        request,
        answer: "200 ok",
        arrives: Some(arrives),
    }
}

const DENIED: &str = "refused: ErrorCode::HttpRequestDenied";
const METHOD: &str = "refused: ErrorCode::HttpRequestMethodInvalid";
const BODY: &str = "refused: ErrorCode::HttpProtocolError";
const SCHEME: &str = "refused: ErrorCode::HttpProtocolError";

fn cases() -> Vec<Case> {
    let headers = |name: &str, value: &str| json!({ "path": "/v1/a", "headers": { name: value } });
    let path = |path: &str| json!({ "path": path });
    let method = |method: &str| json!({ "path": "/v1/a", "method": method });
    let scheme = |scheme: &str| json!({ "path": "/v1/a", "scheme": scheme });
    let forbidden = "no headers: HeaderError::Forbidden";
    let syntax = "no headers: HeaderError::InvalidSyntax";
    vec![
        arrives(
            "as_it_should_be",
            path("/v1/a?b=c"),
            "GET /v1/a?b=c HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\n\r\n",
        ),
        // Header values and names that would begin another header or request.
        refused(
            "line_end_in_a_value",
            headers("x", "a\r\nx-evil: 1"),
            syntax,
        ),
        refused("line_feed_in_a_value", headers("x", "a\nx-evil: 1"), syntax),
        refused("return_in_a_value", headers("x", "a\rx"), syntax),
        refused("nothing_in_a_value", headers("x", "a\0b"), syntax),
        refused("line_end_in_a_name", headers("x\r\ny", "a"), syntax),
        refused("colon_in_a_name", headers("host: evil\r\nx", "a"), syntax),
        refused("space_in_a_name", headers("host ", "evil"), syntax),
        refused("no_name", headers("", "a"), syntax),
        // Headers that are the host's.
        refused("host", headers("host", "evil.example"), forbidden),
        refused(
            "host_in_capitals",
            headers("HOST", "evil.example"),
            forbidden,
        ),
        refused("connection", headers("connection", "host, x-y"), forbidden),
        refused("keep_alive", headers("keep-alive", "1"), forbidden),
        refused(
            "proxy_connection",
            headers("proxy-connection", "close"),
            forbidden,
        ),
        refused(
            "proxy_authorization",
            headers("proxy-authorization", "Basic eDp5"),
            forbidden,
        ),
        refused(
            "transfer_encoding",
            headers("transfer-encoding", "chunked"),
            forbidden,
        ),
        refused("upgrade", headers("upgrade", "websocket"), forbidden),
        refused(
            "http2_settings",
            headers("http2-settings", "AAMAAABkAAQAAP__"),
            forbidden,
        ),
        // Lengths that are not the body's.
        arrives(
            "body_that_is_a_request",
            json!({ "path": "/v1/a", "method": "POST", "headers": { "content-length": "32" }, "body": "GET /admin HTTP/1.1\r\nhost: x\r\n\r\n" }),
            "POST /v1/a HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\ncontent-length: 32\r\n\r\nGET /admin HTTP/1.1\r\nhost: x\r\n\r\n",
        ),
        refused(
            "short_length",
            json!({ "path": "/v1/a", "method": "POST", "headers": { "content-length": "2" }, "body": "four" }),
            BODY,
        ),
        refused(
            "long_length",
            json!({ "path": "/v1/a", "method": "POST", "headers": { "content-length": "20" }, "body": "four" }),
            BODY,
        ),
        refused(
            "no_length",
            json!({ "path": "/v1/a", "method": "POST", "headers": { "content-length": "+4" }, "body": "four" }),
            syntax,
        ),
        // Methods.
        refused("connect", method("CONNECT"), METHOD),
        refused(
            "connect_by_its_letters",
            json!({ "path": "/v1/a", "method": "CONNECT " }),
            "no method",
        ),
        refused("trace", method("TRACE"), METHOD),
        refused(
            "method_with_a_request",
            method("GET / HTTP/1.1\r\nx:"),
            "no method",
        ),
        refused("method_in_lower_case", method("get"), DENIED),
        refused("other_method", method("DELETE"), DENIED),
        // Targets.
        refused("absolute_form", path("http://evil.example/v1/a"), "no path"),
        refused("authority_form", path("evil.example:80"), "no path"),
        refused("asterisk", path("*"), "no path"),
        refused("two_slashes", path("//evil.example/v1/a"), DENIED),
        refused("space", path("/v1/a HTTP/1.1"), "no path"),
        refused("line_end", path("/v1/a\r\nx-evil: 1"), "no path"),
        refused("nothing", path("/v1/a\0"), "no path"),
        refused("dots", path("/v1/../admin"), DENIED),
        refused("dots_encoded", path("/v1/%2e%2e/admin"), DENIED),
        refused("slash_encoded", path("/v1%2fa"), DENIED),
        refused("backslash", path("/v1/..\\admin"), DENIED),
        refused("parameters", path("/v1/..;/admin"), DENIED),
        refused("doubled_slash", path("/v1//a"), DENIED),
        refused("other_path", path("/v2/a"), DENIED),
        refused("no_path", json!({}), SCHEME),
        refused("query_alone", path("?/v1/a"), DENIED),
        // Schemes.
        refused("file", scheme("file"), SCHEME),
        refused("unix", scheme("unix"), SCHEME),
        refused("websocket", scheme("ws"), SCHEME),
        refused("no_scheme", scheme(""), SCHEME),
        refused("scheme_that_is_not_permitted", scheme("https"), DENIED),
        // The one spelling that goes over the wire.
        arrives(
            "other_spelling",
            json!({ "path": "/v1/a", "authority": "0x7f.1:PORT" }),
            "GET /v1/a HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\n\r\n",
        ),
    ]
}

#[test]
fn what_arrives_is_the_one_request_that_was_permitted() {
    let server = Wire::on_loopback();
    let port = server.port.to_string();
    let cases = cases();
    let requests = cases.iter().map(|case| {
        let mut request = case.request.clone();
        let authority = request["authority"].as_str().unwrap_or("127.0.0.1:PORT");
        request["authority"] = authority.replace("PORT", &port).into();
        request
    });
    let requests = requests.collect::<Value>();
    let rest = format!(
        "    with: {{ do: send, requests: {requests} }}
    permissions:
      http:
        - {{ scheme: http, host: 127.0.0.1, port: {port}, methods: [GET, POST], paths: ['/v1/**'], addresses: [127.0.0.0/8] }}
"
    );
    let mut after = Attacks::of(Class::Requests)
        .step("asking", &guest("requests"), &rest)
        .run();
    let end = after.end("asking");
    let answers = end["outputs"]["answers"].as_array();
    let answers = answers.unwrap_or_else(|| panic!("{}", after.said.out));
    let answers = answers
        .iter()
        .map(|answer| answer.as_str().unwrap_or_default());
    let answered = cases.iter().zip(answers);
    let wrong = answered.filter(|(case, answer)| case.answer != *answer);
    let wrong = wrong.map(|(case, answer)| (case.name, answer));
    assert_eq!(wrong.collect::<Vec<_>>(), []);
    let expected = cases.iter().filter_map(|case| case.arrives);
    let expected = expected.map(|text| text.replace("PORT", &port));
    assert_eq!(server.texts(), expected.collect::<Vec<_>>());
    after.blocked("asking");
    let names = cases.iter().map(|case| case.name).collect::<Vec<_>>();
    count(Class::Requests, &names[1..]);
    after.all_judged();
}

#[test]
fn proxies_of_the_environment_are_no_way_round() {
    let (server, proxy) = (Wire::on_loopback(), Wire::on_loopback());
    let port = server.port;
    let requests = json!([{ "authority": format!("127.0.0.1:{port}"), "path": "/" }]);
    let rest = format!(
        "    with: {{ do: send, requests: {requests} }}
    permissions: {{ http: [{{ scheme: http, host: 127.0.0.1, port: {port}, addresses: [127.0.0.0/8] }}] }}
"
    );
    let attacks = Attacks::of(Class::Requests).step("proxies", &guest("requests"), &rest);
    let mut sluice = attacks.sluice();
    let address = format!("http://127.0.0.1:{}", proxy.port);
    for name in [
        "http_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "all_proxy",
    ] {
        sluice = sluice.env(name, &address);
    }
    let said = sluice.events(&[]);
    let mut after = attacks.after(said);
    after.bounded("proxies", &json!({ "answers": ["200 ok"] }));
    assert_eq!(server.texts().len(), 1);
    assert_eq!(proxy.came(), []);
    after.all_judged();
}

#[test]
fn requests_are_limited_in_number_and_size() {
    let large = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {0}\r\nconnection: close\r\n\r\n{1}",
        7 << 20,
        "x".repeat(7 << 20)
    );
    let server = Wire::on_loopback();
    let filling = Wire::at("127.0.0.1:0", &large);
    let permitting = |port: u16| {
        format!(
            "    permissions: {{ http: [{{ scheme: http, host: 127.0.0.1, port: {port}, addresses: [127.0.0.0/8] }}] }}\n"
        )
    };
    let to = |port: u16| json!({ "authority": format!("127.0.0.1:{port}"), "path": "/" });
    let flood = format!(
        "    with: {{ do: flood, requests: {} }}\n{}",
        json!([to(server.port)]),
        permitting(server.port)
    );
    let fill = format!(
        "    with: {{ do: together, requests: {} }}\n{}",
        json!(vec![to(filling.port); 30]),
        permitting(filling.port)
    );
    let mut after = Attacks::of(Class::Bombs)
        .step("requests", &guest("requests"), &flood)
        .step("answers", &guest("requests"), &fill)
        .run();
    let message = "the plugin sent more than 1000 requests, the limit";
    after.failed("requests", "plugin", "limit", message);
    assert!(server.came().len() <= 1000);
    let message = "the plugin received more than 64 MiB, the limit";
    after.failed("answers", "plugin", "limit", message);
    after.all_judged();
}

#[test]
fn headers_and_bodies_that_nobody_sends_are_limited_in_what_they_hold() {
    let step = |what: &str| {
        format!("    with: {{ do: {what} }}\n    permissions: {{ http: [example.com] }}\n")
    };
    let ids = ["headers", "bodies"];
    let mut attacks = Attacks::of(Class::Bombs);
    for id in ids.into_iter().chain(["large-headers"]) {
        let name = id.replace('-', "_");
        attacks = attacks.step(&name, &guest("requests"), &step(id));
    }
    let mut after = attacks.run();
    let message = "the plugin made headers of more than 16 KiB, their limit";
    after.failed("large_headers", "plugin", "limit", message);
    for id in ids {
        let message = "the plugin held 10000 handles, their limit, and asked for more";
        after.failed(id, "plugin", "limit", message);
    }
    after.all_judged();
    // The same again, one after the other, and then a look at the process while it waits.
    let sluice = Sluice::pipeline(&format!(
        "name: memory
steps:
  headers:
    uses: {requests}
{}    continue-on-error: true
  bodies:
    uses: {requests}
{}    continue-on-error: true
  wait:
    uses: {hostile}
    if: always()
    with: {{ do: wait }}
",
        step("headers"),
        step("bodies"),
        requests = guest("requests"),
        hostile = guest("hostile"),
    ));
    let mut running = Running::start(sluice, &[]);
    running.until("step.started", |event| event["step"] == "wait");
    let most = running.most_memory();
    running.interrupt();
    running.interrupt();
    running.finish();
    // Without limits of their own it is more than a gigabyte for each.
    assert!(most < 800, "{most} MiB");
}
