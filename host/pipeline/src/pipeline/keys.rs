//! Every key of a pipeline file, once: the reader refuses what is not listed here, and the
//! file's JSON Schema is printed of the same lists.

/// A key of a map.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    /// For editors, in a sentence.
    pub(crate) doc: &'static str,
    pub(crate) shape: Shape,
}

/// What may stand under a key.
pub(crate) enum Shape {
    Text,
    Boolean,
    /// A whole number from one to another.
    Integer(i64, i64),
    /// A text such as `1h30m`.
    Duration,
    /// A text such as `64MiB`.
    Size,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    ListOf(&'static Shape),
    /// A map of these keys.
    Map(&'static [Key]),
    /// A map of identifiers.
    Named(&'static Shape),
    /// A map of patterns of names.
    ByName(&'static Shape),
    /// One of these shapes.
    Either(&'static [Shape]),
    Anything,
}

pub(crate) const fn key(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key {
        name,
        required: false,
        doc,
        shape,
    }
}

pub(crate) const fn required(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key {
        name,
        required: true,
        doc,
        shape,
    }
}

pub(crate) const EVENTS: &[&str] = &[
    "api",
    "manual",
    "cron",
    "push",
    "tag",
    "pull_request",
    "release",
];
pub(crate) const INPUT_TYPES: &[&str] = &["string", "integer", "number", "boolean", "list"];
pub(crate) const ITEM_TYPES: &[&str] = &["string", "integer", "number", "boolean"];
pub(crate) const PLACEMENTS: &[&str] = &["header", "url"];
pub(crate) const CONFLICTS: &[&str] = &["queue", "cancel", "refuse"];
pub(crate) const RETRY_ON: &[&str] = &["unavailable", "failed", "timeout"];
pub(crate) const ACCESSES: &[&str] = &["read", "read-write"];
const SCHEMES: &[&str] = &["https", "http"];
pub(crate) const KINDS: &[&str] = &["Deployment", "StatefulSet", "DaemonSet", "CronJob"];

pub(crate) const TEXTS: Shape = Shape::ListOf(&Shape::Text);

pub(crate) const FILE: &[Key] = &[
    required("name", Shape::Text, "The pipeline's name."),
    key("description", Shape::Text, "What the pipeline is for."),
    key(
        "on",
        Shape::ListOf(&Shape::OneOf(EVENTS)),
        "What may start it; by hand where nothing is said.",
    ),
    key(
        "inputs",
        Shape::Named(&Shape::Map(INPUT)),
        "Typed values that a run is started with.",
    ),
    key(
        "secrets",
        Shape::Named(&Shape::Map(SECRET)),
        "Secrets, each bound to hosts and a place; their values never reach a plugin.",
    ),
    key(
        "remotes",
        Shape::Named(&Shape::Map(REMOTE)),
        "Git remotes, by the name that steps and permissions use.",
    ),
    key(
        "concurrency",
        Shape::Map(CONCURRENCY),
        "Which runs must not overlap.",
    ),
    key(
        "outputs",
        Shape::Named(&Shape::Text),
        "What the run gives: expressions over its steps.",
    ),
    required(
        "steps",
        Shape::Named(&Shape::Map(STEP)),
        "The steps. One without `needs` follows the one written before it.",
    ),
];

pub(crate) const INPUT: &[Key] = &[
    key(
        "type",
        Shape::OneOf(INPUT_TYPES),
        "`string` where nothing is said.",
    ),
    key("description", Shape::Text, "What it is for."),
    key(
        "default",
        Shape::Anything,
        "The value of a run that does not give it.",
    ),
    key(
        "required",
        Shape::Boolean,
        "True where there is no default and nothing is said.",
    ),
    key(
        "pattern",
        Shape::Text,
        "A regular expression that matches the whole string.",
    ),
    key("enum", TEXTS, "The strings that are allowed."),
    key(
        "of",
        Shape::OneOf(ITEM_TYPES),
        "The type of a list's items; `string` where nothing is said.",
    ),
];

pub(crate) const SECRET: &[Key] = &[
    key(
        "env",
        Shape::Text,
        "The environment variable that holds it.",
    ),
    key("file", Shape::Text, "The file that holds it."),
    key(
        "as",
        Shape::OneOf(PLACEMENTS),
        "Where it may stand: `header` (the default), or `url` for a whole URL.",
    ),
    key(
        "at",
        Shape::Text,
        "The place in a JSON or form body where it may stand, such as `/token`.",
    ),
    required(
        "hosts",
        TEXTS,
        "The hosts that it may be sent to, over https.",
    ),
];

pub(crate) const REMOTE: &[Key] = &[
    required(
        "url",
        Shape::Text,
        "An `https` or `ssh` URL; for tests and demonstrations a `file` URL of this machine.",
    ),
    key("auth", Shape::Map(AUTH), "How to authenticate there."),
];

pub(crate) const AUTH: &[Key] = &[
    key("user", Shape::Text, "The user's name."),
    key(
        "password",
        Shape::Text,
        "A password, or without `user` a bearer token: `${{ secrets.name }}`.",
    ),
    key("key", Shape::Text, "A private key: `${{ secrets.name }}`."),
    key(
        "known-host",
        Shape::Text,
        "The public key that an `ssh` host must show, as in `known_hosts`, or its fingerprint.",
    ),
];

pub(crate) const CONCURRENCY: &[Key] = &[
    required(
        "group",
        Shape::Text,
        "Runs of the same group do not overlap; may name inputs.",
    ),
    key(
        "on-conflict",
        Shape::OneOf(CONFLICTS),
        "`queue` (the default), `cancel` the older run, or `refuse` the newer.",
    ),
];

pub(crate) const STEP: &[Key] = &[
    key("title", Shape::Text, "A name for people."),
    required(
        "uses",
        Shape::Text,
        "A built-in plugin, a path, or an OCI reference.",
    ),
    key("with", Shape::Anything, "The plugin's configuration."),
    key("needs", TEXTS, "The steps that it follows; `[]` for none."),
    key(
        "if",
        Shape::Either(&[Shape::Text, Shape::Boolean]),
        "An expression; without a status function it means `success() && (…)`.",
    ),
    key(
        "permissions",
        Shape::Map(PERMISSIONS),
        "What the step may do. Nothing where nothing is said.",
    ),
    key(
        "timeout",
        Shape::Duration,
        "How long an attempt may take, such as `5m`.",
    ),
    key("retry", Shape::Map(RETRY), "When to try again."),
    key(
        "continue-on-error",
        Shape::Boolean,
        "Whether its failure leaves the run successful.",
    ),
];

pub(crate) const RETRY: &[Key] = &[
    required(
        "attempts",
        Shape::Integer(1, 20),
        "How often it is tried in all.",
    ),
    key(
        "backoff",
        Shape::Duration,
        "The wait before the second attempt, doubled for each after it; `1s` where nothing is said.",
    ),
    key(
        "on",
        Shape::ListOf(&Shape::OneOf(RETRY_ON)),
        "After which failures; `[unavailable]` where nothing is said.",
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
        "Remotes that may be read or changed.",
    ),
    key(
        "fs",
        Shape::ListOf(&Shape::Map(FS)),
        "Directories that may be opened.",
    ),
];

pub(crate) const KUBE: &[Key] = &[
    required("kind", Shape::OneOf(KINDS), "The workload's kind."),
    required("namespace", Shape::Text, "The workload's namespace."),
    required("name", Shape::Text, "The workload's name."),
    required(
        "containers",
        TEXTS,
        "The containers whose image may be set.",
    ),
    required(
        "images",
        TEXTS,
        "The images: `repo:*`, `repo:v*`, `repo:tag`, `repo@*` or `repo@sha256:…`.",
    ),
    key(
        "take-over",
        Shape::Boolean,
        "Whether the image may be taken over from another manager.",
    ),
    key(
        "restart",
        Shape::Boolean,
        "Whether it may be restarted with the image that it has.",
    ),
    key(
        "delete-pods",
        Shape::Boolean,
        "Whether its pods may be deleted, for a rollback that needs them made anew.",
    ),
];

pub(crate) const HTTP: &[Key] = &[
    required("host", Shape::Text, "A host, or `*.suffix`."),
    key(
        "scheme",
        Shape::OneOf(SCHEMES),
        "`https` where nothing is said.",
    ),
    key(
        "port",
        Shape::Integer(1, 65535),
        "The scheme's own where nothing is said.",
    ),
    key("methods", TEXTS, "Any where nothing is said."),
    key(
        "paths",
        TEXTS,
        "Paths in segments, with `*` for one and a trailing `**`; any where nothing is said.",
    ),
    key(
        "read",
        Shape::Boolean,
        "Whether a dry run may really send it.",
    ),
    key(
        "addresses",
        TEXTS,
        "Ranges that may be dialled although they are not public, such as `10.0.0.0/8`.",
    ),
];

pub(crate) const GIT: &[Key] = &[
    required("remote", Shape::Text, "A name under `remotes`."),
    key(
        "read",
        Shape::Boolean,
        "Whether refs and commits may be read.",
    ),
    key(
        "create",
        TEXTS,
        "Refs that may be created, such as `refs/tags/v*`.",
    ),
    key("update", TEXTS, "Refs that may be moved forward."),
    key("force", TEXTS, "Refs that may be moved anywhere."),
    key("delete", TEXTS, "Refs that may be deleted."),
];

pub(crate) const FS: &[Key] = &[
    required("path", Shape::Text, "The directory."),
    key(
        "access",
        Shape::OneOf(ACCESSES),
        "`read` where nothing is said.",
    ),
];
