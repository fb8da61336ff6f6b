//! `wasi:http/outgoing-handler`: each request of a plugin is checked on its values, its
//! secrets put in, sent by one dial, and answered; or, in a dry run, foreseen.

mod dial;
mod exchange;
mod substitute;

use std::sync::Arc;

use http::Request;
use serde_json::json;
use sluice_pipeline::{
    permission::{Authority, HttpRequest, Scheme, permit_request},
    policy::Limits,
};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

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
    /// How large and how many they may be.
    pub limits: Arc<Limits>,
    /// How many were admitted.
    pub sent: u64,
}

type Sending = Box<dyn Future<Output = Result<Answer, Error>> + Send>;

impl WasiHttpHooks for HttpCalls {
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
        &mut self,
        request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<Exchange, Error> {
        let asked = asked(&request).ok_or(Error::HttpRequestUriInvalid)?;
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
        self.count(&effect)?;
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
            effect,
        })
    }

    /// One request more, if so many may be sent.
    fn count(&mut self, effect: &Effect) -> Result<(), Error> {
        match &self.limits.requests {
            Some(limit) if self.sent >= limit.most => {
                let why = format!(
                    "an attempt may send {} requests{}",
                    limit.most,
                    limit.whose()
                );
                self.effects.refuse(effect, &why);
                let line = format!("refused `{} {}`: {why}", effect.action, effect.target);
                self.reporter.log(Level::Error, &line, Vec::new());
                Err(Error::HttpRequestDenied)
            }
            _ => {
                self.sent += 1;
                Ok(())
            }
        }
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

/// The values that a permission is asked on; `None` for a request that names no host, or
/// carries a user name before it.
fn asked(request: &Request<WasiBody>) -> Option<HttpRequest> {
    let uri = request.uri();
    let authority = uri.authority()?;
    if authority.as_str().contains('@') {
        return None;
    }
    let scheme = match uri.scheme_str()? {
        "https" => Scheme::Https,
        "http" => Scheme::Http,
        _ => return None,
    };
    Some(HttpRequest {
        scheme,
        host: authority.host().to_ascii_lowercase(),
        port: authority.port_u16().unwrap_or(scheme.default_port()),
        method: request.method().as_str().to_owned(),
        path: uri.path().to_owned(),
    })
}
