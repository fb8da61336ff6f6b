//! A watch: the changes of a collection from a resourceVersion on, one JSON object a line, for as
//! long as the client stays.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use serde_json::{Value, json};
use tokio::sync::watch::Receiver;
use tokio::time::{Instant, timeout_at};

use crate::http::Body;
use crate::kind::Kind;
use crate::request::Asked;
use crate::selector::Selector;
use crate::server::{Server, Signal};
use crate::status::Status;
use crate::store::{Change, Store, Verb};

/// A server ends a watch that sets no time by itself after half an hour to an hour.
const LONGEST: Duration = Duration::from_mins(30);

struct Watch {
    server: Arc<Server>,
    signal: Receiver<Signal>,
    /// The signal's count of closed watches when this one began.
    epoch: u64,
    kind: Kind,
    namespace: Option<String>,
    selector: Selector,
    /// The resourceVersion up to which the client was told.
    version: u64,
    lines: VecDeque<Value>,
    end: Instant,
    /// The last line is sent: an error, after which a real server closes too.
    over: bool,
}

/// Starts a watch of a collection.
pub(crate) fn start(
    server: &Arc<Server>,
    asked: &Asked,
    kind: Kind,
    namespace: Option<String>,
) -> Result<Body, Status> {
    let selector = Selector::parse(
        kind,
        asked.parameter("labelSelector"),
        asked.parameter("fieldSelector"),
    )?;
    let from = asked.parameter("resourceVersion");
    let version: u64 = match from {
        "" => 0,
        from => from.parse().map_err(|_| Status::bad_version(from))?,
    };
    let signal = server.subscribe();
    let epoch = signal.borrow().closed;
    let limit = asked
        .parameter("timeoutSeconds")
        .parse()
        .map_or(LONGEST, Duration::from_secs)
        .min(LONGEST);
    let mut watch = Watch {
        server: Arc::clone(server),
        signal,
        epoch,
        kind,
        namespace,
        selector,
        version,
        lines: VecDeque::new(),
        end: Instant::now() + limit,
        over: false,
    };
    let snapshot = asked.flag("sendInitialEvents");
    if version == 0 || snapshot {
        let told = asked.flag("allowWatchBookmarks") && (snapshot || from.is_empty());
        server.read(|store| watch.begin(store, told));
    }
    Ok(BodyExt::boxed(StreamBody::new(watch.stream())))
}

impl Watch {
    /// The objects as they are, then optionally the mark that this was all of them.
    fn begin(&mut self, store: &Store, mark: bool) {
        let found = store
            .list(self.kind, self.namespace.as_deref())
            .filter(|object| self.selector.matches(object));
        self.lines
            .extend(found.map(|object| json!({ "type": "ADDED", "object": object })));
        self.version = store.version();
        if mark {
            self.lines.push_back(json!({ "type": "BOOKMARK", "object": {
                "kind": self.kind.to_string(),
                "apiVersion": self.kind.api_version(),
                "metadata": {
                    "resourceVersion": self.version.to_string(),
                    "annotations": { "k8s.io/initial-events-end": "true" },
                },
            } }));
        }
    }

    fn stream(self) -> impl Stream<Item = Result<Frame<Bytes>, std::convert::Infallible>> {
        futures::stream::unfold(self, |mut watch| async move {
            let line = watch.next().await?;
            Some((Ok(Frame::data(Bytes::from(format!("{line}\n")))), watch))
        })
    }

    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(line) = self.lines.pop_front() {
                return Some(line);
            }
            if self.over || self.signal.borrow_and_update().closed != self.epoch {
                return None;
            }
            let server = Arc::clone(&self.server);
            server.read(|store| self.catch_up(store));
            if self.lines.is_empty() {
                timeout_at(self.end, self.signal.changed())
                    .await
                    .ok()?
                    .ok()?;
            }
        }
    }

    fn catch_up(&mut self, store: &Store) {
        if !store.remembers(self.version) {
            let gone = Status::expired(self.version, store.oldest());
            self.lines
                .push_back(json!({ "type": "ERROR", "object": gone.body() }));
            self.over = true;
            return;
        }
        let lines: Vec<Value> = store
            .since(self.version)
            .iter()
            .filter_map(|change| self.line(change))
            .collect();
        self.lines.extend(lines);
        self.version = store.version().max(self.version);
    }

    /// What a change is to somebody who sees only what the selector chooses.
    fn line(&self, change: &Change) -> Option<Value> {
        let seen = change.key.kind == self.kind
            && self
                .namespace
                .as_ref()
                .is_none_or(|one| *one == change.key.namespace);
        let before = change
            .before
            .as_ref()
            .is_some_and(|object| self.selector.matches(object.as_ref()));
        let after = change.verb != Verb::Deleted && self.selector.matches(&change.after);
        let kind = match (seen, before, after) {
            (true, false, true) => "ADDED",
            (true, true, true) => "MODIFIED",
            (true, true, false) => "DELETED",
            _ => return None,
        };
        Some(json!({ "type": kind, "object": change.after.as_ref() }))
    }
}
