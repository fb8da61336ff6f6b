//! `sluice schema`: the JSON Schemas of pipeline files and policies, for editors.

use std::path::Path;

use sluice_pipeline::schema;

use super::{Exit, load, render};
use crate::plugin::{BUILT_IN, Cache, Compiler, Library};

/// Print the JSON Schema of pipeline files, or of policies
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice schema > sluice.schema.json
  sluice schema --policy > policy.schema.json

An editor that knows YAML schemas completes keys with it; a file names it in its first line:
  # yaml-language-server: $schema=sluice.schema.json")]
pub(super) struct Args {
    /// Print the schema of an operator's policy instead
    #[arg(long)]
    policy: bool,
}

pub(super) fn schema(args: &Args) -> anyhow::Result<Exit> {
    if args.policy {
        render::line(&serde_json::to_string_pretty(&schema::policy_schema())?);
        return Ok(Exit::Success);
    }
    let library = Library::new(
        Path::new(""),
        Cache::of_user().unwrap_or_else(|_| Cache::none()),
        Compiler::Here,
    );
    let names = BUILT_IN
        .iter()
        .map(|plugin| plugin.name.to_owned())
        .collect::<Vec<_>>();
    let catalog = load::runtime()?.block_on(library.catalog(&names));
    render::line(&serde_json::to_string_pretty(&schema::file_schema(
        &catalog,
    ))?);
    Ok(Exit::Success)
}
