//! A plugin that makes the one call of `sluice:git/remote` that its `with` names, and puts
//! the answer into its outputs.

mod bindings {
    #![allow(
        missing_docs,
        unreachable_pub,
        unsafe_code,
        clippy::pedantic,
        reason = "generated from wit/; the canonical ABI needs unsafe"
    )]

    #[cfg(target_family = "wasm")]
    use super::Git;

    wit_bindgen::generate!({
        path: ["../../../wit/plugin", "../../../wit/git"],
        inline: "
            package sluice:guest@0.1.0;

            world component {
                include sluice:plugin/plugin@0.1.0;
                import sluice:git/remote@0.1.0;
            }
        ",
        world: "sluice:guest/component",
        generate_all,
    });

    // The names of the component's exports hold colons, which a native linker refuses.
    #[cfg(target_family = "wasm")]
    export!(Git with_types_in self);
}

use serde_json::{Value, json};

use bindings::{
    exports::sluice::plugin::step::{Context, Failure, FailureKind, Guest},
    sluice::git::remote::{
        Annotation, Effect, Error, RefChange, RefUpdate, Relayed, create_ref, list_refs, log, relay,
    },
};

struct Git;

impl Guest for Git {
    fn describe() -> String {
        r#"{"name":"git","version":"0.1.0","summary":"makes one call",
            "with":{"type":"object","required":["call"],"additionalProperties":false,
                    "properties":{
                        "call":{"type":"string"},"remote":{"type":"string"},
                        "to":{"type":"string"},"name":{"type":"string"},
                        "target":{"type":"string"},"message":{"type":"string"},
                        "prefixes":{"type":"array","items":{"type":"string"}},
                        "tips":{"type":"array","items":{"type":"string"}},
                        "known":{"type":"array","items":{"type":"string"}},
                        "atomic":{"type":"boolean"},"spell":{"type":"boolean"},
                        "updates":{"type":"array","items":{"type":"string"}}}},
            "outputs":{"type":"object","additionalProperties":false,
                       "properties":{"count":{"type":"integer"},"lines":{"type":"array","items":{"type":"string"}}}},
            "capabilities":[{"interface":"sluice:git/remote","why":"to be tested"}],
            "repeatable":true}"#
            .to_owned()
    }

    fn run(_: Context, config: String) -> Result<String, Failure> {
        let config: Value = serde_json::from_str(&config).expect("the host sends JSON");
        let lines = call(&config).map_err(|error| {
            let mut failure = failure(&error);
            if config["spell"] == true {
                // As no mask of the host's would know it.
                let letters = failure.message.chars().map(String::from);
                failure.message = letters.collect::<Vec<_>>().join("-");
            }
            failure
        })?;
        let count = lines.len();
        // A list that is too long for outputs is told by its length.
        let shown = if count > 1000 { Vec::new() } else { lines };
        Ok(json!({ "count": count, "lines": shown }).to_string())
    }
}

fn call(config: &Value) -> Result<Vec<String>, Error> {
    let text = |key: &str| config[key].as_str().unwrap_or_default().to_owned();
    let list = |key: &str| -> Vec<String> {
        let items = config[key].as_array().into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let remote = text("remote");
    match text("call").as_str() {
        "list-refs" => {
            let refs = list_refs(&remote, &list("prefixes"))?;
            let line = |entry: bindings::sluice::git::remote::RefEntry| {
                let peeled = entry.peeled.map(|id| format!(" peeled {id}"));
                let symref = entry.symref.map(|name| format!(" for {name}"));
                let more = peeled.into_iter().chain(symref).collect::<String>();
                format!("{} {}{more}", entry.name, entry.id)
            };
            Ok(refs.into_iter().map(line).collect())
        }
        "log" => {
            let commits = log(&remote, &list("tips"), &list("known"))?;
            let mut lines = Vec::new();
            loop {
                let batch = commits.next(7)?;
                if batch.is_empty() {
                    return Ok(lines);
                }
                lines.extend(batch.into_iter().map(|commit| {
                    let parents = commit.parents.len();
                    let who = &commit.author;
                    format!(
                        "{} ({parents} parents, {} <{}> {}{:+}): {}",
                        commit.id,
                        who.name,
                        who.email,
                        who.time,
                        who.offset,
                        commit.message.trim_end()
                    )
                }));
            }
        }
        "create-ref" => {
            let annotation = config["message"].as_str().map(|message| Annotation {
                tagger_name: "CI".to_owned(),
                tagger_email: "ci@example.com".to_owned(),
                message: message.to_owned(),
            });
            let effect = create_ref(&remote, &text("name"), &text("target"), annotation.as_ref())?;
            Ok(vec![word(&effect)])
        }
        "relay" => {
            // Each as `name old new`, with `-` for none, and perhaps `force`.
            let update = |line: String| {
                let mut words = line.split(' ').map(str::to_owned);
                let mut id = || words.next().filter(|word| word != "-");
                RefUpdate {
                    name: id().unwrap_or_default(),
                    old: id(),
                    new: id(),
                    force: id().is_some(),
                }
            };
            let updates = list("updates").into_iter().map(update).collect::<Vec<_>>();
            let atomic = config["atomic"] == true;
            let ends = relay(&remote, &text("to"), &updates, atomic)?;
            let line = |end: Result<Relayed, Error>| match end {
                Ok(Relayed {
                    effect,
                    change,
                    commits,
                }) => {
                    let commits = commits.map(|count| format!(" {count} commits"));
                    format!(
                        "{} {}{}",
                        change_word(&change),
                        word(&effect),
                        commits.unwrap_or_default()
                    )
                }
                Err(error) => failure(&error).message,
            };
            Ok(ends.into_iter().map(line).collect())
        }
        other => panic!("there is no call `{other}`"),
    }
}

fn change_word(change: &RefChange) -> &str {
    match change {
        RefChange::Create => "create",
        RefChange::Update => "update",
        RefChange::Force => "force",
        RefChange::Delete => "delete",
        RefChange::Other(other) => other,
    }
}

fn word(effect: &Effect) -> String {
    match effect {
        Effect::Done(id) => format!("done {id}"),
        Effect::Planned => "planned".to_owned(),
        Effect::Other(other) => other.clone(),
    }
}

fn failure(error: &Error) -> Failure {
    let (kind, name, text) = match error {
        Error::Denied(text) => (FailureKind::Denied, "denied", text.as_str()),
        Error::Forbidden(text) => (FailureKind::Denied, "forbidden", text.as_str()),
        Error::NotFound(text) => (FailureKind::Failed, "not found", text.as_str()),
        Error::Invalid(text) => (FailureKind::Configuration, "invalid", text.as_str()),
        Error::Conflict(text) => (FailureKind::Failed, "conflict", text.as_str()),
        Error::Diverged(text) => (FailureKind::Failed, "diverged", text.as_str()),
        Error::Rejected(text) => (FailureKind::Failed, "rejected", text.as_str()),
        Error::Unavailable(text) => (FailureKind::Unavailable, "unavailable", text.as_str()),
        Error::Unknown(text) => (FailureKind::Unknown, "unknown", text.as_str()),
        Error::Unsupported(text) => (FailureKind::Failed, "unsupported", text.as_str()),
        Error::Cancelled => (FailureKind::Cancelled, "cancelled", ""),
        Error::Other(text) => (FailureKind::Failed, "other", text.as_str()),
    };
    Failure {
        kind,
        message: format!("{name}: {text}"),
        retry_after: None,
        details: "{}".to_owned(),
    }
}
