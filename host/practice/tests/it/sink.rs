//! The sink, over its socket.

use std::time::Duration;

use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use sluice_practice::{Received, Reply, Sink};
use tokio::net::TcpStream;

/// Posts a body and returns status, `retry-after` and body of the answer.
async fn post(sink: &Sink, body: &'static str) -> (u16, Option<String>, String) {
    let address = sink.url().trim_start_matches("http://").to_owned();
    let stream = TcpStream::connect(&address).await.expect("it listens");
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .expect("it speaks HTTP");
    tokio::spawn(connection);
    let request = Request::post("/hook?x=1")
        .header("host", address)
        .header("x-kind", "test")
        .body(Full::new(body.as_bytes()));
    let answer = sender
        .send_request(request.expect("a request"))
        .await
        .expect("it answers");
    let retry = answer
        .headers()
        .get("retry-after")
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let status = answer.status().as_u16();
    let body = answer
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    (status, retry, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn sink_says_ok_and_shows_what_came() {
    let sink = Sink::start().await.expect("a port is free");
    assert_eq!(post(&sink, "hello").await, (200, None, "ok".to_owned()));
    let host = sink.url().trim_start_matches("http://").to_owned();
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        sink.requests(),
        [Received {
            method: "POST".to_owned(),
            path: "/hook?x=1".to_owned(),
            headers: vec![
                header("host", &host),
                header("x-kind", "test"),
                header("content-length", "5")
            ],
            body: b"hello".to_vec(),
        }]
    );
}

#[tokio::test]
async fn sink_answers_as_it_was_told() {
    let sink = Sink::start().await.expect("a port is free");
    sink.reply_once(Reply::retry_after(2));
    sink.reply_once(Reply::status(500).after(Duration::from_millis(1)));
    sink.reply(Reply::status(204));
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(post(&sink, "").await);
    }
    let none = String::new();
    let expected = [
        (429, Some("2".to_owned())),
        (500, None),
        (204, None),
        (204, None),
    ];
    assert_eq!(
        seen,
        expected.map(|(status, retry)| (status, retry, none.clone()))
    );
}

#[tokio::test]
async fn request_without_an_answer_is_shown_too() {
    let sink = Sink::start().await.expect("a port is free");
    sink.reply(Reply::Never);
    tokio::select! {
        answer = post(&sink, "hello") => panic!("an answer came: {answer:?}"),
        received = sink.received(1) => assert_eq!(received[0].body, b"hello"),
    }
}
