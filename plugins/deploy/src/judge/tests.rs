//! Each case is a sentence and a rollout as the cluster showed it, second by second. What
//! the judge told and decided is compared whole with `cases.txt`; `BLESS=1` writes it.

use std::fmt::Write as _;

use super::{Aim, Judge, Judgement, Verdict};
use crate::bindings::sluice::kube::apply::{ContainerState, Facts, Pod};
use crate::config::Patience;
use crate::testing::{NEW, OLD, digest, facts, image, object, pod, workload};

const GONE: &str = "failed to pull and unpack image \"ghcr.io/acme/web:2\": failed to resolve \
                    reference \"ghcr.io/acme/web:2\": ghcr.io/acme/web:2: not found";
const BARE: &str = "Back-off pulling image \"ghcr.io/acme/web:2\"";
const QUOTA: &str = "pods \"web-2-a\" is forbidden: exceeded quota: team, requested: cpu=1, \
                     used: cpu=4, limited: cpu=4";
const ROOM: &str = "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are \
                    available: 3 No preemption victims found for incoming pod.";
const PROBE: &str = "Readiness probe failed: HTTP probe failed with statuscode: 503";

/// A rollout as it was seen: seconds from the beginning, and the facts then.
type Script = Vec<(u64, Facts)>;

struct Case {
    sentence: &'static str,
    patience: Patience,
    script: Script,
}

fn case(sentence: &'static str, script: Script) -> Case {
    Case {
        sentence,
        patience: Patience::default(),
        script,
    }
}

impl Case {
    fn patience(mut self, change: impl FnOnce(&mut Patience)) -> Self {
        change(&mut self.patience);
        self
    }

    /// What the judge said, a line each.
    fn transcript(self) -> String {
        let aim = Aim {
            workload: workload(),
            uid: "u1".to_owned(),
            generation: 2,
            images: vec![image("app", NEW)],
            digests: Vec::new(),
        };
        let mut judge = Judge::new(aim, self.patience, 0);
        let mut text = format!("# {}\n", self.sentence);
        for (second, facts) in &self.script {
            let Judgement { notices, verdict } = judge.judge(facts, second * 1_000);
            for notice in notices {
                let fields: Vec<_> = notice
                    .fields
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                let level = format!("{:?}", notice.level);
                let line = format!("{level} {} [{}]", notice.message, fields.join(" "));
                line_at(&mut text, *second, &line);
            }
            let line = match verdict {
                Verdict::Wait { until, saying } => {
                    format!("wait until {}s: {saying}", until / 1_000)
                }
                Verdict::Success(success) => format!("{success:?}"),
                Verdict::Broken(failure) | Verdict::Failure(failure) => format!(
                    "{:?} {}\n{}",
                    failure.kind, failure.details, failure.message
                ),
            };
            line_at(&mut text, *second, &line);
        }
        text
    }
}

fn line_at(text: &mut String, second: u64, line: &str) {
    let line = line.replace('\n', "\n     ");
    writeln!(text, "{second:>3}s {line}").expect("a string takes all");
}

fn up() -> Facts {
    facts(vec![pod("a"), pod("b")])
}

/// One new pod in this state beside the old ones.
fn first(pod: Pod) -> Facts {
    facts(vec![pod]).beside(vec![old("x"), old("y")])
}

fn old(name: &str) -> Pod {
    pod(name).given(OLD)
}

/// A StatefulSet says of a pod that it cannot create only by an event.
fn events() -> Vec<Case> {
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

fn partitions() -> Vec<Case> {
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

fn images() -> Vec<Case> {
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

fn containers() -> Vec<Case> {
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

fn rooms() -> Vec<Case> {
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

fn revisions() -> Vec<Case> {
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

fn ends() -> Vec<Case> {
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

#[test]
fn every_case_is_judged_as_its_sentence_says() {
    let cases = [
        images(),
        containers(),
        rooms(),
        revisions(),
        ends(),
        events(),
        partitions(),
    ];
    let transcripts: Vec<_> = cases.into_iter().flatten().map(Case::transcript).collect();
    let judged = transcripts.join("\n");
    if std::env::var_os("BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/judge/cases.txt");
        std::fs::write(path, &judged).expect("the sources can be written");
        return;
    }
    let expected: Vec<_> = include_str!("cases.txt").split("\n\n").collect();
    let judged: Vec<_> = judged.split("\n\n").collect();
    for (judged, expected) in judged.iter().zip(&expected) {
        assert_eq!(judged.trim_end(), expected.trim_end());
    }
    assert_eq!(judged.len(), expected.len(), "cases and verdicts");
}
