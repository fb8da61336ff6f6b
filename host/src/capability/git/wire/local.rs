//! A repository on this machine, through git's own programs: for tests and demonstrations,
//! where it would be wrong to need a server. The only remote that needs `git` at run time.

use std::{path::PathBuf, process::Stdio};

use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt, stream};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use super::{
    line::{Body, Lines, refused},
    link::{Address, Lost, Request, Service},
    reach::unreachable,
};
use crate::bindings::sluice::git::remote::Error;

/// How much is read at once, in bytes.
const PART: usize = 64 << 10;

/// A remote that is a folder.
pub(in super::super) struct Local {
    name: String,
    path: PathBuf,
    input: Option<ChildStdin>,
    output: Option<Lines>,
}

impl Local {
    pub(super) fn new(address: &Address) -> Result<Self, Error> {
        let name = address.name.clone();
        let path = address.url.to_file_path().map_err(|()| {
            Error::Invalid(format!(
                "the `url` of remote `{name}` is no path of this machine"
            ))
        })?;
        Ok(Self {
            name,
            path,
            input: None,
            output: None,
        })
    }

    /// Starts the service.
    pub(super) fn open(&mut self, service: Service) -> Result<Lines, Error> {
        let mut git = Command::new("git");
        git.arg(service.name().trim_start_matches("git-"))
            // What the runner's environment says of a repository is not about this one.
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "HOME"))
            .arg("--")
            .arg(&self.path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if service == Service::UploadPack {
            git.env("GIT_PROTOCOL", "version=2");
        }
        let mut child = git.spawn().map_err(|error| {
            unreachable(&self.name, &format!("a `file` remote needs `git`: {error}"))
        })?;
        self.input = child.stdin.take();
        let output = child.stdout.take().expect("it is piped");
        Ok(Lines::new(body(child, output)))
    }

    /// Keeps what the service says after its beginning.
    pub(super) fn keep(&mut self, lines: Lines) {
        self.output = Some(lines);
    }

    /// Sends a request to the service that was opened.
    pub(super) fn ask(&mut self, request: Request) -> Result<Lines, Lost> {
        let (Some(mut input), Some(output)) = (self.input.take(), self.output.take()) else {
            let why = Error::Other("a service is asked that was not opened".to_owned());
            return Err(Lost::Before(why));
        };
        let (bytes, rest) = request.into();
        let rest = rest.unwrap_or_else(|| stream::empty().boxed());
        // The answer is read meanwhile. Where the rest breaks off the program sees its input
        // end in the middle of a pack, which it does not take.
        tokio::spawn(async move {
            let mut parts = stream::iter([Ok(bytes)]).chain(rest);
            while let Ok(Some(part)) = parts.try_next().await {
                if input.write_all(&part).await.is_err() {
                    return;
                }
            }
        });
        Ok(output)
    }
}

/// The program's output; where it says nothing, why.
fn body(child: Child, output: ChildStdout) -> Body {
    let bytes = stream::try_unfold(
        (child, output, false),
        |(mut child, mut output, any)| async move {
            let lost = |error| Error::Unavailable(format!("git broke off: {error}"));
            let mut part = BytesMut::with_capacity(PART);
            if output.read_buf(&mut part).await.map_err(lost)? > 0 {
                return Ok(Some((Bytes::from(part), (child, output, true))));
            }
            if !any && let Some(mut aside) = child.stderr.take() {
                let mut said = Vec::new();
                aside.read_to_end(&mut said).await.map_err(lost)?;
                return Err(refused(&String::from_utf8_lossy(&said)));
            }
            // It may have work left after its last word.
            child.wait().await.map_err(lost)?;
            Ok(None)
        },
    );
    bytes.boxed()
}
