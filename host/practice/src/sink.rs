//! A web service that takes everything: it says `ok`, or what it was told to, and shows what came.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::sync::watch;

use crate::http::{Body, Hangup, Listening, Unread, full, read};

/// The largest body that is kept; more is answered with 413.
const LARGEST_BODY: usize = 8 * 1024 * 1024;

/// A request that reached the sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// In capitals.
    pub method: String,
    /// With the query, as it was sent.
    pub path: String,
    /// In the order in which they came, names in lower case. Bytes that are not text are replaced.
    pub headers: Vec<(String, String)>,
    /// As it came.
    pub body: Vec<u8>,
}

/// What the sink answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An answer of that status, with these headers and body, so much later.
    Answer {
        /// The HTTP status.
        status: u16,
        /// Names and values, such as `retry-after`.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
        /// How long it is held back.
        delay: Duration,
    },
    /// No answer, for as long as the client waits.
    Never,
}

impl Reply {
    /// An answer of that status without headers or body.
    pub fn status(status: u16) -> Reply {
        Reply::Answer {
            status,
            headers: Vec::new(),
            body: String::new(),
            delay: Duration::ZERO,
        }
    }

    /// 429 with a `Retry-After` of so many seconds.
    pub fn retry_after(seconds: u32) -> Reply {
        let headers = vec![("retry-after".to_owned(), seconds.to_string())];
        Reply::Answer {
            status: 429,
            headers,
            body: String::new(),
            delay: Duration::ZERO,
        }
    }

    /// The same, held back that long.
    #[must_use]
    pub fn after(self, time: Duration) -> Reply {
        match self {
            Reply::Answer {
                status,
                headers,
                body,
                ..
            } => Reply::Answer {
                status,
                headers,
                body,
                delay: time,
            },
            Reply::Never => Reply::Never,
        }
    }
}

impl Default for Reply {
    /// 200 and `ok`, at once.
    fn default() -> Reply {
        Reply::Answer {
            status: 200,
            headers: Vec::new(),
            body: "ok".to_owned(),
            delay: Duration::ZERO,
        }
    }
}

#[derive(Default)]
struct State {
    received: Vec<Received>,
    next: VecDeque<Reply>,
    always: Reply,
}

struct Shared {
    state: Mutex<State>,
    count: watch::Sender<usize>,
}

/// A running sink. Dropping it ends it, with all its connections.
pub struct Sink {
    shared: Arc<Shared>,
    listening: Listening,
}

impl Sink {
    /// Starts a sink on a free loopback port; fails where none can be had.
    pub async fn start() -> io::Result<Sink> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            count: watch::Sender::new(0),
        });
        let answering = Arc::clone(&shared);
        let listening =
            Listening::start(move |request| answer(Arc::clone(&answering), request)).await?;
        Ok(Sink { shared, listening })
    }

    /// Where it listens: `http://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        self.listening.url()
    }

    /// All requests so far, in the order in which they were read.
    pub fn requests(&self) -> Vec<Received> {
        self.shared.state().received.clone()
    }

    /// All requests, once there are so many of them.
    pub async fn received(&self, count: usize) -> Vec<Received> {
        let mut seen = self.shared.count.subscribe();
        seen.wait_for(|seen| *seen >= count)
            .await
            .expect("the sender is this sink");
        self.requests()
    }

    /// Answers every request from now on like this.
    pub fn reply(&self, reply: Reply) {
        self.shared.state().always = reply;
    }

    /// Answers one request like this; several calls are for as many requests.
    pub fn reply_once(&self, reply: Reply) {
        self.shared.state().next.push_back(reply);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Body>, Hangup> {
    let (head, body) = request.into_parts();
    let body = match read(body, LARGEST_BODY).await {
        Ok(body) => body,
        Err(Unread::TooLarge) => return Ok(respond(413, &[], String::new())),
        Err(Unread::Lost) => return Err(Hangup),
    };
    let headers = head.headers.iter().map(|(name, value)| {
        (
            name.to_string(),
            String::from_utf8_lossy(value.as_bytes()).into_owned(),
        )
    });
    let received = Received {
        method: head.method.to_string(),
        path: head
            .uri
            .path_and_query()
            .map_or("/", http::uri::PathAndQuery::as_str)
            .to_owned(),
        headers: headers.collect(),
        body: body.to_vec(),
    };
    let (reply, count) = {
        let mut state = shared.state();
        state.received.push(received);
        let reply = state
            .next
            .pop_front()
            .unwrap_or_else(|| state.always.clone());
        (reply, state.received.len())
    };
    shared.count.send_replace(count);
    match reply {
        Reply::Never => std::future::pending().await,
        Reply::Answer {
            status,
            headers,
            body,
            delay,
        } => {
            // Also where nothing is to be waited for, sleeping would take a millisecond.
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            Ok(respond(status, &headers, body))
        }
    }
}

fn respond(status: u16, headers: &[(String, String)], body: String) -> Response<Body> {
    let mut response = Response::new(full(Bytes::from(body)));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
