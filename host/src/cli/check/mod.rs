//! `sluice check`: everything short of running.

mod permissions;

use std::path::{Path, PathBuf};

use clap::{CommandFactory, error::ErrorKind};
use sluice_pipeline::{pipeline::Pipeline, policy::Policy};

use super::{
    Cli, Exit, load,
    load::Loaded,
    policy,
    render::{self, Format},
};

/// Find every problem of pipeline files, without running anything
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice check deploy.yaml
  sluice check pipelines/*.yaml --policy policy.yaml     and whether all lies within a policy
  sluice check deploy.yaml --permissions                 what each step may do, in words
  sluice check deploy.yaml --permissions --diff old.yaml what a change adds to that or takes away

Every problem is reported with its place and the way out: the file's form, names in expressions,
what each plugin takes in `with`, what its component imports and the permission for it.

With --diff nothing is printed where nothing changes in what any step may do.")]
pub(super) struct Args {
    /// The pipeline files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The operator's policy, within which every permission must lie
    #[arg(long, value_name = "POLICY")]
    policy: Option<PathBuf>,
    /// Print what each step may do: permissions, plugin, secrets and limits
    #[arg(long)]
    permissions: bool,
    /// With --permissions and one file: print what it adds to this older one (+) or takes away (-)
    #[arg(long, value_name = "OLD", requires = "permissions")]
    diff: Option<PathBuf>,
    /// With --permissions: how they are printed
    #[arg(
        long,
        value_enum,
        requires = "permissions",
        default_value_t,
        hide_default_value = true
    )]
    format: Format,
}

pub(super) fn check(args: &Args) -> anyhow::Result<Exit> {
    if args.diff.is_some() && args.files.len() > 1 {
        let message = "`--diff` compares one file with an older one, and several are given";
        let error = Cli::command().error(ErrorKind::TooManyValues, message);
        // A reader that went away is no failure of ours.
        let _ = error.print();
        return Ok(Exit::Usage);
    }
    let policy = match policy::read(args.policy.as_deref()) {
        Ok(policy) => policy,
        Err(refused) => {
            refused.say_to_people();
            return Ok(Exit::Refused);
        }
    };
    let runtime = load::runtime()?;
    let mut exit = Exit::Success;
    for file in &args.files {
        let shown = runtime.block_on(show(file, args, policy.as_ref()));
        if shown.is_none() {
            exit = Exit::Refused;
        }
    }
    Ok(exit)
}

/// Checks a file and prints what was asked for; `None`, after all has been said, where it is
/// refused.
async fn show(file: &Path, args: &Args, policy: Option<&Policy>) -> Option<()> {
    let (loaded, pipeline) = checked(file, policy).await?;
    if !args.permissions {
        say_all_is_well(file, &pipeline, policy);
        return Some(());
    }
    let listing = permissions::listing(&loaded, &pipeline, policy)?;
    let Some(old) = &args.diff else {
        permissions::show(file, &listing, args.format);
        return Some(());
    };
    // What is no more need not lie within the policy.
    let (loaded, pipeline) = checked(old, None).await?;
    let old = permissions::listing(&loaded, &pipeline, policy)?;
    permissions::show_changes(file, &listing, &old, args.format);
    Some(())
}

/// The pipeline of a file; `None`, after all has been said, where it has problems or reaches
/// beyond the policy.
async fn checked(file: &Path, policy: Option<&Policy>) -> Option<(Loaded, Pipeline)> {
    let loaded = match Loaded::read(file) {
        Ok(loaded) => loaded,
        Err(message) => {
            render::error(&message);
            return None;
        }
    };
    let pipeline = match loaded.pipeline().await {
        Ok(pipeline) => pipeline,
        Err(problems) => {
            loaded.say(&problems);
            return None;
        }
    };
    loaded.say(&pipeline.warnings);
    if let Err(refused) = policy::judge(policy, &pipeline) {
        refused.say(&loaded.source, Format::Text);
        return None;
    }
    Some((loaded, pipeline))
}

fn say_all_is_well(file: &Path, pipeline: &Pipeline, policy: Option<&Policy>) {
    let count = pipeline.steps.len();
    let steps = if count == 1 { "step" } else { "steps" };
    let within = policy.map_or_else(String::new, |policy| {
        format!(", all within {}", policy.name())
    });
    render::line(&format!(
        "{}: no problems in {count} {steps}{within}",
        file.display()
    ));
}
