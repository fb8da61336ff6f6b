//! What goes wrong between client and server, on purpose: for tests of the client.

use std::time::Duration;

use crate::kind::Kind;
use crate::request::{Asked, Place};

/// Which requests a fault befalls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requests {
    /// All of them.
    Any,
    /// `get` and `list`.
    Reads,
    /// Whatever may change something, dry or not.
    Writes,
    /// `watch`.
    Watches,
    /// `delete`.
    Deletes,
    /// The logs of pods.
    Logs,
    /// The questions what one may do.
    AccessReviews,
    /// All that are about objects of that kind.
    Of(Kind),
}

/// What they get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An error of that HTTP status, as its `Status` object; the request is not carried out.
    Status(u16),
    /// An error of that HTTP status, as its `Status` object; the request is carried out.
    StatusAfter(u16),
    /// The true answer; the request waits that long before it is carried out.
    Late(Duration),
    /// Nothing, for as long as the client waits; the request is carried out.
    Never,
    /// A connection that is closed without an answer; the request is carried out.
    Hangup,
}

/// How often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// The next of these requests.
    Once,
    /// All of them, until [`Cluster::heal`](crate::Cluster::heal).
    Always,
}

/// The faults that lie in wait, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<(Requests, Answer, Times)>);

impl Faults {
    pub(crate) fn add(&mut self, requests: Requests, answer: Answer, times: Times) {
        self.0.push((requests, answer, times));
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault that befalls a request, used up if it was for one only.
    pub(crate) fn strike(&mut self, asked: &Asked) -> Option<Answer> {
        let verb = asked.verb();
        let at = self.0.iter().position(|(requests, _, _)| match requests {
            Requests::Any => true,
            Requests::Reads => matches!(verb, "get" | "list"),
            Requests::Watches => verb == "watch",
            Requests::Writes => asked.is_write(),
            Requests::Deletes => verb == "delete",
            Requests::Logs => asked.subresource() == "log",
            Requests::AccessReviews => asked.place == Place::AccessReviews,
            Requests::Of(wanted) => asked.kind() == Some(*wanted),
        })?;
        let (_, answer, times) = self.0[at];
        if times == Times::Once {
            self.0.remove(at);
        }
        Some(answer)
    }
}
