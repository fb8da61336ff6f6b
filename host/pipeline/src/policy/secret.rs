//! Which secrets a policy lets pipelines declare: by their source, which is the operator's,
//! and the hosts that they may be sent to. Their name is the pipeline author's.

use super::path::PathPattern;
use crate::permission::{Bound, HostPattern, NamePattern};
use crate::pipeline::{Secret, SecretSource};

/// An entry of a policy's `secrets`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SecretBound {
    pub(crate) name: NamePattern,
    pub(crate) source: SourcePattern,
    pub(crate) hosts: Vec<HostPattern>,
}

/// Where the values may come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SourcePattern {
    /// Environment variables.
    Env(NamePattern),
    /// Files.
    File(PathPattern),
}

impl Bound<Secret> for SecretBound {
    fn beyond(&self, secret: &Secret) -> Vec<String> {
        let mut beyond = Vec::new();
        if !self.is_about(secret) {
            beyond.push(match &secret.source {
                SecretSource::Env(name) => format!("`env: {name}`"),
                SecretSource::File(path) => format!("`file: {path}`"),
            });
        }
        if !self.name.matches(&secret.name) {
            beyond.push(format!("the name `{}`", secret.name));
        }
        let allowed = |host: &&HostPattern| self.hosts.iter().any(|wide| wide.contains(host));
        let hosts = secret.hosts.iter().filter(|host| !allowed(host));
        beyond.extend(hosts.map(|host| format!("host `{host}`")));
        beyond
    }

    fn is_about(&self, secret: &Secret) -> bool {
        match (&self.source, &secret.source) {
            (SourcePattern::Env(pattern), SecretSource::Env(name)) => pattern.matches(name),
            (SourcePattern::File(pattern), SecretSource::File(path)) => pattern.matches(path),
            _ => false,
        }
    }
}
