//! Image patterns on both sides: what the policy's expressions let through on the API server
//! is what the patterns match here.

use serde_json::{Value, json};
use sluice_pipeline::permission::{ImagePattern, ImageRef};

use super::held::Held;
use crate::cluster::control_plane::Real;

const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

const PATTERNS: [&str; 8] = [
    "ghcr.io/acme/web:*",
    "ghcr.io/acme/web:v1.*",
    "ghcr.io/acme/web:latest",
    "ghcr.io/acme/web@*",
    "nginx:*",
    "docker.io/acme/web:l*",
    "localhost:5000/web:*",
    "localhost/web:v1",
];

fn references() -> Vec<String> {
    let digest = format!("@sha256:{HEX}");
    let plain = [
        "ghcr.io/acme/web",
        "ghcr.io/acme/web:v1.2",
        "ghcr.io/acme/web:v1x2",
        "ghcr.io/acme/web:latest",
        "GHCR.io/acme/web:v1.2",
        "ghcr.io/Acme/web:v1.2",
        "ghcrxio/acme/web:v1.2",
        "ghcr.io:443/acme/web:v1.2",
        "ghcr.io/acme/web/:v1.2",
        "ghcr.io/acme/../web:v1.2",
        "ghcr.io/acme%2fweb:v1.2",
        "https://ghcr.io/acme/web",
        "ghcr.io/acme/web:v1.2\nx",
        "ghcr.io/acme/web@",
        "ghcr.io/acme/web:",
        "ghcr.io/acme/web2:v1.2",
        "nginx",
        "library/nginx:1",
        "docker.io/nginx:1",
        "Docker.io/library/nginx:1",
        "doc\u{212a}er.io/nginx:1",
        "index.docker.io/library/nginx",
        "registry-1.docker.io/acme/web",
        "acme/web",
        "acme/web:latest",
        "acme/web:v1",
        "localhost:5000/web",
        "LOCALHOST:5000/web:v1",
        "localhost/web:v1",
        "LOCALHOST/web:v1",
        "web:v1",
    ];
    let plain = plain.map(str::to_owned);
    let pinned = ["ghcr.io/acme/web", "ghcr.io/acme/web:v1.2", "nginx:1"]
        .map(|name| format!("{name}{digest}"));
    let broken = [
        format!("ghcr.io/acme/web{}", digest.to_ascii_uppercase()),
        format!("ghcr.io/acme/web{digest}0"),
        format!("ghcr.io/acme/web{digest}:v1"),
    ];
    plain.into_iter().chain(pinned).chain(broken).collect()
}

/// A Deployment with a container for each pattern.
fn held() -> Held {
    let real = Real::empty();
    let containers =
        (0..PATTERNS.len()).map(|index| json!({ "name": format!("c{index}"), "image": "old:0" }));
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web" },
        "spec": {
            "replicas": 0,
            "selector": { "matchLabels": { "app": "web" } },
            "template": {
                "metadata": { "labels": { "app": "web" } },
                "spec": { "containers": containers.collect::<Value>() },
            },
        },
    });
    real.kubectl(&["create", "--filename", "-"], &deployment.to_string());
    let rules = PATTERNS.iter().enumerate().map(|(index, pattern)| {
        format!("        - {{ kind: Deployment, namespace: NS, name: web, containers: [c{index}], images: ['{pattern}'] }}\n")
    });
    let pipeline = format!(
        "name: patterns
steps:
  deploy:
    uses: deploy
    with: {{ namespace: NS, deployment: web, container: c0, image: 'ghcr.io/acme/web:2' }}
    permissions:
      kube-apply:
{}",
        rules.collect::<String>()
    );
    Held::by(
        real,
        &pipeline,
        "/apis/apps/v1/namespaces/NS/deployments/web",
    )
}

#[test]
#[ignore = "wants a real API server: run ./test"]
fn expressions_mean_on_the_server_what_the_patterns_mean_here() {
    let held = held();
    let path = "/apis/apps/v1/namespaces/NS/deployments/web?dryRun=All";
    let mut matched = 0;
    for (index, pattern) in PATTERNS.iter().enumerate() {
        let meant: ImagePattern = pattern.parse().expect("it is a pattern");
        for reference in references() {
            let field = format!("/spec/template/spec/containers/{index}/image");
            let patch = json!([{ "op": "replace", "path": field, "value": reference }]);
            let expected = reference
                .parse::<ImageRef>()
                .is_ok_and(|image| meant.matches(&image));
            let allowed = held.patch(path, &patch);
            assert_eq!(
                allowed.is_ok(),
                expected,
                "{pattern} {reference}: {allowed:?}"
            );
            matched += u32::from(expected);
        }
    }
    assert!(matched > 20, "{matched}");
}
