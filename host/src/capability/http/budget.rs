//! How many requests one attempt may send, how many at a time, and how much they may carry.
//! What a plugin makes the host hold for it is bounded by this, whether it looks at it or not.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use sluice_pipeline::policy::Limit;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Requests at a time; those beyond them wait.
const AT_A_TIME: usize = 8;
/// What the bodies of one attempt's requests may amount to, and those of their answers, in
/// bytes.
const CARRIED: usize = 64 << 20;

/// What is left of it; clones share it.
#[derive(Clone)]
pub struct Budget(Arc<Left>);

struct Left {
    limit: Limit<usize>,
    requests: AtomicUsize,
    sent: AtomicUsize,
    received: AtomicUsize,
    turns: Arc<Semaphore>,
}

impl Budget {
    /// That many requests.
    pub fn new(requests: &Limit<usize>) -> Self {
        Self(Arc::new(Left {
            limit: requests.clone(),
            requests: AtomicUsize::new(requests.most),
            sent: AtomicUsize::new(CARRIED),
            received: AtomicUsize::new(CARRIED),
            turns: Arc::new(Semaphore::new(AT_A_TIME)),
        }))
    }

    /// One more request; `Err` says what is one too many.
    pub(super) fn request(&self) -> Result<(), String> {
        let limit = &self.0.limit;
        take(&self.0.requests, 1).ok_or_else(|| {
            let (most, whose) = (limit.most, limit.whose());
            format!("sent more than {most} requests, the limit{whose}")
        })
    }

    /// A body of that size that is to be sent.
    pub(super) fn sent(&self, bytes: usize) -> Result<(), String> {
        take(&self.0.sent, bytes)
            .ok_or_else(|| format!("sent more than {} MiB, the limit", CARRIED >> 20))
    }

    /// A body of that size that came.
    pub(super) fn received(&self, bytes: usize) -> Result<(), String> {
        take(&self.0.received, bytes)
            .ok_or_else(|| format!("received more than {} MiB, the limit", CARRIED >> 20))
    }

    /// Waits until few enough requests are on their way.
    pub(super) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed.
        self.0.turns.clone().acquire_owned().await.ok()
    }
}

fn take(left: &AtomicUsize, amount: usize) -> Option<()> {
    let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
        left.checked_sub(amount)
    });
    taken.ok().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_up_is_said() {
        let budget = Budget::new(&Limit::of_host(1000));
        for _ in 0..1000 {
            assert_eq!(budget.request(), Ok(()));
        }
        assert_eq!(
            budget.clone().request(),
            Err("sent more than 1000 requests, the limit".to_owned())
        );
        assert_eq!(budget.sent(CARRIED - 1), Ok(()));
        assert_eq!(
            budget.sent(2),
            Err("sent more than 64 MiB, the limit".to_owned())
        );
        assert_eq!(budget.sent(1), Ok(()), "what fits is let through");
        assert_eq!(
            budget.received(CARRIED + 1),
            Err("received more than 64 MiB, the limit".to_owned())
        );
    }
}
