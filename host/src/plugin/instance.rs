//! What a store holds for one attempt: inert WASI, the calls of its capabilities, its
//! limits. Nothing of it outlives the attempt.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::limits::{HANDLES, Limits};
use crate::{
    capability::{
        http::HttpCalls,
        kube::{KubeCalls, KubeView},
        log::{LineLog, LogCalls},
        needs::NeedsCalls,
    },
    run::{PreviousRun, Reporter, Summary, event::Level},
};

/// The state of one instance.
pub(super) struct Instance {
    table: ResourceTable,
    wasi: WasiCtx,
    http_context: WasiHttpCtx,
    http: HttpCalls,
    kube: KubeCalls,
    needs: Vec<Arc<Summary>>,
    previous: Option<PreviousRun>,
    reporter: Reporter,
    output: LineLog,
    error: LineLog,
    pub(super) limits: Limits,
}

impl Instance {
    pub(super) fn new(
        http: HttpCalls,
        kube: KubeCalls,
        needs: Vec<Arc<Summary>>,
        previous: Option<PreviousRun>,
        reporter: Reporter,
    ) -> Self {
        let output = LineLog::new(reporter.clone(), Level::Info);
        let error = LineLog::new(reporter.clone(), Level::Warn);
        // No arguments, environment, directories or sockets: the builder grants none.
        let wasi = WasiCtxBuilder::new()
            .stdout(output.clone())
            .stderr(error.clone())
            .build();
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES);
        let http_context = WasiHttpCtx::new();
        let limits = Limits::default();
        Self {
            table,
            wasi,
            http_context,
            http,
            kube,
            needs,
            previous,
            reporter,
            output,
            error,
            limits,
        }
    }

    pub(super) fn log(&mut self) -> LogCalls<'_> {
        LogCalls(&self.reporter)
    }

    pub(super) fn needs(&mut self) -> NeedsCalls<'_> {
        NeedsCalls {
            steps: &self.needs,
            previous: self.previous.as_ref(),
        }
    }

    pub(super) fn kube(&mut self) -> KubeView<'_> {
        KubeView {
            calls: &self.kube,
            table: &mut self.table,
        }
    }

    /// Logs what the guest wrote without ending its line.
    pub(super) fn finish_output(&self) {
        self.output.finish();
        self.error.finish();
    }
}

impl WasiView for Instance {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
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
