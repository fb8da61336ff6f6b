//! HTTP/1.1 on a loopback port of its own, for the cluster and the sink: connections, bodies, an
//! end on drop. What is answered is theirs.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

pub(crate) type Body = BoxBody<Bytes, Infallible>;

/// The connection is closed instead of answered.
#[derive(Debug, thiserror::Error)]
#[error("the connection was closed on purpose")]
pub(crate) struct Hangup;

/// A listening server. It ends with all its connections when dropped.
#[derive(Debug)]
pub(crate) struct Listening {
    address: SocketAddr,
    task: AbortHandle,
}

impl Listening {
    /// Listens on a free port of 127.0.0.1 and answers each request with the handler.
    pub(crate) async fn start<H, F>(handler: H) -> io::Result<Listening>
    where
        H: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
        F: Future<Output = Result<Response<Body>, Hangup>> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            // Dropped with the task, and with it every connection.
            let mut connections = JoinSet::new();
            loop {
                // A connection that is lost before it is accepted is the client's affair.
                let Ok((stream, _)) = listener.accept().await else {
                    continue;
                };
                // A change that a watch tells is small, and wanted now.
                let _ = stream.set_nodelay(true);
                while connections.try_join_next().is_some() {}
                let service = service_fn(handler.clone());
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                connections.spawn(connection);
            }
        });
        Ok(Listening {
            address,
            task: task.abort_handle(),
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Why a body was not read.
pub(crate) enum Unread {
    TooLarge,
    /// The client broke off.
    Lost,
}

/// Reads a body of at most so many bytes.
pub(crate) async fn read(body: Incoming, limit: usize) -> Result<Bytes, Unread> {
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Unread::TooLarge),
        Err(_) => Err(Unread::Lost),
    }
}

pub(crate) fn full(body: impl Into<Bytes>) -> Body {
    Full::new(body.into()).boxed()
}
