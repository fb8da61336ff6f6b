//! Permissions, secrets and limits in words.

use std::fmt::{Display, Write as _};

use crate::expression::Template;
use crate::permission::{Access, FsRule, GitRule, HttpRule, KubeRule};
use crate::pipeline::{Pipeline, Placement, Remote, Secret, SecretSource, Step, show_duration};
use crate::policy::{Limits, show_size};
use crate::reference::Reference;

pub(super) fn plugin(step: &Step) -> String {
    let from = match Reference::parse(&step.uses) {
        Reference::BuiltIn(_) => ", built in",
        Reference::File(_) | Reference::Registry(_) => "",
    };
    format!("{}{from}, {}", step.uses, step.plugin.facts.digest)
}

pub(super) fn kube(rule: &KubeRule) -> String {
    let mut text = format!(
        "{} {}/{}: read it, set the image of {} to {}",
        rule.kind,
        rule.namespace,
        rule.name,
        sorted(&rule.containers),
        sorted(&rule.images)
    );
    for (may, words) in [
        (rule.take_over, "take it over from another manager"),
        (rule.restart, "restart it"),
        (rule.delete_pods, "delete its pods"),
    ] {
        if may {
            let _ = write!(text, "; {words}");
        }
    }
    text
}

pub(super) fn http(rule: &HttpRule) -> String {
    let mut text = format!("{}://{}", rule.scheme, rule.host);
    if rule.port != rule.scheme.default_port() {
        let _ = write!(text, ":{}", rule.port);
    }
    let methods = match rule.methods.as_slice() {
        [] => "any method".to_owned(),
        methods => sorted(methods),
    };
    let paths: Vec<_> = rule.paths.iter().map(|path| format!("/{path}")).collect();
    let paths = match paths.as_slice() {
        [] => "any path".to_owned(),
        paths => sorted(paths),
    };
    let _ = write!(text, ": {methods}, {paths}");
    if rule.read {
        text.push_str("; a dry run may really ask");
    }
    if !rule.addresses.is_empty() {
        let _ = write!(text, "; also at {}", sorted(&rule.addresses));
    }
    text
}

pub(super) fn git(rule: &GitRule, remotes: &[Remote]) -> String {
    let remote = remotes.iter().find(|remote| remote.name == rule.remote);
    let url = remote.map_or_else(String::new, |remote| {
        let key = remote
            .auth
            .known_host
            .as_ref()
            .map(|key| match key.literal() {
                Some(key) => format!(", known by {key}"),
                None => ", known by what an expression says".to_owned(),
            });
        format!(" at {}{}", remote.url, key.unwrap_or_default())
    });
    let mut may = Vec::new();
    may.extend(rule.read.then(|| "read it".to_owned()));
    for (verb, refs) in [
        ("create", &rule.create),
        ("move forward", &rule.update),
        ("move anywhere", &rule.force),
        ("delete", &rule.delete),
    ] {
        may.extend((!refs.is_empty()).then(|| format!("{verb} {}", sorted(refs))));
    }
    let may = match may.as_slice() {
        [] => "nothing".to_owned(),
        may => may.join("; "),
    };
    format!("{}{url}: {may}", rule.remote)
}

pub(super) fn fs(rule: &FsRule) -> String {
    let access = match rule.access {
        Access::Read => "read",
        Access::ReadWrite => "read and change",
    };
    let path = match rule.path() {
        "" => ".",
        path => path,
    };
    format!("{path}: {access}")
}

/// The secrets that the step's `with` names, and those that let the host in to the remotes
/// that the step reaches.
pub(super) fn secrets(
    step: &Step,
    pipeline: &Pipeline,
    reached: &dyn Fn(&str) -> bool,
) -> Vec<String> {
    let declared = |name: &str| pipeline.secrets.iter().find(|secret| secret.name == name);
    let templates = step.config.templates().into_iter();
    let own = templates.flat_map(Template::secrets);
    let own = own.filter_map(declared).map(|secret| {
        let place = match secret.placement {
            Placement::Header => "in a header",
            Placement::Url => "as a URL",
        };
        let at = secret.at.as_ref();
        let place = at.map_or_else(|| place.to_owned(), |at| format!("at {at} in a body"));
        format!("{}: {place} to {}", source(secret), sorted(&secret.hosts))
    });
    let mut lines: Vec<String> = own.collect();
    for remote in pipeline
        .remotes
        .iter()
        .filter(|remote| reached(&remote.name))
    {
        let secrets = remote.auth.secrets().filter_map(declared);
        lines.extend(secrets.map(|secret| {
            format!(
                "{}: the host's alone, to enter {}",
                source(secret),
                remote.name
            )
        }));
    }
    lines
}

fn source(secret: &Secret) -> String {
    match &secret.source {
        SecretSource::Env(variable) => {
            format!("{} (env {variable})", secret.name)
        }
        SecretSource::File(path) => format!("{} (file {path})", secret.name),
    }
}

pub(super) fn limits(step: &Step, limits: &Limits, sends: bool) -> String {
    let timeout = limits.timeout(step.timeout.unwrap_or(Limits::TIMEOUT));
    let mut text = format!("an attempt {}", show_duration(timeout.most));
    if step.retry.attempts > 1 {
        let _ = write!(text, ", {} attempts", step.retry.attempts);
    }
    if let Some(run) = &limits.run {
        let _ = write!(text, ", the run {}", show_duration(run.most));
    }
    let _ = write!(
        text,
        "; memory {}, log {}, outputs {}",
        show_size(limits.memory.most),
        show_size(limits.log.most),
        show_size(limits.outputs.most)
    );
    if sends {
        let _ = write!(
            text,
            "; {} requests an attempt, of up to {}, answers of up to {}",
            limits.requests.most,
            show_size(limits.request_body.most),
            show_size(limits.answer_body.most)
        );
    }
    text
}

fn sorted(items: &[impl Display]) -> String {
    let mut texts: Vec<_> = items.iter().map(ToString::to_string).collect();
    texts.sort();
    texts.dedup();
    texts.join(", ")
}
