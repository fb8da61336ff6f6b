//! The kinds of reason that stop a rollout: which may pass by itself and for how long
//! it is borne, what it means, and the way out. Recognising them is for `explain`.

use crate::config::Graces;

/// What kind of reason it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// The registry does not have the image.
    ImageMissing,
    /// The registry does not let the node read the image.
    ImageRefused,
    /// The reference does not parse.
    ImageName,
    /// `imagePullPolicy: Never`, and the node does not have it.
    ImageNeverPulled,
    /// A `ConfigMap`, a Secret or a key that the container names does not exist, or a
    /// setting of it cannot be met.
    ContainerConfig,
    /// An admission controller refuses the pods.
    Admission,
    /// Pulling fails for a reason that may pass: network, rate limit, registry down.
    ImagePull,
    CrashLoop,
    Unschedulable,
    Quota,
    /// No pods are created, for another reason.
    NoPods,
    Volume,
    Probe,
}

impl Cause {
    /// The word for programs, in the step's failure and log: `image-pull`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::ImageMissing => "image-missing",
            Self::ImageRefused => "image-refused",
            Self::ImageName => "image-name",
            Self::ImageNeverPulled => "image-never-pulled",
            Self::ContainerConfig => "container-config",
            Self::Admission => "admission",
            Self::ImagePull => "image-pull",
            Self::CrashLoop => "crash-loop",
            Self::Unschedulable => "unschedulable",
            Self::Quota => "quota",
            Self::NoPods => "no-pods",
            Self::Volume => "volume",
            Self::Probe => "probe",
        }
    }

    /// The key of `grace` and its milliseconds; `None` for what never passes by itself.
    pub(crate) fn grace(self, graces: &Graces) -> Option<(&'static str, u64)> {
        match self {
            Self::ImageMissing
            | Self::ImageRefused
            | Self::ImageName
            | Self::ImageNeverPulled
            | Self::ContainerConfig
            | Self::Admission => None,
            Self::ImagePull => Some(("image-pull", graces.image_pull)),
            Self::CrashLoop => Some(("crash-loop", graces.crash_loop)),
            Self::Unschedulable => Some(("unschedulable", graces.unschedulable)),
            // Both are the ReplicaSet's pods being refused, which is tried again.
            Self::Quota | Self::NoPods => Some(("quota", graces.quota)),
            Self::Volume => Some(("volume", graces.volume)),
            Self::Probe => Some(("probe", graces.probe)),
        }
    }

    /// What it means for the rollout.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::ImageMissing => "the registry does not have the image",
            Self::ImageRefused => "the registry refuses to hand out the image",
            Self::ImageName => "the image's name is not valid",
            Self::ImageNeverPulled => "the node does not have the image and may not pull it",
            Self::ContainerConfig => "the container's configuration cannot be met",
            Self::Admission => "the cluster refuses to create the pods",
            Self::ImagePull => "the image cannot be pulled",
            Self::CrashLoop => "the container keeps crashing",
            Self::Unschedulable => "no node takes the pod",
            Self::Quota => "the namespace's quota has no room for the pods",
            Self::NoPods => "the pods cannot be created",
            Self::Volume => "a volume cannot be attached or mounted",
            Self::Probe => "the container runs and its probe fails",
        }
    }

    /// What a person may do about it.
    pub(crate) fn way_out(self) -> &'static str {
        match self {
            Self::ImageMissing => "push the image, or correct its name and tag",
            Self::ImageRefused => {
                "give the pods an `imagePullSecrets` that may read it, or correct its name"
            }
            Self::ImageName => "correct the image in the step's `with`",
            Self::ImageNeverPulled => "load it on the node, or change its `imagePullPolicy`",
            Self::ContainerConfig => {
                "create the ConfigMap, the Secret or the key that it names, or correct the template"
            }
            Self::Admission => "correct the pod template, or the policy that refuses it",
            Self::ImagePull => "look at the registry and at the node's way to it",
            Self::CrashLoop => "read what it said last: `kubectl logs --previous`",
            Self::Unschedulable => {
                "add room, lower what the pod requests, or correct its selectors and tolerations"
            }
            Self::Quota => "free or raise the quota, or let the rollout surge less: `maxSurge: 0`",
            Self::NoPods => "look at what the controller says of it: `kubectl describe`",
            Self::Volume => "look at the claim, its disk and who still holds it",
            Self::Probe => "look at what the probe asks for and what the container answers",
        }
    }
}
