//! Git over SSH: a connection to a host that shows the pinned key, and on it one channel for
//! each service. A host is never trusted at first sight.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::{StreamExt, TryStreamExt, stream};
use russh::{
    Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Preferred,
    client::{self, Handle, Msg},
    keys::{HashAlg, PrivateKeyWithHashAlg, PublicKeyOrCertificate, decode_secret_key},
};

use super::{
    line::{Body, Lines, refused},
    link::{Address, Login, Lost, Request, Service},
    pin::Pin,
    reach::{connect, unreachable},
};
use crate::bindings::sluice::git::remote::Error;

/// How long agreeing on keys and being let in may take.
const LET_IN: Duration = Duration::from_secs(20);
/// How much a remote may say beside its answer, in bytes.
const ASIDE: usize = 4096;

/// A remote that is reached by SSH.
pub(in super::super) struct Ssh {
    address: Address,
    session: Option<Handle<Pinned>>,
    /// The channel of the service that was opened last.
    input: Option<ChannelWriteHalf<Msg>>,
    output: Option<Lines>,
}

impl Ssh {
    pub(super) fn new(address: Address) -> Self {
        Self {
            address,
            session: None,
            input: None,
            output: None,
        }
    }

    /// Starts the service.
    pub(super) async fn open(&mut self, service: Service) -> Result<Lines, Error> {
        let failed = |error: russh::Error| unreachable(&self.address.name, &error);
        let session = match self.session.take() {
            Some(session) if !session.is_closed() => session,
            _ => tokio::time::timeout(LET_IN, session(&self.address))
                .await
                .unwrap_or_else(|_| Err(unreachable(&self.address.name, &"it took too long")))?,
        };
        let channel = session.channel_open_session().await.map_err(failed)?;
        self.session = Some(session);
        if service == Service::UploadPack {
            // A server that does not take it speaks version 0.
            let set = channel.set_env(false, "GIT_PROTOCOL", "version=2");
            set.await.map_err(failed)?;
        }
        let command = format!("{} {}", service.name(), quoted(self.address.url.path()));
        channel.exec(false, command).await.map_err(failed)?;
        let (output, input) = Channel::split(channel);
        self.input = Some(input);
        Ok(Lines::new(body(output, self.address.name.clone())))
    }

    /// Keeps what the service says after its beginning.
    pub(super) fn keep(&mut self, lines: Lines) {
        self.output = Some(lines);
    }

    /// Sends a request to the service that was opened.
    pub(super) fn ask(&mut self, request: Request) -> Result<Lines, Lost> {
        let (Some(input), Some(output)) = (self.input.take(), self.output.take()) else {
            let why = Error::Other("a service is asked that was not opened".to_owned());
            return Err(Lost::Before(why));
        };
        let (bytes, rest) = request.into();
        let rest = rest.unwrap_or_else(|| stream::empty().boxed());
        // The answer is read meanwhile: a server that is not listened to stops listening.
        tokio::spawn(async move {
            let mut parts = stream::iter([Ok(bytes)]).chain(rest);
            while let Ok(Some(part)) = parts.try_next().await {
                if input.data_bytes(part).await.is_err() {
                    return;
                }
            }
            // Where the rest broke off the service sees its input end in the middle of a
            // pack, which it does not take.
            let _ = input.eof().await;
        });
        Ok(output)
    }
}

/// The output of a program at the other end.
fn body(output: ChannelReadHalf, name: String) -> Body {
    let aside = Vec::<u8>::new();
    let bytes = stream::try_unfold(
        (output, aside, false),
        move |(mut output, mut aside, mut any)| {
            let name = name.clone();
            async move {
                loop {
                    match output.wait().await {
                        Some(ChannelMsg::Data { data }) if !data.is_empty() => {
                            any = true;
                            return Ok(Some((data, (output, aside, any))));
                        }
                        Some(ChannelMsg::ExtendedData { data, .. }) => {
                            let room = ASIDE.saturating_sub(aside.len()).min(data.len());
                            aside.extend_from_slice(&data[..room]);
                        }
                        Some(ChannelMsg::Failure) => {
                            return Err(Error::Forbidden(format!(
                                "remote `{name}` does not start git for this key"
                            )));
                        }
                        // It says why it said nothing.
                        None | Some(ChannelMsg::Close) if !any && !aside.is_empty() => {
                            return Err(refused(&String::from_utf8_lossy(&aside)));
                        }
                        None | Some(ChannelMsg::Close) => return Ok(None),
                        Some(_) => {}
                    }
                }
            }
        },
    );
    bytes.boxed()
}

/// A session with the host that shows the pinned key.
async fn session(address: &Address) -> Result<Handle<Pinned>, Error> {
    let name = &address.name;
    let Login::Key {
        user,
        key,
        known_host,
    } = &address.login
    else {
        return Err(Error::Forbidden(format!(
            "remote `{name}` is reached by SSH: its `auth` wants a `key` and a `known-host`"
        )));
    };
    let pins = Pin::all(name, known_host.as_deref())?;
    let key = decode_secret_key(key, None).map_err(|_| {
        Error::Forbidden(format!(
            "the key of remote `{name}` is not a private key that sluice reads: an Ed25519 or ECDSA key in OpenSSH's form, without a passphrase"
        ))
    })?;
    let stream = connect(name, &address.url, 22).await?;
    let algorithms = pins.iter().filter_map(Pin::algorithm).collect::<Vec<_>>();
    let mut preferred = Preferred::default();
    if !algorithms.is_empty() {
        // Of a host with several keys the pinned one is wanted.
        preferred.key = algorithms.into();
    }
    let config = client::Config {
        preferred,
        keepalive_interval: Some(Duration::from_secs(30)),
        nodelay: true,
        ..client::Config::default()
    };
    let shown = Arc::new(Mutex::new(None));
    let handler = Pinned {
        pins,
        shown: shown.clone(),
    };
    let connected = client::connect_stream(Arc::new(config), stream, handler).await;
    let mut session = connected.map_err(|error| {
        let other = shown.lock().expect("no holder of the lock panics").take();
        match other {
            Some(shown) => Error::Forbidden(format!(
                "remote `{name}` shows another host key than the pinned one, {shown}: if its operator says that this is right, put it into `known-host`"
            )),
            None => unreachable(name, &error),
        }
    })?;
    let key = PrivateKeyWithHashAlg::new(Arc::new(key), None);
    let answer = session.authenticate_publickey(user.as_str(), key).await;
    match answer {
        Ok(answer) if answer.success() => Ok(session),
        Ok(_) => Err(Error::Forbidden(format!(
            "remote `{name}` refused the key for `{user}`"
        ))),
        Err(error) => Err(unreachable(name, &error)),
    }
}

/// Accepts the pinned host alone.
struct Pinned {
    pins: Vec<Pin>,
    /// The fingerprint of a host that is another one.
    shown: Arc<Mutex<Option<String>>>,
}

impl client::Handler for Pinned {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        server: &PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = server else {
            return Ok(false);
        };
        let pinned = self.pins.iter().any(|pin| pin.is(key));
        if !pinned {
            let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
            *self.shown.lock().expect("no holder of the lock panics") = Some(fingerprint);
        }
        Ok(pinned)
    }
}

/// A path as one word of a shell's command line.
fn quoted(path: &str) -> String {
    let bytes = percent_encoding::percent_decode_str(path);
    let path = bytes.decode_utf8_lossy();
    format!("'{}'", path.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn path_is_one_word_of_the_command() {
        assert_eq!(quoted("/acme/web.git"), "'/acme/web.git'");
        assert_eq!(quoted("/a%27;touch%20x/b"), r"'/a'\'';touch x/b'");
    }
}
