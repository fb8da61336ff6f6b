//! Egress, looked at where it would arrive: in a network of the test's own, whose loopback has
//! the forbidden addresses, each with a server that notes every connection.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{
    Attacks, Class,
    attacks::{Aftermath, count},
    names::{self, Reply},
    network::within,
    wire::{OK, Wire},
};
use crate::guests::guest;

/// Public by its class, and on the test's loopback.
const PUBLIC: &str = "93.184.215.14";
const PUBLIC_6: &str = "2606:4700::6810:84e5";

/// Addresses that are forbidden without a permission that names their range. All but those
/// that a kernel refuses are on the test's loopback.
const FORBIDDEN: &[&str] = &[
    // Private, this link, shared, metadata.
    "10.0.0.1",
    "10.255.255.254",
    "172.16.0.1",
    "172.31.255.254",
    "192.168.0.1",
    "192.168.255.254",
    "169.254.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.254",
    "168.63.129.16",
    // Documents, benchmarks, assignments.
    "192.0.2.1",
    "198.51.100.1",
    "203.0.113.1",
    "198.18.0.1",
    "192.0.0.8",
    "192.88.99.1",
    // The same of IPv6, and IPv4 in disguise: compatible, NAT64, 6to4, Teredo, ISATAP.
    "fd00::1",
    "fd00:ec2::254",
    "fec0::1",
    "2001:db8::1",
    "3fff::1",
    "64:ff9b::a00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::1",
    "2606:4700::5efe:7f00:1",
    "100::1",
    "4000::1",
    "::7f00:2",
];

/// Other spellings of addresses on the test's loopback, and what there is besides.
const SPELLINGS: &[&str] = &[
    // 127.0.0.1, as `inet_aton` reads it.
    "127.1",
    "127.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "127.0.0.2",
    "2130706433",
    "017700000001",
    "0x7f000001",
    "0x7f.1",
    "0x7f.0x0.0x0.0x1",
    "0177.0.0.1",
    "0177.0.0.01",
    "127.0x1",
    "0x7F.1",
    "00000000000000000177.0.0.1",
    // This host, all hosts, none.
    "0.0.0.0",
    "0",
    "0x0",
    "0.1",
    "255.255.255.255",
    "224.0.0.1",
    // IPv6.
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[::FFFF:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[2002:7f00:0001::]",
    "[fe80::1]",
    "[ff02::1]",
    // Metadata in other words.
    "2852039166",
    "0xa9fea9fe",
    "0xa9.0xfe.0xa9.0xfe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    // Names.
    "localhost",
    "LOCALHOST",
    "ip6-localhost",
];

/// What is not an authority of one host and perhaps a port, or hides one.
const TRICKS: &[&str] = &[
    "user@127.0.0.1",
    "user:password@127.0.0.1",
    "example.com@127.0.0.1",
    "127.0.0.1@example.com",
    "127.0.0.1:80@example.com",
    "example.com:80:80",
    "127.0.0.1:",
    "127.0.0.1:99999",
    "127.0.0.1:+80",
    "127.0.0.1:0x50",
    "127.0.0.1:80#",
    "127.0.0.1:80?",
    "127.0.0.1:80/",
    "127.0.0.1\\example.com",
    "example.com\\@127.0.0.1",
    "[::1%25lo]",
    "[::1%lo]",
    "[fe80::1%251]",
    "[::1",
    "::1",
    "[127.0.0.1]",
    "[::1]x",
    "127.0.0.1 ",
    " 127.0.0.1",
    "127.0.0.1\t",
    "",
    "127%2e0%2e0%2e1",
    "%31%32%37.0.0.1",
    "localhost.",
    "127.0.0.1.",
    "127..0.0.1",
    ".127.0.0.1",
    "1.1.1.1.127.0.0.1",
    "127.0.0.1,example.com",
    "127.0.0.1;example.com",
    "*",
    "*.example.com",
    "①②⑦.⓪.⓪.①",
    "１２７.0.0.1",
    "127。0。0。1",
    "loc\u{ad}alhost",
    "ⓛocalhost",
    "xn--localhost",
    "example.com\r\nhost: evil",
    "example.com\0.evil",
    "256.1.1.1",
    "127.0.0.256",
    "0x100000000",
    "4294967296",
    "-1",
    "1e3",
    "127.0.0.1:80:80",
];

/// A step that sends a GET to each of these authorities, with a permission for each: what
/// stands between them and the address is the address alone.
fn asking(class: Class, authorities: &[String], permissions: &str) -> Aftermath {
    let requests = authorities
        .iter()
        .map(|authority| json!({ "authority": authority, "path": "/" }))
        .collect::<Value>();
    let rest = format!(
        "    with: {{ do: together, requests: {requests} }}\n    permissions:\n      http:\n{permissions}"
    );
    Attacks::of(class)
        .step("asking", &guest("requests"), &rest)
        .run()
}

/// The answers that the step had, beside what it asked.
fn answers(after: &Aftermath, authorities: &[String]) -> Vec<(String, String)> {
    let end = after.end("asking");
    let answers = end["outputs"]["answers"].as_array();
    let answers = answers.unwrap_or_else(|| panic!("{}\n{}", after.said.out, after.said.err));
    let text = |answer: &Value| answer.as_str().unwrap_or_default().to_owned();
    let answers = answers.iter().map(text);
    authorities.iter().cloned().zip(answers).collect()
}

/// The lines of a permission for these hosts.
fn permitting<'a>(hosts: impl IntoIterator<Item = &'a str>, port: u16) -> String {
    hosts.into_iter().fold(String::new(), |mut lines, host| {
        let host = json!(host);
        let _ = writeln!(
            lines,
            "        - {{ scheme: http, host: {host}, port: {port} }}"
        );
        lines
    })
}

/// An IPv6 address in the brackets that it has in a URL.
fn in_url(address: &str) -> String {
    if address.contains(':') {
        format!("[{address}]")
    } else {
        address.to_owned()
    }
}

/// What arrived: the addresses that were dialled.
fn dialled(server: &Wire) -> Vec<String> {
    let came = server.came().into_iter();
    came.map(|came| came.to.ip().to_canonical().to_string())
        .collect()
}

fn own_addresses() -> Vec<&'static str> {
    [PUBLIC, PUBLIC_6]
        .iter()
        .chain(FORBIDDEN)
        .copied()
        .collect()
}

#[test]
#[ignore = "wants a network of its own"]
fn forbidden_addresses_are_not_dialled_in_whatever_spelling() {
    let path = "hostile::egress::forbidden_addresses_are_not_dialled_in_whatever_spelling";
    if !within(path, &own_addresses()) {
        return;
    }
    let server = Wire::at("[::]:8080", OK);
    let asked =
        names::serve(|_, _| Reply::Addresses(vec!["127.0.0.1".parse().expect("it is one")]));
    let public = [PUBLIC, PUBLIC_6].map(in_url);
    let forbidden = FORBIDDEN.iter().map(|address| in_url(address));
    let spelled = SPELLINGS.iter().map(|spelling| (*spelling).to_owned());
    let hosts = public.iter().cloned().chain(forbidden).chain(spelled);
    // A permission says a host in its one form, whatever the plugin writes.
    let permitted = hosts
        .clone()
        .filter_map(|host| url::Host::parse(&host).ok());
    let permitted = permitted.map(|host| host.to_string()).collect::<Vec<_>>();
    let authorities = hosts.map(|host| format!("{host}:8080")).collect::<Vec<_>>();
    assert!(authorities.len() > 60, "{}", authorities.len());
    let permissions = permitting(permitted.iter().map(String::as_str), 8080);
    let mut after = asking(Class::Egress, &authorities, &permissions);
    for (authority, answer) in answers(&after, &authorities) {
        let expected = if public
            .iter()
            .any(|host| authority == format!("{host}:8080"))
        {
            "200 ok"
        } else {
            "refused: ErrorCode::DestinationIpProhibited"
        };
        assert_eq!(answer, expected, "{authority}");
    }
    let mut came = dialled(&server);
    came.sort();
    assert_eq!(came, [PUBLIC_6, PUBLIC]);
    // `localhost` is a name like others, and an address that is written out is none.
    let mut names = asked.names();
    names.sort();
    names.dedup();
    assert_eq!(names, ["ip6-localhost", "localhost"]);
    after.blocked("asking");
    count(Class::Egress, &authorities[2..]);
    after.all_judged();
}

#[test]
#[ignore = "wants a network of its own"]
fn what_no_permission_names_is_neither_dialled_nor_looked_up() {
    let path = "hostile::egress::what_no_permission_names_is_neither_dialled_nor_looked_up";
    if !within(path, &own_addresses()) {
        return;
    }
    let server = Wire::at("[::]:80", OK);
    let asked = names::serve(|_, _| Reply::Addresses(vec![PUBLIC.parse().expect("it is one")]));
    let names = [
        "evil.example",
        "sub.example.com.evil.example",
        "xexample.com",
        "example.co",
    ];
    let hosts = FORBIDDEN.iter().map(|address| in_url(address));
    let all = hosts.chain([in_url(PUBLIC)]);
    let all = all.chain(
        SPELLINGS
            .iter()
            .chain(TRICKS)
            .chain(&names)
            .map(|text| (*text).to_owned()),
    );
    let authorities = all.collect::<Vec<_>>();
    let permissions = permitting(["example.com", "*.example.org"], 80);
    let mut after = asking(Class::Egress, &authorities, &permissions);
    for (authority, answer) in answers(&after, &authorities) {
        assert!(
            [
                "refused: ErrorCode::HttpRequestDenied",
                "refused: ErrorCode::HttpRequestUriInvalid",
                "no authority",
            ]
            .contains(&answer.as_str()),
            "{authority:?}: {answer}"
        );
    }
    assert_eq!(dialled(&server), Vec::<String>::new());
    assert_eq!(asked.names(), Vec::<String>::new());
    after.blocked("asking");
    count(Class::Egress, &authorities);
    after.all_judged();
}

#[test]
#[ignore = "wants a network of its own"]
fn names_are_looked_up_once_and_what_they_lead_to_is_judged() {
    let path = "hostile::egress::names_are_looked_up_once_and_what_they_lead_to_is_judged";
    if !within(path, &own_addresses()) {
        return;
    }
    let server = Wire::at("[::]:8080", OK);
    let asked = names::serve(|name, before| {
        let addresses = |texts: &[&str]| {
            let parsed = texts.iter().map(|text| text.parse().expect("it is one"));
            Reply::Addresses(parsed.collect())
        };
        let label = name.split('.').next().unwrap_or_default();
        let index = label
            .strip_prefix("to-")
            .and_then(|index| index.parse::<usize>().ok());
        match (label, index) {
            // Public when it is judged, and then something else.
            ("rebind", _) if before == 0 => addresses(&[PUBLIC]),
            ("rebind", _) => addresses(&["127.0.0.1", "::1"]),
            ("mixed", _) => addresses(&["127.0.0.1", "169.254.169.254", PUBLIC, "::1"]),
            (_, Some(index)) => addresses(&[FORBIDDEN[index]]),
            _ => Reply::Nothing,
        }
    });
    let mut authorities = vec!["mixed.names.example:8080".to_owned()];
    let to = (0..FORBIDDEN.len()).map(|index| format!("to-{index}.names.example:8080"));
    authorities.extend(to);
    let permissions = permitting(["*.names.example"], 8080);
    let mut after = asking(Class::Rebinding, &authorities, &permissions);
    for (authority, answer) in answers(&after, &authorities) {
        let expected = if authority.starts_with("mixed") {
            "200 ok"
        } else {
            "refused: ErrorCode::DestinationIpProhibited"
        };
        assert_eq!(answer, expected, "{authority}");
    }
    assert_eq!(dialled(&server), [PUBLIC]);
    after.blocked("asking");
    count(Class::Rebinding, &authorities);
    after.all_judged();
    // One after the other, so that the answers' order is known.
    let request = json!({ "authority": "rebind.names.example:8080", "path": "/" });
    let requests = json!([request, request, request]);
    let rest = format!(
        "    with: {{ do: send, requests: {requests} }}\n    permissions:\n      http:\n{permissions}"
    );
    let mut after = Attacks::of(Class::Rebinding)
        .step("rebinding", &guest("requests"), &rest)
        .run();
    let refused = "refused: ErrorCode::DestinationIpProhibited";
    after.bounded(
        "rebinding",
        &json!({ "answers": ["200 ok", refused, refused] }),
    );
    assert_eq!(dialled(&server), [PUBLIC, PUBLIC]);
    let names = asked.names();
    let rebound = names.iter().filter(|name| name.starts_with("rebind."));
    assert_eq!(rebound.count(), 3, "one look-up for each request");
    after.all_judged();
}

#[test]
#[ignore = "wants a network of its own"]
fn name_server_that_does_not_answer_holds_a_step_no_longer_than_its_timeout() {
    let path =
        "hostile::egress::name_server_that_does_not_answer_holds_a_step_no_longer_than_its_timeout";
    if !within(path, &[]) {
        return;
    }
    let asked = names::serve(|_, _| Reply::Silence);
    let requests = json!([{ "authority": "hung.names.example:8080", "path": "/" }]);
    let permissions = permitting(["*.names.example"], 8080);
    let rest = format!(
        "    timeout: 300ms\n    with: {{ do: send, requests: {requests} }}\n    permissions:\n      http:\n{permissions}"
    );
    let mut after = Attacks::of(Class::Waits)
        .step("look_up", &guest("requests"), &rest)
        .run();
    assert_eq!(asked.names(), ["hung.names.example"]);
    after.timed_out("look_up", "300ms", 300);
    after.all_judged();
}

#[test]
#[ignore = "wants a network of its own"]
fn redirects_are_handed_back_and_not_followed() {
    let path = "hostile::egress::redirects_are_handed_back_and_not_followed";
    if !within(path, &own_addresses()) {
        return;
    }
    let inside = Wire::at("[::]:8081", OK);
    let locations = [
        "http://127.0.0.1:8081/",
        "http://169.254.169.254:8081/latest/meta-data/",
        "//127.0.0.1:8081/",
        "http://93.184.215.14:8081/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:8081/_x",
    ];
    let statuses = [301, 302, 303, 307, 308];
    let mut ports = Vec::new();
    let mut expected = Vec::new();
    for location in locations {
        for status in statuses {
            let answer = format!(
                "HTTP/1.1 {status} Elsewhere\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            ports.push(Wire::at(&format!("{PUBLIC}:0"), &answer));
            expected.push(format!("{status} to {location} "));
        }
    }
    let authorities = ports
        .iter()
        .map(|server| format!("{PUBLIC}:{}", server.port));
    let authorities = authorities.collect::<Vec<_>>();
    let permissions = ports.iter().map(|server| permitting([PUBLIC], server.port));
    let permissions = permissions.collect::<String>() + &permitting([PUBLIC], 8081);
    let mut after = asking(Class::Redirects, &authorities, &permissions);
    let answers = answers(&after, &authorities);
    let answers = answers.into_iter().map(|(_, answer)| answer);
    assert_eq!(answers.collect::<Vec<_>>(), expected);
    assert_eq!(dialled(&inside), Vec::<String>::new());
    after.blocked("asking");
    count(Class::Redirects, &expected);
    after.all_judged();
}
