//! Containment of permissions in a policy's entries, held against the slow, obvious meaning
//! of the word: what the narrow one permits, the wide one allows, for everything that can be
//! asked in a small world in which any two patterns differ.

use std::net::IpAddr;

use proptest::{
    prelude::{Strategy, any},
    prop_assert, prop_assert_eq,
    sample::{select, subsequence},
};

use super::bounded::holds;
use crate::permission::{
    Bound, GitBound, GitRule, HttpRequest, HttpRule, ImageRef, KubeBound, KubeRule, NamePattern,
    RefChange::{Create, Delete, Force, Update},
    RemoteRule, Scheme, Segments, WorkloadKind,
};

/// Patterns of paths, and a world of paths that tells any two of them apart.
const PATTERNS: [&str; 8] = ["a", "b", "*", "a*", "a/b", "a/**", "*/b", "**"];
const PATHS: [&str; 12] = [
    "a", "b", "c", "aa", "aac", "a/b", "a/c", "c/b", "a/b/c", "aa/b", "c/c", "b/a",
];
const HOSTS: [&str; 5] = ["x.test", "a.x.test", "*.x.test", "*.a.x.test", "10.0.0.1"];
const NAMES: [&str; 7] = [
    "x.test",
    "a.x.test",
    "b.x.test",
    "b.a.x.test",
    "c.b.x.test",
    "y.test",
    "10.0.0.1",
];
const METHODS: [&str; 3] = ["GET", "POST", "PUT"];
const RANGES: [&str; 4] = ["10.0.0.0/8", "10.1.0.0/16", "127.0.0.0/8", "fd00::/8"];
const ADDRESSES: [&str; 6] = [
    "10.0.0.1",
    "10.1.0.1",
    "127.0.0.1",
    "fd00::1",
    "fe80::1",
    "9.9.9.9",
];

fn patterns(most: usize) -> impl Strategy<Value = Vec<Segments>> {
    subsequence(&PATTERNS[..], 0..=most).prop_map(|texts| {
        let parsed = texts.into_iter().map(str::parse);
        parsed.collect::<Result<_, _>>().expect("they are patterns")
    })
}

/// Rules of requests; `most` is how many patterns of a kind they may have.
fn http(most: usize) -> impl Strategy<Value = HttpRule> {
    let scheme = select(&[Scheme::Http, Scheme::Https][..]);
    let methods = subsequence(&METHODS[..2], 0..=2);
    let addresses = subsequence(&RANGES[..], 0..=most);
    let rule = (
        scheme,
        select(&HOSTS[..]),
        select(&[80_u16, 443][..]),
        methods,
        patterns(most),
        any::<bool>(),
        addresses,
    );
    rule.prop_map(
        |(scheme, host, port, methods, paths, read, addresses)| HttpRule {
            scheme,
            host: host.parse().expect("it is a host"),
            port,
            methods: methods.into_iter().map(str::to_owned).collect(),
            paths,
            read,
            addresses: addresses
                .into_iter()
                .map(|range| range.parse().expect("it is a range"))
                .collect(),
        },
    )
}

/// Every request of the small world.
fn requests() -> Vec<HttpRequest> {
    let mut all = Vec::new();
    for scheme in [Scheme::Http, Scheme::Https] {
        for host in NAMES {
            for port in [80, 443] {
                for method in METHODS {
                    // The last is one that servers read in different ways.
                    for path in PATHS.iter().chain(&["a//b"]) {
                        all.push(HttpRequest {
                            scheme,
                            host: host.to_owned(),
                            port,
                            method: method.to_owned(),
                            path: format!("/{path}"),
                        });
                    }
                }
            }
        }
    }
    all
}

/// Whether all that the narrow rule permits is permitted by the wide one.
fn http_model(wide: &HttpRule, narrow: &HttpRule, requests: &[HttpRequest]) -> bool {
    let mut addresses = ADDRESSES
        .iter()
        .map(|text| text.parse::<IpAddr>().expect("it is one"));
    requests
        .iter()
        .all(|request| !narrow.permits(request) || wide.permits(request))
        && addresses.all(|address| !narrow.dials(address) || wide.dials(address))
        && (wide.read || !narrow.read)
}

#[test]
fn requests_of_a_permission_within_a_policys_entry_are_permitted_by_that() {
    let requests = requests();
    let strategy = (http(3), http(3));
    holds(
        "src/fuzz/regressions/http.txt",
        &strategy,
        |(wide, narrow)| {
            prop_assert!(wide.contains(&wide));
            if wide.contains(&narrow) {
                prop_assert!(http_model(&wide, &narrow, &requests), "{} {}", wide, narrow);
            }
            Ok(())
        },
    );
    // Where no two patterns can cover a third together, it is exact.
    let strategy = (http(1), http(1));
    holds(
        "src/fuzz/regressions/http-exact.txt",
        &strategy,
        |(wide, narrow)| {
            let model = http_model(&wide, &narrow, &requests);
            prop_assert_eq!(wide.contains(&narrow), model, "{} {}", wide, narrow);
            Ok(())
        },
    );
}

fn git(most: usize) -> impl Strategy<Value = GitRule> {
    let remote = select(&["origin", "copy"][..]);
    let refs = || patterns(most);
    (remote, any::<bool>(), refs(), refs(), refs(), refs()).prop_map(
        |(remote, read, create, update, force, delete)| GitRule {
            remote: remote.to_owned(),
            read,
            create,
            update,
            force,
            delete,
        },
    )
}

const REMOTES: [&str; 4] = [
    "https://forge.test/acme/web.git",
    "https://forge.test/acme/*",
    "https://forge.test/**",
    "https://*.test/acme/**",
];
const URLS: [&str; 4] = [
    "https://forge.test/acme/web.git",
    "https://forge.test/acme/web/api.git",
    "https://copy.test/acme/web.git",
    "ssh://forge.test/acme/web.git",
];

#[test]
fn refs_of_a_permission_within_a_policys_entry_may_be_changed_by_that() {
    let wide = (select(&REMOTES[..]), git(3)).prop_map(|(url, refs)| GitBound {
        url: url.parse().expect("it is a pattern"),
        refs,
    });
    let narrow = (select(&URLS[..]), git(3)).prop_map(|(url, rule)| RemoteRule {
        rule,
        url: url.parse().expect("it is a URL"),
    });
    let strategy = (wide, narrow);
    holds(
        "src/fuzz/regressions/git.txt",
        &strategy,
        |(wide, narrow)| {
            let RemoteRule { rule, url } = &narrow;
            let same = GitBound {
                url: url.as_str().parse().expect("a URL is a pattern"),
                refs: rule.clone(),
            };
            prop_assert!(same.contains(&narrow));
            if !wide.contains(&narrow) {
                return Ok(());
            }
            prop_assert!(wide.url.matches(url));
            prop_assert!(wide.refs.read || !rule.read);
            for change in [Create, Update, Force, Delete] {
                for name in PATHS {
                    prop_assert!(
                        !rule.permits(change, name) || wide.refs.permits(change, name),
                        "{change} {name}: {} {rule}",
                        wide.refs
                    );
                }
            }
            Ok(())
        },
    );
}

const IMAGES: [&str; 6] = [
    "r.test/a:*",
    "r.test/a:v*",
    "r.test/a:v1",
    "r.test/a@*",
    "r.test/b:*",
    "r.test/b:v*",
];
const CONTAINERS: [&str; 3] = ["app", "proxy", "migrate"];

fn kube() -> impl Strategy<Value = KubeRule> {
    let kind = select(&[WorkloadKind::Deployment, WorkloadKind::CronJob][..]);
    let name = || select(&["web", "db"][..]);
    let containers = subsequence(&CONTAINERS[..2], 1..=2);
    let images = subsequence(&IMAGES[..], 1..=3);
    let words = any::<[bool; 3]>();
    (kind, name(), name(), containers, images, words).prop_map(
        |(kind, namespace, name, containers, images, [take_over, restart, delete_pods])| KubeRule {
            kind,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            containers: containers.into_iter().map(str::to_owned).collect(),
            images: images
                .into_iter()
                .map(|image| image.parse().expect("it is a pattern"))
                .collect(),
            take_over,
            restart,
            delete_pods,
        },
    )
}

/// Entries of a policy about workloads.
fn kube_bound() -> impl Strategy<Value = KubeBound> {
    let kinds = [
        None,
        Some(WorkloadKind::Deployment),
        Some(WorkloadKind::CronJob),
    ];
    let name = || select(&["web", "w*", "db", "*"][..]).prop_map(name_pattern);
    let names = |all: &'static [&str], least| {
        let some = subsequence(all, least..=all.len());
        some.prop_map(|texts| texts.into_iter().map(name_pattern).collect::<Vec<_>>())
    };
    let images = subsequence(&BOUNDS[..], 1..=3);
    (
        select(kinds.to_vec()),
        name(),
        name(),
        names(&["w*", "db"], 0),
        names(&["app", "p*", "*"], 1),
        images,
        any::<[bool; 3]>(),
    )
        .prop_map(
            |(kind, namespace, name, except, containers, images, [take_over, restart, pods])| {
                let images = images.into_iter().map(str::parse);
                KubeBound {
                    kind,
                    namespace,
                    name,
                    except,
                    containers,
                    images: images.collect::<Result<_, _>>().expect("they are bounds"),
                    take_over,
                    restart,
                    delete_pods: pods,
                }
            },
        )
}

const BOUNDS: [&str; 5] = [
    "r.test/a:*",
    "r.test/*:v*",
    "r.test/**@*",
    "r.test/b:v1",
    "r.test/**:*",
];

fn name_pattern(text: &str) -> NamePattern {
    text.parse().expect("it is a pattern")
}

#[test]
fn images_of_a_permission_within_a_policys_entry_may_be_set_by_that() {
    let digest = format!("sha256:{}", "0".repeat(64));
    let versions = [
        ":v1".to_owned(),
        ":v2".to_owned(),
        ":x".to_owned(),
        String::new(),
        format!("@{digest}"),
    ];
    let images = ["r.test/a", "r.test/b", "r.test/c"]
        .iter()
        .flat_map(|name| {
            let parsed = versions
                .iter()
                .map(move |version| format!("{name}{version}").parse::<ImageRef>());
            parsed.collect::<Vec<_>>()
        });
    let images = images
        .collect::<Result<Vec<_>, _>>()
        .expect("they are references");
    let strategy = (kube_bound(), kube());
    holds(
        "src/fuzz/regressions/kube.txt",
        &strategy,
        |(wide, narrow)| {
            if !wide.contains(&narrow) {
                return Ok(());
            }
            prop_assert!(wide.matches_object(narrow.kind, &narrow.namespace, &narrow.name));
            prop_assert!(wide.take_over || !narrow.take_over);
            prop_assert!(wide.restart || !narrow.restart);
            prop_assert!(wide.delete_pods || !narrow.delete_pods);
            for container in CONTAINERS {
                for image in &images {
                    prop_assert!(
                        !narrow.permits_image(container, image)
                            || wide.allows_image(container, image),
                        "{container} {image}: {wide:?} {narrow}"
                    );
                }
            }
            Ok(())
        },
    );
}
