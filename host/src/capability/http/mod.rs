//! `wasi:http/outgoing-handler`: each request of a plugin is checked on its values, its
//! secrets put in, sent by one dial, and answered; or, in a dry run, foreseen.

mod budget;
mod dial;
mod exchange;
mod substitute;

use std::sync::Arc;

use http::{HeaderValue, Method, Request, header, uri};
use serde_json::json;
use sluice_pipeline::{
    permission::{Authority, HttpRequest, Scheme, permit_request},
    policy::Limits,
};
use url::Host;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

pub use budget::Budget;
pub use dial::{Dialer, Route};
pub(in crate::capability) use dial::{Stream, reach, secure};
use exchange::{Answer, Exchange};

use crate::{
    run::{
        Effects, Reporter,
        event::{Effect, EffectState, Level},
    },
    secret::StepSecrets,
};

/// What becomes of a permitted request.
#[derive(Clone)]
pub enum Egress {
    /// It is sent.
    Send(Dialer),
    /// It is foreseen, and answered with 200 and an empty body; it is sent only where its
    /// permission says `read: true` and there is something to send it with.
    Plan(Option<Dialer>),
}

/// The calls of one plugin.
pub struct HttpCalls {
    /// The step's identifier, for what a refusal says.
    pub step: String,
    /// What the step may do.
    pub authority: Authority,
    /// The values behind its placeholders.
    pub secrets: Arc<StepSecrets>,
    /// Keeps the requests.
    pub effects: Effects,
    /// Says what a person should know of them.
    pub reporter: Reporter,
    /// What becomes of them.
    pub egress: Egress,
    /// How large they may be.
    pub limits: Arc<Limits>,
    /// How many they may be, and how much they may carry.
    pub budget: Budget,
}

/// What is held of a body that nobody has sent yet, in bytes: a plugin can begin many.
const CHUNK: usize = 16 << 10;

type Sending = Box<dyn Future<Output = Result<Answer, Error>> + Send>;

impl WasiHttpHooks for HttpCalls {
    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        CHUNK
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Sending {
        match self.admit(request, options.unwrap_or_default()) {
            Err(error) => Box::new(async move { Err(error) }),
            // The exchange goes on by itself when the plugin is gone, so that its effect
            // can still be told.
            Ok(exchange) => Box::new(async move {
                let exchange = tokio::spawn(exchange.run());
                exchange
                    .await
                    .unwrap_or_else(|lost| Err(Error::InternalError(Some(lost.to_string()))))
            }),
        }
    }
}

impl HttpCalls {
    /// The exchange that the request asks for, if the step may have it.
    fn admit(
        &self,
        mut request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<Exchange, Error> {
        let over = |what: String| {
            self.effects.exceed(&what);
            Error::HttpRequestDenied
        };
        self.budget.request().map_err(over)?;
        let asked = asked(&mut request)?;
        let effect = Effect {
            capability: "http",
            action: asked.method.clone(),
            target: self.without_tokens(&request.uri().to_string()),
            state: EffectState::Started,
            detail: json!({ "url": self.by_name(&request.uri().to_string()) }),
        };
        let permitted = self.authority.request(&asked).map_err(|denied| {
            let yaml = permit_request(&self.step, &asked);
            self.effects.refuse(&effect, &denied.why(&self.step));
            let (action, target) = (&effect.action, &effect.target);
            self.reporter.log(
                Level::Error,
                &format!("refused `{action} {target}`; {}", denied.way_out(&yaml)),
                Vec::new(),
            );
            Error::HttpRequestDenied
        })?;
        // Whatever a permission says, a dry run asks and never tells.
        let asks = matches!(asked.method.as_str(), "GET" | "HEAD");
        let read = asks && permitted.read();
        let dialer = match &self.egress {
            Egress::Send(dialer) => Some(dialer.clone()),
            Egress::Plan(reader) if read => reader.clone(),
            Egress::Plan(_) => None,
        };
        Ok(Exchange {
            request,
            asked,
            options,
            permitted,
            dialer,
            read,
            secrets: self.secrets.clone(),
            limits: self.limits.clone(),
            mask: self.reporter.mask().clone(),
            hold: self.effects.hold(),
            effects: self.effects.clone(),
            reporter: self.reporter.clone(),
            budget: self.budget.clone(),
            effect,
        })
    }

    /// The URL with its secrets by name, as a plan holds it: the origin of one that is a
    /// whole address may be known to a run and not to a plan.
    fn by_name(&self, url: &str) -> String {
        self.secrets.iter().fold(url.to_owned(), |url, held| {
            let name = format!("${{{{ secrets.{} }}}}", held.name);
            url.replace(&held.placeholder, &name)
                .replace(&held.token, &name)
        })
    }

    /// Placeholders are random: in an effect they would make each run differ.
    fn without_tokens(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, held| {
            text.replace(&held.token, "***")
        })
    }
}

/// The values that a permission is asked on. From then on the request has the one spelling
/// of its host that they have: what is decided on, looked up, verified and said to the server
/// is the same. Refused are a request that names no such host or port, one with a user name
/// before it, and methods that are not for a server's resources: a tunnel, an echo.
fn asked(request: &mut Request<WasiBody>) -> Result<HttpRequest, Error> {
    let invalid = || Error::HttpRequestUriInvalid;
    if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
        return Err(Error::HttpRequestMethodInvalid);
    }
    let uri = request.uri();
    let scheme = match uri.scheme_str() {
        Some("https") => Scheme::Https,
        Some("http") => Scheme::Http,
        _ => return Err(invalid()),
    };
    let authority = uri.authority().ok_or_else(invalid)?;
    let (host, rest) = (authority.host(), authority.as_str());
    // With a user name it does not begin with the host.
    let rest = rest.strip_prefix(host).ok_or_else(invalid)?;
    let port = match rest.strip_prefix(':') {
        None if rest.is_empty() => scheme.default_port(),
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().map_err(|_| invalid())?
        }
        _ => return Err(invalid()),
    };
    let host = Host::parse(host).map_err(|_| invalid())?.to_string();
    let said = if port == scheme.default_port() {
        host.clone()
    } else {
        format!("{host}:{port}")
    };
    let path = uri.path().to_owned();
    let mut parts = uri.clone().into_parts();
    parts.authority = Some(said.parse::<uri::Authority>().map_err(|_| invalid())?);
    let header = HeaderValue::try_from(said).map_err(|_| invalid())?;
    request.headers_mut().insert(header::HOST, header);
    *request.uri_mut() = http::Uri::from_parts(parts).map_err(|_| invalid())?;
    Ok(HttpRequest {
        scheme,
        host,
        port,
        method: request.method().as_str().to_owned(),
        path,
    })
}

#[cfg(test)]
mod tests;
