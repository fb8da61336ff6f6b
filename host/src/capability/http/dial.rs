//! One resolution, one decision, one dial: a name is looked up once, its addresses are
//! judged, and an address that passed is the one that is connected to.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, LazyLock},
    time::Duration,
};

use rustls::{ClientConfig, pki_types::ServerName};
use rustls_platform_verifier::BuilderVerifierExt;
use sluice_pipeline::permission::{HttpRequest, PermittedRequest, Scheme};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use wasmtime_wasi_http::Error;

/// How long looking up a name, connecting and agreeing on TLS may take, each.
pub(super) const CONNECT: Duration = Duration::from_secs(10);

/// Connects to the hosts of permitted requests.
#[derive(Clone)]
pub struct Dialer {
    route: Route,
}

/// Where connections go.
#[derive(Clone)]
pub enum Route {
    /// To the host that the request names.
    Named,
    /// All to one address and without TLS: a rehearsal's sink.
    Sink(SocketAddr),
}

/// A connection to send a request on.
pub(in crate::capability) trait Stream:
    AsyncRead + AsyncWrite + Send + Unpin
{
}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Dialer {
    /// A dialer that takes this route.
    pub fn new(route: Route) -> Self {
        Self { route }
    }

    /// Nothing real is in reach of it.
    pub(super) fn is_sink(&self) -> bool {
        matches!(self.route, Route::Sink(_))
    }

    /// Connects to the request's host, at an address that may be dialled for it. In an
    /// error nothing of the request has been sent.
    pub(super) async fn connect(
        &self,
        asked: &HttpRequest,
        permitted: &PermittedRequest,
    ) -> Result<Box<dyn Stream>, Error> {
        if let Route::Sink(sink) = self.route {
            return Ok(Box::new(within(TcpStream::connect(sink)).await?));
        }
        let dials = |address| permitted.dials(address);
        let stream = reach(&asked.host, asked.port, &dials).await?;
        match asked.scheme {
            Scheme::Http => Ok(Box::new(stream)),
            Scheme::Https => secure(&asked.host, stream).await,
        }
    }
}

/// Connects to the host at one of its addresses that may be dialled.
pub(in crate::capability) async fn reach(
    host: &str,
    port: u16,
    dials: &(dyn Fn(IpAddr) -> bool + Sync),
) -> Result<TcpStream, Error> {
    let mut found = resolve(host, port).await?;
    found.retain(|found| dials(found.ip()));
    let mut connected = Err(Error::DestinationIpProhibited);
    for address in found {
        connected = within(TcpStream::connect(address)).await;
        if connected.is_ok() {
            break;
        }
    }
    let stream = connected?;
    // A request is small and its answer waited for.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// Agrees on TLS with the host at the stream's other end.
pub(in crate::capability) async fn secure(
    host: &str,
    stream: TcpStream,
) -> Result<Box<dyn Stream>, Error> {
    let name =
        ServerName::try_from(bare(host).to_owned()).map_err(|_| Error::HttpRequestUriInvalid)?;
    let connector = TlsConnector::from(tls().map_err(Error::Tls)?);
    match tokio::time::timeout(CONNECT, connector.connect(name, stream)).await {
        Err(_) => Err(Error::ConnectionTimeout),
        Ok(stream) => Ok(Box::new(stream.map_err(Error::Tls)?)),
    }
}

async fn within(
    connecting: impl Future<Output = io::Result<TcpStream>>,
) -> Result<TcpStream, Error> {
    match tokio::time::timeout(CONNECT, connecting).await {
        Err(_) => Err(Error::ConnectionTimeout),
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
            Err(Error::ConnectionRefused)
        }
        Ok(stream) => stream.map_err(Error::Connect),
    }
}

/// A host without the brackets that a URL has around an IPv6 address.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, Error> {
    let host = bare(host);
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    match tokio::time::timeout(CONNECT, tokio::net::lookup_host((host, port))).await {
        Err(_) => Err(Error::DnsTimeout),
        Ok(Err(error)) => Err(Error::DnsError {
            rcode: Some(error.to_string()),
            info_code: None,
        }),
        Ok(Ok(found)) => Ok(found.collect()),
    }
}

/// The machine's certificate authorities, read when the first secure connection is made:
/// it takes some milliseconds.
fn tls() -> io::Result<Arc<ClientConfig>> {
    static CONFIG: LazyLock<Result<Arc<ClientConfig>, String>> = LazyLock::new(|| {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(BuilderVerifierExt::with_platform_verifier)
            .map(|builder| Arc::new(builder.with_no_client_auth()))
            .map_err(|error| error.to_string())
    });
    CONFIG.clone().map_err(io::Error::other)
}
