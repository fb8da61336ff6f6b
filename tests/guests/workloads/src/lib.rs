//! A plugin that makes the calls of `sluice:kube/apply` that its `with` lists, and puts what
//! became of each into its outputs.

mod bindings {
    #![allow(
        missing_docs,
        unreachable_pub,
        unsafe_code,
        clippy::pedantic,
        reason = "generated from wit/; the canonical ABI needs unsafe"
    )]

    #[cfg(target_family = "wasm")]
    use super::Workloads;

    wit_bindgen::generate!({
        path: ["../../../wit/plugin", "../../../wit/kube"],
        inline: "
            package sluice:guest@0.1.0;

            world component {
                include sluice:plugin/plugin@0.1.0;
                import sluice:kube/apply@0.1.0;
            }
        ",
        world: "sluice:guest/component",
        generate_all,
    });

    // The names of the component's exports hold colons, which a native linker refuses.
    #[cfg(target_family = "wasm")]
    export!(Workloads with_types_in self);
}

use bindings::{
    exports::sluice::plugin::step::{Context, Failure, Guest},
    sluice::kube::apply::{
        ContainerImage, Error, ImageChange, News, Workload, delete_pod, follow, get, last_log_line,
        restart, set_images,
    },
};
use serde_json::{Value, json};

struct Workloads;

impl Guest for Workloads {
    fn describe() -> String {
        r#"{"name":"workloads","version":"0.1.0","summary":"makes calls",
            "with":{"type":"object","required":["calls"],"additionalProperties":false,
                    "properties":{"calls":{"type":"array"}}},
            "outputs":{"type":"object","additionalProperties":false,
                       "properties":{"answers":{"type":"array","items":{"type":"string"}}}},
            "capabilities":[{"interface":"sluice:kube/apply","why":"to be tested"}],
            "repeatable":true}"#
            .to_owned()
    }

    fn run(_: Context, config: String) -> Result<String, Failure> {
        let config: Value = serde_json::from_str(&config).expect("the host sends JSON");
        let calls = config["calls"].as_array().into_iter().flatten();
        let answers = calls.map(|asked| call(asked).unwrap_or_else(|error| format!("{error:?}")));
        Ok(json!({ "answers": answers.collect::<Vec<_>>() }).to_string())
    }
}

/// Makes a call on the Deployment `web` of the namespace `web`, as far as `asked` says
/// nothing else.
fn call(asked: &Value) -> Result<String, Error> {
    let text = |key: &str, default: &str| asked[key].as_str().unwrap_or(default).to_owned();
    let workload = Workload {
        kind: text("kind", "Deployment"),
        namespace: text("namespace", "web"),
        name: text("name", "web"),
    };
    let uid = match asked["uid"].as_str() {
        Some(uid) => uid.to_owned(),
        // Of what it may not read it knows none.
        None => get(&workload).map_or_else(|_| "unknown".to_owned(), |object| object.uid),
    };
    let (container, pod) = (text("container", "app"), text("pod", "web-0"));
    let old = text("old", "ghcr.io/acme/web:1");
    Ok(match text("call", "get").as_str() {
        "get" => format!("{} containers", get(&workload)?.containers.len()),
        "set-images" => {
            let change = ImageChange {
                container,
                old,
                new: text("new", "ghcr.io/acme/web:2"),
            };
            let count = asked["count"].as_u64().unwrap_or(1);
            let changes = (0..count).map(|_| change.clone()).collect::<Vec<_>>();
            let take_over = asked["take-over"] == true;
            format!("{:?}", set_images(&workload, &uid, &changes, take_over)?)
        }
        "restart" => {
            let image = ContainerImage {
                container,
                image: old,
            };
            format!("{:?}", restart(&workload, &uid, &[image])?)
        }
        "delete-pod" => format!("{:?}", delete_pod(&workload, &uid, &pod)?),
        "last-log-line" => last_log_line(&workload, &uid, &pod, &container)?,
        "follow" => {
            let rollout = follow(&workload, &uid)?;
            match rollout.next(1_000)? {
                News::Change(facts) => format!("{} pods", facts.total),
                other => format!("{other:?}"),
            }
        }
        // Waits for ever, as far as it is let.
        "wait" => {
            let rollout = follow(&workload, &uid)?;
            loop {
                if let News::Cancelled = rollout.next(u64::MAX)? {
                    return Ok("cancelled".to_owned());
                }
            }
        }
        "follow-all" => {
            let mut kept = Vec::new();
            loop {
                match follow(&workload, &uid) {
                    Ok(rollout) => kept.push(rollout),
                    Err(error) => return Ok(format!("{} and then {error:?}", kept.len())),
                }
            }
        }
        other => panic!("there is no call `{other}`"),
    })
}
