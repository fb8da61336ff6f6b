//! `sluice check`: everything short of running.

use std::path::PathBuf;

use super::{Exit, load, load::Loaded, render};

/// Find every problem of pipeline files, without running anything
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice check deploy.yaml
  sluice check pipelines/*.yaml

Every problem is reported with its place and the way out: the file's form, names in expressions,
what each plugin takes in `with`, what its component imports and the permission for it.")]
pub(super) struct Args {
    /// The pipeline files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(super) fn check(args: &Args) -> anyhow::Result<Exit> {
    let runtime = load::runtime()?;
    let mut exit = Exit::Success;
    for file in &args.files {
        let loaded = match Loaded::read(file) {
            Ok(loaded) => loaded,
            Err(message) => {
                render::error(&message);
                exit = Exit::Refused;
                continue;
            }
        };
        match runtime.block_on(loaded.pipeline()) {
            Ok(pipeline) => {
                loaded.say(&pipeline.warnings);
                let count = pipeline.steps.len();
                let steps = if count == 1 { "step" } else { "steps" };
                render::line(&format!(
                    "{}: no problems in {count} {steps}",
                    file.display()
                ));
            }
            Err(problems) => {
                loaded.say(&problems);
                exit = Exit::Refused;
            }
        }
    }
    Ok(exit)
}
