//! One request and its answer. What a failure means for the effect depends on how far
//! it came: not sent is `failed`, sent and unanswered is `unknown`.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header, request::Parts};
use http_body_util::{BodyExt, Empty, Full, LengthLimitError, Limited};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sluice_pipeline::{
    permission::{HttpRequest, PermittedRequest, Scheme},
    policy::{Limit, Limits, show_size},
};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::{budget::Budget, dial::Dialer, substitute};
use crate::{
    run::{
        Effects, Hold, Reporter, Started,
        event::{Effect, Level},
    },
    secret::{Mask, StepSecrets},
};

/// How long an answer may take to begin, where the plugin says nothing.
const ANSWER: Duration = Duration::from_secs(30);
/// The longest that a plugin may ask for.
const LONGEST: Duration = Duration::from_mins(10);

/// The answer, and nothing more to be done for it.
pub(super) type Answer = (
    Response<WasiBody>,
    Box<dyn Future<Output = Result<(), Error>> + Send>,
);

/// A permitted request on its way.
pub(super) struct Exchange {
    pub(super) request: Request<WasiBody>,
    pub(super) asked: HttpRequest,
    pub(super) options: RequestOptions,
    pub(super) permitted: PermittedRequest,
    /// `None` in a dry run, which sends nothing.
    pub(super) dialer: Option<Dialer>,
    /// It asks and its permission says so: no plan holds it.
    pub(super) read: bool,
    pub(super) limits: Arc<Limits>,
    pub(super) secrets: Arc<StepSecrets>,
    pub(super) mask: Mask,
    /// From its admission on, the attempt waits for it.
    pub(super) hold: Hold,
    pub(super) effects: Effects,
    pub(super) reporter: Reporter,
    pub(super) budget: Budget,
    pub(super) effect: Effect,
}

impl Exchange {
    pub(super) async fn run(self) -> Result<Answer, Error> {
        let _hold = self.hold;
        let _turn = self.budget.turn().await;
        let over = |what: String| self.effects.exceed(&what);
        let (mut parts, body) = self.request.into_parts();
        let limits = self.limits;
        let too_long = |what: &str, limit: &Limit<usize>| {
            let (most, whose) = (show_size(limit.most), limit.whose());
            let line = format!("{what} is longer than {most}{whose}");
            self.reporter.log(Level::Error, &line, Vec::new());
        };
        let limit = &limits.request_body;
        let body = collect(body, limit.most).await.inspect_err(|error| {
            if matches!(error, Error::HttpRequestBodySize(_)) {
                too_long("the request's body", limit);
            }
        })?;
        if let Err(what) = self.budget.sent(body.len()) {
            over(what);
            return Err(Error::HttpRequestDenied);
        }
        let mut effect = self.effect;
        let Some(dialer) = self.dialer else {
            effect.detail = shown(&effect.detail["url"], &parts, &body, &self.secrets);
            self.effects.plan(&effect);
            return Ok(answer(Response::new(()), Bytes::new()));
        };
        let secure = self.asked.scheme == Scheme::Https || dialer.is_sink();
        let (body, told) =
            substitute::request(&mut parts, body, &self.asked.host, secure, &self.secrets);
        for line in told {
            self.reporter.log(Level::Warn, &line, Vec::new());
        }
        if self.effects.closed() {
            return Err(Error::ConnectionTerminated);
        }
        let started = if self.read {
            self.effects.ask(effect)
        } else {
            self.effects.start(effect).await
        };
        let started = started.map_err(|_| Error::HttpRequestDenied)?;
        if self.effects.closed() {
            return Err(Error::ConnectionTerminated);
        }
        let stream = match dialer.connect(&self.asked, &self.permitted).await {
            Ok(stream) => stream,
            Err(error) => {
                let why = if matches!(error, Error::DestinationIpProhibited) {
                    self.permitted.undialled(&self.asked.host)
                } else {
                    error.to_string()
                };
                self.reporter.log(Level::Error, &why, Vec::new());
                started.failed(&why);
                return Err(error);
            }
        };
        if !self.secrets.is_empty() {
            // A compressed answer could carry a secret past the mask.
            parts.headers.insert(
                header::ACCEPT_ENCODING,
                HeaderValue::from_static("identity"),
            );
        }
        let wait = self
            .options
            .first_byte_timeout
            .unwrap_or(ANSWER)
            .min(LONGEST);
        let response = send(stream, parts, body, wait, started).await?;
        let (mut head, body) = response.into_parts();
        let limit = &limits.answer_body;
        let body = tokio::time::timeout(LONGEST, Limited::new(body, limit.most).collect())
            .await
            .map_err(|_| Error::HttpResponseTimeout)?
            .map_err(|error| {
                if error.is::<LengthLimitError>() {
                    too_long("the answer's body", limit);
                    Error::HttpResponseBodySize(u64::try_from(limit.most).ok())
                } else {
                    Error::HttpResponseIncomplete
                }
            })?
            .to_bytes();
        if let Err(what) = self.budget.received(body.len()) {
            over(what);
            return Err(Error::HttpResponseBodySize(None));
        }
        if self.secrets.is_empty() {
            return Ok(answer(Response::from_parts(head, ()), body));
        }
        if let Some(coding) = head.headers.get(header::CONTENT_ENCODING)
            && coding != "identity"
        {
            // It was asked for uncompressed: what cannot be read cannot be masked.
            let coding = String::from_utf8_lossy(coding.as_bytes()).into_owned();
            return Err(Error::HttpResponseContentCoding(Some(coding)));
        }
        for value in head.headers.values_mut() {
            let masked = HeaderValue::from_bytes(&self.mask.bytes(value.as_bytes()));
            *value = masked.unwrap_or_else(|_| HeaderValue::from_static("***"));
        }
        let body = Bytes::from(self.mask.bytes(&body));
        head.headers.remove(header::CONTENT_LENGTH);
        Ok(answer(Response::from_parts(head, ()), body))
    }
}

/// Sends the request on the stream and waits for the head of its answer.
async fn send(
    stream: Box<dyn super::dial::Stream>,
    mut parts: Parts,
    body: Bytes,
    wait: Duration,
    started: Started,
) -> Result<Response<hyper::body::Incoming>, Error> {
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = match handshake {
        Ok(pair) => pair,
        Err(error) => {
            started.failed(&error.to_string());
            return Err(Error::Hyper(error));
        }
    };
    tokio::spawn(connection);
    // The request line names the path alone; the host stands in its header.
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = path
        .parse::<Uri>()
        .map_err(|_| Error::HttpRequestUriInvalid)?;
    parts.headers.remove(header::TRANSFER_ENCODING);
    parts.headers.remove(header::CONTENT_LENGTH);
    let request = Request::from_parts(parts, Full::new(body));
    match tokio::time::timeout(wait, sender.try_send_request(request)).await {
        Ok(Ok(response)) => {
            started.done(json!({ "status": response.status().as_u16() }));
            Ok(response)
        }
        Ok(Err(mut lost)) => {
            if lost.take_message().is_some() {
                started.failed("the connection closed before the request was sent");
                return Err(Error::ConnectionRefused);
            }
            started.unknown("the connection was lost after the request was sent");
            Err(Error::ConnectionTerminated)
        }
        Err(_) => {
            started.unknown(&format!(
                "no answer came within {wait:?} after the request was sent"
            ));
            Err(Error::HttpResponseTimeout)
        }
    }
}

async fn collect(body: WasiBody, limit: usize) -> Result<Bytes, Error> {
    let collected = Limited::new(body, limit).collect().await;
    collected
        .map(http_body_util::Collected::to_bytes)
        .map_err(|error| match error.downcast::<Error>() {
            // The plugin did not end its body as it said it would.
            Ok(error) => *error,
            Err(_) => Error::HttpRequestBodySize(u64::try_from(limit).ok()),
        })
}

fn answer(head: Response<()>, body: Bytes) -> Answer {
    let body: WasiBody = if body.is_empty() {
        Empty::new().map_err(|never| match never {}).boxed_unsync()
    } else {
        Full::new(body)
            .map_err(|never| match never {})
            .boxed_unsync()
    };
    (head.map(|()| body), Box::new(async { Ok(()) }))
}

/// What a plan shows of a request: its body, without the random placeholders.
fn shown(url: &Value, parts: &Parts, body: &Bytes, secrets: &StepSecrets) -> Value {
    let text = String::from_utf8_lossy(body);
    let text = secrets.iter().fold(text.into_owned(), |text, held| {
        text.replace(&held.token, "***")
    });
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    let kind = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    json!({ "url": url, "content-type": kind, "body": body })
}
