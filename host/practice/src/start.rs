//! How a kubelet starts containers: their images are pulled, their environment is put together,
//! and any of the two may fail.

use serde_json::Value;

use crate::failure::Failure;
use crate::messages;
use crate::object::text;
use crate::pod::{
    self, current, failing_container, image_of, running, tell, tell_started, waiting, write,
};
use crate::stay::{Stage, Stay, stay_on, step};
use crate::world::World;

/// How long a kubelet waits before it looks again at a pod that it could not start, in seconds:
/// `backOffPeriod` in `pkg/kubelet/kubelet.go`, without its jitter.
const RETRY: i64 = 10;

/// The images are there, or one of them could not be pulled.
pub(crate) fn start(world: &mut World, mut pod: Value, stay: Stay) {
    let again = matches!(stay.stage, Stage::Misconfigured);
    let failing = failing_container(world, &pod);
    let failure = world.failure_of(&pod["spec"]);
    let (mut failed, mut started) = (None, Vec::new());
    for name in current(&pod) {
        let container = pod::container(&pod, &name).cloned().unwrap_or_default();
        let status = pod::status(&pod, &name).cloned().unwrap_or_default();
        let fails = name == failing;
        let cause = failure
            .filter(|_| fails)
            .and_then(|failure| why(world, failure, &pod, &name));
        let status = match cause {
            Some((reason, message)) => {
                failed = Some((reason, message.clone()));
                waiting(&container, reason, Some(&message))
            }
            None if status["state"].get("running").is_none() => {
                started.push(name.clone());
                // Beside one that fails, the others are ready: they have an image that is known.
                let ready = !failing.is_empty() && !fails && !pod::is_initializing(&pod);
                running(world, &container, ready)
            }
            None => status,
        };
        pod::replace(&mut pod, &name, |old| *old = status);
    }
    let pod = write(world, pod);
    for container in &started {
        tell_pulled(world, &pod, container, again);
        tell_started(world, &pod, container);
    }
    let due = step(world);
    match failed {
        Some(("ErrImagePull", cause)) => {
            let message = messages::pull_failed(image_of(&pod, &failing), &cause);
            tell(world, &pod, &failing, "Warning", "Failed", &message);
            let message = messages::error("ErrImagePull");
            tell(world, &pod, &failing, "Warning", "Failed", &message);
            stay_on(world, &pod, stay.failed().at(Stage::PullFailed), Some(due));
        }
        Some((_, cause)) => {
            tell_pulled(world, &pod, &failing, again);
            let message = messages::error(&cause);
            tell(world, &pod, &failing, "Warning", "Failed", &message);
            let due = world.after(RETRY);
            stay_on(world, &pod, stay.at(Stage::Misconfigured), Some(due));
        }
        None => stay_on(world, &pod, stay.at(Stage::Running), Some(due)),
    }
}

/// The reason and message of a container that cannot be started for this failure.
fn why(
    world: &mut World,
    failure: Failure,
    pod: &Value,
    container: &str,
) -> Option<(&'static str, String)> {
    let image = image_of(pod, container);
    match failure {
        Failure::ImagePull => Some(("ErrImagePull", messages::pull_not_found(image))),
        Failure::ImagePullPassing => {
            world.begin_rate_limit();
            Some(("ErrImagePull", messages::pull_rate_limited(image)))
        }
        Failure::ConfigError => {
            let app = text(pod, "/metadata/labels/app");
            Some(("CreateContainerConfigError", messages::no_secret(app)))
        }
        _ => None,
    }
}

fn tell_pulled(world: &mut World, pod: &Value, container: &str, present: bool) {
    let image = image_of(pod, container);
    let message = if present {
        messages::present(image)
    } else {
        messages::pulled(image)
    };
    tell(world, pod, container, "Normal", "Pulled", &message);
}
