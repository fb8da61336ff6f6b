//! What a step costs in a run, beside bare wasmtime doing the same instance and the same
//! call, and what lies between them, one thing at a time. All are measured in turn in one
//! process; the medians of the rounds are printed as Markdown tables.

use std::{
    hint::black_box,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;
use sluice::{
    capability::{
        git::{Reach, Remotes},
        http::Egress,
        kube::Cluster,
    },
    plugin::{Cache, Compiler, Library, PluginWorker, World},
    run::{
        Attempt, Cancel, Effects, Needs, Reporter, Run, Worker, clock::Clock, event::Mode, execute,
    },
    secret::{Mask, Sources, StepSecrets, Vault},
};
use sluice_pipeline::{
    diagnostic::Source,
    document::Document,
    inputs::Inputs,
    pipeline::{Pipeline, uses_of},
    schedule::{Outcome, Schedule, Trigger},
};
use tokio::{runtime::Runtime, sync::mpsc};

mod bare;
mod guest;

use bare::{Bare, Rung};

/// The steps of a run, each following the one before it, as in a real file.
const STEPS: usize = 50;
/// The runs of a round, on each thread, one after the other.
const RUNS: usize = 8;
const ROUNDS: usize = 41;

const RUNGS: [(Rung, &str); 4] = [
    (Rung::Instance, "an instance and a call, nothing else"),
    (Rung::Wasi, "with a WASI context: *bare wasmtime*"),
    (Rung::Pool, "in a pool of the host's dimensions"),
    (Rung::Limits, "with limits on memory and tables"),
];

fn main() {
    let guest = guest::noop();
    println!("{STEPS} steps a run, {RUNS} runs a round and thread, {ROUNDS} rounds, medians");
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    for threads in [1, all] {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .event_interval(1)
            .build()
            .expect("threads can be had");
        println!("\n| threads: {threads} | time | to bare wasmtime |");
        println!("|---|---|---|");
        let bare = RUNGS.map(|(rung, _)| Bare::new(&guest, rung));
        let first = bare[1].round(&runtime, 1, 1);
        row("the first of a process: bare wasmtime", first, first);
        let once = Ours::new(&runtime, &guest, 1);
        let time = once.runs(&runtime, 1, 1);
        row("the first of a process: a step in a run", time, first);
        let ours = Ours::new(&runtime, &guest, STEPS);
        let mut times = [const { Vec::new() }; RUNGS.len() + 2];
        for _ in 0..ROUNDS {
            for (bare, times) in bare.iter().zip(&mut times) {
                times.push(bare.round(&runtime, threads, STEPS * RUNS));
            }
            times[RUNGS.len()].push(ours.attempts(&runtime, threads, STEPS * RUNS));
            times[RUNGS.len() + 1].push(ours.runs(&runtime, threads, RUNS));
        }
        let times = times.map(median);
        let names = RUNGS.map(|(_, name)| name);
        let more = ["an attempt of the host's worker", "**a step in a run**"];
        for (name, time) in names.into_iter().chain(more).zip(times) {
            row(name, time, times[1]);
        }
    }
}

fn row(what: &str, time: Duration, bare: Duration) {
    let ratio = time.as_secs_f64() / bare.as_secs_f64();
    let micros = time.as_secs_f64() * 1e6;
    println!("| {what} | {micros:.1} µs | {ratio:.2} |");
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Runs the tasks on the runtime's threads, to their ends.
fn together(
    runtime: &Runtime,
    tasks: impl Iterator<Item = impl Future<Output = ()> + Send + 'static>,
) {
    runtime.block_on(async {
        for task in tasks.map(tokio::spawn).collect::<Vec<_>>() {
            task.await.expect("it does not panic");
        }
    });
}

/// The run as `sluice run` has it: executor, events, permissions, store, call.
struct Ours {
    schedule: Arc<Schedule>,
    worker: Arc<dyn Worker>,
}

impl Ours {
    /// A schedule of so many steps, its component compiled.
    fn new(runtime: &Runtime, guest: &Path, steps: usize) -> Self {
        use std::fmt::Write;
        let folder = guest.parent().expect("the guest lies in a folder");
        let library = Library::new(folder, Cache::none(), Compiler::Here);
        let mut text = "name: bench\non: [manual]\nsteps:\n".to_owned();
        for index in 0..steps {
            let _ = writeln!(text, "  s{index}: {{ uses: {} }}", guest.display());
        }
        let document = Document::read(&Source::new("bench", text)).expect("it is YAML");
        let catalog = runtime.block_on(library.catalog(&uses_of(&document)));
        let pipeline = Pipeline::read(&document, &catalog).expect("it is a pipeline");
        let inputs = Inputs::from_pairs(&pipeline, &[]).expect("it has no inputs");
        let schedule = Schedule::resolve(pipeline, inputs, Trigger::default());
        let schedule = Arc::new(schedule.expect("it resolves"));
        let world = World {
            remotes: Remotes::without(Reach::Offline),
            cluster: Cluster::Offline,
            egress: Egress::Plan(None),
        };
        let worker = PluginWorker::prepare(&library, &schedule, world).expect("it links");
        Self {
            schedule,
            worker: Arc::new(worker),
        }
    }

    /// The time of one attempt by itself; each thread makes so many.
    fn attempts(&self, runtime: &Runtime, threads: usize, count: usize) -> Duration {
        let work = || {
            let (schedule, worker) = (self.schedule.clone(), self.worker.clone());
            async move {
                let (events, _received) = mpsc::unbounded_channel();
                let reporter = Reporter::new("bench", Clock::system(), Mask::default(), events);
                for _ in 0..count {
                    let reporter = reporter.of_step("s0");
                    let attempt = Attempt {
                        schedule: schedule.clone(),
                        index: 0,
                        number: 1,
                        config: json!({}),
                        secrets: Arc::new(StepSecrets::default()),
                        elapsed: Duration::ZERO,
                        timeout: Duration::from_mins(1),
                        needs: Needs::default(),
                        effects: Effects::new(reporter.clone()),
                        reporter,
                        cancel: Cancel::default().gently,
                    };
                    let _ = black_box(worker.attempt(attempt).await.expect("it succeeds"));
                }
            }
        };
        let started = Instant::now();
        together(runtime, (0..threads).map(|_| work()));
        started.elapsed() / u32::try_from(threads * count).expect("it is small")
    }

    /// The time of one step; each thread makes so many runs.
    fn runs(&self, runtime: &Runtime, threads: usize, runs: usize) -> Duration {
        let steps = self.schedule.steps.len();
        let work = || {
            let (schedule, worker) = (self.schedule.clone(), self.worker.clone());
            async move {
                for _ in 0..runs {
                    let (events, mut received) = mpsc::unbounded_channel();
                    let run = Run {
                        worker: worker.clone(),
                        vault: Vault::new(Vec::new(), Sources::None),
                        reporter: Reporter::new("bench", Clock::system(), Mask::default(), events),
                        cancel: Cancel::default(),
                        mode: Mode::Real,
                        previous: None,
                        plan: None,
                    };
                    let end = execute(schedule.clone(), run).await;
                    assert_eq!(end.outcome, Outcome::Success);
                    while let Ok(event) = received.try_recv() {
                        black_box(event);
                    }
                }
            }
        };
        let started = Instant::now();
        together(runtime, (0..threads).map(|_| work()));
        started.elapsed() / u32::try_from(threads * runs * steps).expect("it is small")
    }
}
