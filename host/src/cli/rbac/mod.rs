//! `sluice rbac`: what pipelines need of a cluster, as documents for it, and whether an
//! account has that and no more.

mod check;

use std::path::PathBuf;

use sluice_pipeline::rbac::{Account, Authority, Logs, documents};

use super::{
    Exit, load,
    load::Loaded,
    render::{self, Format},
};

/// Print the smallest Role for pipelines, with a policy that holds it to their images
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice rbac deploy.yaml                                   print the documents
  sluice rbac pipelines/*.yaml | kubectl apply --filename - give the runner's account its rights
  sluice rbac pipelines/*.yaml --account ci/deployer        for another account than `sluice/runner`
  sluice rbac pipelines/*.yaml --check                      ask the cluster about the present account

Printed are the account, one Role and binding for each namespace, and a ValidatingAdmissionPolicy
(Kubernetes 1.30 or later) by which the API server itself refuses the account every change of a
workload but the permitted images. The account's namespace must exist. Nothing is asked of a
cluster.

With --check nothing is printed for the cluster: it is asked (KUBECONFIG, ~/.kube/config or the
pod's service account, as `run` finds it) whether the present account may do all that the pipelines
need, what it may do besides, and whether a policy holds it. Nothing is changed.

Exit codes: 0 success; 1 the account may not do all that is needed, or, with --strict, may do more,
or the cluster cannot be asked; 2 a pipeline has problems; 64 wrong usage; 70 a bug in sluice.")]
pub(super) struct Args {
    /// The pipeline files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The service account that the pipelines run under
    #[arg(long, value_name = "NAMESPACE/NAME", default_value = "sluice/runner")]
    account: Account,
    /// Let it read the logs of pods, which makes the reason of a failed rollout say more
    #[arg(long)]
    with_logs: bool,
    /// Ask the cluster about the present account instead
    #[arg(long, conflicts_with = "account")]
    check: bool,
    /// With --check: fail if the account may do more than it needs
    #[arg(long, requires = "check")]
    strict: bool,
    /// With --check: how the answer is printed
    #[arg(
        long,
        value_enum,
        requires = "check",
        default_value_t,
        hide_default_value = true
    )]
    format: Format,
}

pub(super) fn rbac(args: &Args) -> anyhow::Result<Exit> {
    let runtime = load::runtime()?;
    let Some(authority) = runtime.block_on(authority(&args.files)) else {
        return Ok(Exit::Refused);
    };
    let logs = if args.with_logs {
        Logs::Read
    } else {
        Logs::Unread
    };
    if !args.check {
        render::line(documents(&authority, &args.account, logs).trim_end());
        return Ok(Exit::Success);
    }
    match runtime.block_on(check::ask(&authority, logs)) {
        Ok(found) => Ok(found.say(args.format, args.strict)),
        Err(reason) => {
            render::error(&format!("cannot ask the cluster: {reason}"));
            Ok(Exit::Failed)
        }
    }
}

/// What all files together permit; `None`, after all has been said, where one has problems.
async fn authority(files: &[PathBuf]) -> Option<Authority> {
    let mut authority = Authority::default();
    let mut refused = false;
    for file in files {
        let loaded = match Loaded::read(file) {
            Ok(loaded) => loaded,
            Err(message) => {
                render::error(&message);
                refused = true;
                continue;
            }
        };
        let pipeline = match loaded.pipeline().await {
            Ok(pipeline) => pipeline,
            Err(problems) => {
                loaded.say(&problems);
                refused = true;
                continue;
            }
        };
        loaded.say(&pipeline.warnings);
        match pipeline.workloads() {
            Ok(steps) => {
                for (step, rules) in steps {
                    for rule in rules {
                        authority.add(&pipeline.name, &step.id, &rule);
                    }
                }
            }
            Err(problems) => {
                loaded.say(&problems);
                refused = true;
            }
        }
    }
    (!refused).then_some(authority)
}
