//! What clusters of other people have shown (`tests/cases/recordings`), shown again: somebody
//! has set the image, a pod of the new revision got the recorded status and events, and a run
//! that is to deploy that image looks at it.

use std::path::Path;

use serde_json::{Value, json};

use crate::deploy::stage::{Deploy, Fate, Stage, Workload};

/// How often the pods are looked at, a moment each, until there is a new one.
const LOOKS: usize = 500;

/// One recording, by the name of its file.
struct Recording {
    name: String,
    content: Value,
}

impl Recording {
    /// All recordings whose reason a status and events of a pod tell, by themselves: the
    /// conditions of an object are its controller's, which would put its own back.
    fn all() -> Vec<Self> {
        let folder = Path::new("../tests/cases/recordings");
        let files = std::fs::read_dir(folder).expect("the recordings are there");
        let files = files.map(|file| file.expect("it can be listed").path());
        let read = files.filter_map(|file| {
            let name = file.file_stem()?.to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&file).ok()?;
            let content = serde_saphyr::from_str::<Value>(&text).ok()?;
            let told = content["expect"]["says"].is_string();
            let by_pods = content["pod"].is_object()
                && content["replicaset-conditions"].is_null()
                && content["workload-conditions"].is_null();
            let recording = Self { name, content };
            (told && by_pods && recording.is_deployed_again()).then_some(recording)
        });
        let mut all = read.collect::<Vec<_>>();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    fn kind(&self) -> &'static str {
        match self.content["kind"].as_str() {
            Some("StatefulSet") => "StatefulSet",
            Some("DaemonSet") => "DaemonSet",
            _ => "Deployment",
        }
    }

    /// Whether a run would look at its image where that is set already: it has to be one, and
    /// not by a tag that moves.
    fn is_deployed_again(&self) -> bool {
        let moves = |image: String| {
            image.ends_with(":latest") || any_version(&image) == format!("{image}:*")
        };
        !self.name.starts_with("image-name-") && !self.image().is_some_and(moves)
    }

    /// The image that its messages name, if they name one.
    fn image(&self) -> Option<String> {
        let all = self.content.to_string();
        ["Failed to pull image \\\"", "Back-off pulling image \\\""]
            .into_iter()
            .find_map(|before| Some(all.split_once(before)?.1.split("\\\"").next()?.to_owned()))
    }

    /// The recorded status; where a source leaves something out that no kubelet would, it is
    /// filled in.
    fn status(&self, image: &str) -> Value {
        let mut status = self.content["pod"].clone();
        for list in ["containerStatuses", "initContainerStatuses"] {
            for container in status[list].as_array_mut().into_iter().flatten() {
                container["image"] = json!(image);
                for (field, usual) in [("imageID", json!("")), ("restartCount", json!(0))] {
                    if container.get(field).is_none() {
                        container[field] = usual;
                    }
                }
            }
        }
        status
    }

    /// The recorded events, about that pod.
    fn events<S: Stage>(&self, stage: &S, pod: &Value) -> Vec<Value> {
        let events = self.content["events"].as_array().into_iter().flatten();
        let began = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(60);
        let events = events.zip(0..).map(|(event, index)| {
            let at = began + jiff::SignedDuration::from_secs(index);
            let at = at.strftime("%FT%TZ").to_string();
            let about = match event["about"].as_str() {
                Some("workload") => stage.object(),
                _ => pod.clone(),
            };
            let kind = match event["about"].as_str() {
                Some("workload") => stage.kind(),
                _ => "Pod",
            };
            let version = if kind == "Pod" { "v1" } else { "apps/v1" };
            let metadata = &about["metadata"];
            json!({
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": { "name": format!("recorded-{index}"), "namespace": metadata["namespace"] },
                "involvedObject": {
                    "apiVersion": version,
                    "kind": kind,
                    "namespace": metadata["namespace"],
                    "name": metadata["name"],
                    "uid": metadata["uid"],
                },
                "type": event["type"],
                "reason": event["reason"],
                "message": event["message"],
                "count": 1,
                "firstTimestamp": at,
                "lastTimestamp": at,
                "reportingComponent": "kubelet",
                "source": { "component": "kubelet" },
            })
        });
        events.collect()
    }
}

/// The pattern that permits every version of that image.
fn any_version(image: &str) -> String {
    let (repository, sign) = match image.split_once('@') {
        Some((repository, _)) => (repository, '@'),
        None => match image.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, ':'),
            _ => (image, ':'),
        },
    };
    format!("{repository}{sign}*")
}

/// Shows a recording to a run; what is wrong with what the run made of it.
fn show<S: Stage>(recording: &Recording, image: &str) -> Option<String> {
    let workload = Workload {
        init_containers: vec![("setup", image.to_owned())],
        ..Workload::of(recording.kind())
    };
    let stage = S::of(&workload, Fate::Stuck);
    let permitted = any_version(image);
    let deploy = Deploy {
        kind: recording.kind(),
        permitted: &permitted,
        ..Deploy::of(image)
    };
    stage.set_image(image);
    let pod = (0..LOOKS).find_map(|_| {
        // The sets make a new pod when an old one has ended.
        stage.pass_step();
        let mut pods = stage.objects("Pod").into_iter();
        pods.find(|pod| pod["spec"]["containers"][0]["image"] == image)
    });
    let pod = pod.expect("the controller makes a pod with the new image");
    for event in recording.events(&stage, &pod) {
        stage.post_event(&event);
    }
    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
    stage.set_pod_status(name, &recording.status(image));
    let said = deploy.run(&stage, &[]);
    let end = said.of_step("step.finished", "deploy");
    let message = end["error"]["message"].as_str().unwrap_or_default();
    let says = recording.content["expect"]["says"].as_str();
    let told = message.contains(says.unwrap_or_default()) && end["error"]["blame"] == "world";
    (!told).then(|| format!("{message}\ndoes not say {says:?}"))
}

fn assert_all_told<S: Stage>(recordings: &[(Recording, String)]) {
    assert!(!recordings.is_empty());
    let wrong = recordings.iter().filter_map(|(recording, image)| {
        let wrong = show::<S>(recording, image)?;
        Some(format!("{}: {wrong}", recording.name))
    });
    let wrong = wrong.collect::<Vec<_>>();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Where the new image may be any, so that its pods fail as a recording says.
pub(crate) fn recorded_reasons_are_told<S: Stage>(one_of_each: bool) {
    let mut causes = std::collections::BTreeSet::new();
    let all = Recording::all().into_iter().filter_map(|recording| {
        let named = recording.image();
        if one_of_each {
            // The simulated kubelet leaves alone the pods of this image, and no other.
            let cause = recording.content["expect"]["cause"].to_string();
            let first = named.is_none() && causes.insert(cause);
            return first.then(|| (recording, Fate::Stuck.image().to_owned()));
        }
        let image = named.unwrap_or_else(|| Fate::Stuck.image().to_owned());
        Some((recording, image))
    });
    assert_all_told::<S>(&all.collect::<Vec<_>>());
}
