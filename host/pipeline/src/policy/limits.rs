//! What a step may use at most: what the host grants, and what a policy lowers it to.

use std::sync::Arc;
use std::time::Duration;

/// One limit, and who set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit<T> {
    /// The most that is granted.
    pub most: T,
    /// The policy that lowered it; `None` for the host's own.
    policy: Option<Arc<str>>,
}

impl<T: PartialOrd> Limit<T> {
    /// A limit that no policy set.
    pub const fn of_host(most: T) -> Self {
        Self { most, policy: None }
    }

    /// Words to stand after the limit where a policy set it; else nothing.
    pub fn whose(&self) -> String {
        let policy = self.policy.as_ref();
        policy.map_or_else(String::new, |policy| {
            format!(" (set by the policy `{policy}`)")
        })
    }

    fn lower(&mut self, most: T, policy: &Arc<str>) {
        if most < self.most {
            self.most = most;
            self.policy = Some(policy.clone());
        }
    }
}

/// The limits of the steps of one pipeline. Sizes are in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The linear memory of a plugin's instance.
    pub memory: Limit<usize>,
    /// What a step's log and progress lines may amount to.
    pub log: Limit<usize>,
    /// The JSON text of a step's outputs.
    pub outputs: Limit<usize>,
    /// The body of a request.
    pub request_body: Limit<usize>,
    /// The body of an answer.
    pub answer_body: Limit<usize>,
    /// How many requests an attempt may send.
    pub requests: Limit<usize>,
    /// How long an attempt may take, whatever its step says.
    pub timeout: Option<Limit<Duration>>,
    /// How long a run may take.
    pub run: Option<Limit<Duration>>,
}

impl Limits {
    /// What the host grants where no policy says less, in bytes.
    pub const MEMORY: usize = 128 << 20;
    /// The same of a log.
    pub const LOG: usize = 256 << 10;
    /// The same of outputs.
    pub const OUTPUTS: usize = 1 << 20;
    /// The same of the body of a request or an answer.
    pub const BODY: usize = 8 << 20;
    /// The same of the requests of an attempt.
    pub const REQUESTS: usize = 1000;
    /// How long an attempt may take of a step that names no timeout.
    pub const TIMEOUT: Duration = Duration::from_hours(1);

    /// How long an attempt may take for which its step asks so much.
    pub fn timeout(&self, asked: Duration) -> Limit<Duration> {
        match &self.timeout {
            Some(limit) if limit.most < asked => limit.clone(),
            _ => Limit::of_host(asked),
        }
    }

    /// Lowers these limits to those of a policy.
    pub(super) fn lower(&mut self, set: &SetLimits, policy: &Arc<str>) {
        for (limit, set) in [
            (&mut self.memory, set.memory),
            (&mut self.log, set.log),
            (&mut self.outputs, set.outputs),
            (&mut self.request_body, set.request_body),
            (&mut self.answer_body, set.answer_body),
            (&mut self.requests, set.requests),
        ] {
            if let Some(most) = set {
                limit.lower(most, policy);
            }
        }
        lower(&mut self.timeout, set.timeout, policy);
        lower(&mut self.run, set.run, policy);
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: Limit::of_host(Self::MEMORY),
            log: Limit::of_host(Self::LOG),
            outputs: Limit::of_host(Self::OUTPUTS),
            request_body: Limit::of_host(Self::BODY),
            answer_body: Limit::of_host(Self::BODY),
            requests: Limit::of_host(Self::REQUESTS),
            timeout: None,
            run: None,
        }
    }
}

fn lower<T: PartialOrd>(limit: &mut Option<Limit<T>>, set: Option<T>, policy: &Arc<str>) {
    let Some(most) = set else { return };
    match limit {
        Some(limit) => limit.lower(most, policy),
        None => {
            *limit = Some(Limit {
                most,
                policy: Some(policy.clone()),
            });
        }
    }
}

/// The limits that an entry of a policy sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SetLimits {
    pub(crate) memory: Option<usize>,
    pub(crate) log: Option<usize>,
    pub(crate) outputs: Option<usize>,
    pub(crate) request_body: Option<usize>,
    pub(crate) answer_body: Option<usize>,
    pub(crate) requests: Option<usize>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) run: Option<Duration>,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Limits, SetLimits};

    #[test]
    fn a_policy_lowers_and_never_raises() {
        let mut limits = Limits::default();
        let seconds = Duration::from_secs;
        let first = SetLimits {
            memory: Some(64 << 20),
            log: Some(Limits::LOG * 2),
            timeout: Some(seconds(60)),
            requests: Some(10),
            ..SetLimits::default()
        };
        let second = SetLimits {
            memory: Some(96 << 20),
            timeout: Some(seconds(30)),
            ..SetLimits::default()
        };
        limits.lower(&first, &"one.yaml".into());
        limits.lower(&second, &"two.yaml".into());
        assert_eq!(
            (limits.memory.most, limits.memory.whose().as_str()),
            (64 << 20, " (set by the policy `one.yaml`)")
        );
        assert_eq!(
            (limits.log.most, limits.log.whose()),
            (Limits::LOG, String::new())
        );
        let timeout = limits.timeout(seconds(3600));
        assert_eq!(
            (timeout.most, timeout.whose().as_str()),
            (seconds(30), " (set by the policy `two.yaml`)")
        );
        let shorter = limits.timeout(seconds(10));
        assert_eq!(
            (shorter.most, shorter.whose()),
            (seconds(10), String::new())
        );
        assert_eq!(limits.requests.most, 10);
        assert_eq!(limits.run, None);
    }
}
