//! Secrets and remotes: what may be sent where, and the names that steps use for both.
//! Values of secrets are the host's business alone.

use url::{Host, Url};

use super::fields::{Fields, parsed};
use super::keys::{self, PLACEMENTS};
use crate::diagnostic::{Problem, Problems, Span};
use crate::document::Entry;
use crate::expression::{Scope, Template};
use crate::permission::HostPattern;

/// A declared secret.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Its name.
    pub name: String,
    /// Where its value comes from.
    pub source: SecretSource,
    /// Where it may stand in a request.
    pub placement: Placement,
    /// The JSON pointer in a body at which it may stand too.
    pub at: Option<String>,
    /// The hosts that it may be sent to; at least one.
    pub hosts: Vec<HostPattern>,
    pub(crate) span: Span,
}

/// Where the value of a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// An environment variable.
    Env(String),
    /// A file.
    File(String),
}

/// Where a secret may stand in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// In a header.
    Header,
    /// It is a URL, of which the origin stays visible.
    Url,
}

impl Secret {
    pub(super) fn read(entry: &Entry, problems: &mut Problems) -> Option<Self> {
        let what = format!("secret `{}`", entry.key);
        let fields = Fields::read(&entry.value, keys::SECRET, &what, entry.key_span, problems)?;
        let env = fields.text("env", problems);
        let file = fields.text("file", problems);
        let source = match (env, file) {
            (Some(env), None) => Some(SecretSource::Env(env.to_owned())),
            (None, Some(file)) => Some(SecretSource::File(file.to_owned())),
            _ if fields.entry("env").is_some() != fields.entry("file").is_some() => None,
            _ => {
                let message = format!("{what} needs either `env` or `file`");
                problems.push(
                    Problem::error(message)
                        .at(entry.key_span)
                        .help("say where its value comes from"),
                );
                None
            }
        };
        let at = fields.text("at", problems);
        if let (Some(at), Some(node)) = (at, fields.get("at"))
            && !at.starts_with('/')
        {
            let message = format!("`{at}` is not a place in a body");
            problems.push(
                Problem::error(message)
                    .at(node.span)
                    .help("a JSON pointer, such as `/token`"),
            );
        }
        let hosts = fields.texts("hosts", problems);
        if let (true, Some(entry)) = (hosts.is_empty(), fields.entry("hosts")) {
            problems.push(
                Problem::error(format!("{what} may be sent to no host at all")).at(entry.key_span),
            );
        }
        let placement = match fields.word("as", PLACEMENTS, problems) {
            Some(1) => Placement::Url,
            _ => Placement::Header,
        };
        Some(Self {
            name: entry.key.clone(),
            span: entry.key_span,
            source: source?,
            placement,
            at: at.map(str::to_owned),
            hosts: hosts
                .into_iter()
                .filter_map(|(host, span)| parsed(host, span, problems))
                .collect(),
        })
    }
}

/// A git remote.
#[derive(Debug, Clone)]
pub struct Remote {
    /// Its name.
    pub name: String,
    /// Its URL.
    pub url: Url,
    /// How to authenticate there.
    pub auth: Auth,
}

/// How to authenticate at a remote; each part may name secrets.
#[derive(Debug, Clone, Default)]
pub struct Auth {
    /// The user's name.
    pub user: Option<Template>,
    /// A password or token.
    pub password: Option<Template>,
    /// A private key.
    pub key: Option<Template>,
    /// The public key that the host must show.
    pub known_host: Option<Template>,
}

impl Auth {
    /// The secrets that it names.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let parts = [&self.user, &self.password, &self.key, &self.known_host];
        parts.into_iter().flatten().flat_map(Template::secrets)
    }
}

impl Remote {
    pub(super) fn read(
        entry: &Entry,
        secrets: &[Secret],
        scope: Scope,
        problems: &mut Problems,
    ) -> Option<Self> {
        let what = format!("remote `{}`", entry.key);
        let fields = Fields::read(&entry.value, keys::REMOTE, &what, entry.key_span, problems)?;
        let mut auth = Auth::default();
        if let Some(entry) = fields.entry("auth")
            && let Some(fields) =
                Fields::read(&entry.value, keys::AUTH, "`auth`", entry.key_span, problems)
        {
            let mut template = |key| {
                fields.text(key, problems)?;
                let node = fields.get(key)?;
                Some(Template::read(node.scalar()?, node.span, scope, problems))
            };
            auth = Auth {
                user: template("user"),
                password: template("password"),
                key: template("key"),
                known_host: template("known-host"),
            };
        }
        let text = fields.text("url", problems)?;
        let span = fields.get("url")?.span;
        let url = read_url(text, span, problems)?;
        let host = url.host_str().unwrap_or_default();
        for template in [&auth.user, &auth.password, &auth.key]
            .into_iter()
            .flatten()
        {
            for name in template.secrets() {
                let secret = secrets.iter().find(|secret| secret.name == name);
                if secret
                    .is_some_and(|secret| !secret.hosts.iter().any(|pattern| pattern.matches(host)))
                {
                    problems.push(
                        Problem::error(format!("secret `{name}` may not be sent to `{host}`"))
                            .at(template.span())
                            .help(format!("add `{host}` to the `hosts` of secret `{name}`")),
                    );
                }
            }
        }
        Some(Self {
            name: entry.key.clone(),
            url,
            auth,
        })
    }
}

fn read_url(text: &str, span: Span, problems: &mut Problems) -> Option<Url> {
    let url = Url::parse(text).ok().filter(|url| match url.scheme() {
        "https" | "http" | "ssh" => url.host_str().is_some(),
        // A folder of this machine, through git's own programs.
        "file" => url.host_str().is_none(),
        _ => false,
    });
    let Some(url) = url else {
        let message = format!("`{text}` is not the URL of a remote");
        problems.push(Problem::error(message).at(span).help("such as `https://forge.example/acme/web.git` or `ssh://git@forge.example/acme/web.git`"));
        return None;
    };
    if url.scheme() == "http" && !is_loopback(&url) {
        let message = "`http` carries a remote's credentials and history in the clear";
        problems.push(
            Problem::error(message)
                .at(span)
                .help("use `https` or `ssh`; `http` is for this machine alone"),
        );
    }
    if url.password().is_some() {
        let message = "a password cannot stand in a URL";
        problems.push(
            Problem::error(message)
                .at(span)
                .help("put it under `secrets` and name it in `auth`"),
        );
    }
    Some(url)
}

/// Whether the URL names this machine, whatever a name server says.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
