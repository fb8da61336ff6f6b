//! The WebAssembly engine: one for the process, with a pool of instances where the
//! machine grants one, and a tick at which every guest yields.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use wasmtime::{
    Config, Enabled, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Store,
    component::{Component, Linker},
};

use super::{cache::Cache, instance::Instance, limits};
use crate::{
    bindings::sluice::{kube::apply, plugin::log},
    capability::{kube::Kube, log::Log},
};

/// How often guests yield. A step's deadline is overshot by at most two ticks.
const TICK: Duration = Duration::from_millis(10);
/// Instances at a time. A larger pool costs start-up; steps beyond it would wait for
/// nothing but each other.
const SLOTS: u32 = 64;
/// The memory of an instance that its slot keeps between uses: the initial memory of a
/// Rust guest, so that a fresh instance of one touches no new page.
const KEEP_RESIDENT: usize = 2 << 20;

/// The engine, and what can be linked into its guests.
pub(super) struct Engine {
    wasm: wasmtime::Engine,
    base: Linker<Instance>,
    compatibility: u64,
}

/// The capabilities that a step's permissions link into its plugin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Linked {
    pub(super) kube: bool,
    pub(super) http: bool,
}

impl Engine {
    pub(super) fn new() -> wasmtime::Result<Self> {
        let wasm = match wasmtime::Engine::new(config().allocation_strategy(pool())) {
            Ok(engine) => engine,
            // A limit on address space leaves no room for a pool.
            Err(_) => wasmtime::Engine::new(
                config().allocation_strategy(InstanceAllocationStrategy::OnDemand),
            )?,
        };
        tick(&wasm);
        let mut base = Linker::new(&wasm);
        wasmtime_wasi::p2::add_to_linker_async(&mut base)?;
        log::add_to_linker::<Instance, Log>(&mut base, Instance::log)?;
        let mut hasher = DefaultHasher::new();
        wasm.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Self { wasm, base, compatibility: hasher.finish() })
    }

    /// A linker with inert WASI, the log, and the capabilities given.
    pub(super) fn linker(&self, linked: Linked) -> wasmtime::Result<Linker<Instance>> {
        let mut linker = self.base.clone();
        if linked.kube {
            apply::add_to_linker::<Instance, Kube>(&mut linker, Instance::kube)?;
        }
        if linked.http {
            wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
        }
        Ok(linker)
    }

    /// A store whose guest is limited and yields at every tick.
    pub(super) fn store(&self, instance: Instance) -> Store<Instance> {
        let mut store = Store::new(&self.wasm, instance);
        store.limiter(|instance| &mut instance.limits);
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        store
    }

    /// The component with that digest, compiled now or before.
    pub(super) fn component(
        &self,
        cache: &Cache,
        digest: &str,
        bytes: &[u8],
    ) -> wasmtime::Result<Component> {
        let name = format!("{}-{:016x}.compiled", digest.replace(':', "-"), self.compatibility);
        if let Some(compiled) = cache.load(&name) {
            // SAFETY: the bytes are what `serialize` gave, which wasmtime asks to be sure
            // of: they come from a directory that only this user can write to, they were
            // put there by `store` below, and their hash was compared just now.
            #[allow(unsafe_code, reason = "wasmtime's only way to load compiled code")]
            let loaded = unsafe { Component::deserialize(&self.wasm, &compiled) };
            if let Ok(component) = loaded {
                return Ok(component);
            }
        }
        let component = Component::from_binary(&self.wasm, bytes)?;
        cache.store(&name, &component.serialize()?);
        Ok(component)
    }

    pub(super) fn wasm(&self) -> &wasmtime::Engine {
        &self.wasm
    }
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .epoch_interruption(true)
        .cranelift_opt_level(OptLevel::Speed)
        .memory_init_cow(true);
    config
}

fn pool() -> InstanceAllocationStrategy {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(SLOTS)
        .total_core_instances(SLOTS * 4)
        .total_memories(SLOTS)
        .total_tables(SLOTS * 4)
        .total_stacks(SLOTS)
        .max_core_instances_per_component(u32::try_from(limits::INSTANCES).unwrap_or(u32::MAX))
        .max_memories_per_component(u32::try_from(limits::MEMORIES).unwrap_or(u32::MAX))
        .max_tables_per_component(u32::try_from(limits::TABLES).unwrap_or(u32::MAX))
        .max_memory_size(limits::MEMORY)
        .table_elements(limits::TABLE_ELEMENTS)
        .linear_memory_keep_resident(KEEP_RESIDENT)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    InstanceAllocationStrategy::Pooling(pool)
}

/// Advances the epoch until the engine is gone: the thread holds it weakly.
fn tick(engine: &wasmtime::Engine) {
    let engine = engine.weak();
    let ticking = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    };
    std::thread::Builder::new()
        .name("epoch".to_owned())
        .spawn(ticking)
        .expect("the system grants one more thread");
}
