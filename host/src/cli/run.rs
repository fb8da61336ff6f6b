//! `sluice run`: one run in this process, for real, rehearsed, or foreseen.

use std::{collections::HashMap, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use sluice_pipeline::{
    diagnostic::{Problem, Problems, Source},
    inputs::Inputs,
    schedule::{Schedule, Trigger},
};
use sluice_practice::Failure;
use tokio::sync::mpsc;

use super::{
    Exit,
    load::Loaded,
    refused::Refused,
    rehearsed,
    render::{self, Format},
};
use crate::{
    capability::{
        http::{Dialer, Egress, Route},
        kube::{Cluster, Connection},
    },
    plugin::{PluginWorker, World},
    practice::Practice,
    run::{
        Cancel, Reporter, Run, RunEnd,
        clock::Clock,
        event::{Blame, ErrorKind, Event, EventKind, Mode},
        execute,
    },
    secret::{Mask, Sources, Vault},
};

/// Run a pipeline
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice run deploy.yaml --input tag=0b5e6f1a                         deploy
  sluice run deploy.yaml --input tag=0b5e6f1a --dry-run               show what it would change
  sluice run deploy.yaml --input tag=0b5e6f1a --practice              rehearse, with nothing real in reach
  sluice run deploy.yaml --input tag=0b5e6f1a --practice=image-pull   rehearse a failure
  sluice run deploy.yaml --input tag=0b5e6f1a --format json           one JSON event a line

The cluster is the one of KUBECONFIG, of ~/.kube/config, or of the pod's service account.
Ctrl-C ends the running steps in order and lets `always()` steps run; a second one stops at once.")]
pub(super) struct Args {
    /// The pipeline file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The value of an input; may be given several times
    #[arg(long = "input", value_name = "NAME=VALUE", value_parser = pair)]
    inputs: Vec<(String, String)>,
    /// Print every effect that the run would have, and have none
    #[arg(long, conflicts_with = "practice")]
    dry_run: bool,
    /// In a dry run, ask nothing of the cluster or any other server
    #[arg(long, requires = "dry_run")]
    offline: bool,
    /// Rehearse against stand-ins, and let the deploy fail in a chosen way: image-pull,
    /// crash-loop, unschedulable, quota, never-ready
    #[arg(long, value_name = "FAILURE", num_args = 0..=1, require_equals = true, default_missing_value = SUCCESS)]
    practice: Option<Fate>,
    /// How events are shown
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How the deploys of a rehearsal end.
#[derive(Clone, Copy, Debug)]
struct Fate(Option<Failure>);

impl FromStr for Fate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == SUCCESS {
            return Ok(Self(None));
        }
        text.parse()
            .map(|failure| Self(Some(failure)))
            .map_err(|_| {
                let names = Failure::ALL.map(|failure| failure.to_string());
                format!("expected one of {}", names.join(", "))
            })
    }
}

/// What `--practice` without a value means.
const SUCCESS: &str = "success";

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let loaded = match Loaded::read(&args.file) {
        Ok(loaded) => loaded,
        Err(message) => {
            let source = Source::new(args.file.display().to_string(), "");
            let refused = Refused::because(Blame::Author, ErrorKind::Configuration, message);
            refused.say(&source, args.format);
            return Ok(Exit::Refused);
        }
    };
    match start(args, &loaded)? {
        Ok(end) => Ok(end.outcome.into()),
        Err(refused) => {
            refused.say(&loaded.source, args.format);
            Ok(Exit::Refused)
        }
    }
}

/// The run, to its end, unless it is refused before anything starts.
fn start(args: &Args, loaded: &Loaded) -> anyhow::Result<Result<RunEnd, Refused>> {
    let runtime = runtime()?;
    let sources = sources(args, loaded);
    let (schedule, vault) = match runtime.block_on(prepare(loaded, &args.inputs, sources)) {
        Ok(prepared) => prepared,
        Err(refused) => return Ok(Err(refused)),
    };
    let practice = match args.practice {
        Some(Fate(failure)) => match runtime.block_on(Practice::start(&schedule, failure)) {
            Ok(practice) => Some(practice),
            Err(error) => {
                let message = format!("this pipeline cannot be rehearsed: {error}");
                let kind = ErrorKind::Configuration;
                return Ok(Err(Refused::because(Blame::Author, kind, message)));
            }
        },
        None => None,
    };
    let (mode, world) = match &practice {
        Some(practice) => (Mode::Practice, practice.world()?),
        None if args.dry_run => (Mode::DryRun, foreseen(args.offline)),
        None => (Mode::Real, real()),
    };
    let worker = match PluginWorker::prepare(&loaded.library, &schedule, world) {
        Ok(worker) => worker,
        Err((uses, error)) => {
            let message = format!("plugin `{uses}`: {error}");
            return Ok(Err(Refused::because(
                Blame::Plugin,
                ErrorKind::Contract,
                message,
            )));
        }
    };
    let end = show(&runtime, schedule, worker, vault, mode, args.format);
    if let (Some(practice), Format::Text) = (&practice, args.format) {
        rehearsed::tell(practice);
    }
    runtime.shutdown_background();
    Ok(Ok(end))
}

/// Where this run's secrets come from.
fn sources(args: &Args, loaded: &Loaded) -> Sources {
    if args.practice.is_some() {
        return Sources::Dummies;
    }
    if args.dry_run {
        return Sources::None;
    }
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect::<HashMap<_, _>>();
    Sources::Real {
        environment: Arc::new(environment),
        folder: loaded.folder.clone(),
    }
}

/// The schedule and its secrets.
pub(super) async fn prepare(
    loaded: &Loaded,
    inputs: &[(String, String)],
    sources: Sources,
) -> Result<(Arc<Schedule>, Vault), Refused> {
    let schedule = async {
        let pipeline = loaded.pipeline().await?;
        loaded.say(&pipeline.warnings);
        let inputs = Inputs::from_pairs(&pipeline, inputs)?;
        Schedule::resolve(
            pipeline,
            inputs,
            Trigger {
                event: "manual".to_owned(),
                ..Trigger::default()
            },
        )
    };
    let refused = |problems| Refused::author(ErrorKind::Configuration, problems);
    let schedule = Arc::new(schedule.await.map_err(refused)?);
    let vault = Vault::new(schedule.secrets.clone(), sources);
    let missing = missing_secrets(&schedule, &vault);
    if missing.is_empty() {
        Ok((schedule, vault))
    } else {
        Err(Refused::author(ErrorKind::Secret, missing))
    }
}

/// The secrets that cannot be had for steps that will certainly be considered.
fn missing_secrets(schedule: &Schedule, vault: &Vault) -> Problems {
    let mut problems = Problems::default();
    for step in &schedule.steps {
        if step.decided_before_start() == Some(true) {
            for name in step.secrets() {
                if let Some(error) = vault.missing(name, &step.permissions) {
                    let message = format!("step `{}` cannot run: {}", step.id, error.message);
                    problems.push(Problem::error(message));
                }
            }
        }
    }
    problems
}

/// Guests yield at each tick; looking for other work after every task keeps a spinning
/// guest from delaying the others by more than that.
pub(super) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .event_interval(1)
        .build()?)
}

fn real() -> World {
    World {
        cluster: Cluster::Live(Connection::inferred()),
        egress: Egress::Send(Dialer::new(Route::Named)),
    }
}

fn foreseen(offline: bool) -> World {
    if offline {
        World {
            cluster: Cluster::Offline,
            egress: Egress::Plan(None),
        }
    } else {
        World {
            cluster: Cluster::DryRun(Connection::inferred()),
            egress: Egress::Plan(Some(Dialer::new(Route::Named))),
        }
    }
}

/// The most events that are shown at once.
const BATCH: usize = 256;
/// The longest that an event waits for others to be shown with: waking this thread for each
/// of them would cost more than the steps themselves, and nobody sees the difference.
const FRAME: Duration = Duration::from_millis(10);

/// Runs the schedule and shows its events as they come.
pub(super) fn show(
    runtime: &tokio::runtime::Runtime,
    schedule: Arc<Schedule>,
    worker: PluginWorker,
    vault: Vault,
    mode: Mode,
    format: Format,
) -> RunEnd {
    let (events, mut received) = mpsc::unbounded_channel::<Event>();
    let clock = Clock::system();
    let cancel = Cancel::default();
    let run = Run {
        worker: Arc::new(worker),
        vault,
        reporter: Reporter::new(&run_id(&clock), clock, Mask::default(), events),
        cancel: cancel.clone(),
        mode,
        previous: None,
    };
    runtime.spawn(interrupts(cancel));
    let mut running = runtime.spawn(execute(schedule, run));
    let mut ended = None;
    let mut renderer = render::renderer(format);
    let mut batch = Vec::new();
    // A request that nobody waits for any more may hold the channel open after the end.
    while !batch
        .iter()
        .any(|event: &Event| matches!(event.kind, EventKind::RunFinished { .. }))
    {
        if ended.is_none() && batch.len() < BATCH {
            let frame = async { tokio::time::timeout(FRAME, &mut running).await };
            ended = runtime.block_on(frame).ok();
        }
        batch.clear();
        if received.blocking_recv_many(&mut batch, BATCH) == 0 {
            break;
        }
        for event in &batch {
            renderer.event(event);
        }
        renderer.flush();
    }
    renderer.end();
    ended
        .unwrap_or_else(|| runtime.block_on(running))
        .expect("the executor does not panic and is not aborted")
}

/// The first Ctrl-C (or SIGTERM) cancels, the second stops at once.
async fn interrupts(cancel: Cancel) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return;
    };
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if cancel.gently.is_cancelled() {
            cancel.at_once.cancel();
        } else {
            render::warn("cancelling; once more to stop at once");
            cancel.gently.cancel();
        }
    }
}

/// The time to the second and four random digits: sorts by time, and is short enough to
/// say aloud.
fn run_id(clock: &Clock) -> String {
    let mut random = [0_u8; 2];
    let _ = getrandom::fill(&mut random);
    let time = clock.now().strftime("%Y%m%d-%H%M%S");
    format!("{time}-{:04x}", u16::from_ne_bytes(random))
}
