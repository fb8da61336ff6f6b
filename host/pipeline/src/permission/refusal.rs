//! The lines of YAML that would permit what was refused, ready to be pasted into the file.

use super::{
    Capability, GitRule, HttpRequest, HttpRule, ImagePattern, ImageRef, KubeRule, RefChange,
    Scheme, Segments, WorkloadKind, flow,
};

/// The lines that permit step `step` to set an image of one container, with any tag of the
/// image's repository.
pub fn permit_image(
    step: &str,
    kind: WorkloadKind,
    namespace: &str,
    name: &str,
    container: &str,
    image: &ImageRef,
) -> String {
    let rule = KubeRule {
        kind,
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        containers: vec![container.to_owned()],
        images: vec![ImagePattern::any_tag_of(image)],
        take_over: false,
        restart: false,
        delete_pods: false,
    };
    permit_kube(step, &rule)
}

/// The lines that give step `step` a whole `kube-apply` permission.
pub fn permit_kube(step: &str, rule: &KubeRule) -> String {
    let rule = KubeRule {
        namespace: quoted(&rule.namespace),
        name: quoted(&rule.name),
        ..rule.clone()
    };
    permit_entries(step, Capability::KubeApply, &[rule.to_string()])
}

/// The lines that permit step `step` to read and follow a workload; which images of which
/// containers it may set only its author knows.
pub fn permit_workload(step: &str, kind: WorkloadKind, namespace: &str, name: &str) -> String {
    let entry = format!(
        "{{ kind: {kind}, namespace: {}, name: {}, containers: [<container>], images: ['<repository>:*'] }}",
        quoted(namespace),
        quoted(name),
    );
    permit_entries(step, Capability::KubeApply, &[entry])
}

/// The lines that permit step `step` to send a request: with any path where it is https on
/// the usual port, else with the request's own method and path.
pub fn permit_request(step: &str, request: &HttpRequest) -> String {
    let short = request.scheme == Scheme::Https && request.port == Scheme::Https.default_port();
    if short
        && request
            .host
            .parse()
            .map(HttpRule::any_on)
            .is_ok_and(|rule| rule.permits(request))
    {
        return permit_entries(step, Capability::Http, &[quoted(&request.host)]);
    }
    let path = request
        .path
        .parse::<Segments>()
        .map_or_else(|_| "/**".to_owned(), |_| request.path.clone());
    let entry = format!(
        "{{ scheme: {}, host: {}, port: {}, methods: {}, paths: {} }}",
        request.scheme,
        quoted(&request.host),
        request.port,
        flow([&request.method]),
        flow([path]),
    );
    permit_entries(step, Capability::Http, &[entry])
}

/// The lines that permit step `step` to change a ref of a remote so; or to read the remote,
/// where no change is meant.
pub fn permit_git(step: &str, remote: &str, change: Option<(RefChange, &str)>) -> String {
    let mut rule = GitRule {
        remote: quoted(remote),
        read: change.is_none(),
        ..GitRule::default()
    };
    if let Some((change, name)) = change {
        let patterns = match change {
            RefChange::Create => &mut rule.create,
            RefChange::Update => &mut rule.update,
            RefChange::Force => &mut rule.force,
            RefChange::Delete => &mut rule.delete,
        };
        patterns.extend(name.parse::<Segments>());
    }
    permit_entries(step, Capability::Git, &[rule.to_string()])
}

/// The lines that give step `step` a capability, with `<…>` where only its author knows.
pub fn permit_capability(step: &str, capability: Capability) -> String {
    let entry = match capability {
        Capability::KubeApply => {
            "{ kind: Deployment, namespace: <namespace>, name: <name>, containers: [<container>], images: ['<repository>:*'] }"
        }
        Capability::Http => "<host>",
        Capability::Git => "{ remote: <remote>, read: true }",
        Capability::Fs => "{ path: <directory>, access: read }",
    };
    permit_entries(step, capability, &[entry.to_owned()])
}

/// The lines that give step `step` a capability by entries in YAML's flow form.
pub(crate) fn permit_entries(step: &str, capability: Capability, entries: &[String]) -> String {
    let mut lines = format!("steps:\n  {step}:\n    permissions:\n      {capability}:");
    for entry in entries {
        lines.push_str("\n        - ");
        lines.push_str(entry);
    }
    lines
}

/// A text as a YAML scalar: plain where that is the same text in every place, else quoted.
pub(crate) fn quoted(text: &str) -> String {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'/');
    let first = text
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'/');
    let word = matches!(
        text.to_ascii_lowercase().as_str(),
        "null" | "true" | "false"
    );
    if first && !word && text.bytes().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

#[cfg(test)]
mod tests {
    use super::{permit_git, permit_image, permit_request};
    use crate::permission::{HttpRequest, RefChange, Scheme, WorkloadKind};

    #[test]
    fn a_refused_change_of_a_ref_comes_with_the_lines_that_permit_it() {
        let head = "steps:\n  tag:\n    permissions:\n      git:\n        - ";
        assert_eq!(
            permit_git("tag", "origin", None),
            format!("{head}{{ remote: origin, read: true }}")
        );
        assert_eq!(
            permit_git("tag", "origin", Some((RefChange::Create, "refs/tags/v1"))),
            format!("{head}{{ remote: origin, create: [refs/tags/v1] }}")
        );
    }

    #[test]
    fn a_refused_image_comes_with_the_lines_that_permit_it() {
        let image = "ghcr.io/acme/web:1".parse().unwrap();
        assert_eq!(
            permit_image("deploy", WorkloadKind::Deployment, "web", "api", "app", &image),
            "steps:
  deploy:
    permissions:
      kube-apply:
        - { kind: Deployment, namespace: web, name: api, containers: [app], images: ['ghcr.io/acme/web:*'] }"
        );
    }

    #[test]
    fn a_refused_request_comes_with_the_lines_that_permit_it() {
        let mut request = HttpRequest {
            scheme: Scheme::Https,
            host: "hooks.example.com".into(),
            port: 443,
            method: "POST".into(),
            path: "/a".into(),
        };
        let head = "steps:\n  tell:\n    permissions:\n      http:\n        - ";
        assert_eq!(
            permit_request("tell", &request),
            format!("{head}hooks.example.com")
        );
        request.port = 8443;
        assert_eq!(
            permit_request("tell", &request),
            format!(
                "{head}{{ scheme: https, host: hooks.example.com, port: 8443, methods: [POST], paths: [/a] }}"
            )
        );
    }
}
