//! What a step costs in a run, beside bare wasmtime doing the same instance and the same
//! call. Both are measured in turn in one process; the medians of the rounds are printed
//! as a Markdown table.

use std::{
    hint::black_box,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use sluice::{
    capability::{http::Egress, kube::Cluster},
    plugin::{Cache, Library, PluginWorker, World},
    run::{Cancel, Reporter, Run, Worker, clock::Clock, event::Mode, execute},
    secret::{Mask, Sources, Vault},
};
use sluice_pipeline::{
    diagnostic::Source,
    document::Document,
    inputs::Inputs,
    pipeline::{Pipeline, uses_of},
    schedule::{Outcome, Schedule, Trigger},
};
use tokio::{runtime::Runtime, sync::mpsc};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store,
    component::{Component, Linker, ResourceTable},
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

mod guest;

mod bindings {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::pedantic,
        reason = "generated from wit/"
    )]
    wasmtime::component::bindgen!({
        path: "../wit/plugin",
        world: "plugin",
        imports: { default: trappable },
        exports: { default: async },
    });
}

use bindings::{
    PluginPre,
    exports::sluice::plugin::step::Context,
    sluice::plugin::{log, needs},
};

/// The steps of a run, each following the one before it, as in a real file.
const STEPS: usize = 50;
/// The runs of a round, on each thread, one after the other.
const RUNS: usize = 8;
const ROUNDS: usize = 41;

fn main() {
    let guest = guest::noop();
    println!("{STEPS} steps a run, {RUNS} runs a round and thread, {ROUNDS} rounds, medians\n");
    println!("| threads | what | bare wasmtime | a step in a run | ratio |");
    println!("|---|---|---|---|---|");
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    for threads in [1, all] {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .event_interval(1)
            .build()
            .expect("threads can be had");
        let bare = Bare::new(&guest);
        let first = Ours::new(&runtime, &guest, 1);
        let first = (bare.round(&runtime, 1, 1), first.round(&runtime, 1, 1));
        row(threads, "the first of a process", first.0, first.1);
        let ours = Ours::new(&runtime, &guest, STEPS);
        let mut rounds = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            rounds.0.push(bare.round(&runtime, threads, STEPS * RUNS));
            rounds.1.push(ours.round(&runtime, threads, RUNS));
        }
        row(threads, "each of many", median(rounds.0), median(rounds.1));
    }
}

fn row(threads: usize, what: &str, bare: Duration, ours: Duration) {
    let ratio = ours.as_secs_f64() / bare.as_secs_f64();
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    println!(
        "| {threads} | {what} | {:.1} µs | {:.1} µs | {ratio:.2} |",
        micros(bare),
        micros(ours)
    );
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// wasmtime alone, with the settings of the host's own pool, but for its limits.
struct Bare {
    engine: Engine,
    plugin: PluginPre<State>,
}

struct State {
    table: ResourceTable,
    wasi: WasiCtx,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl log::Host for State {
    fn log(&mut self, _: log::Level, _: String, _: Vec<(String, String)>) -> wasmtime::Result<()> {
        Ok(())
    }

    fn progress(&mut self, _: String) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl needs::Host for State {
    fn steps(&mut self) -> wasmtime::Result<Vec<needs::StepSummary>> {
        Ok(Vec::new())
    }

    fn previous(&mut self) -> wasmtime::Result<Option<needs::PreviousRun>> {
        Ok(None)
    }
}

impl Bare {
    fn new(guest: &Path) -> Self {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(64)
            .total_memories(64)
            .max_memory_size(128 << 20)
            .linear_memory_keep_resident(2 << 20)
            .table_keep_resident(64 << 10)
            .pagemap_scan(Enabled::Auto);
        let mut config = Config::new();
        config
            .epoch_interruption(true)
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let engine = Engine::new(&config).expect("the machine grants a pool");
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).expect("WASI links");
        log::add_to_linker::<State, wasmtime::component::HasSelf<State>>(&mut linker, |state| {
            state
        })
        .expect("the log links");
        needs::add_to_linker::<State, wasmtime::component::HasSelf<State>>(&mut linker, |state| {
            state
        })
        .expect("what it needs links");
        let component = Component::from_file(&engine, guest).expect("the guest compiles");
        let plugin = linker.instantiate_pre(&component).expect("the guest links");
        Self {
            engine,
            plugin: PluginPre::new(plugin).expect("the guest is a plugin"),
        }
    }

    /// The time of one instance and call; each thread makes so many.
    fn round(&self, runtime: &Runtime, threads: usize, count: usize) -> Duration {
        let work = || {
            let (engine, plugin) = (self.engine.clone(), self.plugin.clone());
            async move {
                for _ in 0..count {
                    let state = State {
                        table: ResourceTable::new(),
                        wasi: WasiCtx::builder().build(),
                    };
                    let mut store = Store::new(&engine, state);
                    store.set_epoch_deadline(1);
                    store.epoch_deadline_async_yield_and_update(1);
                    let plugin = plugin
                        .instantiate_async(&mut store)
                        .await
                        .expect("it starts");
                    let context = context();
                    let called = plugin
                        .sluice_plugin_step()
                        .call_run(&mut store, &context, "{}");
                    let _ = black_box(called.await.expect("it does not trap"));
                }
            }
        };
        let started = Instant::now();
        together(runtime, (0..threads).map(|_| work()));
        started.elapsed() / u32::try_from(count * threads).expect("it is small")
    }
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

fn context() -> Context {
    Context {
        run: "20261121-101500-0000".to_owned(),
        pipeline: "bench".to_owned(),
        step: "s".to_owned(),
        attempt: 1,
        trigger: "{}".to_owned(),
        link: None,
        elapsed: 0,
        details: "{}".to_owned(),
    }
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
        let library = Library::new(folder, Cache::none());
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
            cluster: Cluster::Offline,
            egress: Egress::Plan(None),
        };
        let worker = PluginWorker::prepare(&library, &schedule, world).expect("it links");
        Self {
            schedule,
            worker: Arc::new(worker),
        }
    }

    /// The time of one step; each thread makes so many runs.
    fn round(&self, runtime: &Runtime, threads: usize, runs: usize) -> Duration {
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
