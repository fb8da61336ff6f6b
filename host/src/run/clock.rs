//! The time of a run, injected: the system's, or one that a test holds.

use std::sync::Arc;

use jiff::Timestamp;

/// Tells what time it is. Waiting is tokio's, whose clock a test can hold.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Arc::new(Timestamp::now))
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}
