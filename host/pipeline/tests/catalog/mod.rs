//! A fixed catalog of plugins, so that expected texts do not change with the real ones.

use sluice_pipeline::catalog::{Catalog, PluginFacts};

const DEPLOY: &str = r##"{
  "name": "deploy", "version": "0.1.0", "summary": "sets images and follows the rollout",
  "with": {
    "type": "object", "additionalProperties": false, "required": ["namespace"],
    "allOf": [
      {"oneOf": [{"required": ["deployment"]}, {"required": ["name"]}]},
      {"oneOf": [{"required": ["image"]}, {"required": ["images"]}]}
    ],
    "properties": {
      "kind": {"enum": ["Deployment", "StatefulSet", "DaemonSet", "CronJob"]},
      "namespace": {"type": "string"},
      "deployment": {"type": "string"},
      "name": {"type": "string"},
      "container": {"type": "string"},
      "image": {"type": "string", "minLength": 1},
      "images": {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}},
      "wait": {"$ref": "#/$defs/duration"},
      "settle": {"$ref": "#/$defs/duration"},
      "limit": {"type": "integer", "minimum": 1},
      "restart": {"type": "boolean"},
      "on-failure": {"enum": ["stay", "rollback"]}
    },
    "$defs": {"duration": {"type": "string", "pattern": "^(0|([0-9]+(ms|s|m|h))+)$"}}
  },
  "outputs": {
    "type": "object", "additionalProperties": false, "required": ["verified"],
    "properties": {
      "verified": {"type": "boolean"}, "generation": {"type": "integer"}, "seconds": {"type": "number"},
      "images": {"type": "object", "additionalProperties": {"type": "string"}},
      "previous": {"type": "string"}
    }
  },
  "capabilities": [{"interface": "sluice:kube/apply", "why": "to set images and follow the rollout"}],
  "effects": [
    {"capability": "kube-apply", "action": "set-images",
      "target": "{/kind|Deployment} {/namespace}/{/deployment|/name}", "images": "/images"},
    {"capability": "kube-apply", "action": "restart", "when": {"/restart": true},
      "target": "{/kind|Deployment} {/namespace}/{/deployment|/name}",
      "images": {"container": "{/container}", "image": "{/image}"}},
    {"capability": "kube-apply", "action": "delete-pod", "on": "failure",
      "when": {"/kind": "StatefulSet", "/on-failure": "rollback"}, "pods-of": "set-images"}
  ],
  "repeatable": true
}"##;

const MIRROR: &str = r#"{
  "name": "mirror", "version": "0.1.0", "summary": "makes the refs of one remote those of another",
  "with": {
    "type": "object", "additionalProperties": false, "required": ["from", "to"],
    "properties": {
      "from": {"type": "string"}, "to": {"type": "string"},
      "force": {"type": "boolean"}, "prune": {"type": "boolean"}
    }
  },
  "outputs": {"type": "object"},
  "capabilities": [{"interface": "sluice:git/remote", "why": "to carry refs"}],
  "effects": [
    {"capability": "git", "action": "update-ref", "target": "{/to} refs/{*}"},
    {"capability": "git", "action": "force-ref", "target": "{/to} refs/{*}", "when": {"/force": true}},
    {"capability": "git", "action": "delete-ref", "target": "{/to} refs/{*}", "when": {"/prune": true}}
  ],
  "repeatable": true
}"#;

const NOTIFY: &str = r#"{
  "name": "notify", "version": "0.1.0", "summary": "tells how the run went",
  "with": {
    "type": "object", "additionalProperties": false,
    "anyOf": [{"required": ["slack"]}, {"required": ["webhook"]}],
    "properties": {
      "slack": {"type": "string", "minLength": 1},
      "webhook": {"type": "string", "minLength": 1},
      "title": {"type": "string", "minLength": 1},
      "details": {"type": "string"},
      "text": {"anyOf": [
        {"type": "string", "x-literal": "put the value under `details`"},
        {"type": "object", "additionalProperties":
          {"type": "string", "x-literal": "put the value under `details`"}}
      ]}
    }
  },
  "outputs": {"type": "object", "properties": {"sent": {"type": "array", "items": {"type": "string"}}}},
  "capabilities": [{"interface": "wasi:http/outgoing-handler", "why": "to post the message"}],
  "repeatable": false
}"#;

const NOOP: &str =
    r#"{"name": "noop", "version": "0.1.0", "summary": "does nothing", "repeatable": true}"#;

/// `deploy`, `notify`, `noop`, one component that wants what there is not, and one that cannot
/// be used.
pub(crate) fn catalog() -> Catalog {
    let facts = |description: &str, imports: &[&str]| {
        let imports = ["sluice:plugin/log@0.1.0", "wasi:io/streams@0.2.6"]
            .iter()
            .chain(imports);
        let imports = imports.map(|import| (*import).to_owned()).collect();
        PluginFacts::from_description(description, "sha256:0".to_owned(), imports)
    };
    let plugins = [
        ("deploy", facts(DEPLOY, &["sluice:kube/apply@0.1.0"])),
        (
            "notify",
            facts(
                NOTIFY,
                &["wasi:http/types@0.2.6", "wasi:http/outgoing-handler@0.2.6"],
            ),
        ),
        ("mirror", facts(MIRROR, &["sluice:git/remote@0.1.0"])),
        ("noop", facts(NOOP, &[])),
        ("./greedy.wasm", facts(NOOP, &["sluice:kube/exec@0.1.0"])),
        ("./text.wasm", Err("it is not a component".to_owned())),
    ];
    Catalog {
        plugins: plugins
            .into_iter()
            .map(|(uses, facts)| (uses.to_owned(), facts))
            .collect(),
    }
}
