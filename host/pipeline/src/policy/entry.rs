//! What stands under one pattern of pipelines' names: from the tree to bounds, each with its
//! place. The words are those of a pipeline file.

use std::time::Duration;

use super::keys;
use super::limits::{Limits, SetLimits};
use super::secret::{SecretBound, SourcePattern};
use super::size::{parse_size, show_size};
use super::uses::PluginPattern;
use crate::diagnostic::{Placed, Problem, Problems, Span};
use crate::document::{Entry, Node};
use crate::permission::{
    FsRule, GitBound, GitRule, HttpRule, ImageBound, KubeBound, NamePattern, WorkloadKind,
};
use crate::pipeline::fields::{Fields, parsed, wrong};
use crate::pipeline::grants::{fs, http, not_empty, patterns};

/// What the pipelines whose names fit may.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) name: NamePattern,
    /// Where the pattern stands.
    pub(super) span: Span,
    /// Where the keys stand under which further entries would, where they are there.
    pub(super) places: Places,
    pub(super) uses: Vec<Placed<PluginPattern>>,
    pub(super) kube_apply: Vec<Placed<KubeBound>>,
    pub(super) http: Vec<Placed<HttpRule>>,
    pub(super) git: Vec<Placed<GitBound>>,
    pub(super) fs: Vec<Placed<FsRule>>,
    pub(super) secrets: Vec<Placed<SecretBound>>,
    pub(super) limits: SetLimits,
}

/// The places of keys.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub(super) uses: Option<Span>,
    pub(super) permissions: Option<Span>,
    pub(super) secrets: Option<Span>,
    pub(super) timeout: Option<Span>,
}

impl Item {
    pub(super) fn read(entry: &Entry, problems: &mut Problems) -> Option<Self> {
        let name = parsed(&entry.key, entry.key_span, problems);
        let what = format!("the policy of `{}`", entry.key);
        let fields = Fields::read(
            &entry.value,
            keys::PIPELINE,
            &what,
            entry.key_span,
            problems,
        )?;
        let place = |key| fields.entry(key).map(|entry| entry.key_span);
        let permissions = fields.entry("permissions").and_then(|entry| {
            let keys = keys::PERMISSIONS;
            Fields::read(
                &entry.value,
                keys,
                "`permissions`",
                entry.key_span,
                problems,
            )
        });
        let permissions = permissions.as_ref();
        let uses = fields.texts("uses", problems);
        let uses = uses.into_iter().filter_map(|(text, span)| {
            let value = parsed(text, span, problems)?;
            Some(Placed { value, span })
        });
        let uses = uses.collect();
        let limits = fields.entry("limits").and_then(|entry| {
            let what = "`limits`";
            Fields::read(&entry.value, keys::LIMITS, what, entry.key_span, problems)
        });
        Some(Self {
            name: name?,
            span: entry.key_span,
            places: Places {
                uses: place("uses"),
                permissions: place("permissions"),
                secrets: place("secrets"),
                timeout: limits
                    .as_ref()
                    .and_then(|fields| Some(fields.entry("timeout")?.key_span)),
            },
            uses,
            kube_apply: list(permissions, "kube-apply", problems, kube),
            http: list(permissions, "http", problems, http),
            git: list(permissions, "git", problems, git),
            fs: list(permissions, "fs", problems, fs),
            secrets: list(Some(&fields), "secrets", problems, secret),
            limits: limits.map_or_else(SetLimits::default, |fields| read_limits(&fields, problems)),
        })
    }
}

fn list<T>(
    fields: Option<&Fields>,
    key: &str,
    problems: &mut Problems,
    read: fn(&Node, &mut Problems) -> Option<T>,
) -> Vec<Placed<T>> {
    let items = fields.and_then(|fields| fields.list(key, problems));
    let placed = |item: &Node| {
        let value = read(item, problems)?;
        Some(Placed {
            value,
            span: item.span,
        })
    };
    items
        .unwrap_or_default()
        .iter()
        .filter_map(placed)
        .collect()
}

fn kube(node: &Node, problems: &mut Problems) -> Option<KubeBound> {
    let what = "a `kube-apply` entry";
    let fields = Fields::read(node, keys::KUBE, what, node.span, problems)?;
    for key in ["containers", "images"] {
        not_empty(&fields, key, problems);
    }
    let mut name = |key| {
        let text = fields.text(key, problems)?;
        parsed::<NamePattern>(text, fields.get(key)?.span, problems)
    };
    let (namespace, name) = (name("namespace"), name("name"));
    let kind = match fields.get("kind") {
        Some(node) => {
            let kind = fields.text("kind", problems);
            Some(kind.and_then(|kind| parsed::<WorkloadKind>(kind, node.span, problems))?)
        }
        None => None,
    };
    Some(KubeBound {
        kind,
        except: patterns::<NamePattern>(&fields, "except", problems),
        containers: patterns::<NamePattern>(&fields, "containers", problems),
        images: patterns::<ImageBound>(&fields, "images", problems),
        take_over: fields.boolean("take-over", problems).unwrap_or(false),
        restart: fields.boolean("restart", problems).unwrap_or(false),
        delete_pods: fields.boolean("delete-pods", problems).unwrap_or(false),
        namespace: namespace?,
        name: name?,
    })
}

fn git(node: &Node, problems: &mut Problems) -> Option<GitBound> {
    let fields = Fields::read(node, keys::GIT, "a `git` entry", node.span, problems)?;
    let url = fields.text("url", problems);
    let url = url.and_then(|url| parsed(url, fields.get("url")?.span, problems));
    let refs = GitRule {
        remote: String::new(),
        read: fields.boolean("read", problems).unwrap_or(false),
        create: patterns(&fields, "create", problems),
        update: patterns(&fields, "update", problems),
        force: patterns(&fields, "force", problems),
        delete: patterns(&fields, "delete", problems),
    };
    Some(GitBound { url: url?, refs })
}

fn secret(node: &Node, problems: &mut Problems) -> Option<SecretBound> {
    let what = "an entry of `secrets`";
    let fields = Fields::read(node, keys::SECRET, what, node.span, problems)?;
    not_empty(&fields, "hosts", problems);
    let mut text = |key| {
        let text = fields.text(key, problems)?;
        Some((text, fields.get(key)?.span))
    };
    let (env, file, name) = (text("env"), text("file"), text("name"));
    let source = match (env, file) {
        (Some((text, span)), None) => parsed(text, span, problems).map(SourcePattern::Env),
        (None, Some((text, span))) => parsed(text, span, problems).map(SourcePattern::File),
        // What is wrong with the one that is there has been said.
        _ if fields.entry("env").is_some() != fields.entry("file").is_some() => None,
        _ => {
            let message = format!("{what} needs either `env` or `file`");
            problems.push(Problem::error(message).at(node.span).help(
                "a secret's name is the pipeline author's to choose: say where its value may come from",
            ));
            None
        }
    };
    let name = match name {
        Some((text, span)) => parsed(text, span, problems),
        None => Some(NamePattern::any()),
    };
    Some(SecretBound {
        hosts: patterns(&fields, "hosts", problems),
        name: name?,
        source: source?,
    })
}

/// As the host grants them.
const MOST_REQUESTS: i64 = 1000;

fn read_limits(fields: &Fields, problems: &mut Problems) -> SetLimits {
    let mut bytes = |key, most| read_size(fields, key, most, problems);
    let memory = bytes("memory", Limits::MEMORY);
    let log = bytes("log", Limits::LOG);
    let outputs = bytes("outputs", Limits::OUTPUTS);
    let request_body = bytes("request-body", Limits::BODY);
    let answer_body = bytes("answer-body", Limits::BODY);
    let requests = fields.integer("requests", 0, MOST_REQUESTS, problems);
    SetLimits {
        memory,
        log,
        outputs,
        request_body,
        answer_body,
        requests: requests.and_then(|number| usize::try_from(number).ok()),
        timeout: read_time(fields, "timeout", problems),
        run: read_time(fields, "run", problems),
    }
}

/// A size that really is a limit: not more than what the host grants anyway.
fn read_size(fields: &Fields, key: &str, most: usize, problems: &mut Problems) -> Option<usize> {
    let node = fields.get(key)?;
    let bytes = node.scalar().and_then(|scalar| parse_size(&scalar.text));
    match bytes.filter(|bytes| (1..=most).contains(bytes)) {
        Some(bytes) => Some(bytes),
        None => wrong(
            node,
            &format!(
                "`{key}` must be a size such as `512KiB` or `64 MiB`, and at most {}, which is the limit of sluice itself",
                show_size(most)
            ),
            problems,
        ),
    }
}

fn read_time(fields: &Fields, key: &str, problems: &mut Problems) -> Option<Duration> {
    let time = fields.duration(key, problems)?;
    if time.is_zero() {
        let node = fields.get(key)?;
        problems.push(Problem::error(format!("`{key}` leaves no time at all")).at(node.span));
        return None;
    }
    Some(time)
}
