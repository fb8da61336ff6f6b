//! An entry of a policy contains a permission exactly where every single thing that the
//! permission permits is one that the entry allows: asked of all pairs from small tables.

use sluice_pipeline::permission::{
    Bound, GitBound, GitRule, HttpRequest, HttpRule, ImageRef, KubeBound, KubeRule, NamePattern,
    RefChange, RemoteRule, Scheme, Segments, WorkloadKind,
};
use url::Url;

fn all<T: std::str::FromStr<Err = String>>(texts: &[&str]) -> Vec<T> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn a_kube_entry_contains_exactly_what_it_allows() {
    let kinds = [WorkloadKind::Deployment, WorkloadKind::CronJob];
    let names = ["a", "ab", "b"];
    let containers = ["x", "xy", "z"];
    let images: Vec<ImageRef> = all(&[
        "r.io/a:v1",
        "r.io/a:x",
        "r.io/a/b:v1",
        "r.io/a/b:x",
        "s.io/a:v1",
    ]);

    let mut bounds = Vec::new();
    for kind in [None, Some(WorkloadKind::Deployment)] {
        for name in ["a", "a*", "*"] {
            for list in [&["x"][..], &["x*"], &["x", "z"], &["*"]] {
                for image in [
                    &["r.io/*:*"][..],
                    &["r.io/**:v*"],
                    &["r.io/a:*", "s.io/*:*"],
                ] {
                    for words in 0..4 {
                        bounds.push(KubeBound {
                            kind,
                            namespace: NamePattern::any(),
                            name: name.parse().unwrap(),
                            except: all(if words == 2 { &["ab"][..] } else { &[] }),
                            containers: all(list),
                            images: all(image),
                            take_over: words & 1 > 0,
                            restart: words & 2 > 0,
                            delete_pods: words == 3,
                        });
                    }
                }
            }
        }
    }
    let mut rules = Vec::new();
    for kind in kinds {
        for name in names {
            for list in [&["x"][..], &["xy"], &["x", "z"]] {
                for image in [
                    &["r.io/a:*"][..],
                    &["r.io/a:v*", "s.io/a:v1"],
                    &["r.io/a/b:*"],
                ] {
                    for words in 0..4 {
                        rules.push(KubeRule {
                            kind,
                            namespace: "n".into(),
                            name: name.into(),
                            containers: list.iter().map(|name| (*name).to_owned()).collect(),
                            images: all(image),
                            take_over: words & 1 > 0,
                            restart: words & 2 > 0,
                            delete_pods: words == 3,
                        });
                    }
                }
            }
        }
    }
    let (mut within, mut beyond) = (0, 0);
    for bound in &bounds {
        for rule in &rules {
            let objects = kinds
                .iter()
                .flat_map(|kind| names.map(|name| (*kind, name)));
            let mut asked = objects.filter(|(kind, name)| rule.matches_object(*kind, "n", name));
            let pairs = || {
                containers
                    .iter()
                    .flat_map(|container| images.iter().map(move |image| (*container, image)))
                    .filter(|(container, image)| rule.permits_image(container, image))
            };
            let model = asked.all(|(kind, name)| bound.matches_object(kind, "n", name))
                && pairs().all(|(container, image)| bound.allows_image(container, image))
                && (bound.take_over || !rule.take_over)
                && (bound.restart || !rule.restart)
                && (bound.delete_pods || !rule.delete_pods);
            assert_eq!(bound.contains(rule), model, "{bound:?} {rule}");
            *(if model { &mut within } else { &mut beyond }) += 1;
        }
    }
    assert!(within > 1000 && beyond > 1000, "{within} {beyond}");
}

#[test]
fn an_http_entry_contains_exactly_what_it_allows() {
    let hosts = ["a.b", "x.a.b", "y.x.a.b", "c"];
    let methods = ["GET", "POST", "PUT"];
    let paths = ["/", "/v1", "/v1/a", "/v1/b", "/v1/a/b", "/v2", "/v1/../v2"];
    let addresses = ["10.1.2.3", "10.200.0.1", "192.168.1.1", "8.8.8.8"];

    let mut rules = Vec::new();
    for host in ["a.b", "*.a.b", "*.x.a.b"] {
        for method in [&[][..], &["GET"], &["GET", "POST"]] {
            for path in [&[][..], &["/v1/**"], &["/v1/*"], &["/v1/a", "/v2"]] {
                for range in [&[][..], &["10.0.0.0/8"], &["10.1.0.0/16"]] {
                    for (port, read) in [(443, false), (443, true), (8443, false)] {
                        rules.push(HttpRule {
                            scheme: Scheme::Https,
                            host: host.parse().unwrap(),
                            port,
                            methods: method.iter().map(|word| (*word).to_owned()).collect(),
                            paths: all(path),
                            read,
                            addresses: range.iter().map(|text| text.parse().unwrap()).collect(),
                        });
                    }
                }
            }
        }
    }
    let mut requests = Vec::new();
    for host in hosts {
        for method in methods {
            for path in paths {
                for port in [443, 8443] {
                    requests.push(HttpRequest {
                        scheme: Scheme::Https,
                        host: host.into(),
                        port,
                        method: method.into(),
                        path: path.into(),
                    });
                }
            }
        }
    }
    let dials = addresses.map(|address| address.parse().unwrap());
    let permitted = |rule: &HttpRule| -> Vec<bool> {
        let requests = requests.iter();
        requests.map(|request| rule.permits(request)).collect()
    };
    let rules: Vec<_> = rules
        .into_iter()
        .map(|rule| (permitted(&rule), rule))
        .collect();
    for (by_wide, wide) in &rules {
        for (by_narrow, narrow) in &rules {
            let mut pairs = by_wide.iter().zip(by_narrow);
            let model = pairs.all(|(wide, narrow)| *wide || !narrow)
                && dials.iter().all(|at| !narrow.dials(*at) || wide.dials(*at))
                && (wide.read || !narrow.read);
            assert_eq!(wide.contains(narrow), model, "{wide} {narrow}");
        }
    }
}

#[test]
fn a_git_entry_contains_exactly_what_it_allows() {
    let urls = [
        "https://f.io/a/x.git",
        "https://f.io/b/x.git",
        "ssh://git@f.io/a/x.git",
    ];
    let urls: Vec<Url> = urls.iter().map(|url| url.parse().unwrap()).collect();
    let names = [
        "refs/tags/v1",
        "refs/tags/x",
        "refs/heads/main",
        "refs/heads/a/b",
    ];
    let changes = [
        RefChange::Create,
        RefChange::Update,
        RefChange::Force,
        RefChange::Delete,
    ];
    let lists: [&[&str]; 3] = [&[], &["refs/tags/v*"], &["refs/**"]];
    let mut refs = Vec::new();
    for read in [false, true] {
        for create in lists {
            for update in lists {
                for force in lists {
                    refs.push(GitRule {
                        remote: "origin".into(),
                        read,
                        create: all::<Segments>(create),
                        update: all(update),
                        force: all(force),
                        delete: Vec::new(),
                    });
                }
            }
        }
    }
    for pattern in ["https://f.io/a/*", "https://f.io/**", "ssh://f.io/a/*"] {
        for refs_of_bound in &refs {
            let bound = GitBound {
                url: pattern.parse().unwrap(),
                refs: refs_of_bound.clone(),
            };
            for rule in &refs {
                for url in &urls {
                    let allowed = bound.on("origin", url);
                    let model = allowed.is_some_and(|allowed| {
                        (allowed.read || !rule.read)
                            && names.iter().all(|name| {
                                let permits = |change: &RefChange| rule.permits(*change, name);
                                let mut asked = changes.iter().filter(|change| permits(change));
                                asked.all(|change| allowed.permits(*change, name))
                            })
                    });
                    let rule = RemoteRule {
                        rule: rule.clone(),
                        url: url.clone(),
                    };
                    assert_eq!(bound.contains(&rule), model, "{bound:?} {rule:?}");
                }
            }
        }
    }
}
