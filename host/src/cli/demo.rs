//! `sluice demo`: the whole story on one machine with nothing set up, run by the very
//! code that deploys for real, against a cluster and a sink that it brings.

use std::path::PathBuf;

use sluice_pipeline::{diagnostic::Source, schedule::Outcome};
use sluice_practice::{Failure, Kind};

use super::{
    Exit,
    load::Loaded,
    rehearsed,
    render::{self, Format},
    run, show,
};
use crate::{plugin::PluginWorker, practice::Practice, run::event::Mode, secret::Sources};

const PIPELINE: &str = include_str!("../../../pipelines/demo.yaml");

/// See a release from its beginning to its end, with nothing set up
#[derive(clap::Args)]
pub(super) struct Args {
    /// How events are shown
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn demo(args: &Args) -> anyhow::Result<Exit> {
    let runtime = run::runtime()?;
    let source = Source::new("pipelines/demo.yaml", PIPELINE);
    let loaded = Loaded::of(source, PathBuf::new());
    say(
        args,
        "This is the pipeline: four steps, each a WebAssembly component, each with its own permissions.\n",
    );
    for line in PIPELINE.lines() {
        say(args, &format!("    {line}"));
    }
    let acts = [
        (
            None,
            "\nIt runs against a cluster that lives in this process, and two git repositories in a temporary folder:\n",
        ),
        (
            Some(Failure::ImagePull),
            "\nThe same release again, of an image that nobody has pushed. The step fails as soon as the cluster\nshows why, and the message goes out all the same:\n",
        ),
    ];
    let mut ends = Vec::new();
    for (failure, words) in acts {
        say(args, words);
        let prepared = runtime.block_on(run::prepare(
            &loaded,
            &[],
            run::Held::default(),
            Sources::Dummies,
        ));
        let (schedule, vault) =
            prepared.map_err(|refused| anyhow::anyhow!("the demo's own pipeline: {refused:?}"))?;
        let practice = runtime.block_on(Practice::start(&schedule, failure))?;
        let before = image(&practice);
        let worker = PluginWorker::prepare(&loaded.library, &schedule, practice.world()?)
            .map_err(|(uses, error)| anyhow::anyhow!("plugin `{uses}`: {error}"))?;
        let end = show::show(
            &runtime,
            schedule,
            worker,
            vault,
            Mode::Practice,
            args.format,
            &mut show::Beside::default(),
        );
        if args.format == Format::Text {
            rehearsed::tell(&practice, &runtime.block_on(practice.moved())?);
            render::line(&format!(
                "\nDeployment shop/web ran {before} before, and has {} now.",
                image(&practice)
            ));
        }
        ends.push(end.outcome);
    }
    say(
        args,
        "\nNothing real was touched. To go on:
  sluice run pipelines/release-web.yaml --practice
  sluice run pipelines/deploy-web.yaml --input tag=0b5e6f1a --practice=crash-loop
  sluice run pipelines/deploy-web.yaml --input tag=0b5e6f1a --dry-run",
    );
    runtime.shutdown_background();
    Ok(if ends == [Outcome::Success, Outcome::Failure] {
        Exit::Success
    } else {
        Exit::Failed
    })
}

fn say(args: &Args, text: &str) {
    if args.format == Format::Text {
        render::line(text);
    }
}

fn image(practice: &Practice) -> String {
    let object = practice
        .cluster()
        .object(Kind::Deployment, "shop", "web")
        .unwrap_or_default();
    let image = object.pointer("/spec/template/spec/containers/0/image");
    image
        .and_then(|image| image.as_str())
        .unwrap_or("nothing")
        .to_owned()
}
