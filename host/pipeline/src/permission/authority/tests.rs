//! Permissions that reach beyond the policy: no check let them pass, and still each question
//! is put to both.

use std::sync::Arc;

use super::{Authority, Bounds, Denied};
use crate::permission::{
    GitRule, HttpRequest, HttpRule, KubeBound, KubeRule, NamePattern, Permissions, RefChange,
    Scheme, WorkloadKind,
};

fn http(hosts: &[&str]) -> Vec<HttpRule> {
    let hosts = hosts.iter().map(|host| host.parse().unwrap());
    hosts.map(HttpRule::any_on).collect()
}

fn git(create: &str) -> GitRule {
    GitRule {
        remote: "origin".into(),
        read: true,
        create: vec![create.parse().unwrap()],
        ..GitRule::default()
    }
}

fn permissions() -> Permissions {
    Permissions {
        kube_apply: vec![KubeRule {
            kind: WorkloadKind::Deployment,
            namespace: "web".into(),
            name: "api".into(),
            containers: vec!["app".into(), "proxy".into()],
            images: vec!["ghcr.io/acme/api:*".parse().unwrap()],
            take_over: true,
            restart: true,
            delete_pods: true,
        }],
        http: http(&["hooks.example.com", "other.example.com"]),
        git: vec![git("refs/tags/*")],
        ..Permissions::default()
    }
}

fn bounds() -> Bounds {
    Bounds {
        policy: "policy.yaml".into(),
        kube_apply: vec![KubeBound {
            kind: None,
            namespace: "web".parse().unwrap(),
            name: NamePattern::any(),
            except: Vec::new(),
            containers: vec!["app".parse().unwrap()],
            images: vec!["ghcr.io/acme/*:v*".parse().unwrap()],
            take_over: false,
            restart: true,
            delete_pods: false,
        }],
        http: http(&["hooks.example.com"]),
        git: vec![git("refs/tags/v*")],
        fs: Vec::new(),
    }
}

fn authority(bounds: Option<Bounds>) -> Authority {
    Authority::new(Arc::new(permissions()), bounds.map(Arc::new))
}

fn by_policy() -> Result<(), Denied> {
    Err(Denied::ByPolicy("policy.yaml".into()))
}

const BY_PERMISSIONS: Result<(), Denied> = Err(Denied::ByPermissions);

#[test]
fn what_is_done_to_a_workload_is_asked_of_both() {
    let (free, bound) = (authority(None), authority(Some(bounds())));
    let of = |authority: &Authority, name: &str| {
        let workload = authority.workload(WorkloadKind::Deployment, "web", name);
        workload.map(|_| ())
    };
    assert_eq!(of(&free, "api"), Ok(()));
    assert_eq!(of(&bound, "api"), Ok(()));
    assert_eq!(of(&bound, "other"), BY_PERMISSIONS);
    let nothing = Bounds {
        kube_apply: Vec::new(),
        ..bounds()
    };
    assert_eq!(of(&authority(Some(nothing)), "api"), by_policy());

    let api = |authority| {
        let authority: &Authority = authority;
        let workload = authority.workload(WorkloadKind::Deployment, "web", "api");
        workload.unwrap()
    };
    let (free, bound) = (api(&free), api(&bound));
    let (v1, x1) = ("ghcr.io/acme/api:v1", "ghcr.io/acme/api:x1");
    let (v1, x1) = (v1.parse().unwrap(), x1.parse().unwrap());
    let evil = "ghcr.io/evil/api:v1".parse().unwrap();
    assert_eq!(bound.image("app", &v1), Ok(()));
    assert_eq!(free.image("app", &x1), Ok(()));
    assert_eq!(bound.image("app", &x1), by_policy());
    assert_eq!(bound.image("proxy", &v1), by_policy());
    assert_eq!(bound.image("app", &evil), BY_PERMISSIONS);
    assert_eq!(free.take_over("app", &v1), Ok(()));
    assert_eq!(bound.take_over("app", &v1), by_policy());
    assert_eq!(bound.restart(&["app"]), Ok(()));
    assert_eq!(free.restart(&["app", "proxy"]), Ok(()));
    assert_eq!(bound.restart(&["app", "proxy"]), by_policy());
    assert_eq!(bound.restart(&["other"]), BY_PERMISSIONS);
    assert_eq!(free.delete_pods(), Ok(()));
    assert_eq!(bound.delete_pods(), by_policy());
}

#[test]
fn a_request_its_addresses_and_its_dry_run_are_asked_of_both() {
    let request = |host: &str| HttpRequest {
        scheme: Scheme::Https,
        host: host.into(),
        port: 443,
        method: "POST".into(),
        path: "/".into(),
    };
    let ask = |authority: &Authority, host| authority.request(&request(host)).map(|_| ());
    let (free, bound) = (authority(None), authority(Some(bounds())));
    assert_eq!(ask(&bound, "hooks.example.com"), Ok(()));
    assert_eq!(ask(&free, "other.example.com"), Ok(()));
    assert_eq!(ask(&bound, "other.example.com"), by_policy());
    assert_eq!(ask(&bound, "third.example.com"), BY_PERMISSIONS);

    let private = |rules: Vec<HttpRule>| -> Vec<HttpRule> {
        let private = |rule| HttpRule {
            read: true,
            addresses: vec!["10.0.0.0/8".parse().unwrap()],
            ..rule
        };
        rules.into_iter().map(private).collect()
    };
    let wide = Permissions {
        http: private(permissions().http),
        ..permissions()
    };
    let wide = Arc::new(wide);
    let inner = "10.1.2.3".parse().unwrap();
    let public = "93.184.215.14".parse().unwrap();
    let permitted = |bounds| {
        let authority = Authority::new(wide.clone(), Some(Arc::new(bounds)));
        authority.request(&request("hooks.example.com")).unwrap()
    };
    let narrow = permitted(bounds());
    assert!(narrow.dials(public) && !narrow.dials(inner) && !narrow.read());
    let open = permitted(Bounds {
        http: private(bounds().http),
        ..bounds()
    });
    assert!(open.dials(public) && open.dials(inner) && open.read());
}

#[test]
fn a_remote_and_its_refs_are_asked_of_both() {
    let (free, bound) = (authority(None), authority(Some(bounds())));
    let create = |authority: &Authority, name| authority.change("origin", RefChange::Create, name);
    assert_eq!(bound.read("origin"), Ok(()));
    assert_eq!(bound.read("other"), BY_PERMISSIONS);
    assert_eq!(create(&bound, "refs/tags/v1"), Ok(()));
    assert_eq!(create(&free, "refs/tags/x"), Ok(()));
    assert_eq!(create(&bound, "refs/tags/x"), by_policy());
    assert_eq!(create(&bound, "refs/heads/x"), BY_PERMISSIONS);
    let nowhere = Bounds {
        git: Vec::new(),
        ..bounds()
    };
    assert_eq!(authority(Some(nowhere)).read("origin"), by_policy());
}

#[test]
fn a_denial_names_the_policy_only_where_that_denies() {
    let yaml = "steps: {}";
    let by_policy = Denied::ByPolicy("policy.yaml".into());
    assert_eq!(
        (Denied::ByPermissions.why("a"), by_policy.why("a")),
        (
            "step `a` has no permission for it".to_owned(),
            "the policy `policy.yaml` does not allow it, whatever step `a` is permitted".to_owned()
        )
    );
    assert_eq!(
        (Denied::ByPermissions.way_out(yaml), by_policy.way_out(yaml)),
        (
            "to permit it:\nsteps: {}".to_owned(),
            "the policy `policy.yaml` does not allow it, and whoever keeps that can".to_owned()
        )
    );
}
