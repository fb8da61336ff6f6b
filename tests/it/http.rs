//! Requests of plugins on real sockets: what is permitted arrives, what is not does not,
//! and an answer that is lost is unknown.

use std::time::Duration;

use serde_json::{Value, json};
use sluice_practice::{Reply, Sink};
use tokio::runtime::Runtime;

use crate::sluice::Sluice;

/// A sink on loopback and a pipeline that posts to it.
struct Posting {
    runtime: Runtime,
    sink: Sink,
}

impl Posting {
    fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime can be made");
        let sink = runtime
            .block_on(Sink::start())
            .expect("a loopback port is free");
        Self { runtime, sink }
    }

    fn port(&self) -> String {
        self.sink
            .url()
            .rsplit(':')
            .next()
            .unwrap_or_default()
            .to_owned()
    }

    /// A pipeline that posts to the sink with that permission; `PORT` stands for its port.
    fn pipeline(&self, permission: &str, more: &str) -> Sluice {
        let text = format!(
            "name: posting
on: [manual]
steps:
  tell:
    uses: notify
    with: {{ webhook: 'http://127.0.0.1:PORT/hook' }}
    permissions: {{ http: [{permission}] }}
{more}"
        );
        Sluice::pipeline(&text.replace("PORT", &self.port()))
    }
}

const PERMITTED: &str = "{ scheme: http, host: 127.0.0.1, port: PORT, methods: [POST], paths: [/hook], addresses: [127.0.0.0/8] }";

fn states(said: &crate::sluice::Said) -> Vec<Value> {
    said.all("effect")
        .into_iter()
        .map(|mut event| event["state"].take())
        .collect()
}

#[test]
fn permitted_request_arrives_and_its_effect_is_done() {
    let posting = Posting::new();
    let said = posting.pipeline(PERMITTED, "").events(&[]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    assert_eq!(states(&said), ["started", "done"]);
    let received = posting.sink.requests();
    assert_eq!(received.len(), 1);
    let (method, path) = (received[0].method.as_str(), received[0].path.as_str());
    assert_eq!((method, path), ("POST", "/hook"));
    let body = serde_json::from_slice::<Value>(&received[0].body).expect("the body is JSON");
    assert_eq!(body["pipeline"], "posting");
}

#[test]
fn request_beyond_the_permission_is_refused_with_the_lines_that_would_permit_it() {
    let posting = Posting::new();
    let elsewhere = PERMITTED.replace("/hook", "/other");
    let said = posting.pipeline(&elsewhere, "").events(&[]);
    assert_eq!(said.code, Some(1));
    assert_eq!(states(&said), ["refused"]);
    assert_eq!(posting.sink.requests(), []);
    let end = said.of_step("step.finished", "tell");
    assert_eq!(
        (&end["error"]["blame"], &end["error"]["kind"]),
        (&json!("author"), &json!("denied"))
    );
    let log = said.all("step.log")[0]["message"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let expected = format!(
        "refused `POST http://127.0.0.1:{port}/hook`; to permit it:
steps:
  tell:
    permissions:
      http:
        - {{ scheme: http, host: '127.0.0.1', port: {port}, methods: [POST], paths: [/hook] }}",
        port = posting.port(),
    );
    assert_eq!(log, expected);
}

#[test]
fn loopback_is_not_dialled_without_the_range_in_the_permission() {
    let posting = Posting::new();
    let no_range = PERMITTED.replace(", addresses: [127.0.0.0/8]", "");
    let said = posting.pipeline(&no_range, "").events(&[]);
    assert_eq!(said.code, Some(1));
    assert_eq!(states(&said), ["started", "failed"]);
    assert_eq!(posting.sink.requests(), []);
    assert!(
        said.out.contains("has no address that may be dialled"),
        "{}",
        said.out
    );
}

#[test]
fn name_that_resolves_to_loopback_is_not_dialled_either() {
    let posting = Posting::new();
    let said = Sluice::pipeline(&format!(
        "name: posting
on: [manual]
steps:
  tell:
    uses: notify
    with: {{ webhook: 'http://localhost:{port}/hook' }}
    permissions: {{ http: [{{ scheme: http, host: localhost, port: {port} }}] }}
",
        port = posting.port()
    ))
    .events(&[]);
    assert_eq!(said.code, Some(1));
    assert_eq!(states(&said), ["started", "failed"]);
    assert_eq!(posting.sink.requests(), []);
}

#[test]
fn retry_after_is_honoured_within_the_steps_patience() {
    let posting = Posting::new();
    posting.sink.reply_once(Reply::retry_after(1));
    let said = posting.pipeline(PERMITTED, "").events(&[]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    assert_eq!(posting.sink.requests().len(), 2);
    let times = said.all("effect");
    let at = |index: usize| {
        let text = times[index]["at"].as_str().expect("an event has a time");
        text.parse::<jiff::Timestamp>().expect("it is a timestamp")
    };
    let pause = at(2).duration_since(at(1));
    assert!(
        pause >= Duration::from_secs(1).try_into().expect("it is small"),
        "{pause:?}"
    );
}

#[test]
fn answer_that_never_comes_is_unknown_and_never_repeated() {
    let posting = Posting::new();
    posting.sink.reply(Reply::Never);
    let more = "    timeout: 500ms\n    retry: { attempts: 3, backoff: 1ms, on: [unavailable, failed, timeout] }\n";
    let said = posting.pipeline(PERMITTED, more).events(&[]);
    assert_eq!(said.code, Some(1));
    assert_eq!(states(&said), ["started", "unknown"]);
    assert_eq!(said.of_step("step.finished", "tell")["outcome"], "unknown");
    assert_eq!(posting.sink.requests().len(), 1);
    assert_eq!(said.all("step.retrying"), Vec::<Value>::new());
}

#[test]
fn server_that_refuses_connections_is_unavailable_and_may_be_repeated() {
    let posting = Posting::new();
    let pipeline = posting.pipeline(PERMITTED, "    retry: { attempts: 2, backoff: 1ms }\n");
    let Posting { runtime, sink } = posting;
    drop(sink);
    drop(runtime);
    let said = pipeline.events(&[]);
    assert_eq!(said.code, Some(1));
    assert_eq!(states(&said), ["started", "failed", "started", "failed"]);
    let end = said.of_step("step.finished", "tell");
    assert_eq!(
        (&end["outcome"], &end["error"]["kind"]),
        (&json!("failure"), &json!("unavailable"))
    );
}

#[test]
fn dry_run_shows_the_request_and_sends_nothing() {
    let posting = Posting::new();
    let said = posting.pipeline(PERMITTED, "").events(&["--dry-run"]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    assert_eq!(
        said.effects(),
        [format!(
            "http POST http://127.0.0.1:{}/hook planned",
            posting.port()
        )]
    );
    assert_eq!(posting.sink.requests(), []);
    assert_eq!(said.of_step("step.finished", "tell")["assumed"], true);
}

#[test]
fn dry_run_sends_no_post_even_where_the_permission_says_read() {
    let posting = Posting::new();
    let read = PERMITTED.replace(" }", ", read: true }");
    let said = posting.pipeline(&read, "").events(&["--dry-run"]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    assert_eq!(states(&said), ["planned"]);
    assert_eq!(posting.sink.requests(), []);
}

#[test]
fn server_that_asks_for_a_longer_wait_than_the_step_has_is_not_waited_for() {
    let posting = Posting::new();
    posting.sink.reply(Reply::retry_after(99_999_999));
    let more = "    timeout: 5s\n    retry: { attempts: 3, backoff: 1ms }\n";
    let said = posting.pipeline(PERMITTED, more).events(&[]);
    assert_eq!(said.code, Some(1));
    assert_eq!(posting.sink.requests().len(), 1);
    assert_eq!(said.all("step.retrying"), Vec::<Value>::new());
}
