//! A way to a remote, whatever carries it: what the server says first, then a request and
//! its answer.

use bytes::Bytes;
use url::Url;

use super::{
    advert::Advert,
    http::Http,
    line::{Body, Lines},
    local::Local,
    ssh::Ssh,
};
use crate::bindings::sluice::git::remote::Error;

/// Where a remote is and how to authenticate there.
pub(in super::super) struct Address {
    /// Its name in the pipeline: what an error calls it.
    pub(in super::super) name: String,
    pub(in super::super) url: Url,
    pub(in super::super) login: Login,
}

/// Who the host says that it is.
pub(in super::super) enum Login {
    Nobody,
    Basic {
        user: String,
        password: String,
    },
    Bearer(String),
    /// A private key for SSH, and what the host must show.
    Key {
        user: String,
        key: String,
        known_host: Option<String>,
    },
}

/// The program at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Service {
    UploadPack,
    ReceivePack,
}

impl Service {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::UploadPack => "git-upload-pack",
            Self::ReceivePack => "git-receive-pack",
        }
    }
}

/// What is sent after the server has spoken.
pub(in super::super) enum Request {
    Whole(Vec<u8>),
    /// The beginning, and what follows it.
    Stream(Vec<u8>, Body),
}

/// Why there is no answer.
#[derive(Debug, PartialEq)]
pub(in super::super) enum Lost {
    /// Nothing of the request took place.
    Before(Error),
    /// It may have.
    After(Error),
}

impl Lost {
    pub(in super::super) fn error(self) -> Error {
        match self {
            Self::Before(error) | Self::After(error) => error,
        }
    }
}

/// A way to a remote.
pub(in super::super) enum Link {
    /// With what a server that is asked to send said, which it need not repeat.
    Http(Box<Http>, Option<Advert>),
    Ssh(Box<Ssh>),
    Local(Local),
}

impl Link {
    pub(in super::super) fn new(address: Address) -> Result<Self, Error> {
        match address.url.scheme() {
            "https" | "http" => Ok(Self::Http(Box::new(Http::new(address)), None)),
            "ssh" => Ok(Self::Ssh(Box::new(Ssh::new(address)))),
            "file" => Ok(Self::Local(Local::new(&address)?)),
            other => Err(Error::Unsupported(format!(
                "remote `{}` is reached by `{other}`, which sluice does not speak; use `https` or `ssh`",
                address.name
            ))),
        }
    }

    /// What the server of that service can do, and has.
    pub(in super::super) async fn open(&mut self, service: Service) -> Result<Advert, Error> {
        match self {
            Self::Http(_, Some(advert)) if service == Service::UploadPack => Ok(advert.clone()),
            Self::Http(http, said) => {
                let mut lines = http.open(service).await?;
                let advert = Advert::read(&mut lines).await?;
                lines.finish().await;
                if service == Service::UploadPack {
                    *said = Some(advert.clone());
                }
                Ok(advert)
            }
            Self::Ssh(ssh) => {
                let mut lines = ssh.open(service).await?;
                let advert = Advert::read(&mut lines).await?;
                ssh.keep(lines);
                Ok(advert)
            }
            Self::Local(local) => {
                let mut lines = local.open(service)?;
                let advert = Advert::read(&mut lines).await?;
                local.keep(lines);
                Ok(advert)
            }
        }
    }

    /// Sends a request to the service that was opened.
    pub(in super::super) async fn ask(
        &mut self,
        service: Service,
        version: u8,
        request: Request,
    ) -> Result<Lines, Lost> {
        match self {
            Self::Http(http, _) => http.ask(service, version, request).await,
            Self::Ssh(ssh) => ssh.ask(request),
            Self::Local(local) => local.ask(request),
        }
    }
}

impl From<Request> for (Bytes, Option<Body>) {
    fn from(request: Request) -> Self {
        match request {
            Request::Whole(bytes) => (bytes.into(), None),
            Request::Stream(bytes, body) => (bytes.into(), Some(body)),
        }
    }
}
