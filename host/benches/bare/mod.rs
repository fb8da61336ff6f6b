//! wasmtime alone: one instance and one call of the guest, as good practice has it (a pool
//! that keeps the guest's memory, everything linked beforehand), and with one thing more
//! at a time of what a step's store has.

use std::{
    hint::black_box,
    path::Path,
    time::{Duration, Instant},
};

use tokio::runtime::Runtime;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store,
    StoreLimits, StoreLimitsBuilder,
    component::{Component, Linker, ResourceTable},
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::together;

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

/// What is measured.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub(crate) enum Rung {
    /// An instance whose WASI context is never made: the guest does not call WASI.
    Instance,
    /// With its WASI context, as every example makes one: what others are compared with.
    Wasi,
    /// In a pool of the dimensions of the host's.
    Pool,
    /// With limits on its memory and tables.
    Limits,
}

/// An engine and the guest, linked.
pub(crate) struct Bare {
    rung: Rung,
    engine: Engine,
    plugin: PluginPre<State>,
}

struct State {
    table: ResourceTable,
    wasi: Option<WasiCtx>,
    limits: StoreLimits,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: self.wasi.get_or_insert_with(|| WasiCtx::builder().build()),
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
    pub(crate) fn new(guest: &Path, rung: Rung) -> Self {
        let mut config = Config::new();
        config
            .epoch_interruption(true)
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(rung)));
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
            rung,
            engine,
            plugin: PluginPre::new(plugin).expect("the guest is a plugin"),
        }
    }

    /// The time of one instance and call; each thread makes so many.
    pub(crate) fn round(&self, runtime: &Runtime, threads: usize, count: usize) -> Duration {
        let work = || {
            let (rung, engine, plugin) = (self.rung, self.engine.clone(), self.plugin.clone());
            async move {
                for _ in 0..count {
                    let mut store = store(&engine, rung);
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

fn pool(rung: Rung) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(64)
        .total_memories(64)
        .max_memory_size(128 << 20)
        .linear_memory_keep_resident(2 << 20)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    if rung >= Rung::Pool {
        pool.total_core_instances(256)
            .total_tables(256)
            .total_stacks(64)
            .max_core_instances_per_component(64)
            .max_memories_per_component(16)
            .max_tables_per_component(64)
            .table_elements(100_000);
    }
    pool
}

fn store(engine: &Engine, rung: Rung) -> Store<State> {
    let state = State {
        table: ResourceTable::new(),
        wasi: (rung >= Rung::Wasi).then(|| WasiCtx::builder().build()),
        limits: StoreLimitsBuilder::new().memory_size(128 << 20).build(),
    };
    let mut store = Store::new(engine, state);
    if rung >= Rung::Limits {
        store.limiter(|state| &mut state.limits);
    }
    store.set_epoch_deadline(1);
    store.epoch_deadline_async_yield_and_update(1);
    store
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
