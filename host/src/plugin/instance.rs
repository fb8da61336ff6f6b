//! What a store holds for one attempt: inert WASI, the calls of its capabilities, its
//! limits. Nothing of it outlives the attempt.

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::limits::{HANDLES, HEADERS, Limits, RANDOM};
use crate::{
    capability::{
        git::{GitCalls, GitView},
        http::HttpCalls,
        kube::{KubeCalls, KubeView},
        log::{LineLog, LogCalls},
        needs::NeedsCalls,
    },
    run::{Needs, Reporter, event::Level},
};

/// The state of one instance.
pub(super) struct Instance {
    table: ResourceTable,
    wasi: Option<Inert>,
    http_context: WasiHttpCtx,
    http: HttpCalls,
    kube: KubeCalls,
    git: GitCalls,
    needs: Needs,
    reporter: Reporter,
    pub(super) limits: Limits,
}

/// WASI that reaches nothing, made at the first call of it: seeding its random numbers
/// takes longer than all else in a store, and many plugins never ask for any of it.
struct Inert {
    context: WasiCtx,
    output: LineLog,
    error: LineLog,
}

/// The calls of the capabilities.
pub(super) struct Calls {
    pub(super) http: HttpCalls,
    pub(super) kube: KubeCalls,
    pub(super) git: GitCalls,
}

impl Instance {
    pub(super) fn new(calls: Calls, needs: Needs, reporter: Reporter, limits: Limits) -> Self {
        let Calls { http, kube, git } = calls;
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES);
        let mut http_context = WasiHttpCtx::new();
        http_context.set_field_size_limit(HEADERS);
        Self {
            table,
            wasi: None,
            http_context,
            http,
            kube,
            git,
            needs,
            reporter,
            limits,
        }
    }

    pub(super) fn log(&mut self) -> LogCalls<'_> {
        LogCalls(&self.reporter)
    }

    pub(super) fn needs(&mut self) -> NeedsCalls<'_> {
        NeedsCalls(&self.needs)
    }

    pub(super) fn kube(&mut self) -> KubeView<'_> {
        KubeView {
            calls: &self.kube,
            table: &mut self.table,
        }
    }

    pub(super) fn git(&mut self) -> GitView<'_> {
        GitView {
            calls: &self.git,
            table: &mut self.table,
        }
    }

    /// Logs what the guest wrote without ending its line.
    pub(super) fn finish_output(&self) {
        if let Some(wasi) = &self.wasi {
            wasi.output.finish();
            wasi.error.finish();
        }
    }
}

impl Inert {
    fn new(reporter: &Reporter) -> Self {
        let output = LineLog::new(reporter.clone(), Level::Info);
        let error = LineLog::new(reporter.clone(), Level::Warn);
        // No arguments, environment or directories: the builder grants none. A socket that
        // may go nowhere would still be a descriptor of this process.
        let context = WasiCtxBuilder::new()
            .allow_tcp(false)
            .allow_udp(false)
            .max_random_size(RANDOM)
            .stdout(output.clone())
            .stderr(error.clone())
            .build();
        Self {
            context,
            output,
            error,
        }
    }
}

impl WasiView for Instance {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self.wasi.get_or_insert_with(|| Inert::new(&self.reporter));
        WasiCtxView {
            ctx: &mut wasi.context,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for Instance {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http_context,
            table: &mut self.table,
            hooks: &mut self.http,
        }
    }
}
