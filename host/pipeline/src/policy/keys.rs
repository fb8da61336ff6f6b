//! Every key of a policy, once, as `pipeline::keys` has those of a pipeline file: the same words
//! where the same is meant.

use crate::pipeline::keys::{ACCESSES, KINDS, Key, Shape, TEXTS, key, required};

pub(crate) const POLICY: &[Key] = &[required(
    "pipelines",
    Shape::ByName(&Shape::Map(PIPELINE)),
    "What pipelines may, by the pattern of their names: `web`, `web-*` or `*`. All patterns that a name fits count together.",
)];

pub(crate) const PIPELINE: &[Key] = &[
    key(
        "uses",
        TEXTS,
        "The plugins: built-in ones by name, components by `sha256:…`, path (`/opt/plugins/**`) or repository (`ghcr.io/acme/*@*`).",
    ),
    key(
        "permissions",
        Shape::Map(PERMISSIONS),
        "What steps may be permitted: each entry of theirs lies within one of these.",
    ),
    key(
        "secrets",
        Shape::ListOf(&Shape::Map(SECRET)),
        "The secrets that may be declared, by their source.",
    ),
    key(
        "limits",
        Shape::Map(LIMITS),
        "What a step may use at most; of several the smallest holds.",
    ),
];

pub(crate) const PERMISSIONS: &[Key] = &[
    key(
        "kube-apply",
        Shape::ListOf(&Shape::Map(KUBE)),
        "Workloads whose images may be set.",
    ),
    key(
        "http",
        Shape::ListOf(&Shape::Either(&[Shape::Text, Shape::Map(HTTP)])),
        "Requests that may be sent: hosts, or maps that say more.",
    ),
    key(
        "git",
        Shape::ListOf(&Shape::Map(GIT)),
        "Remotes that may be read or changed, by their address.",
    ),
    key(
        "fs",
        Shape::ListOf(&Shape::Map(FS)),
        "Directories that may be opened.",
    ),
];

pub(crate) const KUBE: &[Key] = &[
    key(
        "kind",
        Shape::OneOf(KINDS),
        "The workloads' kind; any where nothing is said.",
    ),
    required("namespace", Shape::Text, "`web`, `web-*` or `*`."),
    required("name", Shape::Text, "`api`, `api-*` or `*`."),
    key(
        "except",
        TEXTS,
        "Names that this entry is not about all the same, such as those that an operator manages.",
    ),
    required(
        "containers",
        TEXTS,
        "The containers whose image may be set: `app`, `app-*` or `*`.",
    ),
    required(
        "images",
        TEXTS,
        "The images: `repo:*`, `repo:v*`, `repo@*`, where the repository may be `ghcr.io/acme/*` or `ghcr.io/acme/**`.",
    ),
    key(
        "take-over",
        Shape::Boolean,
        "Whether an image may be taken over from another manager.",
    ),
    key(
        "restart",
        Shape::Boolean,
        "Whether a workload may be restarted with the image that it has.",
    ),
    key(
        "delete-pods",
        Shape::Boolean,
        "Whether pods may be deleted, for a rollback that needs them made anew.",
    ),
];

/// As in a pipeline file: its patterns are wide enough.
const HTTP: &[Key] = crate::pipeline::keys::HTTP;

pub(crate) const GIT: &[Key] = &[
    required(
        "url",
        Shape::Text,
        "The remotes' address: `https://forge.example/acme/*`, `ssh://github.com/acme/**`.",
    ),
    key(
        "read",
        Shape::Boolean,
        "Whether refs and commits may be read.",
    ),
    key(
        "create",
        TEXTS,
        "Refs that may be created, such as `refs/tags/**`.",
    ),
    key("update", TEXTS, "Refs that may be moved forward."),
    key("force", TEXTS, "Refs that may be moved anywhere."),
    key("delete", TEXTS, "Refs that may be deleted."),
];

const FS: &[Key] = &[
    required("path", Shape::Text, "The directory, with all under it."),
    key(
        "access",
        Shape::OneOf(ACCESSES),
        "`read` where nothing is said.",
    ),
];

pub(crate) const SECRET: &[Key] = &[
    key(
        "name",
        Shape::Text,
        "The secret's name in the pipeline, such as `slack` or `web_*`; any where nothing is said.",
    ),
    key(
        "env",
        Shape::Text,
        "The environment variable: `SLACK_WEBHOOK`, `WEB_*`.",
    ),
    key(
        "file",
        Shape::Text,
        "The file: `/run/secrets/web/*`, `/run/secrets/**`.",
    ),
    required(
        "hosts",
        TEXTS,
        "The hosts that it may be sent to: `hooks.slack.com`, `*.acme.example`.",
    ),
];

pub(crate) const LIMITS: &[Key] = &[
    key(
        "memory",
        Shape::Size,
        "The memory of a step's plugin, at most 128MiB.",
    ),
    key(
        "timeout",
        Shape::Duration,
        "How long an attempt of a step may take; its `timeout` must not be longer.",
    ),
    key(
        "run",
        Shape::Duration,
        "How long a run may take before it is cancelled.",
    ),
    key("log", Shape::Size, "What a step may log, at most 256KiB."),
    key(
        "outputs",
        Shape::Size,
        "What a step may output, at most 1MiB.",
    ),
    key(
        "requests",
        Shape::Integer(0, 1000),
        "How many requests an attempt of a step may send, at most 1000.",
    ),
    key(
        "request-body",
        Shape::Size,
        "The body of a request, at most 8MiB.",
    ),
    key(
        "answer-body",
        Shape::Size,
        "The body of an answer, at most 8MiB.",
    ),
];
