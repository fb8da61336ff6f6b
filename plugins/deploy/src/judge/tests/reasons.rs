//! Why pods do not come up: what is told at once, and what is borne for a grace.

use super::{BARE, Case, GONE, PROBE, QUOTA, ROOM, case, first, old, up};
use crate::bindings::sluice::kube::apply::ContainerState;
use crate::testing::{NEW, facts, pod};

pub(super) fn images() -> Vec<Case> {
    vec![
        case("an image that the registry does not have fails at once", vec![
            (1, first(pod("a").starting())),
            (2, first(pod("a").waiting("ErrImagePull", GONE))),
        ]),
        case("a manifest unknown fails at once", vec![(
            1,
            first(pod("a").waiting("ErrImagePull", "reading manifest 2 in ghcr.io/acme/web: manifest unknown")),
        )]),
        case("a registry that denies access fails at once", vec![(
            1,
            first(pod("a").waiting("ErrImagePull", "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed")),
        )]),
        case("a bare back-off is explained by the event of the attempt before it", vec![(
            1,
            first(pod("a").waiting("ImagePullBackOff", BARE))
                .event("a", "Failed", &format!("Failed to pull image \"{NEW}\": {GONE}")),
        )]),
        case("a bare back-off without an event is borne for its grace", vec![
            (1, first(pod("a").waiting("ImagePullBackOff", BARE))),
            (60, first(pod("a").waiting("ErrImagePull", BARE))),
            (61, first(pod("a").waiting("ImagePullBackOff", BARE))),
        ]),
        case("a rate limit that passes is told as passed", vec![
            (1, first(pod("a").waiting("ErrImagePull", "429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit"))),
            (20, first(pod("a").starting())),
        ]),
        case("a registry that cannot be found has its grace", vec![(
            1,
            first(pod("a").waiting("ErrImagePull", "dial tcp: lookup ghcr.io: no such host")),
        )]),
        case("an invalid image name fails at once", vec![(
            1,
            first(pod("a").waiting("InvalidImageName", "couldn't parse image name \"web:2:\": invalid reference format")),
        )]),
        case("an image that may never be pulled fails at once", vec![(
            1,
            first(pod("a").waiting("ErrImageNeverPull", "Container image \"web:2\" is not present with pull policy of Never")),
        )]),
        case("a grace of its own is held", vec![
            (1, first(pod("a").waiting("ImagePullBackOff", BARE))),
            (3, first(pod("a").waiting("ImagePullBackOff", BARE))),
        ])
        .patience(|patience| patience.grace.image_pull = 2_000),
        case("two pods with one trouble are told once and counted", vec![(
            1,
            facts(vec![pod("a").waiting("ErrImagePull", GONE), pod("b").waiting("ErrImagePull", GONE)]),
        )]),
    ]
}

pub(super) fn containers() -> Vec<Case> {
    let loops = || first(pod("a").crashing(1, "Error", 3));
    vec![
        case(
            "a missing config map fails at once",
            vec![(
                1,
                first(
                    pod("a").waiting("CreateContainerConfigError", "configmap \"web\" not found"),
                ),
            )],
        ),
        case(
            "a crash loop is borne for its grace, with exit code and restarts",
            vec![
                (1, first(pod("a").ended(1, "Error"))),
                (5, first(pod("a").crashing(1, "Error", 1))),
                (61, first(pod("a").crashing(1, "Error", 4))),
            ],
        ),
        case(
            "a container out of memory is called that",
            vec![(1, first(pod("a").crashing(137, "OOMKilled", 2)))],
        ),
        case(
            "a container between two crashes is neither failed nor forgiven",
            vec![
                (1, loops()),
                (62, first(pod("a").running().restarts(4))),
                (70, first(pod("a").crashing(1, "Error", 4))),
            ],
        ),
        case(
            "a crash loop that ends is told as passed after settling",
            vec![
                (1, first(pod("a").crashing(1, "Error", 1))),
                (10, facts(vec![pod("a").restarts(1), pod("b")])),
                (20, facts(vec![pod("a").restarts(1), pod("b")])),
            ],
        ),
        case(
            "an init container that fails counts",
            vec![
                (1, first(pod("a").ended(2, "Error").initialising())),
                (61, first(pod("a").ended(2, "Error").initialising())),
            ],
        ),
        case(
            "an init container that is done is no reason",
            vec![(1, first(pod("a").ended(0, "Completed").initialising()))],
        ),
        case(
            "a failing readiness probe is borne for its grace",
            vec![
                (1, first(pod("a").running()).event("a", "Unhealthy", PROBE)),
                (
                    121,
                    first(pod("a").running()).event("a", "Unhealthy", PROBE),
                ),
            ],
        ),
        case(
            "a probe that passes in time is told and settles",
            vec![
                (1, first(pod("a").running()).event("a", "Unhealthy", PROBE)),
                (90, up().event("a", "Unhealthy", PROBE)),
                (100, up().event("a", "Unhealthy", PROBE)),
            ],
        ),
        case(
            "a container that starts slowly without a failing probe is no reason",
            vec![(130, first(pod("a").running()))],
        ),
        case(
            "a probe that turns into a crash loop has not passed",
            vec![
                (1, first(pod("a").running()).event("a", "Unhealthy", PROBE)),
                (
                    9,
                    first(pod("a").crashing(137, "Error", 1)).event("a", "Unhealthy", PROBE),
                ),
            ],
        ),
        case(
            "a volume that is not mounted is told from its event",
            vec![
                (
                    1,
                    first(pod("a").starting()).event(
                        "a",
                        "FailedMount",
                        "MountVolume.SetUp failed for volume \"data\": secret \"web\" not found",
                    ),
                ),
                (
                    121,
                    first(pod("a").state(ContainerState::Unreported)).event(
                        "a",
                        "FailedMount",
                        "MountVolume.SetUp failed for volume \"data\": secret \"web\" not found",
                    ),
                ),
            ],
        ),
    ]
}

pub(super) fn rooms() -> Vec<Case> {
    let none = || facts(Vec::new()).beside(vec![old("x"), old("y")]);
    vec![
        case("an unschedulable pod is borne for its grace, in the scheduler's words", vec![
            (1, first(pod("a").unschedulable(ROOM))),
            (61, first(pod("a").unschedulable(ROOM))),
        ]),
        case("a node that comes in time is told", vec![
            (1, first(pod("a").unschedulable(ROOM))),
            (50, first(pod("a").starting())),
        ]),
        case("a quota is borne for its grace, in the words of the replica set", vec![
            (1, none().refused(QUOTA)),
            (31, none().refused(QUOTA)),
        ]),
        case("a quota that passes is told", vec![
            (1, none().refused(QUOTA)),
            (29, first(pod("a").starting())),
        ]),
        case("pods refused by admission fail at once", vec![(
            1,
            none().refused("pods \"web-2-a\" is forbidden: violates PodSecurity \"restricted:latest\": runAsNonRoot != true"),
        )]),
        case("a webhook that is away has the grace of a quota", vec![(
            1,
            none().refused("Internal error occurred: failed calling webhook \"pods.example\": connection refused"),
        )]),
        case("a replica set that cannot be created is told before the change is observed", vec![
            (1, facts(Vec::new())
                .change(|facts| {
                    facts.revisions.clear();
                    facts.observed_generation = 1;
                })
                .condition("Progressing", "ReplicaSetCreateError", "replicasets.apps \"web-2\" is forbidden: exceeded quota: sets")),
        ]),
    ]
}

/// A StatefulSet says of a pod that it cannot create only by an event.
pub(super) fn events() -> Vec<Case> {
    let missing = |at: u64| {
        facts(vec![pod("web-0")])
            .change(|facts| facts.object.changed_at = Some(50))
            .warning("FailedCreate", QUOTA, at)
    };
    vec![
        case(
            "an event of this change about a pod that is missing has its grace",
            vec![(1, missing(50)), (31, missing(60))],
        ),
        case(
            "an event from before this change is none of its reasons",
            vec![(1, missing(49))],
        ),
        case(
            "an event from before a pod that was created is over",
            vec![(
                1,
                missing(50).change(|facts| facts.revisions[0].pods[0].created_at = Some(51)),
            )],
        ),
        case(
            "an event about pods that are all there is over",
            vec![(1, up().warning("FailedCreate", QUOTA, 50))],
        ),
    ]
}
