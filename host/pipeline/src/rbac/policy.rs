//! The admission policy as YAML. Its expressions are the same for all pipelines and stand in
//! `policy.yaml`; what differs are the workloads and images that it allows.

use std::fmt::Write;

use super::text::{comment, literal};
use super::{Account, Authority, Workload, image};

const POLICY: &str = include_str!("policy.yaml");
/// How deep the expression stands that lists the images.
const INDENT: &str = "        ";

/// The policy for an account and its binding.
pub(super) fn policy(authority: &Authority, account: &Account) -> String {
    let list = |wanted: fn(&Workload) -> bool| {
        let workloads = authority.workloads().filter(|workload| wanted(workload));
        let keys = workloads.map(|workload| literal(&key(workload)));
        keys.collect::<Vec<_>>().join(", ")
    };
    // The texts of pipelines last, so that none of them is taken for a place.
    POLICY
        .replace("NAME", &account.object())
        .replace("USER", &literal(&account.username()))
        .replace("RESTARTED", &list(|workload| workload.restart))
        .replace("REPLACED", &list(|workload| workload.delete_pods))
        .replace("PERMITTED", &permitted(authority))
}

/// What the policy knows a workload by.
fn key(workload: &Workload) -> String {
    format!("{} {}/{}", workload.kind, workload.namespace, workload.name)
}

/// The images by workload and container, as a CEL map.
fn permitted(authority: &Authority) -> String {
    let mut text = String::from("{\n");
    for workload in authority.workloads() {
        let _ = writeln!(text, "{INDENT}  {}: {{", literal(&key(workload)));
        for (container, images) in &workload.images {
            let _ = writeln!(text, "{INDENT}    {}: [", literal(container));
            for (pattern, steps) in images {
                let steps = steps.iter().map(|step| comment(step));
                let steps = steps.collect::<Vec<_>>().join(", ");
                let expression = image::expression(pattern);
                let _ = writeln!(text, "{INDENT}      // {pattern}: {steps}");
                let _ = writeln!(text, "{INDENT}      r'{expression}',");
            }
            let _ = writeln!(text, "{INDENT}    ],");
        }
        let _ = writeln!(text, "{INDENT}  }},");
    }
    let _ = write!(text, "{INDENT}}}");
    text
}
