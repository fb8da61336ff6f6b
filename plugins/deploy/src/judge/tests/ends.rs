//! How a rollout ends: facts of other changes and objects, settling, success and its edges.

use super::{BARE, Case, GONE, ROOM, case, first, old, up};
use crate::bindings::sluice::kube::apply::Pod;
use crate::testing::{OLD, digest, facts, object, pod};

pub(super) fn partitions() -> Vec<Case> {
    let partitioned = |partition: u32, new: Vec<Pod>, old: Vec<Pod>| {
        facts(new)
            .beside(old)
            .change(|facts| facts.object.partition = partition)
    };
    vec![
        case(
            "a partition leaves the lower ordinals as they are, and that is said",
            vec![
                (1, partitioned(1, vec![pod("web-1")], vec![old("web-0")])),
                (11, partitioned(1, vec![pod("web-1")], vec![old("web-0")])),
            ],
        ),
        case(
            "a partition above all ordinals changes no pod, and that is said",
            vec![(
                1,
                partitioned(2, Vec::new(), vec![old("web-0"), old("web-1")]),
            )],
        ),
    ]
}

pub(super) fn revisions() -> Vec<Case> {
    vec![
        case(
            "troubles of the old revision are ignored",
            vec![(
                1,
                facts(vec![pod("a").starting()]).beside(vec![
                    old("x").crashing(1, "Error", 9),
                    old("y").waiting("ErrImagePull", GONE),
                ]),
            )],
        ),
        case(
            "a terminating pod of the new revision is ignored",
            vec![(
                1,
                facts(vec![
                    pod("a"),
                    pod("b"),
                    pod("c").crashing(1, "Error", 9).terminating(),
                ]),
            )],
        ),
        case(
            "an evicted pod beside its replacement is ignored",
            vec![(
                1,
                facts(vec![
                    pod("a"),
                    pod("b"),
                    pod("c").crashing(1, "Error", 9).phase("Failed"),
                ])
                .change(|facts| {
                    facts.updated = 2;
                    facts.total = 2;
                }),
            )],
        ),
        case(
            "facts from before the change are not judged",
            vec![(
                1,
                facts(vec![pod("a").crashing(1, "Error", 9)])
                    .change(|facts| facts.object = object(OLD)),
            )],
        ),
        case(
            "a change that its controller has not seen is waited for",
            vec![(1, up().change(|facts| facts.observed_generation = 1))],
        ),
        case(
            "another image set meanwhile is superseded by its manager",
            vec![(
                1,
                up().change(|facts| {
                    facts.object.containers[0].image = "ghcr.io/acme/web:3".to_owned();
                    facts.object.generation = 3;
                    facts.object.image_managers[0] = "Update:kubectl-set".to_owned();
                }),
            )],
        ),
        case(
            "a container that is gone is superseded",
            vec![(
                1,
                up().change(|facts| {
                    facts.object.containers.remove(0);
                    facts.object.image_managers.clear();
                }),
            )],
        ),
        case(
            "a change of replicas meanwhile is no failure",
            vec![
                (1, up()),
                (
                    5,
                    facts(vec![pod("a"), pod("b"), pod("c").starting()]).change(|facts| {
                        facts.object.generation = 3;
                        facts.object.replicas = 3;
                    }),
                ),
            ],
        ),
        case(
            "a deleted object fails",
            vec![(1, up().change(|facts| facts.deleted = true))],
        ),
        case(
            "an object that waits for its finalizers is as good as deleted",
            vec![(1, up().change(|facts| facts.object.deleting = true))],
        ),
        case(
            "an object created anew fails",
            vec![(1, up().change(|facts| facts.object.uid = "u9".to_owned()))],
        ),
        case(
            "the progress deadline ends it, with the reason seen",
            vec![
                (1, first(pod("a").unschedulable(ROOM))),
                (
                    9,
                    first(pod("a").unschedulable(ROOM)).condition(
                        "Progressing",
                        "ProgressDeadlineExceeded",
                        "ReplicaSet \"web-2\" has timed out progressing.",
                    ),
                ),
            ],
        ),
        case(
            "a deadline of the rollout before ours is not ours",
            vec![(
                1,
                first(pod("a").starting())
                    .change(|facts| facts.observed_generation = 1)
                    .condition(
                        "Progressing",
                        "ProgressDeadlineExceeded",
                        "ReplicaSet \"web-1\" has timed out progressing.",
                    ),
            )],
        ),
        case(
            "the same image again in a failing rollout is no success",
            vec![
                (0, first(pod("a").crashing(1, "Error", 12))),
                (60, first(pod("a").crashing(1, "Error", 13))),
            ],
        ),
        case(
            "a rollout that is paused on its way says so",
            vec![
                (
                    1,
                    first(pod("a").starting()).change(|facts| facts.object.paused = true),
                ),
                (
                    300,
                    first(pod("a").starting()).change(|facts| facts.object.paused = true),
                ),
            ],
        ),
    ]
}

pub(super) fn ends() -> Vec<Case> {
    let digest = digest('a');
    vec![
        case(
            "pods that stay up through settling are a success",
            vec![
                (1, facts(Vec::new()).beside(vec![old("x"), old("y")])),
                (2, facts(vec![pod("a")]).beside(vec![old("y")])),
                (3, up()),
                (12, up()),
                (13, up()),
            ],
        ),
        case(
            "without settling they are a success at once",
            vec![(3, up())],
        )
        .patience(|patience| patience.settle = 0),
        case(
            "a restart begins the settling anew",
            vec![
                (1, up()),
                (8, facts(vec![pod("a").restarts(1), pod("b")])),
                (12, facts(vec![pod("a").restarts(1), pod("b")])),
                (18, facts(vec![pod("a").restarts(1), pod("b")])),
            ],
        ),
        case(
            "a pod that is replaced begins the settling anew",
            vec![
                (1, up()),
                (8, facts(vec![pod("c"), pod("b")])),
                (12, facts(vec![pod("c"), pod("b")])),
            ],
        ),
        case(
            "fewer pods do not begin the settling anew",
            vec![
                (1, up()),
                (
                    11,
                    facts(vec![pod("b")]).change(|facts| facts.object.replicas = 1),
                ),
            ],
        ),
        case(
            "a pod that turns unready ends the settling",
            vec![
                (1, up()),
                (8, facts(vec![pod("a").running(), pod("b")])),
                (12, up()),
            ],
        ),
        case(
            "old pods that are still there are waited for",
            vec![(1, up().beside(vec![old("x")]))],
        ),
        case(
            "pods that are ready and not yet available are waited for",
            vec![(1, up().change(|facts| facts.available = 1))],
        ),
        case(
            "a count that runs ahead of the pods is not believed",
            vec![(
                1,
                facts(vec![pod("a"), pod("b").starting()]).change(|facts| facts.available = 2),
            )],
        ),
        case(
            "no wanted pods are a success that is not verified",
            vec![(
                1,
                facts(Vec::new()).change(|facts| facts.object.replicas = 0),
            )],
        ),
        case(
            "a runtime that names no digest leaves a doubt",
            vec![(3, facts(vec![pod("a"), pod("b").runs("")]))],
        )
        .patience(|patience| patience.settle = 0),
        case(
            "the reported image may stand under another name",
            vec![(
                3,
                facts(vec![
                    pod("a").runs(&format!("mirror.example/x@{digest}")),
                    pod("b").runs(&digest),
                ]),
            )],
        )
        .patience(|patience| patience.settle = 0),
        case(
            "a rollout that goes on when wait is over has not failed for a reason",
            vec![
                (1, facts(vec![pod("a")]).beside(vec![old("y")])),
                (300, facts(vec![pod("a")]).beside(vec![old("y")])),
            ],
        ),
        case(
            "wait that ends within a grace names the reason",
            vec![
                (1, first(pod("a").waiting("ImagePullBackOff", BARE))),
                (20, first(pod("a").waiting("ImagePullBackOff", BARE))),
            ],
        )
        .patience(|patience| patience.wait = 20_000),
        case(
            "wait that ends within the settling is no success",
            vec![(1, up()), (5, up())],
        )
        .patience(|patience| patience.wait = 5_000),
    ]
}
