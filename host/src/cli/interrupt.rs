//! Signals that end a run early, gently first.

use super::render;
use crate::run::Cancel;

/// The first Ctrl-C (or SIGTERM) cancels, the second stops at once.
pub(super) async fn listen(cancel: Cancel) {
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
