//! The API server: it takes requests, records the writes, meets the faults, and lets time pass.
//! What it answers is the affair of `respond`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{DATE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use hyper::body::Incoming;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::fault::{Answer, Faults};
use crate::http::{Body, Hangup, Unread, read};
use crate::request::{Asked, header};
use crate::respond::respond;
use crate::response::refuse;
use crate::status::Status;
use crate::store::Store;
use crate::world::World;

/// The largest body that a real server takes.
const LARGEST_BODY: usize = 3 * 1024 * 1024;

/// A request that may change something, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// `PATCH`, `POST`, `PUT` or `DELETE`.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// As it was sent, without the question mark.
    pub query: String,
    /// JSON where it parses, otherwise the text as a JSON string.
    pub body: Value,
    /// Empty where none was sent.
    pub user_agent: String,
    /// Carries `dryRun=All`, so that it asks for no effect.
    pub dry_run: bool,
}

/// What watches wait for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Signal {
    version: u64,
    /// How often the watches were closed.
    pub(crate) closed: u64,
}

struct State {
    world: World,
    faults: Faults,
    writes: Vec<Write>,
    /// The cluster's time at `since`, from which it runs on.
    began: Timestamp,
    since: Instant,
    /// How far the cluster's time is ahead of what it would be.
    skew: SignedDuration,
}

pub(crate) struct Server {
    state: Mutex<State>,
    signal: watch::Sender<Signal>,
}

impl Server {
    pub(crate) fn new(world: World) -> Server {
        let signal = Signal {
            version: world.store.version(),
            closed: 0,
        };
        let state = State {
            began: world.now,
            since: Instant::now(),
            skew: SignedDuration::ZERO,
            world,
            faults: Faults::default(),
            writes: Vec::new(),
        };
        Server {
            state: Mutex::new(state),
            signal: watch::Sender::new(signal),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves objects that are whole; a test should see its own failure.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Signal> {
        self.signal.subscribe()
    }

    pub(crate) fn read<T>(&self, look: impl FnOnce(&Store) -> T) -> T {
        look(&self.state().world.store)
    }

    pub(crate) fn writes(&self) -> Vec<Write> {
        self.state().writes.clone()
    }

    pub(crate) fn faults(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.state().faults);
    }

    /// Changes the world, then lets the controllers see it, before anybody else can look.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let mut state = self.state();
        state.catch_up();
        let result = change(&mut state.world);
        state.catch_up();
        let version = state.world.store.version();
        self.signal.send_modify(|signal| signal.version = version);
        result
    }

    pub(crate) fn pass_time(&self, time: Duration) {
        let mut state = self.state();
        state.began = state
            .began
            .saturating_add(SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX))
            .unwrap_or(Timestamp::MAX);
        drop(state);
        self.change(|_| ());
    }

    pub(crate) fn close_watches(&self) {
        self.signal.send_modify(|signal| signal.closed += 1);
    }

    /// Ends the watches and starts another history of versions.
    pub(crate) fn restart(&self) {
        self.change(|world| world.store.restart());
        self.close_watches();
    }

    /// Lets the clock go wrong by so much from now on, whatever it went wrong by before.
    pub(crate) fn set_clock_skew(&self, skew: SignedDuration) {
        let mut state = self.state();
        state.catch_up();
        let by = skew.saturating_sub(state.skew);
        state.skew = skew;
        state.began = state.began.saturating_add(by).unwrap_or(state.began);
        state.world.shift_clock(by);
        drop(state);
        self.change(|_| ());
    }

    /// Lets the cluster move by itself, for as long as it is there and its clock runs.
    pub(crate) async fn run(&self) {
        if self.state().world.pace.stopped {
            return;
        }
        let mut signal = self.subscribe();
        loop {
            // Before the look, so that no change between the look and the wait is missed.
            signal.mark_unchanged();
            let due = {
                let mut state = self.state();
                let due = state.catch_up();
                let version = state.world.store.version();
                self.signal.send_if_modified(|signal| {
                    std::mem::replace(&mut signal.version, version) != version
                });
                due.map(|due| state.instant(due))
            };
            match due {
                Some(due) => {
                    tokio::select! {
                        () = sleep_until(due) => {}
                        changed = signal.changed() => changed.expect("the sender is this server"),
                    }
                }
                None => signal.changed().await.expect("the sender is this server"),
            }
        }
    }

    /// Answers one request, with the cluster's time as its date.
    pub(crate) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Hangup> {
        let mut response = Arc::clone(&self).answer_undated(request).await?;
        let date = self.state().now().strftime("%a, %d %b %Y %H:%M:%S GMT");
        let date = HeaderValue::try_from(date.to_string()).expect("a date is plain text");
        response.headers_mut().insert(DATE, date);
        Ok(response)
    }

    async fn answer_undated(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Hangup> {
        let (head, body) = request.into_parts();
        let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
        let asked = Asked::read(&head.method, path, query);
        let body = match read(body, LARGEST_BODY).await {
            Ok(body) => body,
            Err(Unread::TooLarge) => return Ok(refuse(&Status::too_large(LARGEST_BODY))),
            Err(Unread::Lost) => return Err(Hangup),
        };
        let fault = {
            let mut state = self.state();
            if asked.is_write() {
                state.writes.push(write(
                    &head.method,
                    path,
                    query,
                    &head.headers,
                    &asked,
                    &body,
                ));
            }
            state.faults.strike(&asked)
        };
        match fault {
            Some(Answer::Status(code)) => {
                return Ok(refuse(&Status::injected(code, &asked.target())));
            }
            Some(Answer::Late(delay)) => tokio::time::sleep(delay).await,
            Some(Answer::StatusAfter(_) | Answer::Never | Answer::Hangup) | None => {}
        }
        let response =
            respond(&self, &asked, &head.headers, &body).unwrap_or_else(|status| refuse(&status));
        match fault {
            Some(Answer::Never) => std::future::pending().await,
            Some(Answer::Hangup) => Err(Hangup),
            Some(Answer::StatusAfter(code)) => Ok(refuse(&Status::injected(code, &asked.target()))),
            _ => Ok(response),
        }
    }
}

impl State {
    /// The cluster's time.
    fn now(&self) -> Timestamp {
        let stopped = self.world.pace.stopped;
        let elapsed = if stopped {
            Duration::ZERO
        } else {
            self.since.elapsed()
        };
        let elapsed = SignedDuration::try_from(elapsed).unwrap_or(SignedDuration::MAX);
        self.began.saturating_add(elapsed).unwrap_or(Timestamp::MAX)
    }

    /// Lets happen what is due by now; returns when the next thing is.
    fn catch_up(&mut self) -> Option<Timestamp> {
        let now = self.now();
        self.world.advance(now)
    }

    /// When the cluster's clock will show that time.
    fn instant(&self, at: Timestamp) -> Instant {
        let ahead = Duration::try_from(at.duration_since(self.began)).unwrap_or_default();
        self.since + ahead
    }
}

fn write(
    method: &Method,
    path: &str,
    query: &str,
    headers: &HeaderMap,
    asked: &Asked,
    body: &Bytes,
) -> Write {
    let body =
        serde_json::from_slice(body).unwrap_or_else(|_| json!(String::from_utf8_lossy(body)));
    Write {
        dry_run: asked.is_dry(&body),
        method: method.to_string(),
        path: path.to_owned(),
        query: query.to_owned(),
        body,
        user_agent: header(headers, &USER_AGENT).to_owned(),
    }
}
