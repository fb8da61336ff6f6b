//! What the kubelet does about a container that keeps failing: it tries again, ever later.

use serde_json::{Value, json};

use crate::messages;
use crate::object::{name, namespace, number, seconds, text, uid};
use crate::pod::{self, container_id, image_of, replace, tell, tell_started, write};
use crate::stay::{Stage, Stay, stay_on, step};
use crate::world::World;

/// The kubelet's first back-off, in seconds; it doubles up to the longest.
const FIRST_BACK_OFF: i64 = 10;
const LONGEST_BACK_OFF: i64 = 300;

/// The image was asked for again and again: it is waited longer each time.
pub(crate) fn back_off_pull(world: &mut World, mut pod: Value, stay: Stay) {
    let failing = pod::not_pulled(&pod);
    let image = image_of(&pod, &failing).to_owned();
    // The cause that the last pull had; it stays in the message since 1.32.
    let cause = pod::status(&pod, &failing)
        .map_or("", |status| text(status, "/state/waiting/message"))
        .to_owned();
    let message = messages::pull_back_off_waiting(&image, &cause);
    replace(&mut pod, &failing, |status| {
        status["state"] =
            json!({ "waiting": { "reason": "ImagePullBackOff", "message": message } });
    });
    let pod = write(world, pod);
    tell(
        world,
        &pod,
        &failing,
        "Normal",
        "BackOff",
        &messages::pull_back_off(&image),
    );
    tell(
        world,
        &pod,
        &failing,
        "Warning",
        "Failed",
        &messages::error("ImagePullBackOff"),
    );
    let due = world.after(back_off(stay.failures));
    stay_on(world, &pod, stay.at(Stage::PullBackOff), Some(due));
}

/// The process ends with 1: it is started again, at once at first, then ever later.
pub(crate) fn crash(world: &mut World, mut pod: Value, stay: Stay, failing: &str) {
    let now = seconds(world.now);
    let whole_name = messages::pod(name(&pod), namespace(&pod), uid(&pod));
    let mut restarts = 0;
    replace(&mut pod, failing, |status| {
        restarts = number(status, "/restartCount");
        let terminated = json!({ "terminated": {
            "exitCode": 1,
            "reason": "Error",
            "startedAt": status["state"]["running"]["startedAt"],
            "finishedAt": now,
            "containerID": status["containerID"],
        } });
        status["started"] = json!(false);
        // The first time it is started again at once, without a back-off.
        if restarts == 0 {
            status["state"] = terminated;
        } else {
            let delay = back_off(u32::try_from(restarts).unwrap_or(u32::MAX));
            let message = messages::crash_back_off_waiting(delay, failing, &whole_name);
            status["state"] =
                json!({ "waiting": { "reason": "CrashLoopBackOff", "message": message } });
            status["lastState"] = terminated;
        }
    });
    let pod = write(world, pod);
    if restarts == 0 {
        let due = step(world);
        stay_on(world, &pod, stay.at(Stage::Crashed), Some(due));
    } else {
        tell(
            world,
            &pod,
            failing,
            "Warning",
            "BackOff",
            &messages::crash_back_off(failing, &whole_name),
        );
        let due = world.after(back_off(u32::try_from(restarts).unwrap_or(u32::MAX)));
        stay_on(world, &pod, stay.at(Stage::CrashBackOff), Some(due));
    }
}

/// The process is started again.
pub(crate) fn restart(world: &mut World, mut pod: Value, stay: Stay) {
    let failing = pod::crashed(&pod);
    let image = image_of(&pod, &failing).to_owned();
    let (now, id) = (seconds(world.now), container_id(world));
    replace(&mut pod, &failing, |status| {
        if status["state"].get("terminated").is_some() {
            status["lastState"] = status["state"].clone();
        }
        status["state"] = json!({ "running": { "startedAt": now } });
        status["restartCount"] = json!(number(status, "/restartCount") + 1);
        status["started"] = json!(true);
        status["containerID"] = json!(id);
    });
    let pod = write(world, pod);
    tell(
        world,
        &pod,
        &failing,
        "Normal",
        "Pulled",
        &messages::present(&image),
    );
    tell_started(world, &pod, &failing);
    let due = step(world);
    stay_on(world, &pod, stay.at(Stage::Running), Some(due));
}

/// The back-off after so many failures, in seconds.
fn back_off(failures: u32) -> i64 {
    let doublings = failures.saturating_sub(1).min(5);
    (FIRST_BACK_OFF << doublings).min(LONGEST_BACK_OFF)
}

#[cfg(test)]
mod tests {
    use super::back_off;

    #[test]
    fn back_off_doubles_up_to_five_minutes() {
        let seconds: Vec<i64> = (1..=7).map(back_off).collect();
        assert_eq!(seconds, [10, 20, 40, 80, 160, 300, 300]);
    }
}
