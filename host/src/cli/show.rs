//! Runs a schedule in this process and shows its events as they come.

use std::{sync::Arc, time::Duration};

use sluice_pipeline::schedule::Schedule;
use tokio::sync::mpsc;

use super::{
    interrupt,
    render::{self, Format},
};
use crate::{
    plugin::PluginWorker,
    run::{
        Cancel, Reporter, Run, RunEnd,
        clock::Clock,
        event::{Event, EventKind, Mode},
        execute,
        plan::{Guard, Sketch},
        record::{Previous, Record},
    },
    secret::{Mask, Vault},
};

/// What a run is held to and what is kept of it, beside its events.
#[derive(Default)]
pub(super) struct Beside {
    /// What it is held to.
    pub(super) plan: Option<Arc<Guard>>,
    /// How the run before it ended.
    pub(super) previous: Option<Previous>,
    /// What it did.
    pub(super) record: Option<Record>,
    /// What it foresees.
    pub(super) sketch: Option<Sketch>,
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
    beside: &mut Beside,
) -> RunEnd {
    let (events, mut received) = mpsc::unbounded_channel::<Event>();
    let clock = Clock::system();
    let cancel = Cancel::default();
    let id = run_id(&clock);
    let reporter = Reporter::recorded(&id, clock, Mask::default(), events, beside.record.take());
    let run = Run {
        worker: Arc::new(worker),
        vault,
        reporter,
        cancel: cancel.clone(),
        mode,
        plan: beside.plan.clone(),
        previous: beside.previous.take(),
    };
    runtime.spawn(interrupt::listen(cancel));
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
            if let Some(sketch) = &mut beside.sketch {
                sketch.event(event);
            }
        }
        renderer.flush();
    }
    renderer.end();
    ended
        .unwrap_or_else(|| runtime.block_on(running))
        .expect("the executor does not panic and is not aborted")
}

/// The time to the second and four random digits: sorts by time, and is short enough to
/// say aloud.
fn run_id(clock: &Clock) -> String {
    let mut random = [0_u8; 2];
    let _ = getrandom::fill(&mut random);
    let time = clock.now().strftime("%Y%m%d-%H%M%S");
    format!("{time}-{:04x}", u16::from_ne_bytes(random))
}
