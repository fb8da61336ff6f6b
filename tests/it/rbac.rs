//! `sluice rbac`: what is printed for pipelines, without a cluster, and what is said where
//! there is none to ask. What the documents do, the tests on a real API server say.

use std::path::PathBuf;

use crate::sluice::{Said, Sluice};

fn root() -> PathBuf {
    // Cargo runs a test in the folder of its package.
    std::fs::canonicalize("..").expect("the host lies in the workspace")
}

const PIPELINE: &str = "name: deploy-web
steps:
  deploy:
    uses: deploy
    with: { namespace: web, deployment: web, container: app, image: 'ghcr.io/acme/web:1' }
    permissions:
      kube-apply:
        - { kind: Deployment, namespace: web, name: web, containers: [app], images: ['ghcr.io/acme/web:*'] }
";

fn rbac(pipeline: &str, args: &[&str]) -> Said {
    let mut all = vec!["rbac", "pipeline.yaml"];
    all.extend(args);
    Sluice::pipeline(pipeline).run(&all)
}

/// What is printed for the pipeline that the case of the pure part has too.
fn expected() -> String {
    let case = root().join("tests/cases/rbac/the_example_of_the_design/rbac.txt");
    std::fs::read_to_string(case).expect("the case is in the tree")
}

#[test]
fn documents_are_printed_without_a_cluster() {
    let said = rbac(PIPELINE, &[]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert_eq!(said.out, expected());
}

#[test]
fn pipeline_of_the_tree_gives_the_same_documents() {
    let file = root().join("pipelines/deploy-web.yaml");
    let file = file.display().to_string();
    let said = Sluice::pipeline("").run(&["rbac", &file]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert_eq!(said.out, expected());
}

#[test]
fn same_pipeline_twice_gives_the_same_documents_as_once() {
    let said = rbac(PIPELINE, &["pipeline.yaml"]);
    assert_eq!(said.out, expected());
}

#[test]
fn account_and_logs_are_chosen() {
    let said = rbac(PIPELINE, &["--account", "ci/deployer", "--with-logs"]);
    let logs = "  - apiGroups: ['']
    resources: ['pods/log']
    verbs: [get]
  - apiGroups: ['']
    resources: [events, pods]
";
    let expected = expected()
        .replace("sluice.sluice.runner", "sluice.ci.deployer")
        .replace("serviceaccount:sluice:runner", "serviceaccount:ci:deployer")
        .replace("name: runner\n", "name: deployer\n")
        .replace("namespace: sluice\n", "namespace: ci\n")
        .replace("  - apiGroups: ['']\n    resources: [events, pods]\n", logs);
    assert_eq!(said.out, expected);
}

#[test]
fn every_document_is_yaml_of_the_kind_that_it_says() {
    let said = rbac(PIPELINE, &[]);
    let kinds = said.out.split("---\n").map(|document| {
        let document = serde_saphyr::from_str::<serde_json::Value>(document);
        document.expect("it is YAML")["kind"].to_string()
    });
    assert_eq!(
        kinds.collect::<Vec<_>>().join(" "),
        r#""ServiceAccount" "ValidatingAdmissionPolicy" "ValidatingAdmissionPolicyBinding" "Role" "RoleBinding""#
    );
}

#[test]
fn pipeline_with_problems_gives_no_documents() {
    let said = rbac(&PIPELINE.replace("[app]", "[]"), &[]);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    assert_eq!(
        said.err,
        "error: `containers` permits nothing
 --> pipeline.yaml:8:58
  |
8 |         - { kind: Deployment, namespace: web, name: web, containers: [], images: ['ghcr.io/acme/web:*'] }
  |                                                          ^^^^^^^^^^
"
    );
    let said = rbac(PIPELINE, &["other.yaml"]);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    assert_eq!(
        said.err,
        "error: cannot read `other.yaml`: No such file or directory (os error 2)\n"
    );
}

#[test]
fn wrong_usage_is_told_from_a_refusal() {
    for args in [
        &["--account", "runner"][..],
        &["--account", "a/b", "--check"],
        &["--strict"],
        &["--format", "json"],
    ] {
        let said = rbac(PIPELINE, args);
        assert_eq!((said.code, said.out.as_str()), (Some(64), ""), "{args:?}");
    }
}

#[test]
fn check_without_a_cluster_says_so() {
    let said = rbac(PIPELINE, &["--check"]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    let start = "error: cannot ask the cluster: no cluster is configured: neither a kubeconfig nor a pod's service account was found";
    assert!(said.err.starts_with(start), "{}", said.err);
}
