//! `sluice run`: one run in this process, for real, rehearsed, or foreseen.

use std::{collections::HashMap, path::PathBuf, str::FromStr, sync::Arc};

use sluice_pipeline::{
    diagnostic::{Problem, Problems, Source},
    inputs::Inputs,
    policy::Policy,
    schedule::{Schedule, ScheduledStep, Trigger},
};
use sluice_practice::Failure;

use super::{
    Exit,
    load::Loaded,
    plan, policy,
    refused::Refused,
    rehearsed,
    render::Format,
    show::{Beside, show},
};
use crate::{
    capability::{
        git::{Reach, Remotes},
        http::{Dialer, Egress, Route},
        kube::{Cluster, Connection},
    },
    plugin::{PluginWorker, World},
    practice::Practice,
    run::{
        clock::Clock,
        event::{Blame, ErrorKind, Mode},
        plan::{Guard, Plan, Sketch},
        record::{self, Record},
    },
    secret::{Sources, Vault},
};

/// Run a pipeline
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice run deploy.yaml --input tag=0b5e6f1a                         deploy
  sluice run deploy.yaml --input tag=0b5e6f1a --dry-run               show what it would change
  sluice run deploy.yaml --input tag=0b5e6f1a --dry-run --out p.json  keep that as a plan
  sluice run deploy.yaml --plan p.json                                change that and nothing else
  sluice run deploy.yaml --input tag=0b5e6f1a --policy policy.yaml    within a policy
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
    /// Keep what a dry run foresees as a plan, in this file
    #[arg(
        long,
        value_name = "PLAN",
        requires = "dry_run",
        conflicts_with = "practice"
    )]
    out: Option<PathBuf>,
    /// Have the effects of this plan and no others, in the world that it was made for
    #[arg(long, value_name = "PLAN", conflicts_with_all = ["dry_run", "practice"])]
    plan: Option<PathBuf>,
    /// The operator's policy, beyond which nothing is permitted
    #[arg(long, value_name = "POLICY")]
    policy: Option<PathBuf>,
    #[arg(
        long,
        value_name = "FAILURE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = SUCCESS,
        help = format!("Rehearse against stand-ins, and let the deploy fail in a chosen way: {}", failures())
    )]
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
            .map_err(|_| format!("expected one of {}", failures()))
    }
}

/// What `--practice` without a value means.
const SUCCESS: &str = "success";

/// The ways in which a rehearsed deploy can fail.
fn failures() -> String {
    Failure::ALL.map(|failure| failure.to_string()).join(", ")
}

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
        Ok(exit) => Ok(exit),
        Err(refused) => {
            refused.say(&loaded.source, args.format);
            Ok(Exit::Refused)
        }
    }
}

/// The run, to its end, unless it is refused before anything starts.
fn start(args: &Args, loaded: &Loaded) -> anyhow::Result<Result<Exit, Refused>> {
    let plan = args.plan.as_deref().map(|path| plan::read(path, loaded));
    let plan = match plan.transpose() {
        Ok(plan) => plan,
        Err(refused) => return Ok(Err(refused)),
    };
    let policy = match policy::read(args.policy.as_deref()) {
        Ok(policy) => policy,
        Err(refused) => return Ok(Err(refused)),
    };
    let runtime = runtime()?;
    let sources = sources(args, loaded);
    let held = Held {
        plan: plan.as_ref(),
        policy: policy.as_ref(),
    };
    let prepared = prepare(loaded, &args.inputs, held, sources);
    let (schedule, vault) = match runtime.block_on(prepared) {
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
    let remotes = remotes(args, loaded, &schedule);
    let missing = missing_credentials(&schedule, &remotes);
    if !missing.is_empty() {
        return Ok(Err(Refused::author(ErrorKind::Secret, missing)));
    }
    let (mode, world) = match &practice {
        Some(practice) => (Mode::Practice, practice.world()?),
        None if args.dry_run => (Mode::DryRun, foreseen(args.offline, remotes)),
        None => (Mode::Real, real(remotes)),
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
    // A run that can have no effect leaves no record, and looks for none.
    let recorded = mode == Mode::Real && schedule.steps.iter().any(ScheduledStep::may_have_effects);
    let mut beside = Beside {
        plan: plan.map(|plan| Arc::new(Guard::new(plan))),
        // It closes the records of runs that were killed: these have ended too.
        record: recorded.then(|| record_of(&schedule)),
        previous: recorded
            .then(|| record::previous(&record::of_user().ok()?, &schedule.pipeline))
            .flatten(),
        sketch: args.out.as_ref().map(|_| Sketch::new(schedule.clone())),
    };
    let end = show(
        &runtime,
        schedule,
        worker,
        vault,
        mode,
        args.format,
        &mut beside,
    );
    let mut exit = Exit::from(end.outcome);
    if let (Some(path), Some(sketch)) = (&args.out, beside.sketch)
        && !plan::write(path, sketch, args.offline, loaded, args.format)
    {
        exit = Exit::Failed;
    }
    if let (Some(path), Some(guard), Format::Text) = (&args.plan, &beside.plan, args.format) {
        plan::tell(path, guard);
    }
    if let (Some(practice), Format::Text) = (&practice, args.format) {
        rehearsed::tell(practice, &runtime.block_on(practice.moved())?);
    }
    runtime.shutdown_background();
    Ok(Ok(exit))
}

/// What a real run writes down.
fn record_of(schedule: &Schedule) -> Record {
    let now = Clock::system().now();
    let inputs = schedule.inputs.values();
    Record::begin(record::of_user(), &schedule.pipeline, inputs, now)
}

/// Where this run's secrets come from.
fn sources(args: &Args, loaded: &Loaded) -> Sources {
    if args.practice.is_some() {
        return Sources::Dummies;
    }
    if args.dry_run {
        return Sources::None;
    }
    real_sources(loaded)
}

/// The environment, and files beside the pipeline's.
fn real_sources(loaded: &Loaded) -> Sources {
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect::<HashMap<_, _>>();
    Sources::Real {
        environment: Arc::new(environment),
        folder: loaded.folder.clone(),
    }
}

/// The git remotes, as far as this run reaches them. A dry run resolves no secret of a
/// plugin, but it reads from remotes by credentials that are the host's alone.
fn remotes(args: &Args, loaded: &Loaded, schedule: &Schedule) -> Remotes {
    let reach = match (args.practice, args.dry_run, args.offline) {
        (Some(_), ..) => Reach::Rehearsal,
        (None, true, true) => Reach::Offline,
        (None, true, false) => Reach::DryRun,
        (None, false, _) => Reach::Live,
    };
    match reach {
        Reach::Rehearsal | Reach::Offline => Remotes::without(reach),
        _ if schedule.remotes.is_empty() => Remotes::without(reach),
        Reach::DryRun | Reach::Live => Remotes::with(
            reach,
            Vault::new(schedule.secrets.clone(), real_sources(loaded)),
        ),
    }
}

/// What a run is held to from outside.
#[derive(Clone, Copy, Default)]
pub(super) struct Held<'a> {
    /// A plan has inputs and a trigger of its own.
    plan: Option<&'a Plan>,
    policy: Option<&'a Policy>,
}

/// The schedule and its secrets.
pub(super) async fn prepare(
    loaded: &Loaded,
    inputs: &[(String, String)],
    held: Held<'_>,
    sources: Sources,
) -> Result<(Arc<Schedule>, Vault), Refused> {
    let refused = |problems| Refused::author(ErrorKind::Configuration, problems);
    let pipeline = loaded.pipeline().await.map_err(refused)?;
    loaded.say(&pipeline.warnings);
    policy::judge(held.policy, &pipeline)?;
    let inputs = match held.plan {
        Some(plan) => Inputs::settled(&pipeline, &plan.inputs, inputs),
        None => Inputs::from_pairs(&pipeline, inputs),
    };
    let manual = || Trigger {
        event: "manual".to_owned(),
        ..Trigger::default()
    };
    let trigger = held.plan.map_or_else(manual, |plan| plan.trigger.clone());
    let schedule = inputs.and_then(|inputs| Schedule::resolve(pipeline, inputs, trigger));
    let schedule = schedule.map_err(refused)?;
    let schedule = Arc::new(match held.policy {
        Some(policy) => schedule.under(policy),
        None => schedule,
    });
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

/// The credentials that cannot be had of remotes that some step will certainly be let in to.
fn missing_credentials(schedule: &Schedule, remotes: &Remotes) -> Problems {
    let mut problems = Problems::default();
    for remote in &schedule.remotes {
        let used = schedule.steps.iter().any(|step| {
            let mut rules = step.permissions.git.iter();
            step.decided_before_start() == Some(true)
                && rules.any(|rule| rule.remote == remote.name)
        });
        for name in remote.auth.secrets().filter(|_| used) {
            if let Some(error) = remotes.missing(name) {
                let message = format!("remote `{}` is locked: {}", remote.name, error.message);
                problems.push(Problem::error(message));
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

fn real(remotes: Remotes) -> World {
    World {
        cluster: Cluster::Live(Connection::inferred()),
        egress: Egress::Send(Dialer::new(Route::Named)),
        remotes,
    }
}

fn foreseen(offline: bool, remotes: Remotes) -> World {
    if offline {
        World {
            cluster: Cluster::Offline,
            egress: Egress::Plan(None),
            remotes,
        }
    } else {
        World {
            cluster: Cluster::DryRun(Connection::inferred()),
            egress: Egress::Plan(Some(Dialer::new(Route::Named))),
            remotes,
        }
    }
}
