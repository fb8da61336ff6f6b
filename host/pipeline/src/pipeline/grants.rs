//! A step's `permissions`: from the tree to rules. Inputs with an `enum` may stand in them,
//! inserted literally, and every one of their values is tried before anything runs.

use std::net::IpAddr;
use std::str::FromStr;

use super::fields::{Fields, parsed, wrong};
use super::input::Input;
use super::keys;
use crate::diagnostic::{Problem, Problems, Span, listed};
use crate::document::{Content, Entry, Node, Scalar};
use crate::permission::{
    Access, FsRule, GitRule, HostPattern, HttpRule, ImagePattern, IpNet, KubeRule, Permissions,
    Scheme, Segments,
};

/// The `permissions` of a step as they were written.
#[derive(Debug, Clone)]
pub(crate) struct Grants {
    entry: Option<Entry>,
    templated: bool,
}

impl Grants {
    pub(super) fn new(entry: Option<&Entry>) -> Self {
        Self {
            entry: entry.cloned(),
            templated: entry.is_some_and(|entry| has_template(&entry.value)),
        }
    }

    /// The key and its value, where there is one.
    pub(super) fn entry(&self) -> Option<&Entry> {
        self.entry.as_ref()
    }

    /// The rules for every value that the inputs named may have: each input in turn takes
    /// each of its values, the others their first.
    pub(super) fn tried(
        &self,
        inputs: &[Input],
        remotes: &[String],
        problems: &mut Problems,
    ) -> Vec<Permissions> {
        if !self.templated {
            return vec![self.rules(&|_| None, inputs, remotes, problems)];
        }
        let first = |name: &str| {
            let input = inputs.iter().find(|input| input.name == name)?;
            input.values().first().cloned()
        };
        let mut tried = Vec::new();
        for input in inputs {
            for value in input.values() {
                let insert = |name: &str| {
                    if name == input.name {
                        Some(value.clone())
                    } else {
                        first(name)
                    }
                };
                tried.push(self.rules(&insert, inputs, remotes, problems));
            }
        }
        if tried.is_empty() {
            tried.push(self.rules(&first, inputs, remotes, problems));
        }
        tried
    }

    /// The rules with the values of inputs inserted.
    pub(crate) fn rules(
        &self,
        insert: &dyn Fn(&str) -> Option<String>,
        inputs: &[Input],
        remotes: &[String],
        problems: &mut Problems,
    ) -> Permissions {
        let Some(entry) = &self.entry else {
            return Permissions::default();
        };
        let node = inserted(&entry.value, insert, inputs, problems);
        read(&node, entry.key_span, remotes, problems)
    }
}

fn has_template(node: &Node) -> bool {
    match &node.content {
        Content::Scalar(scalar) => scalar.text.contains("${{"),
        Content::List(items) => items.iter().any(has_template),
        Content::Map(entries) => entries.iter().any(|entry| has_template(&entry.value)),
    }
}

/// The same tree with the values of inputs in its scalars.
pub(super) fn inserted(
    node: &Node,
    insert: &dyn Fn(&str) -> Option<String>,
    inputs: &[Input],
    problems: &mut Problems,
) -> Node {
    let content = match &node.content {
        Content::Scalar(scalar) if scalar.text.contains("${{") => {
            let text = insert_into(scalar, node.span, insert, inputs, problems);
            Content::Scalar(scalar.with_text(text))
        }
        Content::Scalar(scalar) => Content::Scalar(scalar.clone()),
        Content::List(items) => Content::List(
            items
                .iter()
                .map(|item| inserted(item, insert, inputs, problems))
                .collect(),
        ),
        Content::Map(entries) => Content::Map(
            entries
                .iter()
                .map(|entry| Entry {
                    value: inserted(&entry.value, insert, inputs, problems),
                    ..entry.clone()
                })
                .collect(),
        ),
    };
    Node {
        span: node.span,
        content,
    }
}

fn insert_into(
    scalar: &Scalar,
    span: Span,
    insert: &dyn Fn(&str) -> Option<String>,
    inputs: &[Input],
    problems: &mut Problems,
) -> String {
    let mut text = String::new();
    let mut rest = scalar.text.as_str();
    while let Some((before, after)) = rest.split_once("${{") {
        let (code, after) = after.split_once("}}").unwrap_or((after, ""));
        text.push_str(before);
        rest = after;
        let value = code.trim().strip_prefix("inputs.").and_then(insert);
        if let Some(value) = value {
            text.push_str(&value);
            continue;
        }
        let listable = inputs.iter().filter(|input| !input.values().is_empty());
        let names: Vec<_> = listable
            .map(|input| format!("inputs.{}", input.name))
            .collect();
        let help = if names.is_empty() {
            "give an input of type `string` an `enum`, so that it is known beforehand what may be permitted".to_owned()
        } else {
            format!(
                "inputs with an `enum`: {}",
                listed(names.iter().map(String::as_str), "and")
            )
        };
        let message = format!(
            "`{}` cannot stand in `permissions`: only inputs with an `enum` can",
            code.trim()
        );
        problems.push(Problem::error(message).at(span).help(help));
        // What is left must not fail for another reason.
        text.push('x');
    }
    text.push_str(rest);
    text
}

fn read(node: &Node, place: Span, remotes: &[String], problems: &mut Problems) -> Permissions {
    let Some(fields) = Fields::read(node, keys::PERMISSIONS, "`permissions`", place, problems)
    else {
        return Permissions::default();
    };
    Permissions {
        kube_apply: rules(&fields, "kube-apply", problems, kube),
        http: rules(&fields, "http", problems, http),
        git: rules(&fields, "git", problems, |node, problems| {
            git(node, remotes, problems)
        }),
        fs: rules(&fields, "fs", problems, fs),
    }
}

fn rules<Rule>(
    fields: &Fields,
    key: &str,
    problems: &mut Problems,
    read: impl Fn(&Node, &mut Problems) -> Option<Rule>,
) -> Vec<Rule> {
    let items = fields.list(key, problems).unwrap_or_default();
    items
        .iter()
        .filter_map(|item| read(item, problems))
        .collect()
}

pub(crate) fn patterns<T: FromStr<Err = String>>(
    fields: &Fields,
    key: &str,
    problems: &mut Problems,
) -> Vec<T> {
    let texts = fields.texts(key, problems);
    texts
        .into_iter()
        .filter_map(|(text, span)| parsed(text, span, problems))
        .collect()
}

/// Reports a list in which nothing stands.
pub(crate) fn not_empty(fields: &Fields, key: &str, problems: &mut Problems) {
    let empty = |entry: &&Entry| entry.value.list().is_some_and(<[Node]>::is_empty);
    if let Some(entry) = fields.entry(key).filter(empty) {
        problems.push(Problem::error(format!("`{key}` permits nothing")).at(entry.key_span));
    }
}

pub(crate) fn kube(node: &Node, problems: &mut Problems) -> Option<KubeRule> {
    let fields = Fields::read(
        node,
        keys::KUBE,
        "a `kube-apply` permission",
        node.span,
        problems,
    )?;
    for key in ["containers", "images"] {
        not_empty(&fields, key, problems);
    }
    for key in ["namespace", "name"] {
        if let (Some(text), Some(node)) = (fields.text(key, problems), fields.get(key))
            && !is_kubernetes_name(text)
        {
            let problem = Problem::error(format!("`{text}` is not a name that Kubernetes takes"))
                .at(node.span);
            problems.push(
                problem.help(
                    "lower case letters, digits, `-` and `.`; patterns are not supported here",
                ),
            );
        }
    }
    let kind = fields
        .text("kind", problems)
        .and_then(|kind| parsed(kind, fields.get("kind")?.span, problems));
    let containers = fields.texts("containers", problems);
    Some(KubeRule {
        namespace: fields.text("namespace", problems)?.to_owned(),
        name: fields.text("name", problems)?.to_owned(),
        containers: containers
            .into_iter()
            .map(|(name, _)| name.to_owned())
            .collect(),
        images: patterns::<ImagePattern>(&fields, "images", problems),
        take_over: fields.boolean("take-over", problems).unwrap_or(false),
        restart: fields.boolean("restart", problems).unwrap_or(false),
        delete_pods: fields.boolean("delete-pods", problems).unwrap_or(false),
        kind: kind?,
    })
}

fn is_kubernetes_name(text: &str) -> bool {
    let allowed = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
    };
    text.len() <= 253
        && text.bytes().all(allowed)
        && !text.starts_with(['-', '.'])
        && !text.ends_with(['-', '.'])
}

pub(crate) fn http(node: &Node, problems: &mut Problems) -> Option<HttpRule> {
    if let Some(scalar) = node.scalar() {
        return parsed(&scalar.text, node.span, problems).map(HttpRule::any_on);
    }
    let fields = Fields::read(
        node,
        keys::HTTP,
        "an `http` permission",
        node.span,
        problems,
    )?;
    let host: Option<HostPattern> = fields
        .text("host", problems)
        .and_then(|host| parsed(host, fields.get("host")?.span, problems));
    let scheme = match fields.word("scheme", &["https", "http"], problems) {
        Some(1) => Scheme::Http,
        _ => Scheme::Https,
    };
    let port = fields
        .integer("port", 1, 65535, problems)
        .and_then(|port| u16::try_from(port).ok());
    let addresses = fields
        .texts("addresses", problems)
        .into_iter()
        .filter_map(|(text, span)| {
            let range = text
                .parse::<IpNet>()
                .ok()
                .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
            if range.is_none() {
                let problem =
                    Problem::error(format!("`{text}` is not a range of addresses")).at(span);
                problems.push(problem.help("such as `10.0.0.0/8` or `fd00::/8`"));
            }
            range
        });
    let addresses = addresses.collect();
    let methods = fields.texts("methods", problems);
    Some(HttpRule {
        scheme,
        port: port.unwrap_or(scheme.default_port()),
        methods: methods
            .into_iter()
            .map(|(method, _)| method.to_ascii_uppercase())
            .collect(),
        paths: patterns::<Segments>(&fields, "paths", problems),
        read: fields.boolean("read", problems).unwrap_or(false),
        addresses,
        host: host?,
    })
}

pub(crate) fn git(node: &Node, remotes: &[String], problems: &mut Problems) -> Option<GitRule> {
    let fields = Fields::read(node, keys::GIT, "a `git` permission", node.span, problems)?;
    let remote = fields.text("remote", problems)?;
    if !remotes.iter().any(|known| known == remote) {
        let known = || remotes.iter().map(String::as_str);
        let problem =
            Problem::error(format!("there is no remote `{remote}`")).at(fields.get("remote")?.span);
        let problem = problem.label(crate::diagnostic::did_you_mean(remote, known()));
        problems.push(problem.help("declare it under `remotes`"));
    }
    Some(GitRule {
        remote: remote.to_owned(),
        read: fields.boolean("read", problems).unwrap_or(false),
        create: patterns(&fields, "create", problems),
        update: patterns(&fields, "update", problems),
        force: patterns(&fields, "force", problems),
        delete: patterns(&fields, "delete", problems),
    })
}

pub(crate) fn fs(node: &Node, problems: &mut Problems) -> Option<FsRule> {
    let fields = Fields::read(node, keys::FS, "an `fs` permission", node.span, problems)?;
    let access = match fields.get("access") {
        Some(access) => fields
            .text("access", problems)
            .and_then(|text| parsed(text, access.span, problems))?,
        None => Access::Read,
    };
    match FsRule::new(fields.text("path", problems)?, access) {
        Ok(rule) => Some(rule),
        Err(error) => wrong(fields.get("path")?, &error, problems),
    }
}
