//! Git over HTTP: one question for what a server can do, then requests and their answers,
//! each streamed. Redirects are not followed, since a credential would go with them.

use std::{io, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use http::{HeaderValue, Method, Request as Head, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    body::{Frame, Incoming},
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use url::Url;

use super::{
    line::{Body, Lines},
    link::{Address, Login, Lost, Request, Service},
    reach::{connect, unreachable},
};
use crate::{
    bindings::sluice::git::remote::Error,
    capability::http::{Stream, secure},
};

/// How long an answer may take to begin: a server counts objects before the first byte.
const ANSWER: Duration = Duration::from_mins(2);
/// The same for a push, whose hooks run before it.
const TAKEN: Duration = Duration::from_mins(15);

type Outgoing = UnsyncBoxBody<Bytes, io::Error>;

/// A remote that is reached by HTTP.
pub(in super::super) struct Http {
    address: Address,
    /// The connection of the last request, which may serve the next.
    kept: Option<SendRequest<Outgoing>>,
}

impl Http {
    pub(super) fn new(address: Address) -> Self {
        Self {
            address,
            kept: None,
        }
    }

    /// Asks what the service can do.
    pub(super) async fn open(&mut self, service: Service) -> Result<Lines, Error> {
        let path = format!("info/refs?service={}", service.name());
        let mut head = self.head(Method::GET, &path);
        if service == Service::UploadPack {
            head = head.header("Git-Protocol", "version=2");
        }
        let body = Full::new(Bytes::new()).map_err(|never| match never {});
        let answer = self.exchange(head, body.boxed_unsync(), ANSWER).await;
        let kind = format!("application/x-{}-advertisement", service.name());
        self.lines(answer.map_err(Lost::error)?, &kind)
    }

    /// Sends a request to the service.
    pub(super) async fn ask(
        &mut self,
        service: Service,
        version: u8,
        request: Request,
    ) -> Result<Lines, Lost> {
        let kind = |what| format!("application/x-{}-{what}", service.name());
        let mut head = self
            .head(Method::POST, service.name())
            .header(header::CONTENT_TYPE, kind("request"))
            .header(header::ACCEPT, kind("result"));
        if version == 2 {
            head = head.header("Git-Protocol", "version=2");
        }
        let (bytes, rest) = request.into();
        let body = match rest {
            None => Full::new(bytes)
                .map_err(|never| match never {})
                .boxed_unsync(),
            Some(rest) => {
                let body = stream::iter([Ok(bytes)]).chain(rest);
                let frames = body.map_ok(Frame::data);
                let frames = frames.map_err(|error| io::Error::other(format!("{error:?}")));
                StreamBody::new(frames).boxed_unsync()
            }
        };
        let wait = match service {
            Service::UploadPack => ANSWER,
            Service::ReceivePack => TAKEN,
        };
        let answer = self.exchange(head, body, wait).await?;
        self.lines(answer, &kind("result")).map_err(Lost::After)
    }

    fn head(&self, method: Method, path: &str) -> http::request::Builder {
        let Address { url, login, .. } = &self.address;
        let path = format!("{}/{path}", url.path().trim_end_matches('/'));
        let mut head = Head::builder()
            .method(method)
            .uri(path)
            .header(
                header::HOST,
                &url[url::Position::BeforeHost..url::Position::AfterPort],
            )
            .header(header::USER_AGENT, AGENT)
            // A pack is compressed already, and a compressed line could carry a secret past
            // the mask.
            .header(header::ACCEPT_ENCODING, "identity");
        let authorization = match login {
            Login::Nobody | Login::Key { .. } => None,
            Login::Basic { user, password } => {
                let pair = BASE64_STANDARD.encode(format!("{user}:{password}"));
                Some(format!("Basic {pair}"))
            }
            Login::Bearer(token) => Some(format!("Bearer {token}")),
        };
        if let Some(value) = authorization {
            // A token with a line feed in it makes the request one that cannot be built.
            if let Ok(mut value) = HeaderValue::try_from(value) {
                value.set_sensitive(true);
                head = head.header(header::AUTHORIZATION, value);
            }
        }
        head
    }

    async fn exchange(
        &mut self,
        head: http::request::Builder,
        body: Outgoing,
        wait: Duration,
    ) -> Result<Response<Incoming>, Lost> {
        let request = head
            .body(body)
            .map_err(|error| Lost::Before(Error::Invalid(format!("{}: {error}", self.name()))))?;
        let mut sender = self.sender().await.map_err(Lost::Before)?;
        let sent = tokio::time::timeout(wait, sender.try_send_request(request)).await;
        let answer = match sent {
            Err(_) => {
                let why = format!("{} gave no answer within {wait:?}", self.name());
                return Err(Lost::After(Error::Unavailable(why)));
            }
            Ok(Err(mut lost)) => {
                let unsent = lost.take_message().is_some();
                let why = format!(
                    "the connection to {} was lost: {}",
                    self.name(),
                    lost.error()
                );
                let error = Error::Unavailable(why);
                return Err(if unsent {
                    Lost::Before(error)
                } else {
                    Lost::After(error)
                });
            }
            Ok(Ok(answer)) => answer,
        };
        self.kept = Some(sender);
        self.refusal(&answer).map_or(Ok(answer), Err)
    }

    /// The connection of the last request if it still stands, or a new one.
    async fn sender(&mut self) -> Result<SendRequest<Outgoing>, Error> {
        if let Some(mut kept) = self.kept.take()
            && kept.ready().await.is_ok()
        {
            return Ok(kept);
        }
        let stream = stream(&self.address.name, &self.address.url).await?;
        let (sender, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(|error| Error::Unavailable(format!("{}: {error}", self.name())))?;
        tokio::spawn(connection);
        Ok(sender)
    }

    /// What an answer without the protocol in it means.
    fn refusal(&self, answer: &Response<Incoming>) -> Option<Lost> {
        let (status, name) = (answer.status(), self.name());
        if status.is_success() {
            return None;
        }
        let error = match status {
            StatusCode::UNAUTHORIZED => Error::Forbidden(match &self.address.login {
                Login::Nobody | Login::Key { .. } => {
                    format!("{name} wants to know who asks: give it an `auth` with a `password`")
                }
                Login::Basic { user, .. } => format!("{name} refused the password of `{user}`"),
                Login::Bearer(_) => {
                    format!("{name} refused the token; with a password `auth` needs a `user` too")
                }
            }),
            StatusCode::FORBIDDEN => Error::Forbidden(format!(
                "{name} knows the account and refuses it this (403)"
            )),
            StatusCode::NOT_FOUND | StatusCode::GONE => Error::NotFound(format!(
                "{name} has no such repository, or none for this account ({})",
                status.as_u16()
            )),
            status if status.is_redirection() => Error::Forbidden(format!(
                "{name} asks to go to {}, and redirects are not followed: if that is right, make it the remote's `url`",
                elsewhere(&self.address.url, answer)
            )),
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => {
                Error::Unavailable(format!("{name} answered {status}"))
            }
            status => Error::Other(format!("{name} answered {status}")),
        };
        Some(if status.is_server_error() {
            Lost::After(error)
        } else {
            Lost::Before(error)
        })
    }

    /// The answer's lines, if it is of that kind.
    fn lines(&self, answer: Response<Incoming>, kind: &str) -> Result<Lines, Error> {
        let found = answer.headers().get(header::CONTENT_TYPE);
        let found = found.map_or("", |value| value.to_str().unwrap_or_default());
        if found != kind {
            return Err(Error::Unsupported(format!(
                "{} answers `{}` and not git's smart protocol: is this the address of a repository?",
                self.name(),
                found.split(';').next().unwrap_or_default()
            )));
        }
        let name = self.name();
        let body: Body = answer
            .into_body()
            .into_data_stream()
            .map_err(move |error| {
                Error::Unavailable(format!("the connection to {name} was lost: {error}"))
            })
            .boxed();
        Ok(Lines::new(body))
    }

    fn name(&self) -> String {
        format!("remote `{}`", self.address.name)
    }
}

/// What every request says it comes from.
pub(super) const AGENT: &str = concat!("sluice/", env!("CARGO_PKG_VERSION"));

/// Where an answer asks to go, without what may be a secret in its path.
fn elsewhere(url: &Url, answer: &Response<Incoming>) -> String {
    let location = answer.headers().get(header::LOCATION);
    let location = location.and_then(|value| url.join(value.to_str().ok()?).ok());
    match location {
        Some(location) if location.origin() == url.origin() => {
            "another place of the same host".to_owned()
        }
        Some(location) => format!("`{}`", location.origin().ascii_serialization()),
        None => "another place".to_owned(),
    }
}

async fn stream(name: &str, url: &Url) -> Result<Box<dyn Stream>, Error> {
    let stream = connect(name, url, 443).await?;
    if url.scheme() == "http" {
        return Ok(Box::new(stream));
    }
    let secured = secure(url.host_str().unwrap_or_default(), stream).await;
    secured.map_err(|error| unreachable(name, &error))
}
